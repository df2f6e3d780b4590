#include "media/metadata.h"

#include <libavutil/avstring.h>
#include <libavutil/eval.h>
#include <libavutil/opt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tags {
    const struct media_options *options;
    AVFormatContext *in, *out;
    const struct source_times *input;
    struct out_stream *streams;
    struct output_times *times;
    bool global_manual, streams_manual, chapters_manual; /* -map_metadata says what comes there */
    struct vid_error *err;
};

/* A place for tags: "g", "s:SPEC", "c:INDEX", "p:INDEX"; "" is g. */
struct place {
    char kind;
    const char *spec;
    long index;
};

static int parse_place(struct tags *t, const char *text, struct place *place)
{
    *place = (struct place){.kind = *text ? *text : 'g', .spec = ""};
    if (!*text || *text == 'g')
        return 0;
    const char *rest = text + 1;
    if (!strchr("scp", *text) || (*rest && *rest != ':'))
        return vid_fail(t->err, -EINVAL,
                        "'%s' is not a place for metadata; write g, s:STREAM, c:CHAPTER or p:PROGRAM", text);
    if (*rest == ':')
        rest++;
    if (*text == 's')
        place->spec = rest;
    else
        place->index = strtol(rest, NULL, 0);
    return 0;
}

static AVDictionary **dictionary(AVFormatContext *ctx, const struct place *place)
{
    long i = place->index;
    if (place->kind == 'g')
        return &ctx->metadata;
    if (place->kind == 'c' && i >= 0 && i < (long)ctx->nb_chapters)
        return &ctx->chapters[i]->metadata;
    if (place->kind == 'p' && i >= 0 && i < (long)ctx->nb_programs)
        return &ctx->programs[i]->metadata;
    return NULL;
}

static int no_place(struct tags *t, const struct place *place)
{
    if (place->kind == 's')
        return vid_fail(t->err, -EINVAL, "metadata: '%s' matches no stream", place->spec);
    return vid_fail(t->err, -EINVAL, "metadata: there is no %s %ld",
                    place->kind == 'c' ? "chapter" : "program", place->index);
}

/* ---- -map_metadata ---- */

static AVDictionary **input_dictionary(struct tags *t, const struct place *place)
{
    if (place->kind != 's')
        return dictionary(t->in, place);
    for (unsigned i = 0; i < t->in->nb_streams; i++)
        if (source_stream_matches(t->in, t->in->streams[i], place->spec) > 0)
            return &t->in->streams[i]->metadata;
    return NULL;
}

static void copy_tags(AVDictionary **to, const AVDictionary *from)
{
    av_dict_copy(to, from, AV_DICT_DONT_OVERWRITE);
}

static int copy_to_place(struct tags *t, const struct place *place, const AVDictionary *from)
{
    if (place->kind != 's') {
        AVDictionary **to = dictionary(t->out, place);
        if (!to)
            return no_place(t, place);
        copy_tags(to, from);
        return 0;
    }
    for (unsigned i = 0; i < t->out->nb_streams; i++)
        if (source_stream_matches(t->out, t->out->streams[i], place->spec) > 0)
            copy_tags(&t->out->streams[i]->metadata, from);
    return 0;
}

static void note_manual(struct tags *t, char kind, bool all)
{
    t->global_manual |= kind == 'g' || all;
    t->streams_manual |= kind == 's' || all;
    t->chapters_manual |= kind == 'c' || all;
}

static int map_one(struct tags *t, const struct stream_option *option)
{
    struct place from, to;
    char *rest;
    long file = strtol(option->value, &rest, 0);
    int code = parse_place(t, option->spec, &to);
    if (code < 0)
        return code;
    if (file < 0) {
        note_manual(t, to.kind, !*option->spec);
        return 0;
    }
    code = parse_place(t, *rest ? rest + 1 : rest, &from);
    if (code < 0)
        return code;
    note_manual(t, from.kind, false);
    note_manual(t, to.kind, false);
    AVDictionary **dict = input_dictionary(t, &from);
    return dict ? copy_to_place(t, &to, *dict) : no_place(t, &from);
}

