/* reference: the serial run that every job is to equal: the input through the
 * whole graph on one thread, as ffmpeg does it. */
#ifndef VID_MEDIA_REFERENCE_H
#define VID_MEDIA_REFERENCE_H

#include "base/error.h"
#include "media/options.h"
#include "media/picture.h"

/* What two pictures are compared by: 128 bits of a hash over size, format and pixels, and the time. */
struct picture_digest {
    uint64_t pixels[2];
    int64_t pts; /* INT64_MIN: none */
    int time_base[2];
};
struct picture_digest picture_digest(const struct picture *picture);

/* Gives each picture of the graph in order; it stays the reference's. A negative return of `each` ends the
 * run with that; so does VID_EOF, as a success. Reads the input anew: it must be a file (-ESPIPE). Writes
 * nothing. */
typedef int (*reference_each)(void *opaque, const struct picture *picture);
int reference_run(const struct media_options *options, reference_each each, void *opaque,
                  struct vid_error *err);

#endif
