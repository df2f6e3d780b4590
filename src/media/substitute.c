#include "media/substitute.h"

#include "media/chain_spec.h"

#include <libavutil/imgutils.h>
#include <libavutil/mathematics.h>
#include <stdlib.h>
#include <string.h>

/* The chain without its filters, giving the size and format of the whole one. */
static int plain_spec(const struct chain_spec *spec, const struct chain_output *output,
                      struct chain_spec **out, struct vid_error *err)
{
    int rc = chain_spec_copy(spec, out, err);

    if (rc < 0)
        return rc;
    free((*out)->filter);
    (*out)->filter = strdup("null");
    (*out)->windowed = 0;
    (*out)->fixed_width = output->width;
    (*out)->fixed_height = output->height;
    (*out)->fixed_format = output->format;
    (*out)->autoscale = 1;
    (*out)->keep_format = 0;
    if ((*out)->filter)
        return 0;
    chain_spec_free(out);
    return vid_fail(err, -ENOMEM, "no memory for a picture's substitute");
}

static int keep(void *opaque, struct picture **picture)
{
    struct picture **made = opaque;

    picture_unref(made);
    *made = *picture;
    *picture = NULL;
    return 0;
}

static int original(const struct chain_spec *spec, const struct chain_output *output, struct picture **input,
                    struct picture **out, struct vid_error *err)
{
    struct chain_spec *plain = NULL;
    struct chain *chain = NULL;
    int rc = plain_spec(spec, output, &plain, err);

    if (rc == 0)
        rc = chain_open(plain, &chain, err);
    if (rc == 0) {
        uint64_t number = (*input)->graph_first ? (*input)->graph_first : 1;
        (*input)->graph_first = number; /* so that it is brought into the fixed shape */
        rc = chain_filter(chain, number, input, keep, out, err);
    }
    if (rc == 0 && *out &&
        av_frame_make_writable((*out)->frame) < 0) /* the input's memory is not ours to keep */
        rc = vid_fail(err, -ENOMEM, "no memory for a picture's substitute");
    chain_close(&chain);
    chain_spec_free(&plain);
    return rc;
}

static AVFrame *black_frame(const struct picture *input, const struct chain_output *output)
{
    AVFrame *frame = av_frame_alloc();
    ptrdiff_t strides[4];

    if (!frame)
        return NULL;
    frame->width = output->width;
    frame->height = output->height;
    frame->format = output->format;
    if (av_frame_get_buffer(frame, 0) < 0 || av_frame_copy_props(frame, input->frame) < 0) {
        av_frame_free(&frame);
        return NULL;
    }
    for (int i = 0; i < 4; i++)
        strides[i] = frame->linesize[i];
    if (av_image_fill_black(frame->data, strides, frame->format, frame->color_range, frame->width,
                            frame->height) < 0)
        av_frame_free(&frame);
    return frame;
}

static int black(const struct chain_output *output, const struct picture *input, struct picture **out,
                 struct vid_error *err)
{
    AVFrame *frame = black_frame(input, output);

    *out = frame ? picture_from_frame(&frame, input->time_base) : NULL;
    return *out ? 0 : vid_fail(err, -ENOMEM, "no black picture can be made in the output's format");
}

static int repeat(const struct picture *previous, struct picture **out, struct vid_error *err)
{
    AVFrame *frame = av_frame_clone(previous->frame);

    *out = frame ? picture_from_frame(&frame, previous->time_base) : NULL;
    return *out ? 0 : vid_fail(err, -ENOMEM, "no memory for a picture's substitute");
}

int picture_substitute(enum on_error kind, const struct chain_spec *spec, const struct chain_output *output,
                       struct picture **input, struct picture *previous, struct picture **out,
                       struct vid_error *err)
{
    AVRational base = {output->time_base[0], output->time_base[1]}, from = (*input)->time_base;
    int64_t pts = (*input)->frame->pts;
    int rc;

    *out = NULL;
    if (kind == ON_ERROR_ORIGINAL)
        rc = original(spec, output, input, out, err);
    else if (kind == ON_ERROR_PREVIOUS && previous)
        rc = repeat(previous, out, err);
    else
        rc = black(output, *input, out, err);
    picture_unref(input);
    if (rc < 0 || !*out)
        return rc;
    if (!from.num)
        from = spec->time_base;
    (*out)->frame->pts = pts == AV_NOPTS_VALUE ? pts : av_rescale_q(pts, from, base);
    (*out)->frame->sample_aspect_ratio = (AVRational){output->aspect[0], output->aspect[1]};
    (*out)->time_base = base;
    return 0;
}
