#include "media/catalog.h"
#include "media/chain_spec.h"
#include "media/log.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A graph under construction: the filter and pad that the next one is linked to. */
struct tail {
    AVFilterGraph *graph;
    AVFilterContext *filter;
    int pad;
};

static int create(AVFilterGraph *graph, const char *filter, const char *name, const char *args,
                  AVFilterContext **out)
{
    return avfilter_graph_create_filter(out, avfilter_get_by_name(filter), name, args, NULL, graph);
}

static int append(struct tail *tail, const char *filter, const char *args)
{
    AVFilterContext *next;
    int rc = create(tail->graph, filter, filter, args, &next);

    if (rc < 0 || (rc = avfilter_link(tail->filter, (unsigned)tail->pad, next, 0)) < 0)
        return rc;
    tail->filter = next;
    tail->pad = 0;
    return 0;
}

/* Clockwise degrees from 0 to 360. */
static double rotation(const int32_t *matrix)
{
    double theta = matrix ? -round(av_display_rotation_get(matrix)) : 0;

    return theta - 360 * floor(theta / 360 + 0.9 / 360);
}

static int append_half_turn(struct tail *tail, const int32_t *matrix)
{
    int rc = matrix[0] < 0 ? append(tail, "hflip", NULL) : 0;

    if (rc >= 0 && matrix[4] < 0)
        rc = append(tail, "vflip", NULL);
    return rc;
}

static int append_rotation(struct tail *tail, const int32_t *matrix)
{
    double theta = rotation(matrix);
    char args[64];

    if (fabs(theta - 90) < 1.0)
        return append(tail, "transpose", matrix[3] > 0 ? "cclock_flip" : "clock");
    if (fabs(theta - 180) < 1.0)
        return append_half_turn(tail, matrix);
    if (fabs(theta - 270) < 1.0)
        return append(tail, "transpose", matrix[3] < 0 ? "clock_flip" : "cclock");
    if (fabs(theta) > 1.0) {
        snprintf(args, sizeof(args), "%f*PI/180", theta);
        return append(tail, "rotate", args);
    }
    if (fabs(theta) < 1.0 && matrix && matrix[4] < 0)
        return append(tail, "vflip", NULL);
    return 0;
}

/* The picture's own display matrix counts before the stream's. */
static const int32_t *display_matrix(const struct chain_spec *spec, const AVFrame *frame)
{
    const AVFrameSideData *sd = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);

    if (sd && sd->size >= sizeof(spec->matrix))
        return (const int32_t *)(const void *)sd->data;
    return spec->rotated ? spec->matrix : NULL;
}

struct graph_input chain_graph_input(const struct chain_spec *spec, const struct picture *first)
{
    const AVFrame *frame = first->frame;

    return (struct graph_input){.width = frame->width,
                                .height = frame->height,
                                .format = frame->format,
                                .time_base = spec->time_base,
                                .frame_rate = spec->frame_rate,
                                .aspect = first->graph_aspect,
                                .matrix = spec->autorotate ? display_matrix(spec, frame) : NULL};
}

struct graph_output chain_graph_output(const struct chain_spec *spec, const struct picture *first)
{
    struct graph_output out = {.width = spec->width, .height = spec->height, .formats = spec->formats};

    if (first->graph_first > 0 && spec->fixed_width)
        out = (struct graph_output){spec->fixed_width, spec->fixed_height,
                                    av_get_pix_fmt_name(spec->fixed_format)};
    if (!spec->autoscale)
        out.width = out.height = 0;
    return out;
}

static int add_source(const struct graph_input *input, struct chain_graph *out, const AVFilterInOut *in)
{
    AVRational aspect = input->aspect;
    struct tail tail = {.graph = out->graph};
    char args[300], rate[64] = "";
    int rc;

    if (!aspect.den)
        aspect = (AVRational){0, 1};
    if (input->frame_rate.num && input->frame_rate.den)
        snprintf(rate, sizeof(rate), ":frame_rate=%d/%d", input->frame_rate.num, input->frame_rate.den);
    snprintf(args, sizeof(args), "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=%d/%d%s",
             input->width, input->height, input->format, input->time_base.num, input->time_base.den,
             aspect.num, aspect.den, rate);
    if ((rc = create(out->graph, "buffer", "input", args, &out->source)) < 0)
        return rc;
    tail.filter = out->source;
    if (input->matrix && (rc = append_rotation(&tail, input->matrix)) < 0)
        return rc;
    return avfilter_link(tail.filter, (unsigned)tail.pad, in->filter_ctx, (unsigned)in->pad_idx);
}

static int append_scaler(struct tail *tail, const struct chain_spec *spec, const struct graph_output *to)
{
    char args[400];

    if (!to->width && !to->height)
        return 0;
    snprintf(args, sizeof(args), "%d:%d%s%s", to->width, to->height, *spec->sws ? ":" : "", spec->sws);
    return append(tail, "scale", args);
}

static int add_sink(const struct chain_spec *spec, const struct graph_output *to, struct chain_graph *out,
                    const AVFilterInOut *end)
{
    struct tail tail = {.graph = out->graph, .filter = end->filter_ctx, .pad = end->pad_idx};
    int rc;

    if ((rc = create(out->graph, "buffersink", "output", NULL, &out->sink)) < 0 ||
        (rc = append_scaler(&tail, spec, to)) < 0)
        return rc;
    if (spec->keep_format)
        avfilter_graph_set_auto_convert(out->graph, AVFILTER_AUTO_CONVERT_NONE);
    if (to->formats && (rc = append(&tail, "format", to->formats)) < 0)
        return rc;
    return avfilter_link(tail.filter, (unsigned)tail.pad, out->sink, 0);
}

