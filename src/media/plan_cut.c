#include "media/plan_cut.h"
#include "media/catalog.h"

#include <libavutil/bprint.h>
#include <libavutil/mem.h>
#include <stdlib.h>
#include <string.h>

static int index_of(const struct graph_cut *cut, const AVFilterContext *filter)
{
    int i = 0;

    while (cut->graph->filters[i] != filter)
        i++;
    return i;
}

/* Spreads from a filter over all links but one, in both directions. */
static void reach(const struct graph_cut *cut, int at, const AVFilterLink *without, bool *reached)
{
    const AVFilterContext *filter = cut->graph->filters[at];

    if (reached[at])
        return;
    reached[at] = true;
    for (unsigned i = 0; i < filter->nb_inputs; i++)
        if (filter->inputs[i] && filter->inputs[i] != without)
            reach(cut, index_of(cut, filter->inputs[i]->src), without, reached);
    for (unsigned i = 0; i < filter->nb_outputs; i++)
        if (filter->outputs[i] && filter->outputs[i] != without)
            reach(cut, index_of(cut, filter->outputs[i]->dst), without, reached);
}

/* Whether the graph falls in two without the link, the open input in one part and the open output in the
 * other; `before` is the input's part. */
static bool divides(const struct graph_cut *cut, const AVFilterLink *link, bool *before)
{
    memset(before, 0, cut->graph->nb_filters * sizeof(*before));
    reach(cut, index_of(cut, cut->in->filter_ctx), link, before);
    return !before[index_of(cut, cut->out->filter_ctx)];
}

/* A filter lies behind as many dividing links as its block's number says. */
static void number_blocks(struct graph_cut *cut, bool *before)
{
    for (unsigned i = 0; i < cut->graph->nb_filters; i++) {
        const AVFilterContext *filter = cut->graph->filters[i];

        for (unsigned k = 0; k < filter->nb_outputs; k++) {
            if (!filter->outputs[k] || !divides(cut, filter->outputs[k], before))
                continue;
            cut->blocks++;
            for (unsigned at = 0; at < cut->graph->nb_filters; at++)
                cut->block[at] += !before[at];
        }
    }
}

/* Filters that command others by name stay with them in one graph. */
static bool commands_others(const struct graph_cut *cut)
{
    for (int i = 0; i < cut->words.count; i++)
        if (has_word("sendcmd zmq", cut->words.filters[i].name))
            return true;
    return false;
}

static int cut_blocks(struct graph_cut *cut, struct vid_error *err)
{
    bool *before = calloc(cut->graph->nb_filters, sizeof(*before));

    cut->block = calloc(cut->graph->nb_filters, sizeof(*cut->block));
    cut->blocks = 1;
    if (before && cut->block && cut->words.count == (int)cut->graph->nb_filters && !commands_others(cut))
        number_blocks(cut, before);
    free(before);
    return before && cut->block ? 0 : vid_fail(err, -ENOMEM, "no memory for a filter graph");
}

int graph_cut_make(const char *text, struct graph_cut *out, struct vid_error *err)
{
    int rc;

    *out = (struct graph_cut){.graph = avfilter_graph_alloc()};
    if (!out->graph)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    out->graph->nb_threads = 1;
    if ((rc = graph_parse(text, out->graph, &out->in, &out->out, err)) < 0 ||
        (rc = graph_check_ends(text, out->in, out->out, err)) < 0 ||
        (rc = graph_text_read(text, &out->words, err)) < 0)
        return rc;
    return cut_blocks(out, err);
}

void graph_cut_free(struct graph_cut *cut)
{
    avfilter_inout_free(&cut->in);
    avfilter_inout_free(&cut->out);
    avfilter_graph_free(&cut->graph);
    graph_text_free(&cut->words);
    free(cut->block);
    *cut = (struct graph_cut){0};
}

static bool is_in(const struct graph_cut *cut, int filter, int first, int last)
{
    return cut->block[filter] >= first && cut->block[filter] <= last;
}

