#include "media/plugin_options.h"
#include "media/plugin_set.h"

#include <errno.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"

static size_t bytes_of(enum vidmpi_option_type type)
{
    switch (type) {
    case VIDMPI_DOUBLE:
        return sizeof(double);
    case VIDMPI_TEXT:
    case VIDMPI_FILE:
        return sizeof(const char *);
    case VIDMPI_COLOR:
        return 4;
    default:
        return sizeof(int);
    }
}

static int check_option(const struct vidmpi_filter *filter, const struct vidmpi_option *option,
                        struct vid_error *err)
{
    if (!*option->name || option->name[strspn(option->name, NAME_CHARS)])
        return vid_fail(err, -EINVAL, "filter \"%s\" has an option with the name \"%s\"", filter->name,
                        option->name);
    if ((unsigned)option->type > VIDMPI_FILE)
        return vid_fail(err, -EINVAL, "option %s of filter \"%s\" has the unknown type %d", option->name,
                        filter->name, (int)option->type);
    if (option->offset > filter->options_bytes ||
        filter->options_bytes - option->offset < bytes_of(option->type))
        return vid_fail(err, -EINVAL, "option %s of filter \"%s\" lies outside of its options_bytes",
                        option->name, filter->name);
    if (!option->preset || (option->type == VIDMPI_CHOICE && !option->choices))
        return vid_fail(err, -EINVAL, "option %s of filter \"%s\" has no preset or no choices", option->name,
                        filter->name);
    return 0;
}

static int check_options(const struct vidmpi_filter *filter, struct vid_error *err)
{
    const struct vidmpi_option *option = filter->options;
    struct plugin_options options = {0};
    int rc = 0;

    for (; option && option->name && rc == 0; option++)
        rc = check_option(filter, option, err);
    if (rc == 0)
        rc = plugin_options_read(filter, NULL, &options, err);
    if (rc == 0)
        plugin_options_free(&options);
    return rc;
}

static int check_formats(const struct vidmpi_filter *filter, struct vid_error *err)
{
    for (int i = 0; filter->formats && filter->formats[i]; i++)
        if (av_get_pix_fmt(filter->formats[i]) == AV_PIX_FMT_NONE)
            return vid_fail(err, -EINVAL,
                            "filter \"%s\" takes the pixel format \"%s\", which ffmpeg does not have",
                            filter->name, filter->formats[i]);
    if (filter->formats && !filter->formats[0])
        return vid_fail(err, -EINVAL, "filter \"%s\" takes no pixel format", filter->name);
    return 0;
}

int plugin_check(const struct vidmpi_filter *filter, struct vid_error *err)
{
    int rc;

    if (!filter->name || !*filter->name || filter->name[strspn(filter->name, NAME_CHARS)])
        return vid_fail(err, -EINVAL, "a filter's name is \"%s\", not lower case letters, digits and _",
                        filter->name ? filter->name : "");
    if (!filter->process)
        return vid_fail(err, -EINVAL, "filter \"%s\" has no process()", filter->name);
    rc = check_options(filter, err);
    return rc < 0 ? rc : check_formats(filter, err);
}
