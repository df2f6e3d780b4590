/* chain_spec: what a chain is built from, as plain values. Private to the room. */
#ifndef VID_MEDIA_CHAIN_SPEC_H
#define VID_MEDIA_CHAIN_SPEC_H

#include "media/internal.h"

#include <libavfilter/avfilter.h>

struct chain_spec {
    char *filter;  /* graph text; "null" when none was given */
    char *formats; /* argument of the format filter that the encoder wants; NULL: none */
    char *sws;     /* "flags=bicubic", of scalers that the graph gets by itself; may be empty */
    char *plugins; /* those that the graph uses, plugin_list_of's text; NULL: none */
    AVRational time_base, frame_rate;
    int autorotate, rotated; /* rotated: the stream has a display matrix */
    int32_t matrix[9];
    int keep_format;              /* no automatic conversions */
    int width, height, autoscale; /* -s */
    int threads;
    int windowed, before, after, period, task_frames; /* struct chain_context */
    int fixed_width, fixed_height, fixed_format;      /* of the first configuration; width 0 before */
};

/* The whole graph's, not looked up in the catalog. */
int chain_spec_base(const struct media_options *options, const struct media_source *source,
                    const struct sink_wish *wish, struct chain_spec **out, struct vid_error *err);
void chain_spec_take_context(struct chain_spec *spec, const struct chain_context *context);

int chain_spec_copy(const struct chain_spec *spec, struct chain_spec **out, struct vid_error *err);

/* chain_graph.c: one configured filter graph. */
struct chain_graph {
    AVFilterGraph *graph;
    AVFilterContext *source, *sink;
    AVFilterLink **links; /* those that each frame passes */
    int nlinks;
};

/* What goes into it. */
struct graph_input {
    int width, height, format;
    AVRational time_base, frame_rate, aspect; /* frame_rate: 0/0 unknown */
    const int32_t *matrix;                    /* display matrix that it is turned by; NULL: not turned */
};

/* What is put behind its filters. */
struct graph_output {
    int width, height;   /* of a scaler; 0: none */
    const char *formats; /* argument of a format filter; NULL: none */
};

/* As the first graph of a chain gets it, and as the last one gives it. */
struct graph_input chain_graph_input(const struct chain_spec *spec, const struct picture *first);
struct graph_output chain_graph_output(const struct chain_spec *spec, const struct picture *first);

/* `text` is the graph's; the spec gives threads and scaler flags, and is quoted in errors. */
int chain_graph_build(const struct chain_spec *spec, const char *text, const struct graph_input *in,
                      const struct graph_output *to, struct chain_graph *out, struct vid_error *err);
void chain_graph_free(struct chain_graph *graph);

/* A frame's time on its way through the graph's filters: that of the first picture that is its own, in the
 * sink's time base. */
int64_t chain_graph_time(const struct chain_graph *graph, int64_t pts);

/* Makes the filters believe that `n` frames have passed. */
void chain_graph_set_count(struct chain_graph *graph, int64_t n);

/* Once the graph has ended: when that was, in the sink's time base. */
int64_t chain_graph_end(const struct chain_graph *graph);

/* Hands the pixels on as they are. */
bool chain_graph_is_meta(const struct chain_graph *graph);

#endif
