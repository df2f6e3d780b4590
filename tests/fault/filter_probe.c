/* vidmpi-filter-probe FRAMES: pushes so many pictures into a filter graph as vidmpi-worker does, and prints
 * for each its number and how that went: "N ok MIB", with its peak memory, or "N error". For the test of
 * libfault.so, under the name of vidmpi-worker. */
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static AVFilterGraph *open_graph(AVFilterContext **source, AVFilterContext **sink)
{
    AVFilterGraph *graph = avfilter_graph_alloc();

    if (avfilter_graph_create_filter(source, avfilter_get_by_name("buffer"), "in",
                                     "video_size=16x16:pix_fmt=gray:time_base=1/512", NULL, graph) < 0 ||
        avfilter_graph_create_filter(sink, avfilter_get_by_name("buffersink"), "out", NULL, NULL, graph) <
            0 ||
        avfilter_link(*source, 0, *sink, 0) < 0 || avfilter_graph_config(graph, NULL) < 0)
        exit(2);
    return graph;
}

static AVFrame *make_picture(int number)
{
    AVFrame *frame = av_frame_alloc();

    frame->width = frame->height = 16;
    frame->format = AV_PIX_FMT_GRAY8;
    frame->pts = (int64_t)number * 512;
    if (av_frame_get_buffer(frame, 0) < 0)
        exit(2);
    return frame;
}

static long peak_mib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

int main(int argc, char **argv)
{
    AVFilterContext *source, *sink;
    AVFilterGraph *graph = open_graph(&source, &sink);
    int frames = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < frames; i++) {
        AVFrame *in = make_picture(i), *out = av_frame_alloc();
        source->outputs[0]->frame_count_in = source->outputs[0]->frame_count_out = i;
        if (av_buffersrc_add_frame_flags(source, in, AV_BUFFERSRC_FLAG_PUSH) < 0 ||
            av_buffersink_get_frame(sink, out) < 0)
            printf("%d error\n", i);
        else
            printf("%d ok %ld\n", i, peak_mib());
        av_frame_free(&in);
        av_frame_free(&out);
    }
    avfilter_graph_free(&graph);
    return 0;
}
