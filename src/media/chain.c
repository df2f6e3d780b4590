#include "media/chain.h"
#include "media/chain_private.h"

#include <libavfilter/buffersink.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

int chain_open(const struct chain_spec *spec, struct chain **out, struct vid_error *err)
{
    struct chain *chain = *out = calloc(1, sizeof(*chain));
    int rc;

    if (!chain)
        return vid_fail(err, -ENOMEM, "no memory for a filter chain");
    rc = chain_spec_copy(spec, &chain->spec, err);
    if (rc >= 0)
        rc = chain_units_open(chain->spec, &chain->units, err);
    if (rc < 0)
        chain_close(out);
    return rc;
}

void chain_close(struct chain **chain)
{
    struct chain *gone = *chain;

    *chain = NULL;
    if (!gone)
        return;
    chain_units_close(&gone->units);
    chain_spec_free(&gone->spec);
    free(gone);
}

static struct shape shape_of(const struct picture *picture)
{
    const AVFrame *frame = picture->frame;
    const AVFrameSideData *sd = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    struct shape shape = {.width = frame->width,
                          .height = frame->height,
                          .format = frame->format,
                          .rebuilt = picture->graph_first > 0,
                          .aspect = picture->graph_aspect};

    if (sd && sd->size >= sizeof(shape.matrix)) {
        shape.rotated = true;
        memcpy(shape.matrix, sd->data, sizeof(shape.matrix));
    }
    return shape;
}

static bool same_shape(const struct shape *a, const struct shape *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           a->rotated == b->rotated && a->rebuilt == b->rebuilt &&
           !memcmp(a->matrix, b->matrix, sizeof(a->matrix)) && a->aspect.num == b->aspect.num &&
           a->aspect.den == b->aspect.den;
}

static int prepare(struct chain *chain, const struct picture *picture, struct vid_error *err)
{
    struct shape shape = shape_of(picture);
    int rc;

    if (chain_units_are_built(&chain->units) && same_shape(&shape, &chain->shape))
        return 0;
    if ((rc = chain_units_build(&chain->units, picture, err)) < 0)
        return rc;
    chain->shape = shape;
    return 0;
}

static void fix_output(const struct chain *chain, struct chain_spec *spec)
{
    const AVFilterContext *sink = chain_units_sink(&chain->units);

    spec->fixed_width = av_buffersink_get_w(sink);
    spec->fixed_height = av_buffersink_get_h(sink);
    spec->fixed_format = av_buffersink_get_format(sink);
}

int chain_configure(struct chain *chain, const struct picture *first, struct chain_spec *fix,
                    struct vid_error *err)
{
    int rc = prepare(chain, first, err);

    if (rc < 0)
        return rc;
    fix_output(chain, chain->spec);
    if (fix)
        fix_output(chain, fix);
    return 0;
}

int chain_output(const struct chain *chain, struct chain_output *out, struct vid_error *err)
{
    const AVFilterContext *sink = chain_units_sink(&chain->units);
    AVRational base, rate, aspect;

    if (!chain_units_are_built(&chain->units))
        return vid_fail(err, -EINVAL, "the filter chain is not configured yet");
    base = av_buffersink_get_time_base(sink);
    rate = av_buffersink_get_frame_rate(sink);
    aspect = av_buffersink_get_sample_aspect_ratio(sink);
    *out = (struct chain_output){.width = av_buffersink_get_w(sink),
                                 .height = av_buffersink_get_h(sink),
                                 .format = av_buffersink_get_format(sink),
                                 .time_base = {base.num, base.den},
                                 .frame_rate = {rate.num, rate.den},
                                 .aspect = {aspect.num, aspect.den},
                                 .meta = chain_units_are_meta(&chain->units)};
    return 0;
}

static int run(struct chain *chain, uint64_t frame, struct picture *picture, chain_emit emit, void *opaque,
               struct vid_error *err)
{
    struct chain_units *units = &chain->units;
    AVFrame *in = picture->frame;
    int64_t end_pts = in->pts == AV_NOPTS_VALUE ? in->pts : in->pts + FFMAX(in->pkt_duration, 1);
    bool ended;
    int count = chain_units_begin(units, (int64_t)(frame - picture->graph_first), true, err);

    units->graph_first = picture->graph_first;
    units->end = chain_units_time(units, picture->end);
    if (count >= 0)
        count = chain_units_feed(units, frame, in, false, emit, opaque, err);
    ended = chain_units_have_ended(units);
    /* Some filters hold a picture back until the next one comes: the end of the input gets it out. */
    if (count == 0 && !ended) {
        count = chain_units_end(units, end_pts, emit, opaque, err);
        ended = true;
    }
    if (ended || count < 0)
        chain_units_clear(units);
    if (count == 0)
        return vid_fail(err, -ENOTSUP, "frame %llu: the filter graph \"%s\" gave no picture for it",
                        (unsigned long long)frame, chain->spec->filter);
    return count < 0 ? count : 0;
}

int chain_filter(struct chain *chain, uint64_t frame, struct picture **picture, chain_emit emit, void *opaque,
                 struct vid_error *err)
{
    struct picture *taken = *picture;
    int rc;

    *picture = NULL;
    rc = chain->spec->windowed ? vid_fail(err, -EINVAL, "the filter graph \"%s\" needs neighbouring frames",
                                          chain->spec->filter)
                               : prepare(chain, taken, err);
    if (rc >= 0)
        rc = run(chain, frame, taken, emit, opaque, err);
    picture_unref(&taken);
    return rc;
}
