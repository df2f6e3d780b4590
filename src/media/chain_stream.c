#include "media/chain_stream.h"
#include "media/chain_private.h"

#include <libavfilter/buffersink.h>
#include <stdlib.h>

struct chain_stream {
    struct chain *chain;
    uint64_t graph_first; /* of the pictures that the graph was built for */
    int64_t pts, end;     /* of the newest picture that went in */
    uint64_t fed;         /* pictures so far */
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
    const struct chain_units *units = &stream->chain->units;
    AVRational base = av_buffersink_get_time_base(chain_units_sink(units));
    AVRational rate = av_buffersink_get_frame_rate(chain_units_sink(units));
    int64_t in = chain_units_time(units, stream->pts);

    if (frame->pts == AV_NOPTS_VALUE || frame->pts == in)
        return chain_units_time(units, stream->end);
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
    struct chain_units *units = &stream->chain->units;
    int rc;

    if (chain_units_are_built(units) && picture->graph_first == stream->graph_first)
        return 0;
    stream->graph_first = picture->graph_first;
    rc = chain_units_build(units, picture, err);
    return rc < 0 ? rc : chain_units_begin(units, 0, true, err);
}

static int feed(struct chain_stream *stream, const struct picture *picture, struct vid_error *err)
{
    struct chain_units *units = &stream->chain->units;
    int rc = build(stream, picture, err);

    if (rc < 0 || chain_units_have_ended(units))
        return rc < 0 ? rc : VID_EOF;
    stream->pts = picture->frame->pts;
    stream->end = picture->end;
    rc = chain_units_feed(units, stream->fed++, picture->frame, false, hand_on, stream, err);
    return rc < 0 ? rc : chain_units_have_ended(units) ? VID_EOF : 0;
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

    if (!chain_units_are_built(&stream->chain->units) || chain_units_have_ended(&stream->chain->units))
        return 0;
    stream->emit = emit;
    stream->opaque = opaque;
    rc = chain_units_end(&stream->chain->units, stream->end, hand_on, stream, err);
    return rc < 0 ? rc : 0;
}
