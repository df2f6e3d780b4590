#include "media/options_parse.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/dict.h>

static struct media_options *create_defaults(void)
{
    struct media_options *options = calloc(1, sizeof(*options));
    if (!options)
        return NULL;
    options->in.start = options->in.duration = options->in.stop = options->in.start_from_end = OPTION_NO_TIME;
    options->in.accurate_seek = options->in.autorotate = true;
    options->out.start = options->out.duration = options->out.stop = OPTION_NO_TIME;
    options->out.limit_bytes = INT64_MAX;
    options->out.mux_delay = 0.7f;
    options->out.mux_preload = 0.5f;
    options->log_level = LOG_INFO;
    options->stats = -1;
    options->stats_period = 0.5;
    options->max_error_rate = 2.0 / 3;
    options->interactive = true;
    options->part = 10;
    options->retries = 3;
    options->retry_delay = 1;
    options->redis_timeout = 60;
    return options;
}

static void free_streams(struct stream_options *streams)
{
    for (int i = 0; i < streams->count; i++) {
        free(streams->items[i].name);
        free(streams->items[i].spec);
        free(streams->items[i].value);
    }
    free(streams->items);
}

static void free_input(struct input_options *in)
{
    free(in->url);
    free(in->format);
    free_streams(&in->streams);
    av_dict_free(&in->format_opts);
    av_dict_free(&in->codec_opts);
}

static void free_output(struct output_options *out)
{
    free(out->url);
    free(out->format);
    free(out->map_metadata);
    free(out->map_chapters);
    free_streams(&out->streams);
    av_dict_free(&out->format_opts);
    av_dict_free(&out->codec_opts);
    av_dict_free(&out->sws_opts);
    av_dict_free(&out->swr_opts);
}

void media_options_free(struct media_options **options)
{
    struct media_options *o = *options;
    *options = NULL;
    if (!o)
        return;
    free_input(&o->in);
    free_output(&o->out);
    for (int i = 0; i < o->warning_count; i++)
        free(o->warnings[i]);
    free(o->warnings);
    free(o->progress_url);
    free(o->redis_url);
    free(o->run_dir);
    free(o->frame_stats);
    for (char **folder = o->safe_allow; folder && *folder; folder++)
        free(*folder);
    free(o->safe_allow);
    free(o);
}

/* Stores what stood before a file's name. */
static int store_group(struct parse *parse, unsigned side)
{
    for (int i = 0; i < parse->group.count; i++) {
        int rc = option_store(parse, &parse->group.uses[i], side);
        if (rc < 0)
            return rc;
    }
    parse->group.count = 0;
    return 0;
}

static int set_file(struct parse *parse, const char *url, char **field, const char *which)
{
    if (*field)
        return vid_fail(parse->err, -EINVAL,
                        "%.200s: there is one input and one output, and the %s is %.200s already", url, which,
                        *field);
    if (!*url)
        return vid_fail(parse->err, -EINVAL, "the name of the %s is empty", which);
    return option_read(which, VALUE_URL, url, field, parse->err);
}

static int take_input(struct parse *parse, const char *url)
{
    int rc = set_file(parse, url, &parse->options->in.url, "input");
    if (rc < 0 || (rc = store_group(parse, OPTION_INPUT)) < 0)
        return rc;
    rc = option_move_input(parse);
    option_group_free(&parse->group);
    return rc;
}

static int take_output(struct parse *parse, const char *url)
{
    int rc = set_file(parse, url, &parse->options->out.url, "output");
    if (rc < 0 || (rc = store_group(parse, OPTION_OUTPUT)) < 0)
        return rc;
    rc = option_move_output(parse);
    option_group_free(&parse->group);
    return rc;
}

static int take_use(struct parse *parse, const struct option_use *use)
{
    struct option_group *group = &parse->group;
    if (use->def->flags & OPTION_GLOBAL)
        return option_store(parse, use, OPTION_GLOBAL);

    struct option_use *uses = realloc(group->uses, sizeof(*uses) * (size_t)(group->count + 1));
    if (!uses)
        return vid_fail(parse->err, -ENOMEM, "no memory for the command line");
    group->uses = uses;
    uses[group->count++] = *use;
    return 0;
}

