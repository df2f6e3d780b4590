#include "media/probe.h"
#include "base/crc32c.h"
#include "media/chain_stream.h"
#include "media/describe.h"
#include "media/sink_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES_MAX 16   /* of 8 the encoder's start makes up a third */
#define PICTURES_MAX 32 /* that a piece may make of them: a filter may go on for ever */
#define BUDGET 3.0      /* seconds */
#define BUDGET_DECODE 1.0

/* Options of the output's streams that shape its video. */
static const char *const kept[] = {"r",        "s", "aspect",           "pix_fmt",       "autoscale",
                                   "fps_mode", "q", "force_key_frames", "enc_time_base", NULL};

struct row {
    struct picture *items[PICTURES_MAX];
    int count;
};

struct prober {
    struct media_options options; /* a copy: an output that is not there, of the filtered video alone */
    struct stream_option *streams;
    char map[16];
    struct media_source *source;
    struct media_sink *sink;
    struct row row; /* what the step before gave */
    double spent;
    struct probe *out;
};

static double cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void row_clear(struct row *row)
{
    for (int i = 0; i < row->count; i++)
        picture_unref(&row->items[i]);
    row->count = 0;
}

/* ---- a job like the real one, without an output ---- */

static bool is_kept(const char *name)
{
    for (int i = 0; kept[i]; i++)
        if (strcmp(kept[i], name) == 0)
            return true;
    return false;
}

/* Options own their strings, but nobody changes or frees those of this copy. */
static char *borrowed(const char *text)
{
    return (char *)text;
}

static int choose_streams(struct prober *p, const struct media_options *options,
                          const struct media_sink *sink, struct vid_error *err)
{
    const struct stream_options *given = &options->out.streams;
    int count = 0;

    p->streams = calloc((size_t)given->count + 2, sizeof(*p->streams));
    if (!p->streams)
        return vid_fail(err, -ENOMEM, "no memory for a probe");
    for (int i = 0; i < given->count; i++)
        if (is_kept(given->items[i].name))
            p->streams[count++] = given->items[i];
    snprintf(p->map, sizeof(p->map), "0:%d", sink->video->in->index);
    p->streams[count++] = (struct stream_option){borrowed("map"), borrowed(""), p->map};
    p->streams[count++] =
        (struct stream_option){borrowed("c"), borrowed(""), borrowed(media_sink_encoder(sink))};
    p->options.out.streams = (struct stream_options){p->streams, count};
    return 0;
}

/* One decoder thread: those of several decode ahead. */
static int choose_decoder(struct prober *p, const struct media_options *options, struct vid_error *err)
{
    p->options.in.codec_opts = NULL;
    if (av_dict_copy(&p->options.in.codec_opts, options->in.codec_opts, 0) < 0 ||
        av_dict_set(&p->options.in.codec_opts, "threads", "1", 0) < 0)
        return vid_fail(err, -ENOMEM, "no memory for a probe");
    return 0;
}

static int choose(struct prober *p, const struct media_options *options, const struct media_sink *sink,
                  struct vid_error *err)
{
    struct output_options *to = &p->options.out;
    int rc;

    p->options = *options;
    to->url = borrowed("-");
    to->format = borrowed("null");
    to->start = to->duration = to->stop = OPTION_NO_TIME;
    to->limit_bytes = INT64_MAX;
    to->map_metadata = NULL;
    to->format_opts = NULL;
    to->shortest = false;
    to->unwritten = true;
    p->options.part = 0;
    rc = choose_decoder(p, options, err);
    return rc < 0 ? rc : choose_streams(p, options, sink, err);
}

/* ---- the steps ---- */

static int decode(struct prober *p, struct vid_error *err)
{
    double begun = cpu_now();
    uint64_t packets;
    int rc = 0;

    while (rc == 0 && p->row.count < FRAMES_MAX && (p->row.count == 0 || p->spent < BUDGET_DECODE)) {
        rc = media_source_next(p->source, &p->row.items[p->row.count], err);
        p->row.count += rc == 0;
        p->spent = cpu_now() - begun;
    }
    if (rc < 0 && rc != VID_EOF)
        return rc;
    packets = media_source_stats(p->source).packets;
    p->out->frames = (unsigned)p->row.count;
    p->out->decode = p->spent / (double)FFMAX(packets, 1);
    return p->row.count ? 0 : vid_fail(err, -ENODATA, "the input gave no frame");
}

static int take(void *opaque, struct picture **picture)
{
    struct row *row = opaque;

    if (row->count == PICTURES_MAX) {
        picture_unref(picture);
        return VID_EOF;
    }
    row->items[row->count++] = *picture;
    *picture = NULL;
    return 0;
}

static int measure_build(const struct piece *piece, double *seconds, struct vid_error *err)
{
    double begun = cpu_now();
    struct chain *chain = NULL;
    int rc = chain_open(piece->spec, &chain, err);

    if (rc == 0)
        rc = chain_configure(chain, piece->blank, NULL, err);
    chain_close(&chain);
    *seconds = cpu_now() - begun;
    return rc;
}

