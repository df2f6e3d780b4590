#include "media/reference.h"
#include "media/chain_private.h"
#include "media/chain_stream.h"
#include "media/picture_layout.h"

#include <libavutil/mem.h>
#include <libavutil/murmur3.h>
#include <sys/stat.h>

static void add_planes(struct AVMurMur3 *hash, const AVFrame *frame)
{
    struct plane_shape shape[4];
    int planes = picture_shape(frame->format, frame->width, frame->height, shape);

    for (int i = 0; i < planes; i++)
        for (size_t row = 0; row < shape[i].rows; row++)
            av_murmur3_update(hash, frame->data[i] + (ptrdiff_t)row * frame->linesize[i], shape[i].row_bytes);
}

struct picture_digest picture_digest(const struct picture *picture)
{
    const AVFrame *frame = picture->frame;
    const int head[3] = {frame->width, frame->height, frame->format};
    struct picture_digest digest = {.pts = frame->pts,
                                    .time_base = {picture->time_base.num, picture->time_base.den}};
    struct AVMurMur3 *hash = av_murmur3_alloc();

    if (!hash)
        return digest;
    av_murmur3_init(hash);
    av_murmur3_update(hash, (const uint8_t *)head, sizeof(head));
    add_planes(hash, frame);
    av_murmur3_final(hash, (uint8_t *)digest.pixels);
    av_free(hash);
    return digest;
}

struct run {
    reference_each each;
    void *opaque;
};

static int take(void *opaque, struct picture **picture)
{
    struct run *run = opaque;
    int rc = run->each(run->opaque, *picture);

    picture_unref(picture);
    return rc;
}

static int run_all(struct media_source *source, struct chain_stream *stream, struct run *run,
                   struct vid_error *err)
{
    struct picture *picture = NULL;
    int rc;

    while ((rc = media_source_next(source, &picture, err)) == 0)
        if ((rc = chain_stream_feed(stream, &picture, take, run, err)) < 0)
            return rc == VID_EOF ? 0 : rc;
    if (rc == VID_EOF)
        rc = chain_stream_end(stream, take, run, err);
    return rc == VID_EOF ? 0 : rc;
}

/* The graph is that of the output stream, which the sink knows. */
static int open_all(const struct media_options *options, struct media_source **source,
                    struct media_sink **sink, struct chain_stream **stream, struct vid_error *err)
{
    struct chain_spec *spec = NULL;
    int rc;

    if ((rc = media_source_open(options, source, err)) < 0 ||
        (rc = media_sink_open(options, *source, sink, err)) < 0)
        return rc;
    if (!sink_wish(*sink))
        return vid_fail(err, -EINVAL, "the output has no video stream that is filtered");
    if ((rc = chain_spec_base(options, *source, sink_wish(*sink), &spec, err)) == 0)
        rc = chain_stream_open(spec, stream, err);
    chain_spec_free(&spec);
    return rc;
}

int reference_run(const struct media_options *options, reference_each each, void *opaque,
                  struct vid_error *err)
{
    struct media_options alone = *options; /* nothing of it is freed */
    struct media_source *source = NULL;
    struct media_sink *sink = NULL;
    struct chain_stream *stream = NULL;
    struct run run = {each, opaque};
    struct stat st;
    int rc;

    if (stat(options->in.url, &st) < 0 || !S_ISREG(st.st_mode))
        return vid_fail(err, -ESPIPE, "%s is no file, so it cannot be read a second time for a serial run",
                        options->in.url);
    alone.out.no_audio = alone.out.no_subtitle = alone.out.no_data = true;
    alone.overwrite = OVERWRITE_YES;
    rc = open_all(&alone, &source, &sink, &stream, err);
    if (rc == 0)
        rc = run_all(source, stream, &run, err);
    chain_stream_close(&stream);
    media_sink_close(&sink);
    media_source_close(&source);
    return rc;
}
