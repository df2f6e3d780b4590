#include "media/chain_pieces.h"
#include "media/plan_cut.h"
#include "media/stand_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct vid_error *err)
{
    return vid_fail(err, -ENOMEM, "no memory for a filter graph");
}

/* A plugin's filter must be all of its block. */
static int check_alone(const struct graph_cut *cut, int at, struct vid_error *err)
{
    for (int i = 0; i < cut->words.count; i++)
        if (i != at && cut->block[i] == cut->block[at])
            return vid_fail(
                err, -EINVAL,
                "filter \"%s\" is a plugin's and stands in a branch of the graph: it must be where all "
                "of the video passes, with one stream before it and one behind it",
                cut->words.filters[at].name);
    return 0;
}

/* The filter of a plugin that is this block; -1: it is none. */
static int plugin_of(const struct graph_cut *cut, int block)
{
    for (int i = 0; i < cut->words.count; i++)
        if (cut->block[i] == block && stand_in_read(cut->graph->filters[i], NULL))
            return i;
    return -1;
}

/* The next graph is of these blocks, which may be none. */
static int add_graph(const struct graph_cut *cut, int first, int last, struct chain_pieces *out,
                     struct vid_error *err)
{
    int number = out->count, index = 0;
    char *text = first <= last ? graph_cut_text(cut, first, last) : NULL;

    if (first > last && cut->words.sws_flags) {
        if (asprintf(&text, "sws_flags=%s;null", cut->words.sws_flags) < 0)
            text = NULL;
    } else if (first > last) {
        text = strdup("null");
    }
    out->graphs[number] = text;
    for (int i = 0; i < cut->words.count; i++)
        if (cut->block[i] >= first && cut->block[i] <= last)
            out->places[i] = (struct chain_place){number, index++};
    return text ? 0 : no_memory(err);
}

static int add_plugin(const struct graph_cut *cut, int at, struct chain_pieces *out, struct vid_error *err)
{
    const struct graph_filter *filter = &cut->words.filters[at];
    struct chain_plugin *plugin = &out->plugins[out->count];

    out->places[at] = (struct chain_place){out->count, -1};
    plugin->filter = plugin_find(filter->name);
    plugin->args = filter->args ? strdup(filter->args) : NULL;
    out->count++;
    return !filter->args || plugin->args ? 0 : no_memory(err);
}

static int cut_at_plugins(const struct graph_cut *cut, struct chain_pieces *out, struct vid_error *err)
{
    int first = 0, rc = 0;

    for (int block = 0; block < cut->blocks && rc == 0; block++) {
        int at = plugin_of(cut, block);

        if (at < 0)
            continue;
        if ((rc = check_alone(cut, at, err)) < 0 || (rc = add_graph(cut, first, block - 1, out, err)) < 0)
            return rc;
        rc = add_plugin(cut, at, out, err);
        first = block + 1;
    }
    return rc < 0 ? rc : add_graph(cut, first, cut->blocks - 1, out, err);
}

int chain_pieces_cut(const char *text, struct chain_pieces *out, struct vid_error *err)
{
    struct graph_cut cut;
    int rc = graph_cut_make(text, &cut, err);
    size_t count = (size_t)cut.words.count;

    *out = (struct chain_pieces){0};
    if (rc == 0) {
        out->graphs = calloc(count + 1, sizeof(*out->graphs));
        out->plugins = calloc(count, sizeof(*out->plugins));
        out->places = calloc(count, sizeof(*out->places));
        rc = out->graphs && out->plugins && out->places ? cut_at_plugins(&cut, out, err) : no_memory(err);
    }
    if (rc < 0)
        chain_pieces_free(out);
    graph_cut_free(&cut);
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
    free(pieces->places);
    *pieces = (struct chain_pieces){0};
}
