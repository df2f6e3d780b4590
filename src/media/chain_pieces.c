#include "media/chain_pieces.h"
#include "media/catalog.h"
#include "media/graph_text.h"
#include "media/stand_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cut under way. Filters have the same index in the text and in the graph. */
struct cutter {
    struct graph_text text;
    AVFilterGraph *graph;
    AVFilterContext *first; /* with the open input */
    int *islands; /* of each filter: those that are linked without passing a plugin's have the same number;
                     -1: a plugin's */
    bool *passed; /* filters that are in a piece */
    struct vid_error *err;
};

static int no_memory(struct vid_error *err)
{
    return vid_fail(err, -ENOMEM, "no memory for a filter graph");
}

static int index_of(const struct cutter *cutter, const AVFilterContext *filter)
{
    unsigned i = 0;

    while (cutter->graph->filters[i] != filter)
        i++;
    return (int)i;
}

static bool is_plugin(const struct cutter *cutter, int index)
{
    return cutter->islands[index] < 0;
}

static void join(struct cutter *cutter, int a, int b)
{
    int from = cutter->islands[b], to = cutter->islands[a];

    for (int i = 0; i < cutter->text.count; i++)
        if (cutter->islands[i] == from)
            cutter->islands[i] = to;
}

static void find_islands(struct cutter *cutter)
{
    for (int i = 0; i < cutter->text.count; i++)
        cutter->islands[i] = stand_in_read(cutter->graph->filters[i], NULL) ? -1 : i;
    for (int i = 0; i < cutter->text.count; i++) {
        const AVFilterContext *filter = cutter->graph->filters[i];

        for (unsigned k = 0; k < filter->nb_outputs; k++) {
            int next = filter->outputs[k] ? index_of(cutter, filter->outputs[k]->dst) : i;

            if (!is_plugin(cutter, i) && !is_plugin(cutter, next))
                join(cutter, i, next);
        }
    }
}

/* ---- the way from the graph's input to its output ---- */

static int refuse(const struct cutter *cutter, int plugin)
{
    const struct graph_filter *filter = &cutter->text.filters[plugin];

    return vid_fail(
        cutter->err, -EINVAL,
        "filter \"%s\" is a plugin's and stands in a branch of the graph: it must be where all of the "
        "video passes, with one stream before it and one behind it",
        filter->name);
}

/* What leads into an island and out of it. */
struct shores {
    int exits, entries; /* from and to filters of plugins */
    int exit;           /* the last of them; -1 */
    int near;           /* a plugin's at either side; -1 */
};

static struct shores shores_of(const struct cutter *cutter, int island)
{
    struct shores shores = {.exit = -1, .near = -1};

    for (int i = 0; i < cutter->text.count; i++) {
        const AVFilterContext *filter = cutter->graph->filters[i];
        const AVFilterLink *in = filter->inputs ? filter->inputs[0] : NULL;
        const AVFilterLink *out = filter->outputs ? filter->outputs[0] : NULL;

        if (!is_plugin(cutter, i))
            continue;
        if (in && cutter->islands[index_of(cutter, in->src)] == island) {
            shores.exits++;
            shores.exit = shores.near = i;
        }
        if (out && cutter->islands[index_of(cutter, out->dst)] == island) {
            shores.entries++;
            shores.near = i;
        }
    }
    return shores;
}

/* The filters of one island, as text; "null" of none (-1). */
static char *print_island(struct cutter *cutter, int island)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool any = false;

    if (out && cutter->text.sws_flags)
        fprintf(out, "sws_flags=%s;", cutter->text.sws_flags);
    for (int i = 0; out && i < cutter->text.count; i++) {
        const struct graph_filter *filter = &cutter->text.filters[i];
        bool linked = i > 0 && filter[-1].separator == ',' && cutter->islands[i - 1] == island;

        if (island < 0 || cutter->islands[i] != island)
            continue;
        fprintf(out, "%s%s%s%s",
                linked ? ","
                : any  ? ";"
                       : "",
                filter->inputs, filter->text, filter->outputs);
        any = cutter->passed[i] = true;
    }
    if (out && !any)
        fputs("null", out);
    return out && fclose(out) == 0 ? text : NULL;
}

static int add_plugin(struct cutter *cutter, int at, struct chain_pieces *out)
{
    const struct graph_filter *filter = &cutter->text.filters[at];
    struct chain_plugin *plugin = &out->plugins[out->count];

    cutter->passed[at] = true;
    plugin->filter = plugin_find(filter->name);
    plugin->args = filter->args ? strdup(filter->args) : NULL;
    out->count++;
    return !filter->args || plugin->args ? 0 : no_memory(cutter->err);
}

/* Adds the graph that begins at `filter` (nothing, where a plugin's stands there or the graph ends), and
 * tells the plugin's behind it, -1 at the end. */
