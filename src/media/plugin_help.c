#include "media/options.h"
#include "media/plugin.h"
#include "media/plugin_options.h"

#include <libavfilter/avfilter.h>

static const char *const types[] = {
    [VIDMPI_INT] = "<int>",   [VIDMPI_DOUBLE] = "<double>", [VIDMPI_BOOL] = "<boolean>",
    [VIDMPI_TEXT] = "<text>", [VIDMPI_CHOICE] = "<choice>", [VIDMPI_COLOR] = "<color>",
    [VIDMPI_FILE] = "<file>",
};

static void print_option(FILE *to, const struct vidmpi_option *option)
{
    char range[400];

    fprintf(to, "   %-12s %-10s %s (%s; default %s)\n", option->name, types[option->type],
            option->help ? option->help : "", plugin_option_range(option, range, sizeof(range)),
            *option->preset ? option->preset : "none");
}

static void print_filter(FILE *to, const struct plugin_filter *found)
{
    const struct vidmpi_filter *filter = found->filter;
    const struct vidmpi_option *option = filter->options;

    fprintf(to, "Filter %s of plugin %s %s (%s)\n  %s\n", filter->name, found->plugin->name,
            found->plugin->version, found->path, filter->summary ? filter->summary : "");
    if (filter->flags & VIDMPI_SERIAL)
        fprintf(to, "  It sees every frame in order, on one rank.\n");
    fprintf(to, "  Pixel formats:%s", filter->formats ? "" : " any");
    for (int i = 0; filter->formats && filter->formats[i]; i++)
        fprintf(to, " %s", filter->formats[i]);
    fputs(option && option->name ? "\nOptions:\n" : "\nIt has no options.\n", to);
    for (; option && option->name; option++)
        print_option(to, option);
}

void media_options_help_filter(const char *name, FILE *to)
{
    const struct plugin_filter *found = avfilter_get_by_name(name) ? NULL : plugin_find(name);
    char folders[600];

    if (found)
        print_filter(to, found);
    else if (avfilter_get_by_name(name))
        fprintf(to, "%s is a filter of libavfilter; 'ffmpeg -h filter=%s' shows its options.\n", name, name);
    else
        fprintf(to, "There is no filter '%s' in libavfilter, nor in a plugin in %s.\n", name,
                plugin_folders(folders, sizeof(folders)));
}
