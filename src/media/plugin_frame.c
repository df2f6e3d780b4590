#include "media/plugin_frame.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdbool.h>

#define ALIGN 64
#define SPARE 64 /* behind the last plane: vector code may read that far */

static int lay_out(struct frame_pool *pool, int width, int height, int format)
{
    ptrdiff_t strides[4];
    int rc = av_image_fill_linesizes(pool->strides, format, FFALIGN(width, ALIGN));

    for (int i = 0; i < 4; i++)
        strides[i] = pool->strides[i] = FFALIGN(pool->strides[i], ALIGN);
    if (rc < 0 || (rc = av_image_fill_plane_sizes(pool->sizes, format, height, strides)) < 0)
        return rc;
    pool->width = width;
    pool->height = height;
    pool->format = format;
    return 0;
}

static int set_up(struct frame_pool *pool, int width, int height, int format)
{
    size_t bytes = ALIGN + SPARE;
    int rc;

    if (pool->buffers && pool->width == width && pool->height == height && pool->format == format)
        return 0;
    frame_pool_clear(pool);
    if ((rc = lay_out(pool, width, height, format)) < 0)
        return rc;
    for (int i = 0; i < 4; i++)
        bytes += FFALIGN(pool->sizes[i], ALIGN);
    pool->buffers = av_buffer_pool_init(bytes, av_buffer_allocz);
    return pool->buffers ? 0 : AVERROR(ENOMEM);
}

void frame_pool_clear(struct frame_pool *pool)
{
    av_buffer_pool_uninit(&pool->buffers);
    *pool = (struct frame_pool){0};
}

static void place_planes(const struct frame_pool *pool, AVFrame *frame)
{
    uint8_t *at = (uint8_t *)FFALIGN((uintptr_t)frame->buf[0]->data, ALIGN);

    for (int i = 0; i < 4 && pool->sizes[i]; i++) {
        frame->data[i] = at;
        frame->linesize[i] = pool->strides[i];
        at += FFALIGN(pool->sizes[i], ALIGN);
    }
}

AVFrame *frame_pool_get(struct frame_pool *pool, int width, int height, int format)
{
    AVFrame *frame = av_frame_alloc();

    if (!frame || set_up(pool, width, height, format) < 0 ||
        !(frame->buf[0] = av_buffer_pool_get(pool->buffers))) {
        av_frame_free(&frame);
        return NULL;
    }
    frame->width = width;
    frame->height = height;
    frame->format = format;
    place_planes(pool, frame);
    return frame;
}

void plugin_picture(const AVFrame *frame, int64_t number, AVRational time_base, struct vidmpi_picture *out)
{
    bool timed = frame->pts != AV_NOPTS_VALUE && time_base.num > 0 && time_base.den > 0;

    *out = (struct vidmpi_picture){
        .width = frame->width,
        .height = frame->height,
        .format = av_get_pix_fmt_name(frame->format),
        .number = number,
        .matrix = frame->colorspace == AVCOL_SPC_UNSPECIFIED ? NULL : av_color_space_name(frame->colorspace),
        .range =
            frame->color_range == AVCOL_RANGE_UNSPECIFIED ? NULL : av_color_range_name(frame->color_range),
        .time = timed ? (double)frame->pts * av_q2d(time_base) : NAN};
    for (int i = 0; i < 4; i++) {
        out->data[i] = frame->data[i];
        out->stride[i] = frame->linesize[i];
    }
}
