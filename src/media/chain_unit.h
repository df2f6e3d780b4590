/* chain_unit: the row of units that a chain is made of: a unit is a filter graph
 * and the filter of a plugin behind it; the last one is a graph alone. A chain without plugins is one unit.
 * Private to the room; one thread. */
#ifndef VID_MEDIA_CHAIN_UNIT_H
#define VID_MEDIA_CHAIN_UNIT_H

#include "media/chain_pieces.h"
#include "media/chain_spec.h"
#include "media/plugin_run.h"

struct chain_unit {
    struct chain_graph graph;
    struct plugin_run *plugin; /* NULL behind the last graph */
    bool ended;                /* the graph gives nothing more */
};

struct chain_units {
    const struct chain_spec *spec; /* the chain's */
    struct chain_pieces pieces;
    struct chain_unit *items;
    int count;
    uint64_t graph_first; /* of the picture that is fed, for those that come of it, */
    int64_t end;          /* and its end, behind the last graph */
};

/* Cuts the spec's graph and makes the plugins' filters; no graph yet. The spec must outlive it. */
int chain_units_open(const struct chain_spec *spec, struct chain_units *out, struct vid_error *err);
void chain_units_close(struct chain_units *units);

/* Configures all for pictures like this one. */
int chain_units_build(struct chain_units *units, const struct picture *first, struct vid_error *err);
bool chain_units_are_built(const struct chain_units *units);

/* Frees the graphs and lets go of all frames; the plugins' filters keep what they have made. */
void chain_units_clear(struct chain_units *units);

/* The next frame is the n-th that the chain sees, `from_start`: the first of the video. Not needed after a
 * build, when that is the first. */
int chain_units_begin(struct chain_units *units, int64_t n, bool from_start, struct vid_error *err);

/* Takes the frame when `keep` is false; `number` is for errors. `emit` gets in order what comes out. The
 * number of pictures, or negative. Of no effect once they have ended. */
int chain_units_feed(struct chain_units *units, uint64_t number, AVFrame *frame, bool keep, chain_emit emit,
                     void *opaque, struct vid_error *err);

/* The video ends at this time, in the first graph's time base; what was held back comes out. The units can
 * then only be cleared. The number of pictures, or negative. */
int chain_units_end(struct chain_units *units, int64_t end_pts, chain_emit emit, void *opaque,
                    struct vid_error *err);

/* Whether no frame changes anything any more: the last graph has given its end. */
bool chain_units_have_ended(const struct chain_units *units);

/* chain_graph_time through all of them. */
int64_t chain_units_time(const struct chain_units *units, int64_t pts);

/* What passes at an end of a filter, by its place in the text, once they are built; NULL: it has no such pad.
 */
const AVFilterLink *chain_units_link(const struct chain_units *units, int filter, bool output, unsigned pad);

/* The sink of the last graph. */
const AVFilterContext *chain_units_sink(const struct chain_units *units);

/* None of them changes pixels. */
bool chain_units_are_meta(const struct chain_units *units);

#endif
