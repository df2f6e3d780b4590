/* describe: input and output in words, for -explain. */
#ifndef VID_MEDIA_DESCRIBE_H
#define VID_MEDIA_DESCRIBE_H

#include "media/chain.h"
#include "media/sink.h"
#include "media/source.h"

#include <stddef.h>

/* "h264, 1280x720, yuv420p, 25 frames/s", of the stream that is filtered. Always ends `text`. */
void media_source_words(const struct media_source *source, char *text, size_t size);

/* The same of what the graph gives, with the encoder's name. */
void media_sink_words(const struct media_sink *sink, const struct chain_output *video, char *text,
                      size_t size);

/* The encoder of the filtered stream; valid while the sink lives. */
const char *media_sink_encoder(const struct media_sink *sink);

/* The graph, "null" where there is none; valid while the sink lives. */
const char *media_sink_filter(const struct media_sink *sink);

/* Whether the job will encode the video in parts, and so keep the results of one: media_sink_in_parts before
 * the folder of the parts is there. */
bool media_sink_will_cut(struct media_sink *sink);

/* Bytes of one such picture, packed, without what filters tell about it; 0: unknown format. */
size_t chain_output_bytes(const struct chain_output *video);

#endif
