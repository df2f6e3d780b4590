#include "media/chain.h"
#include "media/chain_private.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

int chain_open(const struct chain_spec *spec, struct chain **out, struct vid_error *err)
{
    struct chain *chain = *out = calloc(1, sizeof(*chain));

    if (!chain)
        return vid_fail(err, -ENOMEM, "no memory for a filter chain");
    if (chain_spec_copy(spec, &chain->spec, err) < 0) {
        chain_close(out);
        return -ENOMEM;
    }
    return 0;
}

void chain_close(struct chain **chain)
{
    struct chain *gone = *chain;

    *chain = NULL;
    if (!gone)
        return;
    chain_graph_free(&gone->graph);
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

    if (chain->graph.graph && same_shape(&shape, &chain->shape))
        return 0;
    chain_graph_free(&chain->graph);
    if ((rc = chain_graph_build(chain->spec, picture, &chain->graph, err)) < 0)
        return rc;
    chain->shape = shape;
    return 0;
}

static void fix_output(const struct chain *chain, struct chain_spec *spec)
{
    spec->fixed_width = av_buffersink_get_w(chain->graph.sink);
    spec->fixed_height = av_buffersink_get_h(chain->graph.sink);
    spec->fixed_format = av_buffersink_get_format(chain->graph.sink);
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

/* A graph that hands the pixels on as they are. */
static bool is_meta(const AVFilterGraph *graph)
{
    for (unsigned i = 0; i < graph->nb_filters; i++) {
        const AVFilterContext *f = graph->filters[i];
        bool source = !f->nb_inputs && !strcmp(f->filter->name, "buffer");

        if (!(f->filter->flags & AVFILTER_FLAG_METADATA_ONLY) && f->nb_outputs && !source)
            return false;
    }
    return true;
}

int chain_output(const struct chain *chain, struct chain_output *out, struct vid_error *err)
{
    const AVFilterContext *sink = chain->graph.sink;
    AVRational base, rate, aspect;

    if (!chain->graph.graph)
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
                                 .meta = is_meta(chain->graph.graph)};
    return 0;
}

int chain_collect(struct chain *chain, chain_emit emit, void *opaque, bool *ended, struct vid_error *err)
{
    AVRational base = av_buffersink_get_time_base(chain->graph.sink);

    for (int count = 0;; count++) {
        AVFrame *frame = av_frame_alloc();
        struct picture *picture;
        int rc = frame ? av_buffersink_get_frame(chain->graph.sink, frame) : AVERROR(ENOMEM);

        if (rc < 0) {
            av_frame_free(&frame);
            *ended |= rc == AVERROR_EOF;
            if (rc == AVERROR_EOF || rc == AVERROR(EAGAIN))
                return count;
            return media_fail(err, rc, "filtering with \"%s\"", chain->spec->filter);
        }
        if (!(picture = picture_from_frame(&frame, base)))
            return vid_fail(err, -ENOMEM, "no memory for a filtered picture");
        picture->graph_first = chain->graph_first;
        picture->graph_aspect = av_buffersink_get_sample_aspect_ratio(chain->graph.sink);
        picture->end = chain->end;
        if ((rc = emit(opaque, &picture)) < 0)
            return rc;
    }
}

int chain_end(struct chain *chain, int64_t end_pts, chain_emit emit, void *opaque, struct vid_error *err)
{
    bool ended = false;
    int rc = av_buffersrc_close(chain->graph.source, end_pts, AV_BUFFERSRC_FLAG_PUSH);

    if (rc < 0)
        return media_fail(err, rc, "ending the filter graph \"%s\"", chain->spec->filter);
    return chain_collect(chain, emit, opaque, &ended, err);
}

static int run(struct chain *chain, uint64_t frame, struct picture *picture, chain_emit emit, void *opaque,
               struct vid_error *err)
{
    AVFrame *in = picture->frame;
    int64_t end_pts = in->pts == AV_NOPTS_VALUE ? in->pts : in->pts + FFMAX(in->pkt_duration, 1);
    bool ended = false;
    int count, rc;

    chain->graph_first = picture->graph_first;
    chain->end = chain_graph_time(&chain->graph, picture->end);
    chain_graph_set_count(&chain->graph, (int64_t)(frame - picture->graph_first));
    if ((rc = av_buffersrc_add_frame_flags(chain->graph.source, in, AV_BUFFERSRC_FLAG_PUSH)) < 0)
        return media_fail(err, rc, "frame %llu: filtering with \"%s\"", (unsigned long long)frame,
                          chain->spec->filter);
    count = chain_collect(chain, emit, opaque, &ended, err);
    /* Some filters hold a picture back until the next one comes: the end of the input gets it out. */
    if (count == 0 && !ended) {
        count = chain_end(chain, end_pts, emit, opaque, err);
        ended = true;
    }
    if (ended || count < 0)
        chain_graph_free(&chain->graph);
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
