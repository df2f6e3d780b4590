#include "media/stand_in.h"
#include "base/text.h"
#include "media/graph_text.h"
#include "media/plugin_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "null@vidmpi-plugin:" /* then NAME:BEFORE:AFTER */

bool stand_in_read(const AVFilterContext *filter, struct stand_in *out)
{
    struct stand_in found = {0};
    char name[100];

    if (!filter->name || strncmp(filter->name, MARK, strlen(MARK)) != 0 ||
        sscanf(filter->name + strlen(MARK), "%99[^:]:%u:%u", name, &found.before, &found.after) != 3)
        return false;
    found.plugin = plugin_find(name);
    if (out)
        *out = found;
    return found.plugin != NULL;
}

const char *stand_in_name(const AVFilterContext *filter)
{
    struct stand_in found;

    return stand_in_read(filter, &found) ? found.plugin->filter->name : filter->filter->name;
}

static int count_labels(const char *labels)
{
    int count = 0;

    for (; *labels; labels++)
        count += *labels == '[';
    return count;
}

static bool is_of_opencv(const char *name)
{
    static const char *const names[] = {"blur", "denoise", "edges", "faces", "motion", NULL};

    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

#define NAMES_MAX 1000

static const char *nearest(const char *name)
{
    const char *names[NAMES_MAX + 1];
    const struct plugin_filter *plugin;
    const AVFilter *filter;
    void *at = NULL;
    int count = 0;

    while (count < NAMES_MAX && (filter = av_filter_iterate(&at)))
        names[count++] = filter->name;
    for (int i = 0; count < NAMES_MAX && (plugin = plugin_at(i)); i++)
        names[count++] = plugin->filter->name;
    names[count] = NULL;
    return text_nearest(name, names);
}

static int unknown(const char *name, struct vid_error *err)
{
    char folders[600];
    const char *near;

    plugin_folders(folders, sizeof(folders));
    if (is_of_opencv(name))
        return vid_fail(
            err, -EINVAL,
            "No such filter: '%s': the package vidmpi-opencv brings it (build option VID_OPENCV); plugins "
            "are looked for in %s",
            name, folders);
    near = nearest(name);
    return vid_fail(err, -EINVAL,
                    "No such filter: '%s'%s%s%s; libavfilter has none of that name, nor has a plugin in %s",
                    name, near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "", folders);
}

/* "null@vidmpi-plugin:faces:1:0" of "faces=min=20". */
static int print_stand_in(FILE *out, const struct graph_filter *filter, const struct plugin_filter *plugin,
                          struct vid_error *err)
{
    struct plugin_run *run;
    unsigned before, after;
    int rc;

    if (count_labels(filter->inputs) > 1 || count_labels(filter->outputs) > 1)
        return vid_fail(err, -EINVAL, "filter \"%s\" of plugin %s has one input and one output", filter->name,
                        plugin->plugin->name);
    if ((rc = plugin_run_open(plugin, filter->args, &run, err)) < 0)
        return rc;
    plugin_run_window(run, &before, &after);
    plugin_run_close(&run);
    fprintf(out, MARK "%s:%u:%u", filter->name, before, after);
    return 0;
}

/* 1 when it is a plugin's, else 0. libavfilter is asked first, so that no folder is looked into for nothing.
 */
static int print_filter(FILE *out, const struct graph_filter *filter, struct vid_error *err)
{
    const struct plugin_filter *plugin = NULL;
    int rc;

    fputs(filter->inputs, out);
    if (avfilter_get_by_name(filter->name))
        fputs(filter->text, out);
    else if (!(plugin = plugin_find(filter->name)))
        return unknown(filter->name, err);
    else if ((rc = print_stand_in(out, filter, plugin, err)) < 0)
        return rc;
    fputs(filter->outputs, out);
    if (filter->separator)
        fputc(filter->separator, out);
    return plugin != NULL;
}

/* The number of stand-ins. */
static int print_graph(FILE *out, const struct graph_text *graph, struct vid_error *err)
{
    int count = 0;

    if (graph->sws_flags)
        fprintf(out, "sws_flags=%s;", graph->sws_flags);
    for (int i = 0; i < graph->count; i++) {
        int rc = print_filter(out, &graph->filters[i], err);

        if (rc < 0)
            return rc;
        count += rc;
    }
    return count;
}

int stand_in_text(const char *graph, char **out, struct vid_error *err)
{
    struct graph_text text;
    size_t size;
    FILE *to;
    int count;

    *out = NULL;
    if (graph_text_read(graph, &text, NULL) < 0)
        return 0;
    to = open_memstream(out, &size);
    count = to ? print_graph(to, &text, err) : -ENOMEM;
    if (to && fclose(to) != 0)
        count = -ENOMEM;
    graph_text_free(&text);
    if (count <= 0) {
        free(*out);
        *out = NULL;
    }
    return count == -ENOMEM ? vid_fail(err, count, "no memory for a filter graph") : FFMIN(count, 0);
}
