/* source: the input on rank 0. Demuxes and decodes as ffmpeg does (timestamp
 * correction, best effort pts, -ss/-t/-to/-r before -i, autorotate data) and
 * gives the pictures of the video stream that is filtered, in presentation order. Packets of other
 * streams go straight to the sink. One thread calls media_source_next;
 * media_source_stop may come from any. */
#ifndef VID_MEDIA_SOURCE_H
#define VID_MEDIA_SOURCE_H

#include "base/error.h"
#include "media/options.h"
#include "media/picture.h"

#include <stdbool.h>

struct media_source;

/* Opens and probes the input. Errors: -ENOENT and such with the name; not a video; empty file. */
int media_source_open(const struct media_options *options, struct media_source **out, struct vid_error *err);
void media_source_close(struct media_source **source); /* NULL-safe */

/* The next picture, after the input's trimming; VID_EOF after the last. A picture's pts is in the
 * time base that the filter graph's source has. The media_sink that maps this source must be open. */
int media_source_next(struct media_source *source, struct picture **out, struct vid_error *err);

/* A picture of the stream's size and format without content, to configure a chain when there is none. */
int media_source_blank(struct media_source *source, struct picture **out, struct vid_error *err);

/* Makes media_source_next return VID_EOF soon: the output wants no more, or
 * the job ends. Blocking reads are interrupted. */
void media_source_stop(struct media_source *source);

struct source_info {
    int64_t frames; /* estimate after trimming; 0: unknown */
    double seconds; /* estimate of what is read; 0: unknown */
    double frames_per_second;
};
struct source_info media_source_info(const struct media_source *source);

struct source_stats {
    uint64_t packets, pictures; /* of the filtered stream */
    uint64_t decode_errors;     /* packets that the decoder refused */
    uint64_t corrupt;           /* pictures that it marked as damaged */
};
struct source_stats media_source_stats(const struct media_source *source);

/* The filtered stream: "Stream #0:0(und): Video: h264 ..." for the banner, and the whole dump as
 * ffmpeg prints it, to the log at level info. */
void media_source_dump(const struct media_source *source);

#endif
