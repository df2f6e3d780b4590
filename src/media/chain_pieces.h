/* chain_pieces: a graph text cut at the filters of plugins: graph, plugin, graph,
 * plugin, ..., graph. Private to the room. */
#ifndef VID_MEDIA_CHAIN_PIECES_H
#define VID_MEDIA_CHAIN_PIECES_H

#include "base/error.h"

struct AVFilterGraph;
struct plugin_filter;

struct chain_plugin {
    const struct plugin_filter *filter;
    char *args; /* NULL: none */
};

/* Where a filter of the text is. */
struct chain_place {
    int graph; /* number of its graph */
    int index; /* in that; -1: it is the plugin's behind the graph */
};

struct chain_pieces {
    char **graphs; /* texts for libavfilter, count + 1 of them; "null" where nothing stands */
    struct chain_plugin *plugins;
    int count; /* of plugins */
    struct chain_place
        *places; /* of each filter of the text; NULL: all are in the one graph, as in the text */
};

/* -EINVAL when the text cannot be read, or a plugin's filter is not on the main path: where the graph can be
 * cut in two, with one stream from the first to the second. */
int chain_pieces_cut(const char *text, struct chain_pieces *out, struct vid_error *err);

/* Only whether it can be cut. `graph` is what graph_parse has made of the text. */
int chain_pieces_check(const char *text, const struct AVFilterGraph *graph, struct vid_error *err);

/* The whole text as one graph. */
int chain_pieces_whole(const char *text, struct chain_pieces *out, struct vid_error *err);
void chain_pieces_free(struct chain_pieces *pieces);

#endif
