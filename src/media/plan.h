/* plan: how a filter graph is run: as pieces in a row, each either in tasks on
 * all ranks or, because its filters must see every frame in order, on one. The
 * graph is cut where a single stream of pictures goes from one filter to the next. */
#ifndef VID_MEDIA_PLAN_H
#define VID_MEDIA_PLAN_H

#include "base/error.h"
#include "media/chain.h"

#include <stdbool.h>

struct plan_piece {
    char *text; /* of its filters, a graph of its own */
    bool parallel;
    struct chain_context context; /* of a parallel one; of the others `reason` is what counts */
    int *filters, count;          /* which, by their places in the graph's text, rising */
    int exit, exit_pad;           /* the filter, and its output, that leads to the next piece; -1: the last */
};

struct plan {
    struct plan_piece *pieces; /* no two serial ones follow each other */
    int count;
};

/* The same text and wish always give the same plan, with one version of this program and of libavfilter.
 * `metadata`: what filters tell about frames is wanted (-frame-stats), so that those that compare with
 * earlier frames must see all of them. -EINVAL with libavfilter's message for what is no graph with one video
 * input and one video output. */
int plan_make(const char *text, bool metadata, struct plan **out, struct vid_error *err);
void plan_free(struct plan **plan); /* NULL-safe */

#endif
