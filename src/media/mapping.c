#include "media/mapping.h"

#include "media/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct chooser {
    const struct output_options *options;
    AVFormatContext *in;
    const enum AVDiscard *discard;
    const AVOutputFormat *oformat;
    struct mapping *out;
    struct vid_error *err;
};

static bool is_disabled(const struct chooser *c, unsigned i)
{
    return c->discard && c->discard[i] == AVDISCARD_ALL;
}

static int add(struct chooser *c, int input)
{
    int *grown = realloc(c->out->inputs, sizeof(int) * (size_t)(c->out->count + 1));
    if (!grown)
        return vid_fail(c->err, -ENOMEM, "no memory for the stream mapping");
    grown[c->out->count++] = input;
    c->out->inputs = grown;
    return 0;
}

static bool takes(const struct chooser *c, enum AVMediaType type)
{
    return av_guess_codec(c->oformat, NULL, c->options->url, NULL, type) != AV_CODEC_ID_NONE;
}

static int64_t merit(const AVStream *st)
{
    int64_t score = 0;
    if (st->event_flags & AVSTREAM_EVENT_FLAG_NEW_PACKETS)
        score += 100000000;
    if (st->disposition & AV_DISPOSITION_DEFAULT)
        score += 5000000;
    return score;
}

/* The largest picture; cover art only when there is nothing else, unless the container holds nothing else. */
static int best_video(const struct chooser *c)
{
    int picture_only =
        avformat_query_codec(c->oformat, c->oformat->video_codec, 0) == MKTAG('A', 'P', 'I', 'C');
    int64_t best_score = 0;
    int best = -1;
    for (unsigned i = 0; i < c->in->nb_streams; i++) {
        const AVStream *st = c->in->streams[i];
        bool cover = st->disposition & AV_DISPOSITION_ATTACHED_PIC;
        int64_t score = (int64_t)st->codecpar->width * st->codecpar->height + merit(st);
        if (!picture_only && cover)
            score = 1;
        if (st->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || is_disabled(c, i) || score <= best_score)
            continue;
        if (picture_only && !cover)
            continue;
        best_score = score;
        best = (int)i;
    }
    return best;
}

static int best_audio(const struct chooser *c)
{
    int64_t best_score = 0;
    int best = -1;
    for (unsigned i = 0; i < c->in->nb_streams; i++) {
        const AVStream *st = c->in->streams[i];
        int64_t score = st->codecpar->ch_layout.nb_channels + merit(st);
        if (st->codecpar->codec_type != AVMEDIA_TYPE_AUDIO || is_disabled(c, i) || score <= best_score)
            continue;
        best_score = score;
        best = (int)i;
    }
    return best;
}

static int subtitle_kind(const AVCodecDescriptor *descriptor)
{
    return descriptor ? descriptor->props & (AV_CODEC_PROP_TEXT_SUB | AV_CODEC_PROP_BITMAP_SUB) : 0;
}

static bool names_subtitle_codec(const struct output_options *options)
{
    for (int i = 0; i < options->streams.count; i++) {
        const struct stream_option *item = &options->streams.items[i];
        if (strcmp(item->name, "c") == 0 && strcmp(item->spec, "s") == 0)
            return true;
    }
    return false;
}

/* The first one that the container's own encoder can express. */
static int first_subtitle(const struct chooser *c)
{
    const AVCodec *encoder = avcodec_find_encoder(c->oformat->subtitle_codec);
    bool named = names_subtitle_codec(c->options);
    if (!encoder && !named)
        return -1;
    const AVCodecDescriptor *to = encoder ? avcodec_descriptor_get(encoder->id) : NULL;
    for (unsigned i = 0; i < c->in->nb_streams; i++) {
        const AVCodecParameters *par = c->in->streams[i]->codecpar;
        if (par->codec_type != AVMEDIA_TYPE_SUBTITLE || is_disabled(c, i))
            continue;
        const AVCodecDescriptor *from = avcodec_descriptor_get(par->codec_id);
        bool either_unknown = from && to && (!from->props || !to->props);
        if (named || subtitle_kind(from) & subtitle_kind(to) || either_unknown)
            return (int)i;
    }
    return -1;
}

static int add_data(struct chooser *c)
{
    enum AVCodecID id = av_guess_codec(c->oformat, NULL, c->options->url, NULL, AVMEDIA_TYPE_DATA);
    int code = 0;
    for (unsigned i = 0; id != AV_CODEC_ID_NONE && i < c->in->nb_streams && code >= 0; i++) {
        const AVCodecParameters *par = c->in->streams[i]->codecpar;
        if (!is_disabled(c, i) && par->codec_type == AVMEDIA_TYPE_DATA && par->codec_id == id)
            code = add(c, (int)i);
    }
    return code;
}

static int choose_default(struct chooser *c)
{
    const struct output_options *o = c->options;
    int chosen[] = {
        !o->no_video && takes(c, AVMEDIA_TYPE_VIDEO) ? best_video(c) : -1,
        !o->no_audio && takes(c, AVMEDIA_TYPE_AUDIO) ? best_audio(c) : -1,
        !o->no_subtitle ? first_subtitle(c) : -1,
    };
    int code = 0;
    for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]) && code >= 0; i++)
        if (chosen[i] >= 0)
            code = add(c, chosen[i]);
    return code < 0 || o->no_data ? code : add_data(c);
}

