#include "media/chain_stream.h"
#include "media/chain_private.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <stdlib.h>

struct chain_stream {
    struct chain *chain;
    uint64_t graph_first; /* of the pictures that the graph was built for */
    int64_t pts, end;     /* of the newest picture that went in */
    bool ended;           /* the graph wants no more */
    chain_emit emit;
    void *opaque;
};

int chain_stream_open(const struct chain_spec *spec, struct chain_stream **out, struct vid_error *err)
{
    struct chain_stream *stream = *out = calloc(1, sizeof(*stream));
    int rc = stream ? chain_open(spec, &stream->chain, err)
                    : vid_fail(err, -ENOMEM, "no memory for a filter chain");

    if (rc < 0)
        chain_stream_close(out);
    return rc;
}

void chain_stream_close(struct chain_stream **stream)
{
    struct chain_stream *gone = *stream;

    *stream = NULL;
    if (!gone)
        return;
    chain_close(&gone->chain);
    free(gone);
}

/* Where a graph behind this one is told that the video ends if this picture is its last: where this one is
 * told so, unless the graph has changed the times. */
static int64_t end_of(const struct chain_stream *stream, const AVFrame *frame)
{
    const struct chain_graph *graph = &stream->chain->graph;
    AVRational base = av_buffersink_get_time_base(graph->sink);
    AVRational rate = av_buffersink_get_frame_rate(graph->sink);
    int64_t in = chain_graph_time(graph, stream->pts);

    if (frame->pts == AV_NOPTS_VALUE || frame->pts == in)
        return chain_graph_time(graph, stream->end);
    return frame->pts + (rate.num > 0 ? FFMAX(av_rescale_q(1, av_inv_q(rate), base), 1) : 1);
}

static int hand_on(void *opaque, struct picture **picture)
{
    struct chain_stream *stream = opaque;

    (*picture)->end = end_of(stream, (*picture)->frame);
    return stream->emit(stream->opaque, picture);
}

static int build(struct chain_stream *stream, const struct picture *picture, struct vid_error *err)
{
    struct chain *chain = stream->chain;

    if (chain->graph.graph && picture->graph_first == stream->graph_first)
        return 0;
    chain_graph_free(&chain->graph);
    stream->graph_first = chain->graph_first = picture->graph_first;
    stream->ended = false;
    return chain_graph_build(chain->spec, picture, &chain->graph, err);
}

static int feed(struct chain_stream *stream, const struct picture *picture, struct vid_error *err)
{
    int rc = build(stream, picture, err);

    if (rc < 0 || stream->ended)
        return rc < 0 ? rc : VID_EOF;
    stream->pts = picture->frame->pts;
    stream->end = picture->end;
    rc = av_buffersrc_add_frame_flags(stream->chain->graph.source, picture->frame, AV_BUFFERSRC_FLAG_PUSH);
    if (rc == AVERROR_EOF)
        return VID_EOF;
    if (rc < 0)
        return media_fail(err, rc, "filtering with \"%s\"", stream->chain->spec->filter);
    rc = chain_collect(stream->chain, hand_on, stream, &stream->ended, err);
    return rc < 0 ? rc : stream->ended ? VID_EOF : 0;
}

int chain_stream_feed(struct chain_stream *stream, struct picture **picture, chain_emit emit, void *opaque,
                      struct vid_error *err)
{
    int rc;

    stream->emit = emit;
    stream->opaque = opaque;
    rc = feed(stream, *picture, err);
    picture_unref(picture);
    return rc;
}

int chain_stream_end(struct chain_stream *stream, chain_emit emit, void *opaque, struct vid_error *err)
{
    int rc;

    if (!stream->chain->graph.graph || stream->ended)
        return 0;
    stream->emit = emit;
    stream->opaque = opaque;
    stream->ended = true;
    rc = chain_end(stream->chain, stream->end, hand_on, stream, err);
    return rc < 0 ? rc : 0;
}
