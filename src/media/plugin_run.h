/* plugin_run: one instance of a plugin's filter, which is fed frames in order and
 * gives frames. Private to the room; one thread. */
#ifndef VID_MEDIA_PLUGIN_RUN_H
#define VID_MEDIA_PLUGIN_RUN_H

#include "base/error.h"
#include "media/plugin_set.h"

#include <libavutil/frame.h>
#include <stdbool.h>

struct plugin_run;

/* Reads the options and asks for the window, and makes nothing yet. -EINVAL with a sentence that names filter
 * and option, or is the filter's own. */
int plugin_run_open(const struct plugin_filter *plugin, const char *args, struct plugin_run **out,
                    struct vid_error *err);
void plugin_run_close(struct plugin_run **run); /* NULL-safe */

const struct plugin_filter *plugin_run_filter(const struct plugin_run *run);
void plugin_run_window(const struct plugin_run *run, unsigned *before, unsigned *after);

/* The formats that it takes as the argument of libavfilter's format, "gray|rgb24", malloc'ed; NULL: any. */
int plugin_run_formats(const struct plugin_run *run, char **out, struct vid_error *err);

/* For frames of this size, format and time base; init() is called when they are others than before. Tells
 * what comes out; forgets the frames of an earlier run. */
struct plugin_shape {
    int width, height, format; /* enum AVPixelFormat */
};
int plugin_run_configure(struct plugin_run *run, const struct plugin_shape *in, AVRational time_base,
                         struct plugin_shape *out, struct vid_error *err);

/* The next frame that is fed has this number; `from_start`: it is the first that the filter sees of the
 * video. Otherwise the windows of the first `before` frames are not whole and nobody may look at their
 * pictures: they come out with any pixels, so that filters behind can count them. Forgets the frames of an
 * earlier run. A VIDMPI_SERIAL filter is begun anew unless the number is the one that follows. */
int plugin_run_begin(struct plugin_run *run, int64_t number, bool from_start, struct vid_error *err);

/* `emit` takes the frame; a negative return of it ends the call with that. */
typedef int (*plugin_emit)(void *opaque, AVFrame **frame);

/* Takes the frame. NULL: the video has ended, and what waits for later frames comes out without them. 0, or
 * negative with the filter's sentence; AVERROR_EXTERNAL when the filter has failed. */
int plugin_run_feed(struct plugin_run *run, AVFrame **frame, plugin_emit emit, void *opaque,
                    struct vid_error *err);

/* Lets go of all frames. The filter's state stays. */
void plugin_run_clear(struct plugin_run *run);

#endif
