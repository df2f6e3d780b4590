#include "media/audio_graph.h"

#include "media/internal.h"
#include "media/log.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/avstring.h>
#include <libavutil/bprint.h>
#include <libavutil/opt.h>

#include <errno.h>
#include <string.h>

/* ---- text for the filters ---- */

static void add_formats(AVBPrint *text, const struct audio_wish *wish)
{
    if (wish->format == AV_SAMPLE_FMT_NONE && !wish->formats)
        return;
    av_bprintf(text, "sample_fmts=");
    if (wish->format != AV_SAMPLE_FMT_NONE)
        av_bprintf(text, "%s", av_get_sample_fmt_name(wish->format));
    else
        for (const enum AVSampleFormat *p = wish->formats; *p != AV_SAMPLE_FMT_NONE; p++)
            av_bprintf(text, "%s%s", p == wish->formats ? "" : "|", av_get_sample_fmt_name(*p));
    av_bprint_chars(text, ':', 1);
}

static void add_rates(AVBPrint *text, const struct audio_wish *wish)
{
    if (!wish->rate && !wish->rates)
        return;
    av_bprintf(text, "sample_rates=");
    if (wish->rate)
        av_bprintf(text, "%d", wish->rate);
    else
        for (const int *p = wish->rates; *p; p++)
            av_bprintf(text, "%s%d", p == wish->rates ? "" : "|", *p);
    av_bprint_chars(text, ':', 1);
}

static void add_layouts(AVBPrint *text, const struct audio_wish *wish)
{
    bool one = av_channel_layout_check(&wish->layout);
    if (!one && !wish->layouts)
        return;
    av_bprintf(text, "channel_layouts=");
    if (one)
        av_channel_layout_describe_bprint(&wish->layout, text);
    for (const AVChannelLayout *p = wish->layouts; !one && p->nb_channels; p++) {
        if (p != wish->layouts)
            av_bprint_chars(text, '|', 1);
        av_channel_layout_describe_bprint(p, text);
    }
    av_bprint_chars(text, ':', 1);
}

static void describe_source(AVBPrint *text, const struct audio_form *form)
{
    av_bprintf(text, "time_base=1/%d:sample_rate=%d:sample_fmt=%s", form->rate, form->rate,
               av_get_sample_fmt_name(form->format));
    if (av_channel_layout_check(&form->layout) && form->layout.order != AV_CHANNEL_ORDER_UNSPEC) {
        av_bprintf(text, ":channel_layout=");
        av_channel_layout_describe_bprint(&form->layout, text);
    } else {
        av_bprintf(text, ":channels=%d", form->layout.nb_channels);
    }
}

static char *join_options(const AVDictionary *options)
{
    AVBPrint text;
    char *joined = NULL;
    av_bprint_init(&text, 0, AV_BPRINT_SIZE_UNLIMITED);
    for (const AVDictionaryEntry *e = NULL; (e = av_dict_get(options, "", e, AV_DICT_IGNORE_SUFFIX));)
        av_bprintf(&text, "%s%s=%s", text.len ? ":" : "", e->key, e->value);
    av_bprint_finalize(&text, &joined);
    return joined;
}

/* ---- the chain of filters ---- */

struct end {
    AVFilterContext *filter;
    int pad;
};

static int append(AVFilterGraph *graph, struct end *end, const char *filter, const char *args)
{
    AVFilterContext *ctx = NULL;
    int code = avfilter_graph_create_filter(&ctx, avfilter_get_by_name(filter), filter, args, NULL, graph);
    if (code >= 0)
        code = avfilter_link(end->filter, (unsigned)end->pad, ctx, 0);
    *end = (struct end){ctx, 0};
    return code;
}

static int append_trim(AVFilterGraph *graph, struct end *end, const struct audio_trim *trim, const char *name)
{
    if (trim->length == INT64_MAX && trim->start == AV_NOPTS_VALUE)
        return 0;
    AVFilterContext *ctx = avfilter_graph_alloc_filter(graph, avfilter_get_by_name("atrim"), name);
    int code = ctx ? 0 : AVERROR(ENOMEM);
    if (code >= 0 && trim->length != INT64_MAX)
        code = av_opt_set_int(ctx, "durationi", trim->length, AV_OPT_SEARCH_CHILDREN);
    if (code >= 0 && trim->start != AV_NOPTS_VALUE)
        code = av_opt_set_int(ctx, "starti", trim->start, AV_OPT_SEARCH_CHILDREN);
    if (code >= 0)
        code = avfilter_init_str(ctx, NULL);
    if (code >= 0)
        code = avfilter_link(end->filter, (unsigned)end->pad, ctx, 0);
    *end = (struct end){ctx, 0};
    return code;
}

