#include "media/internal.h"

#include <libavutil/opt.h>
#include <string.h>

int source_stream_matches(AVFormatContext *format, AVStream *st, const char *spec)
{
    return avformat_match_stream_specifier(format, st, spec);
}

const char *stream_option_find(const struct stream_options *options, const char *name,
                               AVFormatContext *format, AVStream *st)
{
    for (int i = options->count - 1; i >= 0; i--) {
        const struct stream_option *o = &options->items[i];

        if (!strcmp(o->name, name) && avformat_match_stream_specifier(format, st, o->spec) > 0)
            return o->value;
    }
    return NULL;
}

/* The letter that may stand before a codec option ("vflags"), and the kind of option. */
static char kind_of(enum AVMediaType type, int *flags)
{
    switch (type) {
    case AVMEDIA_TYPE_VIDEO:
        *flags |= AV_OPT_FLAG_VIDEO_PARAM;
        return 'v';
    case AVMEDIA_TYPE_AUDIO:
        *flags |= AV_OPT_FLAG_AUDIO_PARAM;
        return 'a';
    case AVMEDIA_TYPE_SUBTITLE:
        *flags |= AV_OPT_FLAG_SUBTITLE_PARAM;
        return 's';
    default:
        return 0;
    }
}

static bool class_has(const AVClass *class, const char *key, int flags)
{
    return class && av_opt_find(&class, key, NULL, flags, AV_OPT_SEARCH_FAKE_OBJ);
}

/* The name under which the codec knows the option, or NULL when it is none of its own. */
static const char *codec_knows(const AVCodec *codec, const char *key, char letter, int flags)
{
    if (class_has(avcodec_get_class(), key, flags) || !codec || class_has(codec->priv_class, key, flags))
        return key;
    if (letter && key[0] == letter && class_has(avcodec_get_class(), key + 1, flags))
        return key + 1;
    return NULL;
}

int codec_options_select(const AVDictionary *options, enum AVCodecID id, AVFormatContext *format,
                         AVStream *st, const AVCodec *codec, bool encoder, AVDictionary **out,
                         struct vid_error *err)
{
    int flags = encoder ? AV_OPT_FLAG_ENCODING_PARAM : AV_OPT_FLAG_DECODING_PARAM;
    char letter = kind_of(st->codecpar->codec_type, &flags);
    const AVDictionaryEntry *e = NULL;

    av_dict_free(out);
    if (!codec)
        codec = encoder ? avcodec_find_encoder(id) : avcodec_find_decoder(id);
    while ((e = av_dict_get(options, "", e, AV_DICT_IGNORE_SUFFIX))) {
        size_t length = strcspn(e->key, ":");
        char key[128];
        const char *known;
        int match = 1;

        if (length >= sizeof(key))
            continue;
        if (e->key[length] && (match = avformat_match_stream_specifier(format, st, e->key + length + 1)) < 0)
            return vid_fail(err, -EINVAL, "option -%s: \"%s\" is no stream specifier", e->key,
                            e->key + length + 1);
        if (!match)
            continue;
        memcpy(key, e->key, length);
        key[length] = 0;
        known = codec_knows(codec, key, letter, flags);
        if (known && av_dict_set(out, known, e->value, 0) < 0)
            return vid_fail(err, -ENOMEM, "no memory for the codec's options");
    }
    return 0;
}
