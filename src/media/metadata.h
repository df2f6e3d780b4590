/* metadata: what the output says of itself: tags, chapters, dispositions, as ffmpeg copies them from the
 * input and as -metadata, -map_metadata, -map_chapters and -disposition change them. Private to the room. */
#ifndef VID_MEDIA_METADATA_H
#define VID_MEDIA_METADATA_H

#include "media/out_stream.h"

/* After the streams are made, before the header. */
int metadata_apply(const struct media_options *options, AVFormatContext *in, const struct source_times *input,
                   AVFormatContext *out, struct out_stream *streams, struct vid_error *err);

#endif
