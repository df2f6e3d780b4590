#include "media/describe.h"
#include "media/picture_layout.h"
#include "media/sink_private.h"

#include <libavutil/pixdesc.h>
#include <stdio.h>

/* "25 frames/s", or "" when it is not known. */
static const char *rate_words(double rate, char *text, size_t size)
{
    snprintf(text, size, rate > 0 ? ", %.5g frames/s" : "", rate);
    return text;
}

static const char *format_words(int format)
{
    const char *name = av_get_pix_fmt_name(format);

    return name ? name : "unknown format";
}

void media_source_words(const struct media_source *source, char *text, size_t size)
{
    const struct source_stream *stream = source_video(source);
    const AVCodecParameters *par = stream ? stream->st->codecpar : NULL;
    char rate[40];

    *text = '\0';
    if (par)
        snprintf(text, size, "%s, %dx%d, %s%s", avcodec_get_name(par->codec_id), par->width, par->height,
                 format_words(par->format),
                 rate_words(media_source_info(source).frames_per_second, rate, sizeof(rate)));
}

const char *media_sink_encoder(const struct media_sink *sink)
{
    return sink_wish(sink)->encoder->name;
}

void media_sink_words(const struct media_sink *sink, const struct chain_output *video, char *text,
                      size_t size)
{
    double num = video->frame_rate[0], den = video->frame_rate[1];
    char rate[40];

    snprintf(text, size, "%s, %dx%d, %s%s", media_sink_encoder(sink), video->width, video->height,
             format_words(video->format), rate_words(den > 0 ? num / den : 0, rate, sizeof(rate)));
}

const char *media_sink_filter(const struct media_sink *sink)
{
    const char *filter = sink_wish(sink)->filter;

    return filter && *filter ? filter : "null";
}

bool media_sink_will_cut(struct media_sink *sink)
{
    const struct sink_parts parts = {.folder = ""};
    struct vid_error err = {0};

    if (media_sink_in_parts(sink))
        return true;
    return media_sink_set_parts(sink, &parts, &err) == 0 && media_sink_in_parts(sink);
}

size_t chain_output_bytes(const struct chain_output *video)
{
    AVFrame *frame = av_frame_alloc();
    struct picture *picture;
    size_t bytes;

    if (!frame)
        return 0;
    frame->width = video->width;
    frame->height = video->height;
    frame->format = video->format;
    picture = picture_from_frame(&frame, (AVRational){0, 1});
    bytes = picture ? picture_packed_size(picture) : 0;
    picture_unref(&picture);
    return bytes;
}