static bool has_link(const struct chain_graph *graph, const AVFilterLink *link)
{
    for (int i = 0; i < graph->nlinks; i++)
        if (graph->links[i] == link)
            return true;
    return false;
}

/* Collects the links behind the buffer source; those behind other sources have a rhythm of their own. */
static int collect_links(struct chain_graph *graph)
{
    size_t room = 0;

    for (unsigned i = 0; i < graph->graph->nb_filters; i++)
        room += graph->graph->filters[i]->nb_outputs;
    if (!(graph->links = calloc(room + 1, sizeof(AVFilterLink *))))
        return AVERROR(ENOMEM);
    graph->links[graph->nlinks++] = graph->source->outputs[0];
    for (int at = 0; at < graph->nlinks; at++) {
        AVFilterContext *next = graph->links[at]->dst;

        for (unsigned k = 0; k < next->nb_outputs; k++)
            if (next->outputs[k] && !has_link(graph, next->outputs[k]))
                graph->links[graph->nlinks++] = next->outputs[k];
    }
    return 0;
}

void chain_graph_set_count(struct chain_graph *graph, int64_t n)
{
#if FRAME_NUMBERS_CAN_BE_SET
    for (int i = 0; i < graph->nlinks; i++)
        graph->links[i]->frame_count_in = graph->links[i]->frame_count_out = n;
#endif
}

/* By the way of the first inputs: filters that change times are not in one of several. */
static int64_t time_behind(const AVFilterLink *link, const AVFilterContext *source, int64_t pts)
{
    struct filter_window window;
    AVFilterLink *before;

    if (link->src == source || !link->src->nb_inputs)
        return pts;
    before = link->src->inputs[0];
    catalog_window(link->src, &window);
    return av_rescale_q_rnd(time_behind(before, source, pts), before->time_base, link->time_base,
                            (enum AVRounding)(window.rounding | AV_ROUND_PASS_MINMAX));
}

int64_t chain_graph_time(const struct chain_graph *graph, int64_t pts)
{
    return time_behind(graph->sink->inputs[0], graph->source, pts);
}

/* The sink's link has the time at which its end was told; another version hides it. */
int64_t chain_graph_end(const struct chain_graph *graph)
{
#if FRAME_NUMBERS_CAN_BE_SET
    return graph->sink->inputs[0]->current_pts;
#else
    return AV_NOPTS_VALUE;
#endif
}

bool chain_graph_is_meta(const struct chain_graph *graph)
{
    for (unsigned i = 0; i < graph->graph->nb_filters; i++) {
        const AVFilterContext *f = graph->graph->filters[i];
        bool source = !f->nb_inputs && !strcmp(f->filter->name, "buffer");

        if (!(f->filter->flags & AVFILTER_FLAG_METADATA_ONLY) && f->nb_outputs && !source)
            return false;
    }
    return true;
}

void chain_graph_free(struct chain_graph *graph)
{
    avfilter_graph_free(&graph->graph);
    free(graph->links);
    *graph = (struct chain_graph){0};
}

/* So that their pixels do not depend on the machine. */
static void limit_threads(AVFilterGraph *graph)
{
    for (unsigned i = 0; i < graph->nb_filters; i++)
        if (filter_wants_one_thread(graph->filters[i]))
            graph->filters[i]->nb_threads = 1;
}

static int set_options(const struct chain_spec *spec, AVFilterGraph *graph)
{
    graph->nb_threads = spec->threads;
    if (*spec->sws && !(graph->scale_sws_opts = av_strdup(spec->sws)))
        return AVERROR(ENOMEM);
    return 0;
}

static int failed(const struct chain_spec *spec, int rc, struct vid_error *err)
{
    char cause[600];

    if (media_log_errors(cause, sizeof(cause)) > 0)
        return vid_fail(err, rc, "filter graph \"%s\": %s", spec->filter, cause);
    return media_fail(err, rc, "filter graph \"%s\"", spec->filter);
}

static int build(const struct chain_spec *spec, const char *text, const struct graph_input *input,
                 const struct graph_output *to, struct chain_graph *out, struct vid_error *err)
{
    AVFilterInOut *in = NULL, *end = NULL;
    int rc;

    if (set_options(spec, out->graph) < 0)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    if ((rc = graph_parse(text, out->graph, &in, &end, err)) < 0)
        return rc;
    if (!in || in->next || !end || end->next)
        rc = vid_fail(err, -EINVAL, "filter graph \"%s\" must have one open input and one open output", text);
    media_log_reset();
    limit_threads(out->graph);
    if (rc >= 0)
        rc = add_source(input, out, in);
    if (rc >= 0)
        rc = add_sink(spec, to, out, end);
    if (rc >= 0)
        rc = avfilter_graph_config(out->graph, NULL);
    if (rc >= 0)
        rc = collect_links(out);
    avfilter_inout_free(&in);
    avfilter_inout_free(&end);
    return rc < 0 ? failed(spec, rc, err) : 0;
}

int chain_graph_build(const struct chain_spec *spec, const char *text, const struct graph_input *in,
                      const struct graph_output *to, struct chain_graph *out, struct vid_error *err)
{
    int rc;

    *out = (struct chain_graph){.graph = avfilter_graph_alloc()};
    if (!out->graph)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    rc = build(spec, text, in, to, out, err);
    if (rc < 0)
        chain_graph_free(out);
    return rc;
}