/* One picture comes in from the filter before it in the text. */
static bool follows(const struct graph_cut *cut, int at)
{
    const AVFilterContext *filter = cut->graph->filters[at];

    return filter->inputs[0] && filter->inputs[0]->src == cut->graph->filters[at - 1];
}

int graph_cut_filters(const struct graph_cut *cut, int first, int last, int *filters)
{
    int count = 0;

    for (int i = 0; i < (int)cut->graph->nb_filters; i++)
        if (is_in(cut, i, first, last))
            filters[count++] = i;
    return count;
}

int graph_cut_exit(const struct graph_cut *cut, int block, int *pad)
{
    for (int i = 0; i < (int)cut->graph->nb_filters; i++) {
        const AVFilterContext *filter = cut->graph->filters[i];

        for (unsigned k = 0; cut->block[i] == block && k < filter->nb_outputs; k++) {
            *pad = (int)k;
            if (filter->outputs[k] && cut->block[index_of(cut, filter->outputs[k]->dst)] > block)
                return i;
        }
    }
    return -1;
}

/* Whether the filters stand one behind the other, each with one picture in and one out. */
static bool is_row(const struct graph_cut *cut, int first, int last)
{
    int before = -1;

    for (int i = 0; i < (int)cut->graph->nb_filters; i++) {
        const AVFilterContext *filter = cut->graph->filters[i];

        if (!is_in(cut, i, first, last))
            continue;
        if (filter->nb_inputs != 1 || filter->nb_outputs != 1 ||
            (before >= 0 && (before != i - 1 || !follows(cut, i))))
            return false;
        before = i;
    }
    return true;
}

static unsigned pad_of(const AVFilterLink *link)
{
    unsigned pad = 0;

    while (link->src->outputs[pad] != link)
        pad++;
    return pad;
}

/* A link's label, or that of an open end. */
static void print_label(AVBPrint *out, const struct graph_cut *cut, const AVFilterLink *link, const char *end)
{
    if (link)
        av_bprintf(out, "[l%d_%u]", index_of(cut, link->src), pad_of(link));
    else
        av_bprintf(out, "[%s]", end);
}

/* The link, if both its ends are filters of the blocks. */
static const AVFilterLink *inner(const struct graph_cut *cut, const AVFilterLink *link, int first, int last)
{
    bool both = link && is_in(cut, index_of(cut, link->src), first, last) &&
                is_in(cut, index_of(cut, link->dst), first, last);

    return both ? link : NULL;
}

static void print_labelled(AVBPrint *out, const struct graph_cut *cut, int at, int first, int last)
{
    const AVFilterContext *filter = cut->graph->filters[at];

    for (unsigned i = 0; i < filter->nb_inputs; i++)
        print_label(out, cut, inner(cut, filter->inputs[i], first, last), "in");
    av_bprintf(out, "%s", cut->words.filters[at].text);
    for (unsigned i = 0; i < filter->nb_outputs; i++)
        print_label(out, cut, inner(cut, filter->outputs[i], first, last), "out");
}

char *graph_cut_text(const struct graph_cut *cut, int first, int last)
{
    bool row = is_row(cut, first, last), begun = false;
    AVBPrint out;
    char *text, *copy;

    av_bprint_init(&out, 0, AV_BPRINT_SIZE_UNLIMITED);
    if (cut->words.sws_flags)
        av_bprintf(&out, "sws_flags=%s;", cut->words.sws_flags);
    for (int i = 0; i < (int)cut->graph->nb_filters; i++) {
        if (!is_in(cut, i, first, last))
            continue;
        if (begun)
            av_bprintf(&out, row ? "," : ";");
        begun = true;
        if (row)
            av_bprintf(&out, "%s", cut->words.filters[i].text);
        else
            print_labelled(&out, cut, i, first, last);
    }
    if (av_bprint_finalize(&out, &text) < 0 || !text)
        return NULL;
    copy = strdup(text);
    av_free(text);
    return copy;
}