static int map_metadata(struct tags *t)
{
    const struct stream_options *items = &t->options->out.streams;
    int code = 0;
    for (int i = 0; i < items->count && code >= 0; i++)
        if (strcmp(items->items[i].name, "map_metadata") == 0)
            code = map_one(t, &items->items[i]);
    return code;
}

/* ---- chapters ---- */

static int copy_chapter(struct tags *t, const AVChapter *from, int64_t shift, int64_t length)
{
    AVChapter *chapter = av_mallocz(sizeof(*chapter));
    AVChapter **grown = av_realloc_array(t->out->chapters, t->out->nb_chapters + 1, sizeof(*grown));
    if (grown)
        t->out->chapters = grown;
    if (!chapter || !grown) {
        av_free(chapter);
        return vid_fail(t->err, -ENOMEM, "no memory for chapters");
    }
    chapter->id = from->id;
    chapter->time_base = from->time_base;
    chapter->start = FFMAX(0, from->start - shift);
    chapter->end = FFMIN(length, from->end - shift);
    if (!t->chapters_manual)
        av_dict_copy(&chapter->metadata, from->metadata, 0);
    grown[t->out->nb_chapters++] = chapter;
    return 0;
}

static int copy_chapters(struct tags *t)
{
    const char *map = t->options->out.map_chapters;
    int64_t start = t->times->start == AV_NOPTS_VALUE ? 0 : t->times->start;
    int code = 0;
    if (map && strtol(map, NULL, 0) < 0)
        return 0;
    for (unsigned i = 0; i < t->in->nb_chapters && code >= 0; i++) {
        const AVChapter *chapter = t->in->chapters[i];
        int64_t shift = av_rescale_q(start - t->input->ts_offset, AV_TIME_BASE_Q, chapter->time_base);
        int64_t length = t->times->length == INT64_MAX
                             ? INT64_MAX
                             : av_rescale_q(t->times->length, AV_TIME_BASE_Q, chapter->time_base);
        if (chapter->end < shift)
            continue;
        if (length != INT64_MAX && chapter->start > length + shift)
            break;
        code = copy_chapter(t, chapter, shift, length);
    }
    return code;
}

/* ---- tags by default ---- */

static void copy_global(struct tags *t)
{
    static const char *const not_ours[] = {"creation_time", "company_name", "product_name",
                                           "product_version"};
    if (t->global_manual)
        return;
    copy_tags(&t->out->metadata, t->in->metadata);
    if (t->times->length != INT64_MAX)
        av_dict_set(&t->out->metadata, "duration", NULL, 0);
    for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++)
        av_dict_set(&t->out->metadata, not_ours[i], NULL, 0);
}

static void copy_stream_tags(struct tags *t)
{
    for (unsigned i = 0; i < t->out->nb_streams && !t->streams_manual; i++) {
        const struct out_stream *stream = &t->streams[i];
        copy_tags(&stream->st->metadata, stream->in->st->metadata);
        if (stream->codec)
            av_dict_set(&stream->st->metadata, "encoder", NULL, 0);
    }
}

/* ---- -metadata ---- */

/* "rotate" is not a tag but the copied stream's display matrix; for encoded video it has no effect. */
static void set_rotation(struct out_stream *stream, const char *value)
{
    char *tail;
    double degrees = av_strtod(value, &tail);
    if (*tail)
        return;
    stream->rotated = true;
    stream->rotation = degrees;
}

static int set_on_streams(struct tags *t, const struct place *place, const char *key, const char *value)
{
    for (unsigned i = 0; i < t->out->nb_streams; i++) {
        AVStream *st = t->out->streams[i];
        int match = source_stream_matches(t->out, st, place->spec);
        if (match < 0)
            return vid_fail(t->err, -EINVAL, "-metadata: '%s' is not a stream specifier", place->spec);
        if (!match)
            continue;
        if (strcmp(key, "rotate") != 0)
            av_dict_set(&st->metadata, key, *value ? value : NULL, 0);
        else
            set_rotation(&t->streams[i], value);
    }
    return 0;
}

