/* catalog: what is known about libavfilter's filters. Measured frame by
 * frame against the serial run; a filter that is not here runs serially. Private to
 * the room. */
#ifndef VID_MEDIA_CATALOG_H
#define VID_MEDIA_CATALOG_H

#include "media/chain.h"

#include <libavfilter/avfilter.h>
#include <stdbool.h>
#include <stdint.h>

struct catalog_entry {
    const char *name;
    enum filter_class class;
    const char *reason; /* why it is not FILTER_FRAME; NULL else */
};

/* The counters of a link, from which filters take `n`, are private to libavfilter; they are known
 * for this version. With another one graphs that use the number are refused. */
#define FRAME_NUMBERS_CAN_BE_SET (LIBAVFILTER_VERSION_MAJOR == 8)

/* NULL: unknown. */
const struct catalog_entry *catalog_find(const char *name);

/* An option that makes a frame-by-frame filter carry state. */
enum rule_test {
    RULE_IS,         /* the number must be `value` */
    RULE_IS_NOT,     /* the number must not be `value` */
    RULE_AT_LEAST,   /* the number must be at least `value` */
    RULE_FLAG_CLEAR, /* the flag `text` must not be set */
    RULE_UNSET,      /* the text must be empty */
    RULE_ONE_OF,     /* the text must be one of the words of `text` */
};

struct catalog_rule {
    const char *filter, *option;
    enum rule_test test;
    int64_t value;
    const char *text;
    const char *reason;
};

extern const struct catalog_rule catalog_rules[]; /* ends with filter NULL */

/* Checks one filter of a parsed graph. 0, or -ENOTSUP and the reason. */
int catalog_check_filter(AVFilterContext *filter, struct vid_error *err);

/* Whether the expression keeps something from one frame to the next: then the reason, else NULL. */
const char *expression_state(const char *text);

/* Whether the name stands in the expression as a variable or function. */
bool expression_uses(const char *text, const char *name);

/* Parses the text into a new graph without configuring it; the ends that are open come out (NULL: not
 * wanted). libavfilter's message on failure. */
int graph_parse(const char *text, AVFilterGraph *graph, AVFilterInOut **in, AVFilterInOut **out,
                struct vid_error *err);

#endif
