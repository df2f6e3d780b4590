/* audio_graph: the filter graph between an audio decoder and its encoder: the user's -af, the conversion to
 * what the encoder takes, -ss and -t. One thread. Private to the room. */
#ifndef VID_MEDIA_AUDIO_GRAPH_H
#define VID_MEDIA_AUDIO_GRAPH_H

#include "base/error.h"

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavutil/channel_layout.h>
#include <stdbool.h>

/* What may come out. A list is used when its single value is not set; all may be absent. */
struct audio_wish {
    enum AVSampleFormat format; /* AV_SAMPLE_FMT_NONE: one of the list */
    const enum AVSampleFormat *formats;
    int rate; /* 0 */
    const int *rates;
    AVChannelLayout layout; /* nb_channels 0 */
    const AVChannelLayout *layouts;
};

struct audio_form {
    int format, rate;
    AVChannelLayout layout;
};

struct audio_trim {
    int64_t start, length; /* AV_TIME_BASE; AV_NOPTS_VALUE, INT64_MAX: none */
};

struct audio_graph_options {
    const char *filter;  /* NULL: none */
    const char *threads; /* NULL: default */
    const AVDictionary *swr_opts;
    const char *apad;          /* NULL: none */
    struct audio_trim in, out; /* of the input, of the output */
};

struct audio_graph {
    AVFilterGraph *graph; /* NULL: not configured */
    AVFilterContext *source, *sink;
    bool keeps_samples; /* no filter touches the samples */
};

/* Configures anew for samples of this form. */
int audio_graph_configure(struct audio_graph *graph, const struct audio_graph_options *options,
                          const struct audio_form *form, const struct audio_wish *wish,
                          struct vid_error *err);
void audio_graph_free(struct audio_graph *graph);

#endif
