#include "media/catalog.h"
#include "media/chain_pieces.h"
#include "media/log.h"
#include "media/stand_in.h"

#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

static int check_metadata(const AVFilterGraph *graph, struct vid_error *err)
{
    AVFilterContext *teller = NULL;

    for (unsigned i = 0; i < graph->nb_filters; i++)
        if (filter_tells_of_earlier(graph->filters[i]))
            teller = graph->filters[i];
    for (unsigned i = 0; teller && i < graph->nb_filters; i++)
        if (filter_reads_metadata(graph->filters[i]))
            return filter_refuse(
                teller, "what it finds by comparing with earlier frames is used by another filter", err);
    return 0;
}

/* A source without end keeps the graph running after the input's end, unless its consumer stops with the
 * shortest. */
static int check_sources(const AVFilterGraph *graph, struct vid_error *err)
{
    AVFilterContext *source = NULL;
    bool ends = false;

    for (unsigned i = 0; i < graph->nb_filters; i++) {
        AVFilterContext *filter = graph->filters[i];
        int64_t shortest = 0;

        if (!strcmp(filter->filter->name, "haldclutsrc"))
            source = filter;
        else if (!strcmp(filter->filter->name, "haldclut"))
            ends = av_opt_get_int(filter, "shortest", AV_OPT_SEARCH_CHILDREN, &shortest) >= 0 && shortest;
    }
    return source && !ends ? filter_refuse(source, "it never ends; write haldclut=shortest=1 behind it", err)
                           : 0;
}

/* `as` is the text with stand-ins for filters of plugins, or the same. */
static int parse(const char *text, const char *as, AVFilterGraph *graph, AVFilterInOut **in,
                 AVFilterInOut **out, struct vid_error *err)
{
    char cause[600];
    int rc;

    media_log_reset();
    rc = avfilter_graph_parse2(graph, as, in, out);
    if (rc >= 0)
        return 0;
    if (media_log_errors(cause, sizeof(cause)) > 0)
        return vid_fail(err, -EINVAL, "filter graph \"%s\": %s", text, cause);
    return vid_fail(err, -EINVAL, "filter graph \"%s\": %s", text, av_err2str(rc));
}

int graph_parse(const char *text, AVFilterGraph *graph, AVFilterInOut **in, AVFilterInOut **out,
                struct vid_error *err)
{
    struct vid_error why = {0};
    char *as = NULL;
    int rc = stand_in_text(text, &as, &why);

    if (rc < 0)
        return vid_fail(err, rc, "filter graph \"%s\": %s", text, why.text);
    rc = parse(text, as ? as : text, graph, in, out, err);
    free(as);
    return rc;
}

int graph_check_ends(const char *text, const AVFilterInOut *in, const AVFilterInOut *out,
                     struct vid_error *err)
{
    int ins = 0, outs = 0;

    for (const AVFilterInOut *end = in; end; end = end->next, ins++)
        if (avfilter_pad_get_type(end->filter_ctx->input_pads, end->pad_idx) != AVMEDIA_TYPE_VIDEO)
            return vid_fail(err, -EINVAL, "filter \"%s\" is not for video", end->filter_ctx->filter->name);
    for (const AVFilterInOut *end = out; end; end = end->next, outs++)
        if (avfilter_pad_get_type(end->filter_ctx->output_pads, end->pad_idx) != AVMEDIA_TYPE_VIDEO)
            return vid_fail(err, -EINVAL, "filter \"%s\" is not for video", end->filter_ctx->filter->name);
    if (ins == 1 && outs == 1)
        return 0;
    return vid_fail(err, -EINVAL,
                    "filter graph \"%s\" has %d open inputs and %d open outputs: it must have one of each",
                    text, ins, outs);
}

/* What a picture between two filters needs before it is of use downstream, in pictures at that place. */
struct need {
    unsigned before, after;
    unsigned period; /* a filter downstream takes pictures in groups of so many; 1: none does */
    bool joins;      /* streams are joined downstream */
    bool counts;     /* a filter downstream uses the number of the frame */
    bool between;    /* a filter downstream gives pictures at other times, made of those before and after */
    bool windows;    /* a filter downstream has a window */
};

/* A walk from the graph's end to its beginning. */
struct walk {
    AVFilterGraph *graph;
    struct need *needs; /* at the input of each filter, once `known` */
    bool *known;
    bool windowed;
    AVFilterContext *warps;
};

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* Cut above what is refused anyway. */
static unsigned common_multiple(unsigned a, unsigned b)
{
    uint64_t multiple = (uint64_t)a * b / FFMAX(common_divisor(a, b), 1);

    return (unsigned)FFMIN(multiple, CONTEXT_MAX + 1);
}

