/* fields: reads decimal numbers from one line of text exactly as printf writes
 * them: digits only, no leading zero, no sign, no overflow. A reader that has
 * met anything else stays `bad` and gives 0. Internal to the room. */
#ifndef VID_TASKS_FIELDS_H
#define VID_TASKS_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#define FIELD_LAST 0 /* as separator: the text ends here */

struct fields {
    const char *at;
    const char *end;
    bool bad;
};

/* The number up to the separator, which is passed over. */
uint64_t field_u64(struct fields *in, char separator);
uint32_t field_u32(struct fields *in, char separator);

#endif
