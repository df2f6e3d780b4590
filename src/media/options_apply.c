#include "media/options_apply.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libavutil/dict.h>

static int no_memory(struct vid_error *err)
{
    return vid_fail(err, -ENOMEM, "no memory for the command line");
}

int option_warn(struct parse *parse, const char *format, ...)
{
    struct media_options *options = parse->options;
    char **lines = realloc(options->warnings, sizeof(*lines) * (size_t)(options->warning_count + 1));
    if (!lines)
        return no_memory(parse->err);
    options->warnings = lines;

    va_list args;
    va_start(args, format);
    int length = vasprintf(&lines[options->warning_count], format, args);
    va_end(args);
    if (length < 0)
        return no_memory(parse->err);
    options->warning_count++;
    return 0;
}

int option_add_stream(struct stream_options *streams, const char *name, const char *spec, const char *value,
                      struct vid_error *err)
{
    struct stream_option *items = realloc(streams->items, sizeof(*items) * (size_t)(streams->count + 1));
    if (!items)
        return no_memory(err);
    streams->items = items;
    struct stream_option *item = &items[streams->count++];
    item->name = strdup(name);
    item->spec = strdup(spec);
    item->value = strdup(value);
    return item->name && item->spec && item->value ? 0 : no_memory(err);
}

static int add_output(struct parse *parse, const char *name, const char *spec, const char *value)
{
    return option_add_stream(&parse->options->out.streams, name, spec, value, parse->err);
}

/* `stored` is "name" or "name:spec". */
static int store_stream(struct parse *parse, const struct option_use *use, unsigned side)
{
    const char *stored = use->def->stored ? use->def->stored : use->def->name;
    const char *colon = strchr(stored, ':');
    struct stream_options *streams =
        side == OPTION_INPUT ? &parse->options->in.streams : &parse->options->out.streams;
    char name[32];

    snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - stored) : (int)strlen(stored), stored);
    return option_add_stream(streams, name, colon ? colon + 1 : use->spec, use->value, parse->err);
}

/* Returns -EINVAL with the two ways in which the option can be misplaced. */
static int misplaced(struct parse *parse, const struct option_use *use)
{
    if (use->def->flags & OPTION_INPUT)
        return vid_fail(parse->err, -EINVAL, "-%.100s is an option of the input; write it before -i",
                        use->name);
    return vid_fail(parse->err, -EINVAL, "-%.100s is an option of the output; write it after -i and its file",
                    use->name);
}

int option_store(struct parse *parse, const struct option_use *use, unsigned side)
{
    const struct option_def *def = use->def;
    int rc = 0;

    if (!(def->flags & side))
        return misplaced(parse, use);
    if (*use->spec && !(def->flags & OPTION_SPEC))
        rc = option_warn(parse, "-%s: -%s has no stream specifier, ':%s' means nothing", use->name, def->name,
                         use->spec);
    bool checked_only = def->apply || def->flags & (OPTION_STREAM | OPTION_IGNORED);
    void *field = (char *)parse->options + def->field[side != OPTION_INPUT];
    if (!rc)
        rc = option_read(use->name, def->value, use->value, checked_only ? NULL : field, parse->err);
    if (rc < 0)
        return rc;
    if (def->apply)
        return def->apply(parse, use);
    if (def->flags & OPTION_IGNORED)
        return option_warn(parse, "-%s has no effect: queues are bounded by -window", use->name);
    return def->flags & OPTION_STREAM ? store_stream(parse, use, side) : 0;
}

static int set_codec_opt(struct parse *parse, const char *key, const char *value)
{
    return av_dict_set(&parse->group.codec_opts, key, value, 0) < 0 ? no_memory(parse->err) : 0;
}

/* -b, -profile without a specifier have meant the video since before there were specifiers. */
static int for_video(struct parse *parse, const struct option_use *use, const char *key)
{
    int rc = option_warn(parse, "-%s is ambiguous and means -%s:v; write -%s:v or -%s:a", use->name,
                         use->name, use->name, use->name);
    return rc < 0 ? rc : set_codec_opt(parse, key, use->value);
}