/* The next word when it can be a value. Any word can, but who writes "-crf -i in.mkv" has left one out. */
static const char *peek_value(const struct parse *parse)
{
    const char *word = parse->next < parse->argc ? parse->argv[parse->next] : NULL;
    return word && strcmp(word, "-i") ? word : NULL;
}

/* The word after the option, or NULL with a sentence. */
static const char *take_value(struct parse *parse, const char *name)
{
    const char *value = peek_value(parse);
    if (value) {
        parse->next++;
        return value;
    }
    vid_fail(parse->err, -EINVAL, "-%.100s needs a value after it", name);
    return NULL;
}

static const char *spec_of(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : "";
}

static int take_known(struct parse *parse, const struct option_def *def, const char *name)
{
    struct option_use use = {def, name, spec_of(name), "1"};
    if (def->value != VALUE_FLAG && def->value != VALUE_NONE && !(use.value = take_value(parse, name)))
        return -EINVAL;
    return take_use(parse, &use);
}

/* -novn. Returns 0 or an error, 1 when `name` is not of this kind. */
static int take_negated(struct parse *parse, const char *name)
{
    const struct option_def *def = strncmp(name, "no", 2) ? NULL : option_find(name + 2);
    if (!def || (def->value != VALUE_FLAG && def->value != VALUE_FLAG_WORD))
        return 1;
    return take_use(parse, &(struct option_use){def, name, spec_of(name), "0"});
}

static int unknown_option(struct parse *parse, const char *name)
{
    const char *reason = option_refusal(name);
    if (reason)
        return vid_fail(parse->err, -EINVAL, "-%.100s is not an option here: %s", name, reason);

    struct option_names names = {0};
    char bare[64];
    snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name, ":"), name);
    option_names_table(&names);
    option_names_libav(&names);
    const char *nearest = names.items ? text_nearest(bare, names.items) : NULL;
    free(names.items);
    if (nearest && !strcmp(nearest, bare) && name[strlen(bare)] == ':' && peek_value(parse))
        return vid_fail(parse->err, -EINVAL, "-%s has no stream specifier; write it without ':%.100s'",
                        nearest, name + strlen(bare) + 1);
    if (nearest && !strcmp(nearest, bare))
        return vid_fail(parse->err, -EINVAL, "-%.100s needs a value after it", name);
    if (nearest)
        return vid_fail(parse->err, -EINVAL, "unknown option -%.100s; did you mean -%s?", name, nearest);
    return vid_fail(parse->err, -EINVAL, "unknown option -%.100s; -h shows the most used ones", name);
}

static int take_option(struct parse *parse, const char *name)
{
    const struct option_def *def = option_find(name);
    const char *value;
    if (!strcmp(name, "i"))
        return (value = take_value(parse, name)) ? take_input(parse, value) : -EINVAL;
    if (def)
        return take_known(parse, def, name);
    if (option_refusal(name))
        return unknown_option(parse, name);
    if ((value = peek_value(parse))) {
        int rc = option_libav(&parse->group, name, value, parse->err);
        parse->next += rc > 0;
        if (rc)
            return rc < 0 ? rc : 0;
    }
    int rc = take_negated(parse, name);
    return rc == 1 ? unknown_option(parse, name) : rc;
}

static int take_word(struct parse *parse)
{
    const char *word = parse->argv[parse->next++];
    if (!strcmp(word, "--")) {
        parse->literal = parse->next;
        return 0;
    }
    if (*word != '-' || !word[1] || parse->next - 1 == parse->literal)
        return take_output(parse, word);
    return take_option(parse, word + 1);
}

/* Both sides have the same rules for -ss, -t and -to. */
static int check_times(struct parse *parse, const char *side, int64_t start, int64_t duration, int64_t *stop)
{
    if (*stop == OPTION_NO_TIME)
        return 0;
    if (duration != OPTION_NO_TIME) {
        *stop = OPTION_NO_TIME;
        return option_warn(parse, "-t and -to of the %s cannot be used together; using -t", side);
    }
    if (*stop <= (start == OPTION_NO_TIME ? 0 : start))
        return vid_fail(parse->err, -EINVAL, "-to of the %s is not later than its -ss", side);
    return 0;
}