static int set_one(struct tags *t, const struct stream_option *option)
{
    struct place place;
    const char *equals = strchr(option->value, '=');
    int code = parse_place(t, option->spec, &place);
    if (code < 0)
        return code;
    if (!equals)
        return vid_fail(t->err, -EINVAL, "-metadata: '%s' has no '='", option->value);
    char *key = strndup(option->value, (size_t)(equals - option->value));
    if (!key)
        return vid_fail(t->err, -ENOMEM, "no memory for metadata");
    if (place.kind == 's') {
        code = set_on_streams(t, &place, key, equals + 1);
    } else {
        AVDictionary **to = dictionary(t->out, &place);
        if (to)
            av_dict_set(to, key, equals[1] ? equals + 1 : NULL, 0);
        else
            code = no_place(t, &place);
    }
    free(key);
    return code;
}

static int set_metadata(struct tags *t)
{
    const struct stream_options *items = &t->options->out.streams;
    int code = 0;
    for (int i = 0; i < items->count && code >= 0; i++)
        if (strcmp(items->items[i].name, "metadata") == 0)
            code = set_one(t, &items->items[i]);
    return code;
}

/* ---- dispositions ---- */

static int set_disposition(struct tags *t, AVStream *st, const char *text)
{
    const AVClass *class = av_stream_get_class();
    const AVOption *option = av_opt_find(&class, "disposition", NULL, 0, AV_OPT_SEARCH_FAKE_OBJ);
    if (!option || av_opt_eval_flags(&class, option, text, &st->disposition) < 0)
        return vid_fail(t->err, -EINVAL, "-disposition: '%s' is not understood", text);
    return 0;
}

/* Of several streams of a type, one is the default: the first that is not cover art. */
static void mark_defaults(struct tags *t)
{
    int count[AVMEDIA_TYPE_NB] = {0};
    bool marked[AVMEDIA_TYPE_NB] = {false};
    for (unsigned i = 0; i < t->out->nb_streams; i++) {
        const AVStream *st = t->out->streams[i];
        count[st->codecpar->codec_type]++;
        marked[st->codecpar->codec_type] |= (st->disposition & AV_DISPOSITION_DEFAULT) != 0;
    }
    for (unsigned i = 0; i < t->out->nb_streams; i++) {
        AVStream *st = t->out->streams[i];
        enum AVMediaType type = st->codecpar->codec_type;
        if (count[type] < 2 || marked[type] || st->disposition & AV_DISPOSITION_ATTACHED_PIC)
            continue;
        st->disposition |= AV_DISPOSITION_DEFAULT;
        marked[type] = true;
    }
}

static int set_dispositions(struct tags *t)
{
    bool manual = false;
    for (unsigned i = 0; i < t->out->nb_streams; i++) {
        const struct out_stream *stream = &t->streams[i];
        stream->st->disposition = stream->in->st->disposition;
        manual |= out_stream_option(stream, "disposition") != NULL;
    }
    if (!manual) {
        mark_defaults(t);
        return 0;
    }
    int code = 0;
    for (unsigned i = 0; i < t->out->nb_streams && code >= 0; i++) {
        const char *text = out_stream_option(&t->streams[i], "disposition");
        code = text ? set_disposition(t, t->out->streams[i], text) : 0;
    }
    return code;
}

int metadata_apply(const struct media_options *options, AVFormatContext *in, const struct source_times *input,
                   AVFormatContext *out, struct out_stream *streams, struct vid_error *err)
{
    struct tags t = {.options = options,
                     .in = in,
                     .out = out,
                     .input = input,
                     .streams = streams,
                     .times = streams[0].times,
                     .err = err};
    int code = map_metadata(&t);
    if (code >= 0)
        code = copy_chapters(&t);
    if (code < 0)
        return code;
    copy_global(&t);
    copy_stream_tags(&t);
    code = set_metadata(&t);
    return code < 0 ? code : set_dispositions(&t);
}
