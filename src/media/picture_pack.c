#include "media/picture_layout.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

int picture_shape(int format, int width, int height, struct plane_shape shape[4])
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    int planes = av_pix_fmt_count_planes(format);

    if (desc && desc->flags & AV_PIX_FMT_FLAG_HWACCEL)
        return -ENOTSUP;
    if (!desc || planes < 1 || planes > 4 ||
        av_image_check_size2(width, height, INT64_MAX, format, 0, NULL) < 0)
        return -EINVAL;
    for (int p = 0; p < planes; p++) {
        int bytes = av_image_get_linesize(format, width, p);

        if (bytes <= 0)
            return -EINVAL;
        shape[p].row_bytes = (size_t)bytes;
        shape[p].rows = (size_t)(p == 1 || p == 2 ? AV_CEIL_RSHIFT(height, desc->log2_chroma_h) : height);
    }
    if (desc->flags & AV_PIX_FMT_FLAG_PAL) {
        shape[1] = (struct plane_shape){AVPALETTE_SIZE, 1};
        planes = 2;
    }
    return planes;
}

static size_t dict_bytes(const AVDictionary *dict)
{
    const AVDictionaryEntry *e = NULL;
    size_t bytes = 0;

    while ((e = av_dict_get(dict, "", e, AV_DICT_IGNORE_SUFFIX)))
        bytes += strlen(e->key) + strlen(e->value) + 2;
    return bytes;
}

static unsigned char *dict_write(const AVDictionary *dict, unsigned char *to)
{
    const AVDictionaryEntry *e = NULL;

    while ((e = av_dict_get(dict, "", e, AV_DICT_IGNORE_SUFFIX))) {
        to = (unsigned char *)stpcpy((char *)to, e->key) + 1;
        to = (unsigned char *)stpcpy((char *)to, e->value) + 1;
    }
    return to;
}

static size_t side_data_bytes(const AVFrameSideData *sd)
{
    return align_to(sizeof(struct packed_side_data) + sd->size + dict_bytes(sd->metadata), 8);
}

/* Bytes before the first plane. */
static size_t front_bytes(const AVFrame *frame)
{
    size_t bytes = sizeof(struct packed_header);

    for (int i = 0; i < frame->nb_side_data; i++)
        bytes += side_data_bytes(frame->side_data[i]);
    return align_to(bytes + dict_bytes(frame->metadata), PACKED_ALIGN);
}

/* Whether the plane's rows may be stored with the stride that they have in memory. */
static bool stride_is_usable(const AVFrame *frame, int p, const struct plane_shape *shape)
{
    int stride = frame->linesize[p];
    size_t tight = align_to(shape->row_bytes, PACKED_ALIGN);

    return stride > 0 && stride % PACKED_ALIGN == 0 && (size_t)stride >= shape->row_bytes &&
           (size_t)stride <= tight + tight / 4;
}

/* Lays the planes out behind the front part; with `keep` those with a usable stride keep it. */
static int layout(const AVFrame *frame, bool keep, struct packed_header *h, struct plane_shape shape[4])
{
    int planes = picture_shape(frame->format, frame->width, frame->height, shape);
    size_t at = front_bytes(frame);

    if (planes < 0)
        return planes;
    h->planes = (uint32_t)planes;
    h->planes_at = at;
    for (int p = 0; p < planes; p++) {
        size_t stride = align_to(shape[p].row_bytes, PACKED_ALIGN);

        if (keep && stride_is_usable(frame, p, &shape[p]))
            stride = (size_t)frame->linesize[p];
        h->plane[p] = (struct packed_plane){at, (uint32_t)stride, (uint32_t)shape[p].rows};
        at += stride * shape[p].rows;
    }
    h->bytes = at + PACKED_SPARE;
    return 0;
}

static int refuse(const AVFrame *frame, int code, struct vid_error *err)
{
    const char *name = av_get_pix_fmt_name(frame->format);

    if (code == -ENOTSUP)
        return vid_fail(err, code,
                        "pictures in graphics memory (%s) cannot be shared: end the graph with hwdownload",
                        name ? name : "?");
    return vid_fail(err, code, "a picture of format %s and size %dx%d cannot be packed", name ? name : "?",
                    frame->width, frame->height);
}

static void fill_header(const struct picture *picture, struct packed_header *h)
{
    const AVFrame *frame = picture->frame;

    h->magic = PACKED_MAGIC;
    h->version = avutil_version();
    h->graph_first = picture->graph_first;
    h->end = picture->end;
    h->graph_aspect = picture->graph_aspect;
    h->time_base = picture->time_base;
    h->frame_time_base = frame->time_base;
    h->aspect = frame->sample_aspect_ratio;
#define X(field) h->field = (int32_t)frame->field;
    PACKED_INT_FIELDS(X)
#undef X
#define X(field) h->field = (int64_t)frame->field;
    PACKED_LONG_FIELDS(X)
#undef X
    h->side_data = (uint32_t)frame->nb_side_data;
    h->metadata_bytes = dict_bytes(frame->metadata);
}

