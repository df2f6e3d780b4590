/* pieces: the graph of -vf as it is run: what each piece of its plan is built
 * from. Made on rank 0 from the opened source and sink and the first picture. */
#ifndef VID_MEDIA_PIECES_H
#define VID_MEDIA_PIECES_H

#include "media/chain.h"
#include "media/plan.h"

struct piece {
    struct chain_spec *spec; /* belongs to the pieces; the formats of its ends are those that the whole graph
                                has there */
    struct chain_context context; /* parallel, or serial for a reason */
    struct chain_output output;   /* what comes out of it */
    struct picture *blank;        /* a picture of the size and format that goes in, without pixels */
    char *text;                   /* of its filters */
};

struct pieces {
    struct piece *items;
    int count;                  /* 1 or more, no two serial ones in a row */
    struct chain_output output; /* of the whole graph; the sink opens its encoder by it */
};

/* Checks and configures the whole graph and each piece: a wrong option shows here, with libavfilter's
 * message. `metadata` as plan_make. When a cut would change the pixel formats that filters work with, the
 * graph is one serial piece. */
int pieces_create(const struct media_options *options, const struct media_source *source,
                  const struct media_sink *sink, const struct picture *first, bool metadata,
                  struct pieces **out, struct vid_error *err);
void pieces_free(struct pieces **pieces); /* NULL-safe */

/* Does a filter want to keep the whole video (`frames`, 0: not known), and this does not fit into half of the
 * memory that is free? -ENOTSUP then. */
int pieces_check_memory(const struct pieces *pieces, int64_t frames, struct vid_error *err);

#endif
