#include "media/plugin_options.h"
#include "base/text.h"

#include <errno.h>
#include <libavutil/avstring.h>
#include <libavutil/eval.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/parseutils.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reading under way. */
struct reader {
    const struct vidmpi_filter *filter;
    struct plugin_options *out;
    struct vid_error *err;
};

char *plugin_option_range(const struct vidmpi_option *option, char *text, size_t size)
{
    size_t used = 0;

    switch (option->type) {
    case VIDMPI_INT:
        snprintf(text, size, "whole numbers from %.15g to %.15g", option->min, option->max);
        break;
    case VIDMPI_DOUBLE:
        snprintf(text, size, "numbers from %.15g to %.15g", option->min, option->max);
        break;
    case VIDMPI_BOOL:
        snprintf(text, size, "yes and no");
        break;
    case VIDMPI_COLOR:
        snprintf(text, size, "colors, as \"red\", \"#ff0000\" or \"0xff0000@0.5\"");
        break;
    case VIDMPI_CHOICE:
        for (int i = 0; option->choices[i] && used < size; i++)
            used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", option->choices[i]);
        break;
    case VIDMPI_FILE:
        snprintf(text, size, "names of files");
        break;
    default:
        snprintf(text, size, "any text");
    }
    return text;
}

static int refuse(const struct reader *reader, const struct vidmpi_option *option, const char *value,
                  const char *hint)
{
    char range[400];

    return vid_fail(reader->err, -EINVAL, "filter \"%s\": option %s cannot be \"%s\"%s%s%s; it takes %s",
                    reader->filter->name, option->name, value, hint ? ": did you mean \"" : "",
                    hint ? hint : "", hint ? "\"?" : "", plugin_option_range(option, range, sizeof(range)));
}

/* Numbers may be written as in ffmpeg: 1e3, 2k, 0x10, 1/3, with min and max for the limits. */
static int read_number(const struct reader *reader, const struct vidmpi_option *option, const char *value,
                       double *out)
{
    static const char *const names[] = {"min", "max", NULL};
    const double values[] = {option->min, option->max};

    if (av_expr_parse_and_eval(out, value, names, values, NULL, NULL, NULL, NULL, NULL, 0, NULL) < 0 ||
        isnan(*out) || *out < option->min || *out > option->max)
        return refuse(reader, option, value, NULL);
    return 0;
}

static int read_int(const struct reader *reader, const struct vidmpi_option *option, const char *value,
                    int *out)
{
    double number;
    int rc = read_number(reader, option, value, &number);

    if (rc < 0)
        return rc;
    if (number != floor(number) || number < INT32_MIN || number > INT32_MAX)
        return refuse(reader, option, value, NULL);
    *out = (int)number;
    return 0;
}

static int read_bool(const struct reader *reader, const struct vidmpi_option *option, const char *value,
                     int *out)
{
    *out = av_match_name(value, "true,y,yes,enable,enabled,on,1");
    if (*value && (*out || av_match_name(value, "false,n,no,disable,disabled,off,0")))
        return 0;
    return refuse(reader, option, value, NULL);
}

static int read_choice(const struct reader *reader, const struct vidmpi_option *option, const char *value,
                       int *out)
{
    for (*out = 0; option->choices[*out]; ++*out)
        if (!strcmp(option->choices[*out], value))
            return 0;
    return refuse(reader, option, value, text_nearest(value, option->choices));
}

/* Not ffmpeg's random colors: each process would take another one. */
static int read_color(const struct reader *reader, const struct vidmpi_option *option, const char *value,
                      uint8_t *out)
{
    bool random = !av_strncasecmp(value, "random", 6) || !av_strncasecmp(value, "bikeshed", 8);

    if (random || !*value || av_parse_color(out, value, -1, NULL) < 0)
        return refuse(reader, option, value, NULL);
    return 0;
}