static unsigned round_up(unsigned value, unsigned period)
{
    return (value + period - 1) / period * period;
}

static void add_need(struct need *need, const struct need *other)
{
    need->before = FFMAX(need->before, other->before);
    need->after = FFMAX(need->after, other->after);
    need->period = common_multiple(need->period, other->period);
    need->joins |= other->joins;
    need->counts |= other->counts;
    need->between |= other->between;
    need->windows |= other->windows;
}

static const char *why_not_retime(const struct filter_window *window, const struct need *need)
{
    if (!window->retimes)
        return NULL;
    if (need->joins)
        return "it changes the number or the times of frames before streams are joined";
    if (need->counts && filter_renumbers(window))
        return "it changes the number of frames before a filter that counts them";
    if (!window->gives && need->period > 1)
        return "it changes the number of frames before a filter that takes them in groups";
    if (!window->step && need->windows)
        return "it changes the number of frames before a filter that uses neighbouring ones";
    return NULL;
}

/* So many of a filter's pictures are how many of its frames? Cut above what is refused anyway. */
static unsigned in_frames(unsigned pictures, unsigned step)
{
    uint64_t frames = (uint64_t)pictures * FFMAX(step, 1);

    return (unsigned)FFMIN(frames, CONTEXT_MAX + 1);
}

/* Where groups begin among the filter's frames, when they begin at every `period` of its pictures. */
static unsigned pass_period(const struct filter_window *window, unsigned period)
{
    unsigned own = FFMAX(window->period, 1);

    if (window->retimes && period > 1)
        period = in_frames(period / common_divisor(period, window->gives), window->step);
    return common_multiple(FFMIN(period, CONTEXT_MAX + 1), own);
}

/* The context begins with a whole period, and a task of one frame may lie across two. */
static bool is_too_large(const struct need *need)
{
    unsigned period = need->period;
    unsigned before = round_up(FFMIN(need->before, CONTEXT_MAX + 1), period);

    return need->before > CONTEXT_MAX || need->after > CONTEXT_MAX - need->before || period > CONTEXT_MAX ||
           before + need->after + 2 * period > CONTEXT_TASK_MAX;
}

/* From the need at the filter's output to that at its input. */
static int pass_filter(struct walk *walk, AVFilterContext *filter, struct need *need, struct vid_error *err)
{
    struct filter_window window;
    int rc = catalog_check_filter(filter, &window, err);
    const char *why;

    if (rc < 0)
        return rc;
    if ((why = why_not_retime(&window, need)))
        return filter_refuse(filter, why, err);
    need->before = in_frames(need->before, window.step);
    need->after = in_frames(need->after, window.step);
    need->before += window.before;
    need->after += window.after;
    if (need->between) /* the last picture before may be of an earlier frame or group, at the end and always
                        */
        need->before += window.missing + (window.step > 1 ? window.step : 0);
    if (need->period > 1) { /* groups begin so much later, by each frame that gives no picture at the start */
        need->before += round_up(window.skipped, need->period);
        need->after += window.skipped;
    }
    need->period = pass_period(&window, need->period);
    if (need->joins) { /* there another stream's picture waits for the first of this one, or meets an older
                          one */
        need->before += window.missing;
        need->after += window.skipped;
    }
    if (is_too_large(need))
        return filter_refuse(filter, "a picture depends on too many neighbouring frames", err);
    need->joins |= filter->nb_inputs > 1;
    need->counts |= filter_counts(filter);
    need->between |= window.between;
    need->windows |= window.before || window.after || window.period > 1;
    walk->windowed |=
        window.before || window.after || window.period > 1 || filter_renumbers(&window) || window.fresh;
    if (window.warps)
        walk->warps = filter;
    return 0;
}

static int index_of(const AVFilterGraph *graph, const AVFilterContext *filter)
{
    unsigned i = 0;

    while (graph->filters[i] != filter)
        i++;
    return (int)i;
}

