/* mapping: which streams of the input go to the output: -map, or by default the best video, audio and
 * subtitle stream as ffmpeg finds them. Private to the room. */
#ifndef VID_MEDIA_MAPPING_H
#define VID_MEDIA_MAPPING_H

#include "base/error.h"
#include "media/options.h"

#include <libavformat/avformat.h>

struct mapping {
    int *inputs; /* index of the input stream, for each output stream */
    int count;
};

/* `discard`: -discard of each input stream before -i, or NULL. `oformat` and the output's name
 * decide what the container takes by default. */
int mapping_choose(const struct output_options *options, AVFormatContext *in, const enum AVDiscard *discard,
                   const AVOutputFormat *oformat, struct mapping *out, struct vid_error *err);
void mapping_free(struct mapping *mapping);

#endif
