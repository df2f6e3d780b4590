#include "media/catalog.h"
#include "media/internal.h"
#include "media/log.h"

#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <string.h>

static int refuse(const AVFilterContext *filter, const char *reason, struct vid_error *err)
{
    return vid_fail(
        err, -ENOTSUP,
        "filter \"%s\" cannot run in parallel yet: %s; leave it out, or run this graph with ffmpeg",
        filter->filter->name, reason);
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; length && (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static bool flag_is_set(AVFilterContext *filter, const char *option, const char *flag, int64_t value)
{
    void *target = NULL;
    const AVOption *o = av_opt_find2(filter, option, NULL, 0, AV_OPT_SEARCH_CHILDREN, &target);
    const AVOption *c = o && o->unit ? av_opt_find(target, flag, o->unit, 0, 0) : NULL;

    return c && value & c->default_val.i64;
}

static bool text_passes(AVFilterContext *filter, const struct catalog_rule *rule)
{
    uint8_t *text = NULL;
    bool passes = false;

    if (av_opt_get(filter, rule->option, AV_OPT_SEARCH_CHILDREN, &text) < 0)
        return true;
    if (rule->test == RULE_UNSET)
        passes = !text || !*text;
    else
        passes = text && has_word(rule->text, (const char *)text);
    av_free(text);
    return passes;
}

static bool rule_passes(AVFilterContext *filter, const struct catalog_rule *rule)
{
    int64_t value;

    if (rule->test == RULE_UNSET || rule->test == RULE_ONE_OF)
        return text_passes(filter, rule);
    if (av_opt_get_int(filter, rule->option, AV_OPT_SEARCH_CHILDREN, &value) < 0)
        return true;
    switch (rule->test) {
    case RULE_IS:
        return value == rule->value;
    case RULE_IS_NOT:
        return value != rule->value;
    case RULE_AT_LEAST:
        return value >= rule->value;
    default:
        return !flag_is_set(filter, rule->option, rule->text, value);
    }
}

/* x and y may use each other, but not the value that they had in the frame before. */
static bool remembers_place(const char *option, const char *value, AVFilterContext *filter)
{
    static const char *const movers[] = {"crop", "overlay", "drawtext", NULL};
    uint8_t *other = NULL;
    bool both = false;
    bool is_x = !strcmp(option, "x");

    if ((!is_x && strcmp(option, "y") != 0))
        return false;
    for (int i = 0; movers[i]; i++)
        both |= !strcmp(filter->filter->name, movers[i]);
    if (!both)
        return false;
    if (expression_uses(value, option))
        return true;
    if (!expression_uses(value, is_x ? "y" : "x") ||
        av_opt_get(filter, is_x ? "y" : "x", AV_OPT_SEARCH_CHILDREN, &other) < 0)
        return false;
    both = other && expression_uses((const char *)other, option);
    av_free(other);
    return both;
}

static bool uses_frame_number(const char *text)
{
    return expression_uses(text, "n") || expression_uses(text, "N") || expression_uses(text, "on") ||
           strstr(text, "%{n}") || strstr(text, "%{frame_num}");
}

static int check_expression(AVFilterContext *filter, const char *text, struct vid_error *err)
{
    const char *why = expression_state(text);

    if (why)
        return refuse(filter, why, err);
    if (!FRAME_NUMBERS_CAN_BE_SET && uses_frame_number(text))
        return refuse(filter, "with this version of libavfilter the number of a frame cannot be told to it",
                      err);
    return 0;
}

/* Each text option may be an expression. A name of a file that looks like one with state is refused too: no
 * harm. */
static int check_texts(AVFilterContext *filter, void *object, struct vid_error *err)
{
    const AVOption *o = NULL;

    while (object && (o = av_opt_next(object, o))) {
        const char *value;
        int rc;

        if (o->type != AV_OPT_TYPE_STRING || !(value = *(char **)((char *)object + o->offset)))
            continue;
        if ((rc = check_expression(filter, value, err)) < 0)
            return rc;
        if (remembers_place(o->name, value, filter))
            return refuse(filter, "its place depends on that in the frame before", err);
    }
    return 0;
}

int catalog_check_filter(AVFilterContext *filter, struct vid_error *err)
{
    const char *name = filter->filter->name;
    int rc;
    const struct catalog_entry *entry = catalog_find(name);

    if (!entry)
        return refuse(filter, "it is not in the catalog of filters that are known to be exact frame by frame",
                      err);
    if (entry->class != FILTER_FRAME)
        return refuse(filter, entry->reason, err);
    for (const struct catalog_rule *rule = catalog_rules; rule->filter; rule++)
        if (!strcmp(rule->filter, name) && !rule_passes(filter, rule))
            return refuse(filter, rule->reason, err);
    if (filter->enable_str && (rc = check_expression(filter, filter->enable_str, err)) < 0)
        return rc;
    return filter->filter->priv_class ? check_texts(filter, filter->priv, err) : 0;
}

/* Filters that say something about a frame by comparing it with earlier ones. */
static bool tells_of_earlier_frames(const char *name)
{
    static const char *const names = "cropdetect freezedetect scdet signalstats siti vmafmotion blackdetect";

    return has_word(names, name);
}

static bool prints_metadata(AVFilterContext *filter)
{
    uint8_t *text = NULL;
    bool found;

    if (strcmp(filter->filter->name, "drawtext") != 0 ||
        av_opt_get(filter, "text", AV_OPT_SEARCH_CHILDREN, &text) < 0)
        return false;
    found = text && strstr((const char *)text, "%{metadata");
    av_free(text);
    return found;
}

static int check_metadata(const AVFilterGraph *graph, struct vid_error *err)
{
    AVFilterContext *teller = NULL;

    for (unsigned i = 0; i < graph->nb_filters; i++)
        if (tells_of_earlier_frames(graph->filters[i]->filter->name))
            teller = graph->filters[i];
    for (unsigned i = 0; teller && i < graph->nb_filters; i++)
        if (prints_metadata(graph->filters[i]))
            return refuse(teller, "drawtext would print what it found by comparing with earlier frames", err);
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
    return source && !ends ? refuse(source, "it never ends; write haldclut=shortest=1 behind it", err) : 0;
}

int graph_parse(const char *text, AVFilterGraph *graph, AVFilterInOut **in, AVFilterInOut **out,
                struct vid_error *err)
{
    char cause[600];
    int rc;

    media_log_reset();
    rc = avfilter_graph_parse2(graph, text, in, out);
    if (rc >= 0)
        return 0;
    if (media_log_errors(cause, sizeof(cause)) > 0)
        return vid_fail(err, -EINVAL, "filter graph \"%s\": %s", text, cause);
    return vid_fail(err, -EINVAL, "filter graph \"%s\": %s", text, av_err2str(rc));
}

/* Exactly one picture goes in and one comes out. */
static int check_ends(const char *text, const AVFilterInOut *in, const AVFilterInOut *out,
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

int catalog_check(const char *text, struct vid_error *err)
{
    AVFilterGraph *graph = avfilter_graph_alloc();
    AVFilterInOut *in = NULL, *out = NULL;
    int rc;

    if (!graph)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    graph->nb_threads = 1;
    rc = graph_parse(text, graph, &in, &out, err);
    for (unsigned i = 0; i < graph->nb_filters && rc >= 0; i++)
        rc = catalog_check_filter(graph->filters[i], err);
    if (rc >= 0)
        rc = check_metadata(graph, err);
    if (rc >= 0)
        rc = check_sources(graph, err);
    if (rc >= 0)
        rc = check_ends(text, in, out, err);
    avfilter_inout_free(&in);
    avfilter_inout_free(&out);
    avfilter_graph_free(&graph);
    return rc;
}