static int need_at(struct walk *walk, AVFilterContext *filter, struct need **out, struct vid_error *err)
{
    int at = index_of(walk->graph, filter), rc = 0;
    struct need need = {.period = 1}, *next;

    *out = &walk->needs[at];
    if (walk->known[at])
        return 0;
    for (unsigned i = 0; i < filter->nb_outputs; i++) {
        if (!filter->outputs[i])
            continue;
        if ((rc = need_at(walk, filter->outputs[i]->dst, &next, err)) < 0)
            return rc;
        add_need(&need, next);
    }
    if ((rc = pass_filter(walk, filter, &need, err)) < 0)
        return rc;
    walk->needs[at] = need;
    walk->known[at] = true;
    return 0;
}

/* A source of its own begins anew in every graph, at a time long before the task's. */
static int check_alone(const struct walk *walk, struct vid_error *err)
{
    if (walk->windowed && walk->warps)
        return filter_refuse(walk->warps, "it changes times in a graph with neighbouring frames", err);
    for (unsigned i = 0; walk->windowed && i < walk->graph->nb_filters; i++)
        if (!walk->graph->filters[i]->nb_inputs)
            return filter_refuse(walk->graph->filters[i],
                                 "it is a source beside the video, in a graph with neighbouring frames", err);
    return 0;
}

/* Whole periods, and another one when its first frame is not at the beginning of one. */
static unsigned task_frames(unsigned context, unsigned period)
{
    unsigned frames = FFMAX(context * CONTEXT_SHARE, TASK_LEAST);
    unsigned most = CONTEXT_TASK_MAX - context - (period > 1 ? period : 0);

    frames = FFMIN(round_up(frames, period), most);
    return frames / period * period;
}

static int walk_graph(struct walk *walk, AVFilterContext *first, struct chain_context *out,
                      struct vid_error *err)
{
    struct need *need = NULL, at_start = {.period = 1};
    int rc = 0;

    for (unsigned i = 0; i < walk->graph->nb_filters && rc >= 0; i++) {
        rc = need_at(walk, walk->graph->filters[i], &need, err);
        if (rc >= 0 && walk->graph->filters[i] == first)
            at_start = *need;
    }
    if (rc >= 0)
        rc = check_alone(walk, err);
    if (rc < 0)
        return rc;
    *out = (struct chain_context){.parallel = true,
                                  .windowed = walk->windowed,
                                  .before = round_up(at_start.before, at_start.period),
                                  .after = at_start.after,
                                  .period = at_start.period,
                                  .task_frames = 1};
    if (walk->windowed)
        out->task_frames = task_frames(out->before + out->after, out->period);
    return 0;
}

static int graph_context(AVFilterGraph *graph, AVFilterContext *first, struct chain_context *out,
                         struct vid_error *err)
{
    struct walk walk = {.graph = graph,
                        .needs = calloc(graph->nb_filters, sizeof(struct need)),
                        .known = calloc(graph->nb_filters, sizeof(bool))};
    int rc = walk.needs && walk.known ? walk_graph(&walk, first, out, err)
                                      : vid_fail(err, -ENOMEM, "no memory for a filter graph");

    free(walk.needs);
    free(walk.known);
    return rc;
}

static int check(const char *text, AVFilterGraph *graph, struct chain_context *out, struct vid_error *err)
{
    AVFilterInOut *in = NULL, *end = NULL;
    int rc = graph_parse(text, graph, &in, &end, err);

    if (rc >= 0)
        rc = chain_pieces_check(text, graph, err);
    if (rc >= 0)
        rc = graph_context(graph, in ? in->filter_ctx : NULL, out, err);
    if (rc >= 0)
        rc = check_metadata(graph, err);
    if (rc >= 0)
        rc = check_sources(graph, err);
    if (rc >= 0)
        rc = graph_check_ends(text, in, end, err);
    avfilter_inout_free(&in);
    avfilter_inout_free(&end);
    return rc;
}

int catalog_check(const char *text, struct chain_context *out, struct vid_error *err)
{
    AVFilterGraph *graph = avfilter_graph_alloc();
    struct chain_context context;
    int rc;

    if (!graph)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    graph->nb_threads = 1;
    rc = check(text, graph, &context, err);
    avfilter_graph_free(&graph);
    if (rc >= 0 && out)
        *out = context;
    return rc;
}

int chain_context(const char *text, struct chain_context *out, struct vid_error *err)
{
    struct vid_error why = {0};
    int rc = catalog_check(text, out, &why);

    if (rc >= 0)
        return 0;
    if (rc != -ENOTSUP)
        return vid_fail(err, rc, "%s", why.text);
    *out = (struct chain_context){.parallel = false};
    snprintf(out->reason, sizeof(out->reason), "%s", why.text);
    return 0;
}