/* ---- -map ---- */

struct map_text {
    bool negative, optional;
    char *spec; /* owned */
};

static int parse_map(const char *text, struct map_text *map, struct vid_error *err)
{
    const char *p = text;
    char *end;
    *map = (struct map_text){.negative = *p == '-'};
    p += map->negative;
    if (*p == '[')
        return vid_fail(err, -EINVAL,
                        "-map %s: filter graphs with labelled outputs are not supported; use -vf", text);
    long file = strtol(p, &end, 0);
    if (end == p || file != 0)
        return vid_fail(err, -EINVAL, "-map %s: there is one input file, number 0", text);
    char *spec = strdup(*end == ':' ? end + 1 : end);
    if (!spec)
        return vid_fail(err, -ENOMEM, "no memory for -map");
    spec[strcspn(spec, ",")] = '\0';
    char *mark = strchr(spec, '?');
    if (mark)
        *mark = '\0';
    map->optional = mark != NULL;
    map->spec = spec;
    return 0;
}

static int matches(struct chooser *c, int input, const struct map_text *map, const char *text)
{
    int match = source_stream_matches(c->in, c->in->streams[input], map->spec);
    if (match < 0)
        return vid_fail(c->err, -EINVAL, "-map %s: '%s' is not a stream specifier", text, map->spec);
    return match;
}

/* As with ffmpeg it counts as a match when there was anything to take from. */
static int remove_matching(struct chooser *c, const struct map_text *map, const char *text)
{
    int kept = 0, found = c->out->count;
    for (int i = 0; i < c->out->count; i++) {
        int match = matches(c, c->out->inputs[i], map, text);
        if (match < 0)
            return match;
        if (!match)
            c->out->inputs[kept++] = c->out->inputs[i];
    }
    c->out->count = kept;
    return found;
}

static int add_matching(struct chooser *c, const struct map_text *map, const char *text)
{
    int found = 0;
    for (unsigned i = 0; i < c->in->nb_streams; i++) {
        int match = matches(c, (int)i, map, text);
        if (match < 0)
            return match;
        if (!match || is_disabled(c, i))
            continue;
        int code = add(c, (int)i);
        if (code < 0)
            return code;
        found++;
    }
    return found;
}

static int apply_map(struct chooser *c, const char *text)
{
    struct map_text map;
    int code = parse_map(text, &map, c->err);
    if (code < 0)
        return code;
    int found = map.negative ? remove_matching(c, &map, text) : add_matching(c, &map, text);
    free(map.spec);
    if (found == 0 && !map.optional)
        return vid_fail(c->err, -EINVAL, "-map %s matches no streams; to ignore this, add a trailing '?'",
                        text);
    return found < 0 ? found : 0;
}

static bool is_unwanted(const struct output_options *o, enum AVMediaType type)
{
    return (type == AVMEDIA_TYPE_VIDEO && o->no_video) || (type == AVMEDIA_TYPE_AUDIO && o->no_audio) ||
           (type == AVMEDIA_TYPE_SUBTITLE && o->no_subtitle) || (type == AVMEDIA_TYPE_DATA && o->no_data);
}

static int drop_unwanted(struct chooser *c)
{
    int kept = 0;
    for (int i = 0; i < c->out->count; i++) {
        int input = c->out->inputs[i];
        enum AVMediaType type = c->in->streams[input]->codecpar->codec_type;
        if (is_unwanted(c->options, type))
            continue;
        if (type == AVMEDIA_TYPE_UNKNOWN || type >= AVMEDIA_TYPE_NB)
            return vid_fail(c->err, -EINVAL, "stream 0:%d is of no known type; leave it out with -map -0:%d",
                            input, input);
        c->out->inputs[kept++] = input;
    }
    c->out->count = kept;
    return 0;
}

int mapping_choose(const struct output_options *options, AVFormatContext *in, const enum AVDiscard *discard,
                   const AVOutputFormat *oformat, struct mapping *out, struct vid_error *err)
{
    *out = (struct mapping){0};
    struct chooser c = {options, in, discard, oformat, out, err};
    bool mapped = false;
    int code = 0;
    for (int i = 0; i < options->streams.count && code >= 0; i++) {
        if (strcmp(options->streams.items[i].name, "map") != 0)
            continue;
        code = apply_map(&c, options->streams.items[i].value);
        mapped |= out->count > 0; /* one that matches nothing is as if it were not there */
    }
    if (code >= 0)
        code = mapped ? drop_unwanted(&c) : choose_default(&c);
    if (code >= 0 && out->count == 0)
        code = vid_fail(err, -EINVAL, "%s would contain no stream", options->url);
    if (code < 0)
        mapping_free(out);
    return code;
}

void mapping_free(struct mapping *mapping)
{
    free(mapping->inputs);
    *mapping = (struct mapping){0};
}
