/* plugin_frame: pictures for plugins: made from a pool, and libavutil's frames as
 * filters see them. Private to the room; one thread, the frames go where they like. */
#ifndef VID_MEDIA_PLUGIN_FRAME_H
#define VID_MEDIA_PLUGIN_FRAME_H

#include "base/error.h"
#include "media/filter.h"

#include <libavutil/frame.h>
#include <libavutil/rational.h>

/* Frames of one size and format. All zero: none yet. */
struct frame_pool {
    AVBufferPool *buffers;
    int width, height, format;
    int strides[4];
    size_t sizes[4];
};

/* NULL: no memory, or a format without planes in memory. */
AVFrame *frame_pool_get(struct frame_pool *pool, int width, int height, int format);
void frame_pool_clear(struct frame_pool *pool); /* frames that are out stay */

/* As plugins see it; its memory stays the frame's. */
void plugin_picture(const AVFrame *frame, int64_t number, AVRational time_base, struct vidmpi_picture *out);

#endif