static unsigned char *write_side_data(const AVFrameSideData *sd, unsigned char *to)
{
    struct packed_side_data entry = {sd->type, (uint32_t)dict_bytes(sd->metadata), sd->size};
    unsigned char *next = to + side_data_bytes(sd);

    memcpy(to, &entry, sizeof(entry));
    to += sizeof(entry);
    if (sd->size)
        memcpy(to, sd->data, sd->size);
    to = dict_write(sd->metadata, to + sd->size);
    memset(to, 0, (size_t)(next - to));
    return next;
}

static void write_front(const struct picture *picture, const struct packed_header *h, unsigned char *mem)
{
    const AVFrame *frame = picture->frame;
    unsigned char *to = mem + sizeof(*h);

    memcpy(mem, h, sizeof(*h));
    for (int i = 0; i < frame->nb_side_data; i++)
        to = write_side_data(frame->side_data[i], to);
    to = dict_write(frame->metadata, to);
    memset(to, 0, (size_t)(mem + h->planes_at - to));
}

/* Row by row: strides may be negative, pointers cropped. */
static void copy_plane(const AVFrame *frame, int p, const struct plane_shape *shape, size_t stride,
                       unsigned char *to)
{
    const unsigned char *from = frame->data[p];

    for (size_t row = 0; row < shape->rows; row++) {
        memcpy(to, from, shape->row_bytes);
        memset(to + shape->row_bytes, 0, stride - shape->row_bytes);
        from += frame->linesize[p];
        to += stride;
    }
}

size_t picture_packed_size(const struct picture *picture)
{
    struct packed_header h = {0};
    struct plane_shape shape[4];

    return layout(picture->frame, false, &h, shape) < 0 ? 0 : h.bytes;
}

int picture_pack(const struct picture *picture, void *mem, size_t size, struct vid_error *err)
{
    struct packed_header h = {0};
    struct plane_shape shape[4];
    unsigned char *to = mem;
    int rc = layout(picture->frame, false, &h, shape);

    if (rc < 0)
        return refuse(picture->frame, rc, err);
    if (size < h.bytes)
        return vid_fail(err, -ENOSPC, "a packed picture needs %zu bytes, there are %zu", (size_t)h.bytes,
                        size);
    fill_header(picture, &h);
    write_front(picture, &h, to);
    for (uint32_t p = 0; p < h.planes; p++)
        copy_plane(picture->frame, (int)p, &shape[p], h.plane[p].stride, to + h.plane[p].offset);
    memset(to + h.bytes - PACKED_SPARE, 0, PACKED_SPARE);
    return 0;
}

static void add_piece(struct picture_pieces *pieces, void *mem, size_t bytes)
{
    if (!bytes)
        return;
    pieces->iov[pieces->count++] = (struct iovec){mem, bytes};
    pieces->bytes += bytes;
}

/* Scratch memory: the front part, the planes that must be copied, the spare bytes. */
static size_t scratch_bytes(const AVFrame *frame, const struct packed_header *h,
                            const struct plane_shape *shape)
{
    size_t bytes = h->planes_at + PACKED_SPARE;

    for (uint32_t p = 0; p < h->planes; p++)
        if (!stride_is_usable(frame, (int)p, &shape[p]))
            bytes += (size_t)h->plane[p].stride * shape[p].rows;
        else
            bytes += h->plane[p].stride;
    return bytes;
}

int picture_pieces(const struct picture *picture, struct picture_pieces *pieces, struct vid_error *err)
{
    const AVFrame *frame = picture->frame;
    struct packed_header h = {0};
    struct plane_shape shape[4];
    unsigned char *free_at;
    int rc = layout(frame, true, &h, shape);

    memset(pieces, 0, sizeof(*pieces));
    if (rc < 0)
        return refuse(frame, rc, err);
    if (!(pieces->scratch = calloc(1, scratch_bytes(frame, &h, shape))))
        return vid_fail(err, -ENOMEM, "no memory for a packed picture");
    free_at = pieces->scratch;
    fill_header(picture, &h);
    write_front(picture, &h, free_at);
    add_piece(pieces, free_at, h.planes_at);
    free_at += h.planes_at;
    for (uint32_t p = 0; p < h.planes; p++) {
        size_t stride = h.plane[p].stride, rows = shape[p].rows;

        if (!stride_is_usable(frame, (int)p, &shape[p])) {
            copy_plane(frame, (int)p, &shape[p], stride, free_at);
            add_piece(pieces, free_at, stride * rows);
            free_at += stride * rows;
            continue;
        }
        /* The last row's padding may lie outside of the frame's buffer: it is replaced by zeros. */
        add_piece(pieces, frame->data[p], stride * (rows - 1) + shape[p].row_bytes);
        add_piece(pieces, free_at, stride - shape[p].row_bytes);
        free_at += stride;
    }
    add_piece(pieces, free_at, PACKED_SPARE);
    return 0;
}

void picture_pieces_free(struct picture_pieces *pieces)
{
    free(pieces->scratch);
    memset(pieces, 0, sizeof(*pieces));
}
