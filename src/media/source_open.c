#include "media/source_private.h"

#include "base/log.h"
#include "media/log.h"

#include <errno.h>
#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <string.h>
#include <sys/stat.h>

static int interrupted(void *opaque)
{
    struct media_source *source = opaque;

    return atomic_load(&source->stop) || (source->interrupted && source->interrupted());
}

/* What can be said better before libavformat tries. */
static int check_file(const char *url, struct vid_error *err)
{
    const char *path = url;
    struct stat st;

    if (!av_strstart(url, "file:", &path) && strcmp(avio_find_protocol_name(url) ?: "", "file") != 0)
        return 0;
    if (stat(path, &st) < 0)
        return vid_fail(err, -errno, "the input \"%s\" cannot be opened: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return vid_fail(err, -EISDIR, "the input \"%s\" is a folder, not a video file", path);
    if (S_ISREG(st.st_mode) && st.st_size == 0)
        return vid_fail(err, -ENODATA, "the input \"%s\" is an empty file", path);
    return 0;
}

static const char *last_value(const struct stream_options *options, const char *name)
{
    for (int i = options->count - 1; i >= 0; i--)
        if (!strcmp(options->items[i].name, name))
            return options->items[i].value;
    return NULL;
}

static bool demuxer_has(const AVInputFormat *format, const char *option)
{
    const AVClass *class = format ? format->priv_class : NULL;

    return class && av_opt_find(&class, option, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ);
}

static void set_if(AVDictionary **dict, const char *key, const char *value)
{
    if (value)
        av_dict_set(dict, key, value, 0);
}

/* Options that describe raw input are the demuxer's: -r, -s, -pix_fmt, -ar, -ac before -i. */
static void add_raw_options(const struct input_options *in, const AVInputFormat *format, AVDictionary **dict)
{
    const char *channels = last_value(&in->streams, "ac"),
               *layout = last_value(&in->streams, "channel_layout");
    char text[32];

    set_if(dict, "sample_rate", last_value(&in->streams, "ar"));
    if (channels && demuxer_has(format, "ch_layout")) {
        snprintf(text, sizeof(text), "%sC", channels);
        av_dict_set(dict, "ch_layout", text, 0);
    }
    if (demuxer_has(format, "ch_layout"))
        set_if(dict, "ch_layout", layout);
    if (demuxer_has(format, "framerate"))
        set_if(dict, "framerate", last_value(&in->streams, "r"));
    set_if(dict, "video_size", last_value(&in->streams, "s"));
    set_if(dict, "pixel_format", last_value(&in->streams, "pix_fmt"));
}

/* -c before -i of one kind of stream, for demuxers that ask. */
static const AVCodec *kind_decoder(const struct input_options *in, const char *kind)
{
    const AVCodec *codec = NULL;

    for (int i = in->streams.count - 1; i >= 0 && !codec; i--) {
        const struct stream_option *o = &in->streams.items[i];
        const AVCodecDescriptor *desc;

        if (strcmp(o->name, "c") != 0 || (o->spec[0] && strcmp(o->spec, kind) != 0))
            continue;
        if (!(codec = avcodec_find_decoder_by_name(o->value)) &&
            (desc = avcodec_descriptor_get_by_name(o->value)))
            codec = avcodec_find_decoder(desc->id);
    }
    return codec;
}

static void force_decoders(const struct input_options *in, AVFormatContext *format)
{
    const AVCodec *codec;

    if ((codec = kind_decoder(in, "v")) && codec->type == AVMEDIA_TYPE_VIDEO) {
        format->video_codec = codec;
        format->video_codec_id = codec->id;
    }
    if ((codec = kind_decoder(in, "a")) && codec->type == AVMEDIA_TYPE_AUDIO) {
        format->audio_codec = codec;
        format->audio_codec_id = codec->id;
    }
    if ((codec = kind_decoder(in, "s")) && codec->type == AVMEDIA_TYPE_SUBTITLE) {
        format->subtitle_codec = codec;
        format->subtitle_codec_id = codec->id;
    }
}

/* A demuxer option that nobody took is a mistake, unless a decoder may take it. */
static int check_leftovers(const struct input_options *in, const AVDictionary *left, struct vid_error *err)
{
    const AVDictionaryEntry *e = NULL;

    while ((e = av_dict_get(left, "", e, AV_DICT_IGNORE_SUFFIX)))
        if (!av_dict_get(in->codec_opts, e->key, NULL, AV_DICT_MATCH_CASE))
            return vid_fail(err, -EINVAL, "option -%s is not known to this input's format", e->key);
    return 0;
}

static int open_failed(const char *url, int rc, struct vid_error *err)
{
    char cause[400];
    bool said = media_log_last_error(cause, sizeof(cause)) > 0;

    if (rc == AVERROR_EXIT)
        return vid_fail(err, -ECANCELED, "opening the input \"%s\" was stopped", url);
    if (rc == AVERROR_PROTOCOL_NOT_FOUND)
        return media_fail(
            err, rc, "the input \"%s\" cannot be opened (for a file of this name write file:%s)", url, url);
    if (rc == AVERROR_INVALIDDATA || rc == AVERROR_EOF)
        return vid_fail(err, rc == AVERROR_EOF ? AVERROR_INVALIDDATA : rc,
                        "the input \"%s\" is not a media file, or is damaged at its start%s%s%s", url,
                        said ? " (" : "", said ? cause : "", said ? ")" : "");
    return media_fail(err, rc, "the input \"%s\" cannot be opened", url);
}