/* The second time counts: the ring's memory is there when a job runs. */
static int measure_pack(const struct picture *picture, bool sum, double *seconds, struct vid_error *err)
{
    size_t size = picture_packed_size(picture);
    void *mem = aligned_alloc(64, (size + 63) / 64 * 64);
    int rc = mem ? 0 : vid_fail(err, -ENOMEM, "no memory for a picture");

    for (int i = 0; i < 2 && rc == 0; i++) {
        double begun = cpu_now();

        rc = picture_pack(picture, mem, size, err);
        if (rc == 0 && sum)
            (void)crc32c(0, mem, size);
        *seconds = cpu_now() - begun;
    }
    free(mem);
    return rc;
}

/* Feeds what the budget allows, then ends. */
static int stream_row(struct prober *p, const struct piece *piece, struct probe_piece *out, struct row *to,
                      struct vid_error *err)
{
    double begun = cpu_now(), before = p->spent;
    struct chain_stream *stream = NULL;
    int rc = chain_stream_open(piece->spec, &stream, err);

    for (int i = 0; rc == 0 && i < p->row.count && (i == 0 || p->spent < BUDGET); i++) {
        rc = chain_stream_feed(stream, &p->row.items[i], take, to, err);
        out->in++;
        p->spent = before + cpu_now() - begun;
    }
    if (rc == 0)
        rc = chain_stream_end(stream, take, to, err);
    chain_stream_close(&stream);
    out->filter = FFMAX(cpu_now() - begun - out->build, 0) / FFMAX(out->in, 1);
    p->spent = before + cpu_now() - begun;
    return rc == VID_EOF ? 0 : rc;
}

static int measure_piece(struct prober *p, const struct piece *piece, struct probe_piece *out,
                         struct vid_error *err)
{
    struct row to = {.count = 0};
    int rc = measure_pack(p->row.items[0], false, &out->pack, err);

    if (rc == 0)
        rc = measure_build(piece, &out->build, err);
    if (rc == 0)
        rc = stream_row(p, piece, out, &to, err);
    row_clear(&p->row);
    p->row = to;
    out->out = (unsigned)to.count;
    if (rc == 0 && to.count == 0)
        return vid_fail(err, -ENODATA, "of the first %u frames \"%s\" gives no picture", out->in,
                        piece->text);
    return rc < 0 ? rc : measure_pack(to.items[0], true, &out->publish, err);
}

/* The first picture opens the encoder, which does not count where there are more. */
static int encode(struct prober *p, const struct chain_output *video, struct vid_error *err)
{
    double begun = cpu_now(), opened = 0;
    int count = 0, rc = media_sink_set_video(p->sink, video, err);

    for (int i = 0; rc == 0 && i < FFMIN(p->row.count, FRAMES_MAX); i++) {
        double taken = cpu_now() - begun;

        if (i == 1)
            opened = taken;
        if (i > 1 && taken > BUDGET)
            break;
        rc = media_sink_write(p->sink, &p->row.items[i], err);
        count++;
    }
    if (rc == 0 || rc == VID_EOF)
        rc = media_sink_finish(p->sink, err);
    p->out->encoded = (unsigned)count;
    p->out->encode = (cpu_now() - begun - opened) / FFMAX(opened > 0 ? count - 1 : count, 1);
    return rc;
}

static int run(struct prober *p, const struct pieces *pieces, struct vid_error *err)
{
    int rc;

    if ((rc = media_source_open(&p->options, &p->source, err)) < 0 ||
        (rc = media_sink_open(&p->options, p->source, &p->sink, err)) < 0 || (rc = decode(p, err)) < 0)
        return rc;
    p->out->pieces = calloc((size_t)pieces->count, sizeof(*p->out->pieces));
    if (!p->out->pieces)
        return vid_fail(err, -ENOMEM, "no memory for a probe");
    p->out->count = pieces->count;
    for (int i = 0; i < pieces->count && rc == 0; i++)
        rc = measure_piece(p, &pieces->items[i], &p->out->pieces[i], err);
    return rc < 0 ? rc : encode(p, &pieces->output, err);
}

int media_probe(const struct media_options *options, const struct media_sink *sink,
                const struct pieces *pieces, struct probe *out, struct vid_error *err)
{
    struct prober p = {.out = out};
    int rc;

    *out = (struct probe){0};
    rc = choose(&p, options, sink, err);
    if (rc == 0)
        rc = run(&p, pieces, err);
    row_clear(&p.row);
    media_sink_close(&p.sink);
    media_source_close(&p.source);
    av_dict_free(&p.options.in.codec_opts);
    free(p.streams);
    return rc;
}

void media_probe_clear(struct probe *probe)
{
    free(probe->pieces);
    *probe = (struct probe){0};
}
