#include "media/chain_unit.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <stdlib.h>

static int open_plugins(struct chain_units *units, struct vid_error *err)
{
    int rc = 0;

    for (int i = 0; i < units->pieces.count && rc == 0; i++) {
        const struct chain_plugin *plugin = &units->pieces.plugins[i];

        rc = plugin_run_open(plugin->filter, plugin->args, &units->items[i].plugin, err);
    }
    return rc;
}

int chain_units_open(const struct chain_spec *spec, struct chain_units *out, struct vid_error *err)
{
    int rc;

    *out = (struct chain_units){.spec = spec};
    rc = spec->plugins ? chain_pieces_cut(spec->filter, &out->pieces, err)
                       : chain_pieces_whole(spec->filter, &out->pieces, err);
    if (rc < 0)
        return rc;
    out->items = calloc((size_t)out->pieces.count + 1, sizeof(*out->items));
    if (!out->items) {
        chain_pieces_free(&out->pieces);
        return vid_fail(err, -ENOMEM, "no memory for a filter chain");
    }
    out->count = out->pieces.count + 1;
    if ((rc = open_plugins(out, err)) < 0)
        chain_units_close(out);
    return rc;
}

void chain_units_clear(struct chain_units *units)
{
    for (int i = 0; i < units->count; i++) {
        struct chain_unit *unit = &units->items[i];

        chain_graph_free(&unit->graph);
        unit->ended = false;
        if (unit->plugin)
            plugin_run_clear(unit->plugin);
    }
}

void chain_units_close(struct chain_units *units)
{
    chain_units_clear(units);
    for (int i = 0; i < units->count; i++)
        plugin_run_close(&units->items[i].plugin);
    free(units->items);
    chain_pieces_free(&units->pieces);
    *units = (struct chain_units){0};
}

/* ---- configure ---- */

/* The plugin's filter takes what the graph before it gives, and *in is what the next graph gets. */
static int configure_plugin(struct chain_unit *unit, struct graph_input *in, struct vid_error *err)
{
    const AVFilterContext *sink = unit->graph.sink;
    struct plugin_shape shape = {av_buffersink_get_w(sink), av_buffersink_get_h(sink),
                                 av_buffersink_get_format(sink)};
    AVRational base = av_buffersink_get_time_base(sink);
    int rc = plugin_run_configure(unit->plugin, &shape, base, &shape, err);

    *in = (struct graph_input){.width = shape.width,
                               .height = shape.height,
                               .format = shape.format,
                               .time_base = base,
                               .frame_rate = av_buffersink_get_frame_rate(sink),
                               .aspect = av_buffersink_get_sample_aspect_ratio(sink)};
    return rc;
}

/* A graph before a plugin's filter, and that filter. */
static int build_with_plugin(const struct chain_spec *spec, const char *text, struct chain_unit *unit,
                             struct graph_input *in, struct vid_error *err)
{
    struct graph_output to = {0};
    char *formats;
    int rc = plugin_run_formats(unit->plugin, &formats, err);

    if (rc < 0)
        return rc;
    to.formats = formats;
    rc = chain_graph_build(spec, text, in, &to, &unit->graph, err);
    free(formats);
    return rc < 0 ? rc : configure_plugin(unit, in, err);
}

int chain_units_build(struct chain_units *units, const struct picture *first, struct vid_error *err)
{
    const struct chain_spec *spec = units->spec;
    struct graph_input in = chain_graph_input(spec, first);
    struct graph_output to = chain_graph_output(spec, first);
    int last = units->count - 1, rc = 0;

    chain_units_clear(units);
    units->graph_first = first->graph_first;
    for (int i = 0; i < last && rc >= 0; i++)
        rc = build_with_plugin(spec, units->pieces.graphs[i], &units->items[i], &in, err);
    if (rc >= 0)
        rc = chain_graph_build(spec, units->pieces.graphs[last], &in, &to, &units->items[last].graph, err);
    if (rc < 0)
        chain_units_clear(units);
    return rc;
}

bool chain_units_are_built(const struct chain_units *units)
{
    return units->count > 0 && units->items[units->count - 1].graph.graph;
}

int chain_units_begin(struct chain_units *units, int64_t n, bool from_start, struct vid_error *err)
{
    int rc = 0;

    for (int i = 0; i < units->count && rc >= 0; i++) {
        struct chain_unit *unit = &units->items[i];

        chain_graph_set_count(&unit->graph, n);
        if (unit->plugin)
            rc = plugin_run_begin(unit->plugin, n, from_start, err);
    }
    return rc;
}

/* ---- frames ---- */

/* Frames on their way through the units, from `at` on. */
struct flow {
    struct chain_units *units;
    int at;
    int count; /* pictures that came out */
    chain_emit emit;
    void *opaque;
    uint64_t number; /* of the frame that was fed */
    struct vid_error *err;
};

static int collect(struct flow *flow);

