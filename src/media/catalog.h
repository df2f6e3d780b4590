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
    const char *reason; /* why it is FILTER_SERIAL; NULL else */
};

/* What a filter of FILTER_WINDOW or FILTER_ALIGNED needs and does, with its options. All zero but step 1: it
 * works frame by frame. */
struct filter_window {
    unsigned before, after; /* frames of its input before that of a picture, which shape it; frames after it
                               that must have come in before the picture comes out */
    unsigned skipped;       /* frames at the video's beginning that it gives no picture for */
    unsigned missing;       /* and at its end */
    unsigned step;          /* it gives a picture for each so many frames; 0: for some, nobody knows which */
    unsigned gives;         /* retimes: pictures for each `step` frames, always so many; 0: it varies */
    unsigned period; /* it takes frames in groups of so many, counted from the first that it sees, and is
                        exact for those of whole groups: before and after count from there; 0, 1: not so */
    bool retimes;    /* its pictures are at other times, or more or fewer, than the frames */
    bool between;    /* it gives pictures at times that are none of its frames' */
    bool warps;   /* times do not tell whose a picture is: an expression says them, or they may be the same */
    bool fresh;   /* it goes forward only: one graph cannot serve frames in any order */
    int rounding; /* retimes: how a frame's time becomes that of its first picture, enum AVRounding */
};

/* The counters of a link, from which filters take `n`, are private to libavfilter; they are known
 * for this version. With another one graphs that use the number are refused. */
#define FRAME_NUMBERS_CAN_BE_SET (LIBAVFILTER_VERSION_MAJOR == 8)

/* Frames of context that are accepted, before and after together, and of a period; frames that a task may
 * hold with them, for the task list's record; how many frames of its own a task has for each of context, and
 * at least. */
#define CONTEXT_MAX 128
#define CONTEXT_TASK_MAX 256
#define CONTEXT_SHARE 4
#define TASK_LEAST 16

/* NULL: unknown. */
const struct catalog_entry *catalog_find(const char *name);

/* An option that makes a frame-by-frame filter carry state. */
enum rule_test {
    RULE_IS,       /* the number must be `value` */
    RULE_IS_NOT,   /* the number must not be `value` */
    RULE_AT_LEAST, /* the number must be at least `value` */
    RULE_UNSET,    /* the text must be empty */
    RULE_ONE_OF,   /* the text must be one of the words of `text` */
};

struct catalog_rule {
    const char *filter, *option;
    enum rule_test test;
    int64_t value;
    const char *text;
    const char *reason;
};

extern const struct catalog_rule catalog_rules[]; /* ends with filter NULL */

/* Checks one filter of a parsed graph. 0 and what it needs, or -ENOTSUP and the reason; -EINVAL for what
 * cannot be as in ffmpeg even when all frames are seen in order. */
int catalog_check_filter(AVFilterContext *filter, struct filter_window *window, struct vid_error *err);

/* Fills in the window of a filter with its options; NULL, or why it is serial with them. */
const char *catalog_window(AVFilterContext *filter, struct filter_window *window);

/* The options are used by name: a number, or whether it is the named constant. */
int64_t filter_number(AVFilterContext *filter, const char *option);
bool filter_is(AVFilterContext *filter, const char *option, const char *constant);
bool filter_has_flag(AVFilterContext *filter, const char *option, const char *flag);

/* Whether it gives more or fewer pictures than frames, not only at other times. */
bool filter_renumbers(const struct filter_window *window);

/* Whether it uses the number of the frame. */
bool filter_counts(AVFilterContext *filter);

/* Whether it tells about a frame by comparing it with earlier ones, and whether it uses what others tell. */
bool filter_tells_of_earlier(const AVFilterContext *filter);
bool filter_reads_metadata(AVFilterContext *filter);

/* Whether it is listed as one whose pixels depend on the number of its threads. */
bool filter_wants_one_thread(const AVFilterContext *filter);

/* "filter \"name\" cannot run in parallel yet: reason; ...", -ENOTSUP. */
int filter_refuse(const AVFilterContext *filter, const char *reason, struct vid_error *err);

/* Such a sentence taken apart; false when it is another one. */
struct filter_refusal {
    char filter[64];
    char reason[200];
};
bool filter_refusal_read(const char *text, struct filter_refusal *out);

bool has_word(const char *words, const char *word); /* words are separated by single spaces */

/* Whether the expression keeps something from one frame to the next: then the reason, else NULL. */
const char *expression_state(const char *text);

/* Whether the name stands in the expression as a variable or function. */
bool expression_uses(const char *text, const char *name);

/* Whether one of the names, separated by single spaces, stands in the expression. */
bool expression_uses_any(const char *text, const char *names);

/* What the expansions "%{...}" of drawtext's options do beside drawing. */
struct text_use {
    const char *state; /* why it needs what was before, or NULL */
    bool counts;       /* uses the number of the frame */
    bool metadata;     /* draws metadata of the frame */
};
void drawtext_use(AVFilterContext *filter, struct text_use *use);

/* One text, as the option text with expansion=normal; adds to `use`. */
void text_use(const char *text, struct text_use *use);

/* Parses the text into a new graph without configuring it; the ends that are open come out (NULL: not
 * wanted). libavfilter's message on failure. */
int graph_parse(const char *text, AVFilterGraph *graph, AVFilterInOut **in, AVFilterInOut **out,
                struct vid_error *err);

/* Exactly one picture goes in and one comes out: 0, or -EINVAL. */
int graph_check_ends(const char *text, const AVFilterInOut *in, const AVFilterInOut *out,
                     struct vid_error *err);

#endif