static int append_format(AVFilterGraph *graph, struct end *end, const struct audio_wish *wish)
{
    AVBPrint text;
    int code = 0;
    av_bprint_init(&text, 0, AV_BPRINT_SIZE_UNLIMITED);
    add_formats(&text, wish);
    add_rates(&text, wish);
    add_layouts(&text, wish);
    if (!av_bprint_is_complete(&text))
        code = AVERROR(ENOMEM);
    else if (text.len)
        code = append(graph, end, "aformat", text.str);
    av_bprint_finalize(&text, NULL);
    return code;
}

static int make_source(struct audio_graph *g, const struct audio_form *form)
{
    AVBPrint text;
    av_bprint_init(&text, 0, AV_BPRINT_SIZE_UNLIMITED);
    describe_source(&text, form);
    int code = avfilter_graph_create_filter(&g->source, avfilter_get_by_name("abuffer"), "in", text.str, NULL,
                                            g->graph);
    av_bprint_finalize(&text, NULL);
    return code;
}

static int make_sink(struct audio_graph *g)
{
    int code = avfilter_graph_create_filter(&g->sink, avfilter_get_by_name("abuffersink"), "out", NULL, NULL,
                                            g->graph);
    return code < 0 ? code : av_opt_set_int(g->sink, "all_channel_counts", 1, AV_OPT_SEARCH_CHILDREN);
}

static int connect_in(struct audio_graph *g, const struct audio_graph_options *options,
                      const AVFilterInOut *in)
{
    struct end end = {g->source, 0};
    int code = append_trim(g->graph, &end, &options->in, "trim_in");
    return code < 0 ? code : avfilter_link(end.filter, 0, in->filter_ctx, (unsigned)in->pad_idx);
}

static int connect_out(struct audio_graph *g, const struct audio_graph_options *options,
                       const struct audio_wish *wish, const AVFilterInOut *out)
{
    struct end end = {out->filter_ctx, out->pad_idx};
    int code = append_format(g->graph, &end, wish);
    if (code >= 0 && options->apad)
        code = append(g->graph, &end, "apad", options->apad);
    if (code >= 0)
        code = append_trim(g->graph, &end, &options->out, "trim_out");
    return code < 0 ? code : avfilter_link(end.filter, (unsigned)end.pad, g->sink, 0);
}

static bool keeps_samples(const AVFilterGraph *graph)
{
    for (unsigned i = 0; i < graph->nb_filters; i++) {
        const AVFilterContext *f = graph->filters[i];
        bool source = f->nb_inputs == 0 && strcmp(f->filter->name, "abuffer") == 0;
        if (!(f->filter->flags & AVFILTER_FLAG_METADATA_ONLY) && f->nb_outputs != 0 && !source)
            return false;
    }
    return true;
}

static int set_graph_options(AVFilterGraph *graph, const struct audio_graph_options *options)
{
    int code = options->threads ? av_opt_set(graph, "threads", options->threads, 0) : 0;
    char *swr = join_options(options->swr_opts);
    if (code >= 0)
        code = swr ? av_opt_set(graph, "aresample_swr_opts", swr, 0) : AVERROR(ENOMEM);
    av_free(swr);
    return code;
}

static int build(struct audio_graph *g, const struct audio_graph_options *options,
                 const struct audio_form *form, const struct audio_wish *wish, struct vid_error *err)
{
    AVFilterInOut *in = NULL, *out = NULL;
    int code = set_graph_options(g->graph, options);
    if (code >= 0)
        code = avfilter_graph_parse2(g->graph, options->filter ? options->filter : "anull", &in, &out);
    if (code >= 0 && (!in || in->next || !out || out->next))
        code = vid_fail(err, AVERROR(EINVAL), "-af %s: a graph with one input and one output is needed",
                        options->filter);
    if (code >= 0)
        code = make_source(g, form);
    if (code >= 0)
        code = make_sink(g);
    if (code >= 0)
        code = connect_in(g, options, in);
    if (code >= 0)
        code = connect_out(g, options, wish, out);
    avfilter_inout_free(&in);
    avfilter_inout_free(&out);
    return code < 0 ? code : avfilter_graph_config(g->graph, NULL);
}

int audio_graph_configure(struct audio_graph *graph, const struct audio_graph_options *options,
                          const struct audio_form *form, const struct audio_wish *wish, struct vid_error *err)
{
    char why[600];
    audio_graph_free(graph);
    graph->graph = avfilter_graph_alloc();
    if (!graph->graph)
        return vid_fail(err, -ENOMEM, "no memory for the audio filters");
    media_log_reset();
    int code = build(graph, options, form, wish, err);
    if (code >= 0) {
        graph->keeps_samples = keeps_samples(graph->graph);
        return 0;
    }
    audio_graph_free(graph);
    const char *name = options->filter ? options->filter : "anull";
    if (media_log_errors(why, sizeof(why)) > 0)
        return vid_fail(err, code, "-af %s: %s", name, why);
    return media_fail(err, code, "-af %s", name);
}

void audio_graph_free(struct audio_graph *graph)
{
    avfilter_graph_free(&graph->graph);
    *graph = (struct audio_graph){0};
}
