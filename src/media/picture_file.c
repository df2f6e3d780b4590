#include "media/picture_file.h"

#include "base/io.h"
#include "media/internal.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

/* The picture's bytes without padding, as a packet of uncompressed video. */
static int make_packet(const AVFrame *frame, AVPacket *packet, struct vid_error *err)
{
    int size = av_image_get_buffer_size(frame->format, frame->width, frame->height, 1);
    int ret = size <= 0 ? -ENOTSUP : av_new_packet(packet, size);

    if (ret == 0)
        ret = av_image_copy_to_buffer(packet->data, size, (const uint8_t *const *)frame->data,
                                      frame->linesize, frame->format, frame->width, frame->height, 1);
    if (ret < 0)
        return media_fail(err, ret, "taking the bytes of a picture");
    packet->pts = packet->dts = frame->pts == AV_NOPTS_VALUE ? 0 : frame->pts;
    packet->flags = AV_PKT_FLAG_KEY;
    return 0;
}

/* Grey rows of the same bytes. */
static void describe_as_grey(AVStream *st, const AVFrame *frame, int size)
{
    int rows = size % frame->height == 0 ? frame->height : 1;
    char text[300];

    st->codecpar->format = AV_PIX_FMT_GRAY8;
    st->codecpar->codec_tag = avcodec_pix_fmt_to_codec_tag(AV_PIX_FMT_GRAY8);
    st->codecpar->width = size / rows;
    st->codecpar->height = rows;
    snprintf(text, sizeof(text),
             "the bytes of a picture: ffmpeg -i THIS -f rawvideo - | "
             "ffmpeg -f rawvideo -pixel_format %s -video_size %dx%d -i -",
             av_get_pix_fmt_name(frame->format), frame->width, frame->height);
    av_dict_set(&st->metadata, "comment", text, 0);
}

static int add_stream(AVFormatContext *nut, const struct picture *picture, int size)
{
    const AVFrame *frame = picture->frame;
    AVStream *st = avformat_new_stream(nut, NULL);

    if (!st)
        return -ENOMEM;
    st->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    st->codecpar->codec_id = AV_CODEC_ID_RAWVIDEO;
    st->codecpar->codec_tag = avcodec_pix_fmt_to_codec_tag(frame->format);
    st->codecpar->format = frame->format;
    st->codecpar->width = frame->width;
    st->codecpar->height = frame->height;
    st->sample_aspect_ratio = st->codecpar->sample_aspect_ratio = frame->sample_aspect_ratio;
    st->time_base = picture->time_base.num > 0 ? picture->time_base : (AVRational){1, 25};
    if (st->codecpar->codec_tag == 0)
        describe_as_grey(st, frame, size);
    return 0;
}

/* The file in memory, to be freed by av_free. */
static int make_nut(const struct picture *picture, AVPacket *packet, uint8_t **mem, int *size,
                    struct vid_error *err)
{
    AVFormatContext *nut = NULL;
    int ret = avformat_alloc_output_context2(&nut, NULL, "nut", NULL);

    if (ret >= 0)
        ret = add_stream(nut, picture, packet->size);
    if (ret >= 0)
        ret = avio_open_dyn_buf(&nut->pb);
    if (ret >= 0)
        ret = avformat_write_header(nut, NULL);
    if (ret >= 0) {
        av_packet_rescale_ts(packet, picture->time_base.num > 0 ? picture->time_base : (AVRational){1, 25},
                             nut->streams[0]->time_base);
        ret = av_write_frame(nut, packet);
    }
    if (ret >= 0)
        ret = av_write_trailer(nut);
    if (nut && nut->pb)
        *size = avio_close_dyn_buf(nut->pb, mem);
    avformat_free_context(nut);
    return ret < 0 ? media_fail(err, ret, "making a file of a picture") : 0;
}

int picture_save(const struct picture *picture, const char *path, struct vid_error *err)
{
    AVPacket *packet = av_packet_alloc();
    uint8_t *mem = NULL;
    int size = 0, ret;

    if (!packet)
        return vid_fail(err, -ENOMEM, "no memory for %s", path);
    ret = make_packet(picture->frame, packet, err);
    if (ret == 0)
        ret = make_nut(picture, packet, &mem, &size, err);
    if (ret == 0)
        ret = io_write_file(path, mem, (size_t)size, false, err);
    av_free(mem);
    av_packet_free(&packet);
    return ret;
}