static int push(struct flow *flow, AVFrame *frame, bool keep)
{
    struct chain_unit *unit = &flow->units->items[flow->at];
    int flags = AV_BUFFERSRC_FLAG_PUSH | (keep ? AV_BUFFERSRC_FLAG_KEEP_REF : 0), rc;

    if (unit->ended)
        return 0;
    rc = av_buffersrc_add_frame_flags(unit->graph.source, frame, flags);
    if (rc < 0 && rc != AVERROR_EOF) /* the graph may have had enough: collect finds its end */
        return media_fail(flow->err, rc, "frame %llu: filtering with \"%s\"",
                          (unsigned long long)flow->number, flow->units->spec->filter);
    return collect(flow);
}

static int push_on(void *opaque, AVFrame **frame)
{
    struct flow *flow = opaque;
    int rc;

    flow->at++;
    rc = push(flow, *frame, false);
    flow->at--;
    av_frame_free(frame);
    return rc;
}

static int end(struct flow *flow, int64_t pts)
{
    struct chain_unit *unit = &flow->units->items[flow->at];
    int rc;

    if (unit->ended)
        return 0;
    if ((rc = av_buffersrc_close(unit->graph.source, pts, AV_BUFFERSRC_FLAG_PUSH)) < 0)
        return media_fail(flow->err, rc, "ending the filter graph \"%s\"", flow->units->spec->filter);
    return collect(flow);
}

/* The graph has given its end: what is behind it ends, too. */
static int pass_end(struct flow *flow)
{
    struct chain_unit *unit = &flow->units->items[flow->at];
    int rc;

    unit->ended = true;
    if (!unit->plugin)
        return 0;
    if ((rc = plugin_run_feed(unit->plugin, NULL, push_on, flow, flow->err)) < 0)
        return rc;
    flow->at++;
    rc = end(flow, chain_graph_end(&unit->graph));
    flow->at--;
    return rc;
}

static int hand_out(struct flow *flow, AVFrame **frame)
{
    struct chain_unit *unit = &flow->units->items[flow->at];
    struct picture *picture;

    if (unit->plugin)
        return plugin_run_feed(unit->plugin, frame, push_on, flow, flow->err);
    picture = picture_from_frame(frame, av_buffersink_get_time_base(unit->graph.sink));
    if (!picture)
        return vid_fail(flow->err, -ENOMEM, "no memory for a filtered picture");
    picture->graph_first = flow->units->graph_first;
    picture->graph_aspect = av_buffersink_get_sample_aspect_ratio(unit->graph.sink);
    picture->end = flow->units->end;
    flow->count++;
    return flow->emit(flow->opaque, &picture);
}

/* Hands on what the graph has ready. */
static int collect(struct flow *flow)
{
    struct chain_unit *unit = &flow->units->items[flow->at];

    for (;;) {
        AVFrame *frame = av_frame_alloc();
        int rc = frame ? av_buffersink_get_frame(unit->graph.sink, frame) : AVERROR(ENOMEM);

        if (rc < 0) {
            av_frame_free(&frame);
            if (rc == AVERROR_EOF)
                return pass_end(flow);
            if (rc == AVERROR(EAGAIN))
                return 0;
            return media_fail(flow->err, rc, "filtering with \"%s\"", flow->units->spec->filter);
        }
        if ((rc = hand_out(flow, &frame)) < 0)
            return rc;
    }
}

int chain_units_feed(struct chain_units *units, uint64_t number, AVFrame *frame, bool keep, chain_emit emit,
                     void *opaque, struct vid_error *err)
{
    struct flow flow = {.units = units, .emit = emit, .opaque = opaque, .number = number, .err = err};
    int rc = chain_units_have_ended(units) ? 0 : push(&flow, frame, keep);

    return rc < 0 ? rc : flow.count;
}

int chain_units_end(struct chain_units *units, int64_t end_pts, chain_emit emit, void *opaque,
                    struct vid_error *err)
{
    struct flow flow = {.units = units, .emit = emit, .opaque = opaque, .err = err};
    int rc = end(&flow, end_pts);

    return rc < 0 ? rc : flow.count;
}

bool chain_units_have_ended(const struct chain_units *units)
{
    return units->items[units->count - 1].ended;
}

int64_t chain_units_time(const struct chain_units *units, int64_t pts)
{
    for (int i = 0; i < units->count; i++)
        pts = chain_graph_time(&units->items[i].graph, pts);
    return pts;
}

/* A plugin's filter has its ends where the graphs around it have theirs. */
const AVFilterLink *chain_units_link(const struct chain_units *units, int filter, bool output, unsigned pad)
{
    struct chain_place place =
        units->pieces.places ? units->pieces.places[filter] : (struct chain_place){0, filter};
    const struct chain_unit *unit = &units->items[place.graph];
    const AVFilterContext *of;

    if (place.index < 0 && pad > 0)
        return NULL;
    if (place.index < 0)
        return output ? unit[1].graph.source->outputs[0] : unit->graph.sink->inputs[0];
    of = unit->graph.graph->filters[place.index];
    if (pad >= (output ? of->nb_outputs : of->nb_inputs))
        return NULL;
    return output ? of->outputs[pad] : of->inputs[pad];
}

const AVFilterContext *chain_units_sink(const struct chain_units *units)
{
    return units->items[units->count - 1].graph.sink;
}

bool chain_units_are_meta(const struct chain_units *units)
{
    return units->count == 1 && chain_graph_is_meta(&units->items[0].graph);
}
