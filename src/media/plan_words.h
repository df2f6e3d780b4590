/* plan_words: a filter graph told filter by filter: where each one runs, and
 * why. For people: -explain prints it. */
#ifndef VID_MEDIA_PLAN_WORDS_H
#define VID_MEDIA_PLAN_WORDS_H

#include "base/error.h"
#include "media/chain.h"

#include <stdbool.h>

/* The strings are valid during the call only. */
struct filter_words {
    int piece;               /* of the plan, from 0 */
    const char *name;        /* "hue" */
    const char *text;        /* as it stands in the graph: "hue=s=0" */
    enum filter_class class; /* with its options, where it stands; never FILTER_UNKNOWN */
    unsigned before, after;  /* FILTER_WINDOW, FILTER_ALIGNED: of its frames */
    unsigned period;         /* FILTER_ALIGNED: frames in a group */
    bool parallel;           /* its piece runs on all ranks */
    const char *why;         /* a clause: the reason for its class, or for its place in a serial piece */
};

/* Tells of every filter of the plan that plan_make makes of the text, piece by piece, in the order of the
 * text within each. A negative return of `each` ends the call with that. Errors as plan_make. */
int plan_describe(const char *text, bool metadata,
                  int (*each)(void *opaque, const struct filter_words *words), void *opaque,
                  struct vid_error *err);

/* "frame", "window", "aligned", "serial". */
const char *filter_class_name(enum filter_class class);

#endif
