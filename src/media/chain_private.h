/* chain_private: what chain.c and chain_run.c share. */
#ifndef VID_MEDIA_CHAIN_PRIVATE_H
#define VID_MEDIA_CHAIN_PRIVATE_H

#include "media/chain_spec.h"

/* What the graph was configured for. */
struct shape {
    int width, height, format;
    bool rotated, rebuilt;
    int32_t matrix[9];
    AVRational aspect;
};

struct chain {
    struct chain_spec *spec;
    struct chain_graph graph;
    struct shape shape;
    uint64_t graph_first; /* of the picture that it works on, for those that come of it, */
    int64_t end;          /* and its end, behind the graph */
};

/* Hands out what the graph has ready: the number of pictures, or a negative code; *ended at its end. */
int chain_collect(struct chain *chain, chain_emit emit, void *opaque, bool *ended, struct vid_error *err);

/* Ends the graph's input at this time and hands out what comes of it; the graph is of no use afterwards. The
 * number of pictures, or a negative code. */
int chain_end(struct chain *chain, int64_t end_pts, chain_emit emit, void *opaque, struct vid_error *err);

#endif