int apply_bitrate(struct parse *parse, const struct option_use *use)
{
    if (!strcmp(use->name, "ab"))
        return set_codec_opt(parse, "b:a", use->value);
    return strcmp(use->name, "b") ? set_codec_opt(parse, use->name, use->value)
                                  : for_video(parse, use, "b:v");
}

int apply_profile(struct parse *parse, const struct option_use *use)
{
    return *use->spec ? set_codec_opt(parse, use->name, use->value) : for_video(parse, use, "profile:v");
}

int apply_qscale(struct parse *parse, const struct option_use *use)
{
    if (*use->spec)
        return add_output(parse, "q", use->spec, use->value);
    int rc = option_warn(parse, "-qscale is ambiguous and means -q:v; write -q:v or -q:a");
    return rc < 0 ? rc : add_output(parse, "q", "v", use->value);
}

/* The number of an input file, which can only be 0, or negative for none where that may be said. `rest` is
 * what stands after it. */
static int read_file(struct parse *parse, const struct option_use *use, const char *text, bool may_be_none,
                     const char **rest)
{
    char *end;
    long file = strtol(text, &end, 0);
    *rest = end;
    if (end == text)
        return vid_fail(parse->err, -EINVAL,
                        "-%.100s: '%.200s' does not begin with the number of the input, 0", use->name,
                        use->value);
    if (file > 0 || (file < 0 && !may_be_none))
        return vid_fail(parse->err, -EINVAL, "-%.100s %.200s: there is one input, number 0", use->name,
                        use->value);
    return 0;
}

int apply_map(struct parse *parse, const struct option_use *use)
{
    const char *file = use->value + (*use->value == '-'), *rest;
    size_t length = strcspn(use->value, ","); /* a sync stream follows: without effect in ffmpeg, too */

    if (*file == '[')
        return vid_fail(parse->err, -EINVAL, "-map %.200s: an output of -filter_complex, which is not there",
                        use->value);
    int rc = read_file(parse, use, file, false, &rest);
    if (rc < 0)
        return rc;
    if (*rest && *rest != ':' && *rest != '?' && *rest != ',')
        return vid_fail(parse->err, -EINVAL, "-map: '%.200s' is not a choice of streams; write 0:v or 0:a:1",
                        use->value);
    char *map = strndup(use->value, length);
    rc = map ? add_output(parse, "map", "", map) : no_memory(parse->err);
    free(map);
    return rc;
}

int apply_map_chapters(struct parse *parse, const struct option_use *use)
{
    const char *rest;
    int rc = read_file(parse, use, use->value, true, &rest);
    if (rc < 0)
        return rc;
    const char *file = strtol(use->value, NULL, 0) < 0 ? "-1" : "0";
    return option_read(use->name, VALUE_TEXT, file, &parse->options->out.map_chapters, parse->err);
}

int apply_map_metadata(struct parse *parse, const struct option_use *use)
{
    const char *rest;
    int rc = read_file(parse, use, use->value, true, &rest);
    if (rc < 0 || (rc = add_output(parse, "map_metadata", use->spec, use->value)) < 0 || *use->spec)
        return rc;
    return option_read(use->name, VALUE_TEXT, use->value, &parse->options->out.map_metadata, parse->err);
}

int apply_metadata(struct parse *parse, const struct option_use *use)
{
    if (*use->spec && !strchr("gscp", *use->spec))
        return vid_fail(
            parse->err, -EINVAL,
            "-%.100s: '%.100s' is not a place for metadata; write g, s:STREAM, c:CHAPTER or p:PROGRAM",
            use->name, use->spec);
    if (!strchr(use->value, '='))
        return vid_fail(parse->err, -EINVAL, "-%.100s: '%.200s' has no '='; write title=\"A title\"",
                        use->name, use->value);
    return add_output(parse, "metadata", use->spec, use->value);
}

int apply_timecode(struct parse *parse, const struct option_use *use)
{
    char *pair;
    if (asprintf(&pair, "timecode=%s", use->value) < 0)
        return no_memory(parse->err);
    int rc = add_output(parse, "metadata", "g", pair);
    free(pair);
    return rc < 0 ? rc : set_codec_opt(parse, "gop_timecode", use->value);
}