static int keep_text(const struct reader *reader, const char *value, const char **out)
{
    struct plugin_options *options = reader->out;
    char **grown = realloc(options->texts, (size_t)(options->text_count + 1) * sizeof(*grown));

    if (grown)
        options->texts = grown;
    if (!grown || !(*out = grown[options->text_count] = strdup(value)))
        return vid_fail(reader->err, -ENOMEM, "no memory for the options of a filter");
    options->text_count++;
    return 0;
}

static int set(const struct reader *reader, const struct vidmpi_option *option, const char *value)
{
    void *at = (char *)reader->out->values + option->offset;

    switch (option->type) {
    case VIDMPI_INT:
        return read_int(reader, option, value, at);
    case VIDMPI_DOUBLE:
        return read_number(reader, option, value, at);
    case VIDMPI_BOOL:
        return read_bool(reader, option, value, at);
    case VIDMPI_CHOICE:
        return read_choice(reader, option, value, at);
    case VIDMPI_COLOR:
        return read_color(reader, option, value, at);
    default:
        return keep_text(reader, value, at);
    }
}

static int refuse_key(const struct reader *reader, const char *key)
{
    const struct vidmpi_option *option = reader->filter->options;
    const char *names[64] = {NULL}, *near;
    char all[600] = "";
    size_t used = 0;

    for (int i = 0; option && option->name && i < 63; option++, i++) {
        names[i] = option->name;
        if (used < sizeof(all))
            used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", option->name);
    }
    if (!names[0])
        return vid_fail(reader->err, -EINVAL, "filter \"%s\" has no options, and so no \"%s\"",
                        reader->filter->name, key);
    near = text_nearest(key, names);
    return vid_fail(reader->err, -EINVAL, "filter \"%s\" has no option \"%s\"%s%s%s; it has %s",
                    reader->filter->name, key, near ? ": did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "", all);
}

static const struct vidmpi_option *find(const struct vidmpi_filter *filter, const char *key)
{
    const struct vidmpi_option *option = filter->options;

    while (option && option->name && strcmp(option->name, key) != 0)
        option++;
    return option && option->name ? option : NULL;
}

/* One pair. *bare is the option that a value without a key is for, NULL when all are taken or a key was given
 * before. */
static int read_pair(const struct reader *reader, const char **at, const struct vidmpi_option **bare)
{
    const struct vidmpi_option *option;
    char *key = NULL, *value = NULL;
    int rc = av_opt_get_key_value(at, "=", ":", *bare ? AV_OPT_FLAG_IMPLICIT_KEY : 0, &key, &value);

    if (rc < 0)
        return vid_fail(reader->err, rc == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL,
                        "filter \"%s\": no option for \"%s\"; write name=value", reader->filter->name, *at);
    option = key ? find(reader->filter, key) : *bare;
    *bare = !key && option && option[1].name ? option + 1 : NULL;
    rc = option ? set(reader, option, value) : refuse_key(reader, key ? key : value);
    av_free(key);
    av_free(value);
    return rc;
}

static int read_args(const struct reader *reader, const char *args)
{
    const struct vidmpi_option *bare = reader->filter->options;
    int rc = 0;

    if (bare && !bare->name)
        bare = NULL;
    while (rc == 0 && *args) {
        rc = read_pair(reader, &args, &bare);
        if (*args)
            args++;
    }
    return rc;
}

int plugin_options_read(const struct vidmpi_filter *filter, const char *args, struct plugin_options *out,
                        struct vid_error *err)
{
    const struct reader reader = {filter, out, err};
    const struct vidmpi_option *option = filter->options;
    int rc = 0;

    *out = (struct plugin_options){0};
    out->values = calloc(1, filter->options_bytes + 1);
    if (!out->values)
        return vid_fail(err, -ENOMEM, "no memory for the options of a filter");
    for (; option && option->name && rc == 0; option++)
        rc = set(&reader, option, option->preset);
    if (rc == 0 && args)
        rc = read_args(&reader, args);
    if (rc < 0)
        plugin_options_free(out);
    return rc;
}

void plugin_options_free(struct plugin_options *options)
{
    for (int i = 0; i < options->text_count; i++)
        free(options->texts[i]);
    free(options->texts);
    free(options->values);
    *options = (struct plugin_options){0};
}