static int add_graph(struct cutter *cutter, const AVFilterContext *filter, struct chain_pieces *out,
                     int *plugin)
{
    int at = filter ? index_of(cutter, filter) : -1, island = at < 0 ? -1 : cutter->islands[at];

    *plugin = at;
    if (island >= 0) {
        struct shores shores = shores_of(cutter, island);

        if (shores.exits > 1 || shores.entries != (out->count > 0))
            return refuse(cutter, shores.near);
        *plugin = shores.exit;
    }
    out->graphs[out->count] = print_island(cutter, island);
    return out->graphs[out->count] ? 0 : no_memory(cutter->err);
}

static int walk(struct cutter *cutter, struct chain_pieces *out)
{
    const AVFilterContext *at = cutter->first;
    int plugin = -1, rc;

    while ((rc = add_graph(cutter, at, out, &plugin)) == 0 && plugin >= 0) {
        const AVFilterLink *link = cutter->graph->filters[plugin]->outputs[0];

        if ((rc = add_plugin(cutter, plugin, out)) < 0)
            return rc;
        at = link ? link->dst : NULL;
    }
    return rc;
}

/* What is beside the way would be lost. */
static int check_passed(const struct cutter *cutter)
{
    int beside = -1;

    for (int i = 0; i < cutter->text.count; i++)
        if (!cutter->passed[i] && (beside < 0 || is_plugin(cutter, i)))
            beside = i;
    if (beside < 0)
        return 0;
    if (is_plugin(cutter, beside))
        return refuse(cutter, beside);
    return vid_fail(cutter->err, -EINVAL, "filter \"%s\" has no part in the way of the video",
                    cutter->text.filters[beside].name);
}

static int cut(struct cutter *cutter, const char *whole, struct chain_pieces *out)
{
    AVFilterInOut *in = NULL, *end = NULL;
    int rc = graph_parse(whole, cutter->graph, &in, &end, cutter->err);

    if (rc >= 0 && (!in || in->next || !end || end->next))
        rc = vid_fail(cutter->err, -EINVAL,
                      "filter graph \"%s\" must have one open input and one open output", whole);
    if (rc >= 0) {
        cutter->first = in->filter_ctx;
        find_islands(cutter);
        rc = walk(cutter, out);
    }
    avfilter_inout_free(&in);
    avfilter_inout_free(&end);
    return rc < 0 ? rc : check_passed(cutter);
}

int chain_pieces_cut(const char *text, struct chain_pieces *out, struct vid_error *err)
{
    struct cutter cutter = {.err = err};
    size_t count;
    int rc = graph_text_read(text, &cutter.text, err);

    *out = (struct chain_pieces){0};
    if (rc < 0)
        return rc;
    count = (size_t)cutter.text.count;
    cutter.graph = avfilter_graph_alloc();
    cutter.islands = calloc(count, sizeof(*cutter.islands));
    cutter.passed = calloc(count, sizeof(*cutter.passed));
    out->graphs = calloc(count + 1, sizeof(*out->graphs));
    out->plugins = calloc(count, sizeof(*out->plugins));
    if (cutter.graph && cutter.islands && cutter.passed && out->graphs && out->plugins)
        rc = cut(&cutter, text, out);
    else
        rc = no_memory(err);
    if (rc < 0)
        chain_pieces_free(out);
    avfilter_graph_free(&cutter.graph);
    free(cutter.islands);
    free(cutter.passed);
    graph_text_free(&cutter.text);
    return rc;
}

int chain_pieces_check(const char *text, const struct AVFilterGraph *graph, struct vid_error *err)
{
    struct chain_pieces pieces;
    bool any = false;
    int rc;

    for (unsigned i = 0; i < graph->nb_filters; i++)
        any |= stand_in_read(graph->filters[i], NULL);
    if (!any)
        return 0;
    if ((rc = chain_pieces_cut(text, &pieces, err)) >= 0)
        chain_pieces_free(&pieces);
    return rc;
}

int chain_pieces_whole(const char *text, struct chain_pieces *out, struct vid_error *err)
{
    *out = (struct chain_pieces){.graphs = calloc(1, sizeof(*out->graphs))};
    if (out->graphs && (out->graphs[0] = strdup(text)))
        return 0;
    chain_pieces_free(out);
    return no_memory(err);
}

void chain_pieces_free(struct chain_pieces *pieces)
{
    for (int i = 0; pieces->graphs && i <= pieces->count; i++)
        free(pieces->graphs[i]);
    for (int i = 0; i < pieces->count; i++)
        free(pieces->plugins[i].args);
    free(pieces->graphs);
    free(pieces->plugins);
    *pieces = (struct chain_pieces){0};
}
