#include "media/picture.h"
#include "media/internal.h"

#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>

struct picture *picture_from_frame(AVFrame **frame, AVRational time_base)
{
    struct picture *picture = calloc(1, sizeof(*picture));

    if (!picture) {
        av_frame_free(frame);
        return NULL;
    }
    picture->frame = *frame;
    picture->time_base = time_base;
    picture->graph_aspect = picture->frame->sample_aspect_ratio;
    picture->end = AV_NOPTS_VALUE;
    *frame = NULL;
    return picture;
}

struct picture *picture_ref(struct picture *picture)
{
    AVFrame *frame = av_frame_clone(picture->frame);
    struct picture *copy = frame ? picture_from_frame(&frame, picture->time_base) : NULL;

    if (copy) {
        copy->graph_first = picture->graph_first;
        copy->graph_aspect = picture->graph_aspect;
        copy->end = picture->end;
    }
    return copy;
}

void picture_unref(struct picture **picture)
{
    struct picture *gone = *picture;

    *picture = NULL;
    if (!gone)
        return;
    av_frame_free(&gone->frame);
    free(gone);
}

uint64_t picture_graph_first(const struct picture *picture)
{
    return picture->graph_first;
}

void picture_set_graph_first(struct picture *picture, uint64_t number)
{
    picture->graph_first = number;
}

int picture_width(const struct picture *picture)
{
    return picture->frame->width;
}

int picture_height(const struct picture *picture)
{
    return picture->frame->height;
}

int64_t picture_pts(const struct picture *picture)
{
    return picture->frame->pts;
}

double picture_seconds(const struct picture *picture)
{
    if (picture->frame->pts == AV_NOPTS_VALUE || picture->time_base.num <= 0 || picture->time_base.den <= 0)
        return NAN;
    return (double)picture->frame->pts * av_q2d(picture->time_base);
}

char picture_type(const struct picture *picture)
{
    return av_get_picture_type_char(picture->frame->pict_type);
}

void picture_metadata(const struct picture *picture, picture_each each, void *opaque)
{
    const AVDictionaryEntry *entry = NULL;

    while ((entry = av_dict_get(picture->frame->metadata, "", entry, AV_DICT_IGNORE_SUFFIX)))
        each(opaque, entry->key, entry->value);
}

const char *picture_format_name(const struct picture *picture)
{
    const char *name = av_get_pix_fmt_name(picture->frame->format);

    return name ? name : "unknown";
}
