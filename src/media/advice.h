/* advice: what to write instead of a filter that must see every frame in order,
 * so that it runs on all ranks. A table; a test makes the plan of each text in it. */
#ifndef VID_MEDIA_ADVICE_H
#define VID_MEDIA_ADVICE_H

#include "media/plan_words.h"

struct advice {
    const char *filter;
    const char *reason;     /* words of the reason for which it is serial; "": any */
    const char *written;    /* words of its text; "": any */
    const char *sample;     /* a graph to which the row applies */
    const char *instead[2]; /* graphs that run in parallel; NULL: none, or no second one */
    const char *note;       /* what that changes, or how to write it */
};

extern const struct advice advice_rows[]; /* ends with filter NULL */

/* For a filter of class FILTER_SERIAL; NULL: there is none. */
const struct advice *advice_find(const struct filter_words *words);

#endif
