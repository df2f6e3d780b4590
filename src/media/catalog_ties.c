#include "media/catalog.h"

#include <string.h>

/* Filters that say something about a frame by comparing it with earlier ones. */
static bool tells_of_earlier_frames(const AVFilterContext *filter)
{
    static const char *const names = "cropdetect freezedetect scdet signalstats siti vmafmotion blackdetect";

    return has_word(names, filter->filter->name);
}

static unsigned ties_of(AVFilterContext *filter)
{
    unsigned ties = 0;

    if (has_word("sendcmd zmq graphmonitor", filter->filter->name))
        ties |= GRAPH_COMMANDS;
    if (tells_of_earlier_frames(filter))
        ties |= GRAPH_TELLS;
    if (filter_reads_metadata(filter))
        ties |= GRAPH_READS;
    return ties;
}

int check_metadata(const AVFilterGraph *graph, struct vid_error *err)
{
    AVFilterContext *teller = NULL;

    for (unsigned i = 0; i < graph->nb_filters; i++)
        if (tells_of_earlier_frames(graph->filters[i]))
            teller = graph->filters[i];
    for (unsigned i = 0; teller && i < graph->nb_filters; i++)
        if (filter_reads_metadata(graph->filters[i]))
            return filter_refuse(
                teller, "what it finds by comparing with earlier frames is used by another filter", err);
    return 0;
}

int catalog_ties(const char *text, unsigned *ties, struct vid_error *err)
{
    AVFilterGraph *graph = avfilter_graph_alloc();
    AVFilterInOut *in = NULL, *out = NULL;
    int rc;

    *ties = 0;
    if (!graph)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    graph->nb_threads = 1;
    rc = graph_parse(text, graph, &in, &out, err);
    for (unsigned i = 0; i < graph->nb_filters && rc >= 0; i++)
        *ties |= ties_of(graph->filters[i]);
    avfilter_inout_free(&in);
    avfilter_inout_free(&out);
    avfilter_graph_free(&graph);
    return rc;
}
