#include "media/encoder.h"

#include "base/io.h"

#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <libavutil/parseutils.h>
#include <libavutil/pixdesc.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PASS_LOG_LIMIT ((size_t)1 << 30)

static int bad_value(const struct out_stream *stream, const char *option, const char *value,
                     struct vid_error *err)
{
    return vid_fail(err, -EINVAL, "-%s: '%s' is not understood (output stream 0:%d)", option, value,
                    stream->index);
}

static int read_rate(struct encoder *e, struct vid_error *err)
{
    const char *text = out_stream_option(e->stream, "r");
    if (text && av_parse_video_rate(&e->frame_rate, text) < 0)
        return bad_value(e->stream, "r", text, err);
    return 0;
}

static int read_aspect(struct encoder *e, struct vid_error *err)
{
    const char *text = out_stream_option(e->stream, "aspect");
    if (!text)
        return 0;
    if (av_parse_ratio(&e->aspect, text, 255, 0, NULL) < 0 || e->aspect.num <= 0 || e->aspect.den <= 0)
        return bad_value(e->stream, "aspect", text, err);
    return 0;
}

static int read_format(struct encoder *e, struct vid_error *err)
{
    const char *text = out_stream_option(e->stream, "pix_fmt");
    e->wish.pixel_format = AV_PIX_FMT_NONE;
    if (!text)
        return 0;
    e->wish.keep_format = *text == '+';
    text += e->wish.keep_format;
    if (!*text)
        return 0;
    e->wish.pixel_format = av_get_pix_fmt(text);
    if (e->wish.pixel_format == AV_PIX_FMT_NONE)
        return vid_fail(err, -EINVAL, "-pix_fmt %s: there is no such pixel format", text);
    return 0;
}

static int read_size(struct encoder *e, struct vid_error *err)
{
    const char *text = out_stream_option(e->stream, "s");
    if (text && av_parse_video_size(&e->wish.width, &e->wish.height, text) < 0)
        return bad_value(e->stream, "s", text, err);
    const char *scale = out_stream_option(e->stream, "autoscale");
    e->wish.autoscale = !scale || strcmp(scale, "0") != 0;
    return 0;
}

/* The mode that "auto" means for this container. */
static enum pacing_mode automatic_mode(const struct out_stream *stream)
{
    const AVOutputFormat *format = stream->mux->ctx->oformat;
    if (strcmp(format->name, "avi") == 0)
        return PACING_VFR;
    if (format->flags & AVFMT_VARIABLE_FPS)
        return format->flags & AVFMT_NOTIMESTAMPS ? PACING_PASSTHROUGH : PACING_VFR;
    bool alone = stream->input_streams == 1 && stream->options->in.offset == 0;
    return alone || stream->options->copy_ts ? PACING_VSCFR : PACING_CFR;
}

static int read_pacing(struct encoder *e, struct vid_error *err)
{
    static const struct {
        const char *name;
        enum pacing_mode mode;
    } modes[] = {{"auto", PACING_AUTO},   {"passthrough", PACING_PASSTHROUGH},
                 {"cfr", PACING_CFR},     {"vfr", PACING_VFR},
                 {"vscfr", PACING_VSCFR}, {"drop", PACING_DROP}};
    const char *text = out_stream_option(e->stream, "fps_mode");
    enum pacing_mode mode = PACING_AUTO;
    size_t i = 0, count = sizeof(modes) / sizeof(modes[0]);
    while (text && i < count && strcmp(modes[i].name, text) != 0)
        i++;
    if (i == count)
        return bad_value(e->stream, "fps_mode", text, err);
    if (text)
        mode = modes[i].mode;
    if (mode == PACING_AUTO)
        mode = automatic_mode(e->stream);
    e->constant = mode == PACING_CFR || mode == PACING_VSCFR;
    e->stream->out->no_timestamps = mode == PACING_DROP;
    e->pacing = pacing_begin(mode, e->stream->out->limit);
    return 0;
}

static int read_log(AVCodecContext *enc, const char *path, struct vid_error *err)
{
    char *text = NULL;
    size_t size;
    int code = io_read_file(path, PASS_LOG_LIMIT, &text, &size, err);
    if (code < 0)
        return code;
    enc->stats_in = av_strdup(text);
    free(text);
    return enc->stats_in ? 0 : vid_fail(err, -ENOMEM, "no memory for %s", path);
}

static int open_pass_log(struct encoder *e, int pass, const char *path, struct vid_error *err)
{
    struct out_stream *stream = e->stream;
    if (strcmp(stream->codec->name, "libx264") == 0) {
        av_dict_set(&stream->codec_opts, "stats", path, AV_DICT_DONT_OVERWRITE);
        return 0;
    }
    int code = pass & 2 ? read_log(stream->enc, path, err) : 0;
    if (code < 0 || !(pass & 1))
        return code;
    stream->pass_log = fopen(path, "wb");
    if (!stream->pass_log)
        return vid_fail(err, -errno, "cannot write %s for -pass: %s", path, strerror(errno));
    return 0;
}

static int read_pass(struct encoder *e, struct vid_error *err)
{
    struct out_stream *stream = e->stream;
    const char *text = out_stream_option(stream, "pass");
    const char *prefix = out_stream_option(stream, "passlogfile");
    int pass = text ? atoi(text) : 0;
    if (!pass)
        return 0;
    if (pass & 1) {
        stream->enc->flags |= AV_CODEC_FLAG_PASS1;
        av_dict_set(&stream->codec_opts, "flags", "+pass1", AV_DICT_APPEND);
    }
    if (pass & 2) {
        stream->enc->flags |= AV_CODEC_FLAG_PASS2;
        av_dict_set(&stream->codec_opts, "flags", "+pass2", AV_DICT_APPEND);
    }
    char *path = av_asprintf("%s-%d.log", prefix ? prefix : "ffmpeg2pass", stream->index);
    if (!path)
        return vid_fail(err, -ENOMEM, "no memory for -pass");
    int code = open_pass_log(e, pass, path, err);
    av_free(path);
    return code;
}

static void fill_wish(struct encoder *e)
{
    struct out_stream *stream = e->stream;
    const AVDictionaryEntry *strict = av_dict_get(stream->codec_opts, "strict", NULL, 0);
    if (strict)
        av_opt_set(stream->enc, "strict", strict->value, 0);
    e->wish.filter = stream->filter;
    e->wish.encoder = stream->codec;
    e->wish.strict = stream->enc->strict_std_compliance;
    e->wish.sws_opts = (const AVDictionary *)stream->options->out.sws_opts;
}

int encoder_create(struct out_stream *stream, struct vid_error *err)
{
    struct encoder *e = calloc(1, sizeof(*e));
    if (!e || !(e->last = av_frame_alloc())) {
        free(e);
        return vid_fail(err, -ENOMEM, "no memory for the encoder");
    }
    stream->video = e;
    e->stream = stream;
    e->quality = -1;
    e->keyframe_text = out_stream_option(stream, "force_key_frames");
    stream->out->unlimited = true;

    int (*const readers[])(struct encoder *, struct vid_error *) = {read_rate, read_aspect, read_format,
                                                                    read_size, read_pacing, read_pass};
    int code = 0;
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]) && code >= 0; i++)
        code = readers[i](e, err);
    fill_wish(e);
    return code;
}

void encoder_free(struct encoder **encoder)
{
    struct encoder *e = *encoder;
    if (!e)
        return;
    *encoder = NULL;
    parts_close(&e->parts);
    keyframes_free(&e->keyframes);
    av_frame_free(&e->last);
    free(e);
}