static int open_input(struct media_source *source, const struct input_options *in,
                      const AVInputFormat *format, struct vid_error *err)
{
    AVDictionary *opts = NULL;
    int rc;

    av_dict_copy(&opts, in->format_opts, 0);
    add_raw_options(in, format, &opts);
    force_decoders(in, source->format);
    source->format->flags |= AVFMT_FLAG_NONBLOCK | (in->bitexact ? AVFMT_FLAG_BITEXACT : 0);
    source->format->interrupt_callback = (AVIOInterruptCB){interrupted, source};
    bool scan_all = !av_dict_get(opts, "scan_all_pmts", NULL, AV_DICT_MATCH_CASE);
    if (scan_all)
        av_dict_set(&opts, "scan_all_pmts", "1", 0);
    media_log_reset();
    rc = avformat_open_input(&source->format, in->url, format, &opts);
    if (rc < 0) {
        rc = open_failed(in->url, rc, err);
    } else {
        if (scan_all)
            av_dict_set(&opts, "scan_all_pmts", NULL, AV_DICT_MATCH_CASE);
        rc = check_leftovers(in, opts, err);
    }
    av_dict_free(&opts);
    return rc;
}

static int probe_streams(struct media_source *source, const struct input_options *in, struct vid_error *err)
{
    AVFormatContext *format = source->format;
    unsigned count = format->nb_streams;
    AVDictionary **opts = count ? av_calloc(count, sizeof(*opts)) : NULL;
    int rc = count && !opts ? vid_fail(err, -ENOMEM, "no memory for %u streams", count) : 0;

    for (unsigned i = 0; i < count && rc >= 0; i++) {
        AVStream *st = format->streams[i];
        const AVCodec *decoder;

        rc = source_choose_decoder(in, format, st, &decoder, err);
        if (rc >= 0)
            rc = codec_options_select(in->codec_opts, st->codecpar->codec_id, format, st, NULL, false,
                                      &opts[i], err);
    }
    if (rc >= 0) {
        media_log_reset();
        rc = avformat_find_stream_info(format, opts);
        if (rc < 0 && format->nb_streams) {
            log_error("%s: could not find codec parameters", in->url);
            rc = 0;
        } else if (rc < 0) {
            rc = open_failed(in->url, rc, err);
        }
    }
    for (unsigned i = 0; i < count && opts; i++)
        av_dict_free(&opts[i]);
    av_freep(&opts);
    return rc;
}

static bool has_delay(const AVFormatContext *format)
{
    for (unsigned i = 0; i < format->nb_streams; i++)
        if (format->streams[i]->codecpar->video_delay)
            return true;
    return false;
}

/* -ss: to the key frame before the moment; the rest is trimmed after decoding. */
static void seek(struct media_source *source, int64_t timestamp)
{
    AVFormatContext *format = source->format;
    int64_t to = timestamp;

    if (source->start_time == AV_NOPTS_VALUE)
        return;
    /* The index counts decoding times, which lie before the pictures' own. */
    if (!(format->iformat->flags & AVFMT_SEEK_TO_PTS) && has_delay(format))
        to -= 3 * AV_TIME_BASE / 23;
    if (avformat_seek_file(format, -1, INT64_MIN, to, to, 0) < 0)
        log_warn("%s: could not seek to position %0.3f", format->url, (double)timestamp / AV_TIME_BASE);
}

static void set_times(struct media_source *source, const struct media_options *options)
{
    const struct input_options *in = &options->in;
    const AVFormatContext *format = source->format;
    bool known = format->start_time != AV_NOPTS_VALUE;
    int64_t timestamp;

    source->start_time = in->start;
    if (in->start_from_end != OPTION_NO_TIME && in->start == OPTION_NO_TIME) {
        if (format->duration > 0 && in->start_from_end + format->duration >= 0)
            source->start_time = in->start_from_end + format->duration;
        else
            log_warn("%s: -sseof is before the start or the length is not known; ignored", in->url);
    }
    timestamp = source->start_time == AV_NOPTS_VALUE ? 0 : source->start_time;
    source->recording_time = INT64_MAX;
    if (in->duration != OPTION_NO_TIME)
        source->recording_time = in->duration;
    else if (in->stop != OPTION_NO_TIME)
        source->recording_time = in->stop - timestamp;
    if (!in->seek_timestamp && known)
        timestamp += format->start_time;
    seek(source, timestamp);
    if (options->copy_ts)
        timestamp = options->start_at_zero && known ? format->start_time : 0;
    source->ts_offset = in->offset - timestamp;
}

int source_open_format(struct media_source *source, const struct media_options *options,
                       struct vid_error *err)
{
    const struct input_options *in = &options->in;
    const AVInputFormat *format = in->format ? av_find_input_format(in->format) : NULL;
    int rc;

    if (in->format && !format)
        return vid_fail(err, -EINVAL, "unknown input format \"%s\"", in->format);
    if (!(format && format->flags & AVFMT_NOFILE) && (rc = check_file(in->url, err)) < 0)
        return rc;
    if (in->stop != OPTION_NO_TIME && in->stop <= (in->start == OPTION_NO_TIME ? 0 : in->start))
        return vid_fail(err, -EINVAL, "-to before -i is not later than -ss");
    if (!(source->format = avformat_alloc_context()))
        return vid_fail(err, -ENOMEM, "no memory for the input");
    if ((rc = open_input(source, in, format, err)) < 0 || (rc = probe_streams(source, in, err)) < 0)
        return rc;
    set_times(source, options);
    return 0;
}
