/* text: small string work that several rooms need. */
#ifndef VID_BASE_TEXT_H
#define VID_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The name of the NULL-terminated list that is nearest to `word` by edit
 * distance (transposition counts one), or NULL when none is near enough to
 * suggest. */
const char *text_nearest(const char *word, const char *const *names);

/* `bytes` random bytes as lower-case hex into `out` (2 * bytes + 1 chars). */
int text_random_hex(char *out, size_t bytes);

/* "1.5 GiB", "12 kB"-style size; "1:02:03" duration; returns buf. */
const char *text_size(uint64_t bytes, char *buf, size_t size);
const char *text_duration(double seconds, char *buf, size_t size);

#endif
