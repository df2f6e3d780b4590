/* graph_text: the text of a filter graph taken apart into its filters, without
 * making any of them. Quotes and escapes are read as libavfilter's parser of
 * graphs does (FFmpeg 5.1, libavfilter/graphparser.c). Private to the room. */
#ifndef VID_MEDIA_GRAPH_TEXT_H
#define VID_MEDIA_GRAPH_TEXT_H

#include "base/error.h"

/* One filter, in the order of the text. All strings are its own. */
struct graph_filter {
    char *inputs, *outputs; /* labels as they stand: "[a][b]"; "" when there are none */
    char *text;             /* name and arguments as they stand: "hue@x=s=0" */
    char *name;             /* "hue" */
    char *instance;         /* "x"; NULL: none */
    char *args;     /* "s=0", what the filter gets: one level of quotes and escapes undone; NULL: none */
    char separator; /* behind it: ',', ';' or 0 */
};

struct graph_text {
    char *sws_flags; /* "bicubic" of a leading "sws_flags=bicubic;"; NULL: none */
    struct graph_filter *filters;
    int count;
};

/* -EINVAL for what libavfilter could not read either; -ENOMEM. */
int graph_text_read(const char *text, struct graph_text *out, struct vid_error *err);
void graph_text_free(struct graph_text *graph);

#endif
