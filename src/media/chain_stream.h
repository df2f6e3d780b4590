/* chain_stream: a graph that sees every picture in order, on one thread. It may
 * hold any filter that libavfilter has. */
#ifndef VID_MEDIA_CHAIN_STREAM_H
#define VID_MEDIA_CHAIN_STREAM_H

#include "media/chain.h"

struct chain_stream;

int chain_stream_open(const struct chain_spec *spec, struct chain_stream **out, struct vid_error *err);
void chain_stream_close(struct chain_stream **stream); /* NULL-safe */

/* The next picture. Takes the reference; `emit` gets what comes out, in order, and takes its reference; a
 * negative return of it ends the call with that. The graph is built anew where the source says that ffmpeg's
 * was. VID_EOF: the graph wants no more. */
int chain_stream_feed(struct chain_stream *stream, struct picture **picture, chain_emit emit, void *opaque,
                      struct vid_error *err);

/* There are no more: the rest comes out. */
int chain_stream_end(struct chain_stream *stream, chain_emit emit, void *opaque, struct vid_error *err);

#endif
