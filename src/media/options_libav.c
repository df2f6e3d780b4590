#include "media/options_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#define ANYWHERE (AV_OPT_SEARCH_CHILDREN | AV_OPT_SEARCH_FAKE_OBJ)

/* libav keeps internal fields in the same lists: they have no flags. */
static const AVOption *find(const AVClass *class, const char *name, int flags, int where)
{
    const AVOption *option = av_opt_find(&class, name, NULL, flags, where);
    return option && option->flags ? option : NULL;
}

/* The name without its stream specifier. */
static const char *bare_name(const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "%.*s", (int)strcspn(name, ":"), name);
    return buf;
}

/* An option of a codec: by its name, or with the letter of its kind before it (-vb). */
static const AVOption *find_codec(const char *name, int flags)
{
    char buf[128];
    const AVClass *class = avcodec_get_class();
    const AVOption *option = find(class, bare_name(name, buf, sizeof(buf)), flags, ANYWHERE);
    if (!option && *name && strchr("vas", *name))
        option = find(class, name + 1, flags, AV_OPT_SEARCH_FAKE_OBJ);
    return option;
}

/* Adds to the flags that an earlier -flags set when this value begins with a sign. */
static int set(AVDictionary **dict, const AVOption *option, const char *name, const char *value,
               struct vid_error *err)
{
    bool append = option->type == AV_OPT_TYPE_FLAGS && (*value == '-' || *value == '+');
    if (av_dict_set(dict, name, value, append ? AV_DICT_APPEND : 0) < 0)
        return vid_fail(err, -ENOMEM, "no memory for -%.100s", name);
    return 1;
}

/* Whether the scaler or resampler takes the value. They say on the log why not, which nobody has set up yet.
 */
static int try_value(void *context, const char *name, const char *value, struct vid_error *err)
{
    int level = av_log_get_level();
    av_log_set_level(AV_LOG_QUIET);
    int rc = context ? av_opt_set(context, name, value, 0) : AVERROR(ENOMEM);
    av_log_set_level(level);
    return rc < 0 ? vid_fail(err, -EINVAL, "-%.100s: '%.200s' is not a value of it", name, value) : 0;
}

static int set_scaler(struct option_group *group, const AVOption *option, const char *value,
                      struct vid_error *err)
{
    static const char *const sizes[] = {"srcw", "srch", "dstw", "dsth", "src_format", "dst_format"};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (!strcmp(option->name, sizes[i]))
            return vid_fail(err, -EINVAL, "-%s cannot be set directly; use -s or -pix_fmt", option->name);

    struct SwsContext *scaler = sws_alloc_context();
    int rc = try_value(scaler, option->name, value, err);
    sws_freeContext(scaler);
    return rc < 0 ? rc : set(&group->sws_opts, option, option->name, value, err);
}

static int set_resampler(struct option_group *group, const AVOption *option, const char *value,
                         struct vid_error *err)
{
    struct SwrContext *resampler = swr_alloc();
    int rc = try_value(resampler, option->name, value, err);
    swr_free(&resampler);
    return rc < 0 ? rc : set(&group->swr_opts, option, option->name, value, err);
}

int option_libav(struct option_group *group, const char *name, const char *value, struct vid_error *err)
{
    const AVOption *option;
    int rc = 0;

    if ((option = find_codec(name, 0)))
        rc = set(&group->codec_opts, option, name, value, err);
    if (rc >= 0 && (option = find(avformat_get_class(), name, 0, ANYWHERE)))
        rc = set(&group->format_opts, option, name, value, err);
    if (rc)
        return rc;
    if ((option = find(sws_get_class(), name, 0, ANYWHERE)))
        return set_scaler(group, option, value, err);
    if ((option = find(swr_get_class(), name, 0, ANYWHERE)))
        return set_resampler(group, option, value, err);
    return 0;
}

static void add_names(struct option_names *names, const AVClass *class)
{
    const AVOption *option = NULL;
    const AVClass *child;
    void *position = NULL;

    while ((option = av_opt_next(&class, option)))
        if (option->type != AV_OPT_TYPE_CONST && option->flags)
            option_names_add(names, option->name);
    while ((child = av_opt_child_class_iterate(class, &position)))
        add_names(names, child);
}

void option_names_libav(struct option_names *names)
{
    add_names(names, avcodec_get_class());
    add_names(names, avformat_get_class());
    add_names(names, sws_get_class());
    add_names(names, swr_get_class());
}

/* Whether the option exists, but only for the other direction. */
static bool other_side_only(const char *key, int wanted, int other)
{
    const AVClass *format = avformat_get_class();
    if (find_codec(key, wanted) || find(format, key, wanted, ANYWHERE))
        return false;
    return find_codec(key, other) || find(format, key, other, ANYWHERE);
}

static int check_sides(const AVDictionary *dict, bool input, struct vid_error *err)
{
    int wanted = input ? AV_OPT_FLAG_DECODING_PARAM : AV_OPT_FLAG_ENCODING_PARAM;
    int other = input ? AV_OPT_FLAG_ENCODING_PARAM : AV_OPT_FLAG_DECODING_PARAM;
    const AVDictionaryEntry *entry = NULL;

    while ((entry = av_dict_get(dict, "", entry, AV_DICT_IGNORE_SUFFIX))) {
        if (!other_side_only(entry->key, wanted, other))
            continue;
        if (input)
            return vid_fail(err, -EINVAL, "-%.100s is for writing; write it after -i and its file",
                            entry->key);
        return vid_fail(err, -EINVAL, "-%.100s is for reading; write it before -i", entry->key);
    }
    return 0;
}

static void move(AVDictionary **from, AVDictionary **to)
{
    av_dict_free(to);
    *to = *from;
    *from = NULL;
}

int option_move_input(struct parse *parse)
{
    struct option_group *group = &parse->group;
    int rc = 0;
    if (group->sws_opts || group->swr_opts)
        rc = option_warn(parse,
                         "options of the scaler and resampler before -i do nothing; write them after it");
    if (rc < 0 || (rc = check_sides(group->codec_opts, true, parse->err)) < 0 ||
        (rc = check_sides(group->format_opts, true, parse->err)) < 0)
        return rc;
    move(&group->codec_opts, &parse->options->in.codec_opts);
    move(&group->format_opts, &parse->options->in.format_opts);
    return 0;
}

int option_move_output(struct parse *parse)
{
    struct option_group *group = &parse->group;
    struct output_options *out = &parse->options->out;
    int rc = check_sides(group->codec_opts, false, parse->err);
    if (rc < 0 || (rc = check_sides(group->format_opts, false, parse->err)) < 0)
        return rc;
    move(&group->codec_opts, &out->codec_opts);
    move(&group->format_opts, &out->format_opts);
    move(&group->swr_opts, &out->swr_opts);
    if (av_dict_set(&out->sws_opts, "flags", "bicubic", 0) < 0 ||
        av_dict_copy(&out->sws_opts, group->sws_opts, 0) < 0)
        return vid_fail(parse->err, -ENOMEM, "no memory for the command line");
    return 0;
}

void option_group_free(struct option_group *group)
{
    av_dict_free(&group->codec_opts);
    av_dict_free(&group->format_opts);
    av_dict_free(&group->sws_opts);
    av_dict_free(&group->swr_opts);
}