/* The name of an fps_mode, with the numbers that -vsync used to have; NULL when it is none. */
static const char *fps_mode_name(const char *text)
{
    static const struct {
        const char *number, *name;
    } modes[] = {{"-1", "auto"}, {"0", "passthrough"}, {"1", "cfr"}, {"2", "vfr"}, {"drop", "drop"}};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (!strcmp(text, modes[i].number) || !strcasecmp(text, modes[i].name))
            return modes[i].name;
    return NULL;
}

static int bad_fps_mode(struct parse *parse, const struct option_use *use)
{
    return vid_fail(parse->err, -EINVAL, "-%.100s: '%.200s' is none of passthrough, cfr, vfr, drop and auto",
                    use->name, use->value);
}

int apply_fps_mode(struct parse *parse, const struct option_use *use)
{
    const char *mode = fps_mode_name(use->value);
    return mode ? add_output(parse, "fps_mode", use->spec, mode) : bad_fps_mode(parse, use);
}

int apply_vsync(struct parse *parse, const struct option_use *use)
{
    parse->vsync = fps_mode_name(use->value);
    return parse->vsync ? option_warn(parse, "-vsync is deprecated; write -fps_mode %s", parse->vsync)
                        : bad_fps_mode(parse, use);
}

/* "repeat+info": what ffmpeg does with repeated lines. They are always shown, so the flag says nothing. */
static const char *after_level_flags(const char *text)
{
    for (;;) {
        const char *flag = text + (*text == '+' || *text == '-');
        size_t length = strcspn(flag, "+");
        if ((length != 6 || strncmp(flag, "repeat", 6)) && (length != 5 || strncmp(flag, "level", 5)))
            return text;
        text = flag + length + (flag[length] == '+');
    }
}

int apply_level(struct parse *parse, const struct option_use *use)
{
    const char *level = after_level_flags(use->value);
    parse->level_given = true;
    if (!*level && level != use->value)
        return 0;
    if (log_level_parse(level, &parse->options->log_level) < 0)
        return vid_fail(
            parse->err, -EINVAL,
            "-%.100s: '%.200s' is not a log level; write quiet, error, warning, info, verbose or debug",
            use->name, use->value);
    return 0;
}

int apply_yes(struct parse *parse, const struct option_use *use)
{
    parse->yes = *use->value == '1';
    return 0;
}

int apply_no(struct parse *parse, const struct option_use *use)
{
    parse->no = *use->value == '1';
    return 0;
}

int apply_stats(struct parse *parse, const struct option_use *use)
{
    parse->options->stats = *use->value == '1';
    return 0;
}

int apply_stats_period(struct parse *parse, const struct option_use *use)
{
    int64_t period = 0;
    int rc = option_read(use->name, VALUE_TIME, use->value, &period, parse->err);
    if (rc < 0)
        return rc;
    if (period <= 0)
        return vid_fail(parse->err, -EINVAL, "-%.100s: '%.200s' is not above 0", use->name, use->value);
    parse->options->stats_period = (double)period / 1e6;
    return 0;
}

int option_set_count(struct parse *parse, const struct option_use *use, int least, int *field)
{
    int rc = option_read(use->name, VALUE_INT, use->value, field, parse->err);
    if (rc < 0 || *field >= least)
        return rc;
    return vid_fail(parse->err, -EINVAL, "-%.100s: '%.200s' is too little; the least is %d", use->name,
                    use->value, least);
}

int apply_filter_threads(struct parse *parse, const struct option_use *use)
{
    parse->options->filter_threads = 0;
    return strcmp(use->value, "auto") ? option_set_count(parse, use, 0, &parse->options->filter_threads) : 0;
}

int apply_help(struct parse *parse, const struct option_use *use)
{
    parse->options->print = PRINT_HELP;
    return 0;
}

int apply_version(struct parse *parse, const struct option_use *use)
{
    parse->options->print = PRINT_VERSION;
    return 0;
}

int apply_filters(struct parse *parse, const struct option_use *use)
{
    parse->options->print = PRINT_FILTERS;
    return 0;
}