static int check_seek(struct parse *parse)
{
    struct input_options *in = &parse->options->in;
    if (in->start_from_end == OPTION_NO_TIME)
        return 0;
    if (in->start != OPTION_NO_TIME) {
        in->start_from_end = OPTION_NO_TIME;
        return option_warn(parse, "-ss and -sseof cannot be used together; using -ss");
    }
    if (in->start_from_end >= 0)
        return vid_fail(parse->err, -EINVAL,
                        "-sseof counts back from the end; write a negative time, as -sseof -10");
    return 0;
}

/* What ends the command line: files named, nothing left over. */
static int check_files(struct parse *parse)
{
    const struct media_options *options = parse->options;
    const struct option_group *group = &parse->group;
    bool left = group->count || group->codec_opts || group->format_opts || group->sws_opts || group->swr_opts;

    if (!options->in.url)
        return vid_fail(parse->err, -EINVAL, "no input; write -i FILE (-h shows how)");
    if (!options->out.url)
        return vid_fail(parse->err, -EINVAL, "no output; write its name at the end (-h shows how)");
    if (left)
        return vid_fail(parse->err, -EINVAL,
                        "options after the output '%.200s' belong to no file; write them before its name",
                        options->out.url);
    return 0;
}

/* -vsync is the fps_mode of every stream that has none of its own: it goes before them. */
static int add_vsync(struct parse *parse)
{
    struct stream_options *streams = &parse->options->out.streams;
    if (!parse->vsync)
        return 0;
    int rc = option_add_stream(streams, "fps_mode", "", parse->vsync, parse->err);
    if (rc < 0)
        return rc;
    struct stream_option last = streams->items[streams->count - 1];
    memmove(streams->items + 1, streams->items, sizeof(last) * (size_t)(streams->count - 1));
    streams->items[0] = last;
    return 0;
}

static int check_safe(struct parse *parse)
{
    if (parse->options->safe || !parse->options->safe_allow)
        return 0;
    return vid_fail(parse->err, -EINVAL, "-safe-allow is an exception from -safe; write -safe too");
}

static int check_frame_stats(struct parse *parse)
{
    const struct media_options *options = parse->options;
    const char *file = options->frame_stats;

    if (!file || (*file && strcmp(file, options->in.url) != 0 && strcmp(file, options->out.url) != 0))
        return 0;
    return vid_fail(parse->err, -EINVAL, "-frame-stats: '%.200s' is no file of its own; write another name",
                    file);
}

static int finish(struct parse *parse)
{
    struct media_options *options = parse->options;
    struct output_options *out = &options->out;
    int rc = check_files(parse);

    if (rc < 0)
        return rc;
    if (parse->yes && parse->no)
        return vid_fail(parse->err, -EINVAL, "-y and -n contradict each other; write one of them");
    options->overwrite = parse->yes ? OVERWRITE_YES : parse->no ? OVERWRITE_NO : OVERWRITE_ASK;
    if ((rc = check_seek(parse)) < 0 || (rc = check_safe(parse)) < 0 || (rc = check_frame_stats(parse)) < 0 ||
        (rc = check_times(parse, "input", options->in.start, options->in.duration, &options->in.stop)) < 0 ||
        (rc = check_times(parse, "output", out->start, out->duration, &out->stop)) < 0)
        return rc;
    return add_vsync(parse);
}

static int take_environment(struct media_options *options, struct vid_error *err)
{
    const char *url = getenv("VIDMPI_REDIS");
    if (options->redis_url || !url || !*url)
        return 0;
    return option_read("redis", VALUE_TEXT, url, &options->redis_url, err);
}

static int parse_all(struct parse *parse)
{
    while (parse->next < parse->argc && parse->argv[parse->next]) {
        int rc = take_word(parse);
        if (rc < 0)
            return rc;
        if (parse->options->print != PRINT_NOTHING)
            return 0;
    }
    return finish(parse);
}

int media_options_parse(int argc, char **argv, struct media_options **out, struct vid_error *err)
{
    struct vid_error unread = {0};
    struct parse parse = {.argc = argc, .argv = argv, .next = 1, .literal = -1, .err = err ? err : &unread};

    *out = NULL;
    if (!(parse.options = create_defaults()))
        return vid_fail(err, -ENOMEM, "no memory for the command line");
    int rc = parse_all(&parse);
    if (rc >= 0)
        rc = take_environment(parse.options, parse.err);
    option_group_free(&parse.group);
    free(parse.group.uses);
    if (rc < 0)
        media_options_free(&parse.options);
    *out = parse.options;
    return rc < 0 ? rc : 0;
}
