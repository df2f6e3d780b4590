/* plan_cut: a parsed graph seen as a row of blocks, between which a single
 * stream of pictures passes. Private to the room. */
#ifndef VID_MEDIA_PLAN_CUT_H
#define VID_MEDIA_PLAN_CUT_H

#include "base/error.h"
#include "media/graph_text.h"

#include <libavfilter/avfilter.h>
#include <stdbool.h>

struct graph_cut {
    AVFilterGraph *graph;    /* parsed, not configured; filters in the order of the text */
    AVFilterInOut *in, *out; /* its open ends: one each */
    struct graph_text words; /* the same filters */
    int *block;              /* by filter: the number of its block, from 0 in the direction of the pictures */
    int blocks;
};

/* Parses and cuts. -EINVAL as plan_make. graph_cut_free also after a failure. */
int graph_cut_make(const char *text, struct graph_cut *out, struct vid_error *err);
void graph_cut_free(struct graph_cut *cut);

/* The text of a graph of the filters of blocks first to last; a malloc'ed string, NULL: no memory. */
char *graph_cut_text(const struct graph_cut *cut, int first, int last);

/* The filters of the blocks, by their places in the text: how many; `filters` has room for all. */
int graph_cut_filters(const struct graph_cut *cut, int first, int last, int *filters);

/* The filter whose output leads from one block to the next, and which output; -1: there is no next one. */
int graph_cut_exit(const struct graph_cut *cut, int block, int *pad);

#endif
