#include "base/io.h"
#include "media/internal.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* Width and height with the picture's proportions; never enlarged. */
static void fit(const AVFrame *frame, int max_width, int *width, int *height)
{
    *width = frame->width;
    *height = frame->height;
    if (max_width > 0 && frame->width > max_width) {
        *width = max_width;
        *height = (int)av_rescale(frame->height, max_width, frame->width);
    }
    if (*height < 1)
        *height = 1;
}

static void set_colours(struct SwsContext *sws, const AVFrame *frame)
{
    const int *table = sws_getCoefficients(frame->colorspace);
    const char *name = av_get_pix_fmt_name(frame->format);
    bool full = frame->color_range == AVCOL_RANGE_JPEG || (name && !strncmp(name, "yuvj", 4));

    /* Fails for formats that have no such details, which then need none. */
    (void)sws_setColorspaceDetails(sws, table, full, sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16,
                                   1 << 16);
}

static int convert(const AVFrame *frame, AVFrame *rgb, struct vid_error *err)
{
    struct SwsContext *sws = sws_getContext(frame->width, frame->height, frame->format, rgb->width,
                                            rgb->height, rgb->format, SWS_BICUBIC, NULL, NULL, NULL);
    int rc;

    if (!sws)
        return vid_fail(err, -ENOTSUP, "a picture of format %s cannot be turned into a PNG",
                        av_get_pix_fmt_name(frame->format));
    set_colours(sws, frame);
    rc = av_frame_get_buffer(rgb, 0);
    if (rc >= 0)
        rc = sws_scale(sws, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, rgb->data,
                       rgb->linesize);
    sws_freeContext(sws);
    return rc < 0 ? media_fail(err, rc, "turning a picture into RGB") : 0;
}

/* The PNG file in memory, by libpng's simplified API. */
static int encode(const AVFrame *rgb, void **mem, size_t *size, struct vid_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)rgb->width,
                       .height = (png_uint_32)rgb->height,
                       .format = rgb->format == AV_PIX_FMT_RGBA ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB,
                       .flags = PNG_IMAGE_FLAG_FAST};
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);

    if (!(*mem = malloc(bytes)))
        return vid_fail(err, -ENOMEM, "no memory for a PNG of %dx%d", rgb->width, rgb->height);
    if (!png_image_write_to_memory(&image, *mem, &bytes, 0, rgb->data[0], rgb->linesize[0], NULL))
        return vid_fail(err, -EIO, "libpng: %s", image.message);
    *size = bytes;
    return 0;
}

int picture_write_png(const struct picture *picture, int max_width, const char *path, struct vid_error *err)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(picture->frame->format);
    AVFrame *rgb = av_frame_alloc();
    void *mem = NULL;
    size_t size = 0;
    int rc;

    if (!rgb || !desc) {
        av_frame_free(&rgb);
        return vid_fail(err, -ENOMEM, "no memory for a PNG");
    }
    rgb->format = desc->flags & AV_PIX_FMT_FLAG_ALPHA ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
    fit(picture->frame, max_width, &rgb->width, &rgb->height);
    rc = convert(picture->frame, rgb, err);
    if (rc >= 0)
        rc = encode(rgb, &mem, &size, err);
    if (rc >= 0)
        rc = io_write_file(path, mem, size, false, err);
    free(mem);
    av_frame_free(&rgb);
    return rc;
}
