#include "media/picture_layout.h"

#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

struct holder {
    void (*release)(void *opaque, void *mem);
    void *opaque;
    void *mem;
};

static void release_buffer(void *opaque, uint8_t *data)
{
    struct holder *holder = opaque;

    holder->release(holder->opaque, holder->mem);
    free(holder);
}

static int damaged(struct vid_error *err, const char *what)
{
    return vid_fail(err, -EBADMSG, "a packed picture is damaged: %s", what);
}

/* Key, NUL, value, NUL, ... in exactly `bytes` bytes. */
static int dict_read(const unsigned char *from, size_t bytes, AVDictionary **dict, struct vid_error *err)
{
    while (bytes) {
        const unsigned char *key = from, *value, *end = memchr(key, 0, bytes);

        if (!end)
            return damaged(err, "metadata key without end");
        value = end + 1;
        end = memchr(value, 0, bytes - (size_t)(value - key));
        if (!end)
            return damaged(err, "metadata value without end");
        if (av_dict_set(dict, (const char *)key, (const char *)value, AV_DICT_MULTIKEY) < 0)
            return vid_fail(err, -ENOMEM, "no memory for a picture's metadata");
        bytes -= (size_t)(end + 1 - from);
        from = end + 1;
    }
    return 0;
}

/* Reads one entry at *at, which must end before `end`. */
static int read_side_data(const unsigned char *mem, size_t *at, size_t end, AVFrame *frame,
                          struct vid_error *err)
{
    struct packed_side_data entry;
    AVFrameSideData *sd;
    size_t left = end - *at, used;

    if (left < sizeof(entry))
        return damaged(err, "side data is cut");
    memcpy(&entry, mem + *at, sizeof(entry));
    left -= sizeof(entry);
    if (entry.bytes > left || entry.metadata_bytes > left - entry.bytes)
        return damaged(err, "side data is longer than its place");
    if (!(sd = av_frame_new_side_data(frame, (enum AVFrameSideDataType)entry.type, entry.bytes)))
        return vid_fail(err, -ENOMEM, "no memory for a picture's side data");
    if (entry.bytes)
        memcpy(sd->data, mem + *at + sizeof(entry), entry.bytes);
    used = align_to(sizeof(entry) + entry.bytes + entry.metadata_bytes, 8);
    if (used > end - *at)
        return damaged(err, "side data is cut");
    int rc = dict_read(mem + *at + sizeof(entry) + entry.bytes, entry.metadata_bytes, &sd->metadata, err);
    *at += used;
    return rc;
}

static int read_front(const unsigned char *mem, const struct packed_header *h, AVFrame *frame,
                      struct vid_error *err)
{
    size_t at = sizeof(*h);

    for (uint32_t i = 0; i < h->side_data; i++) {
        int rc = read_side_data(mem, &at, h->planes_at, frame, err);

        if (rc < 0)
            return rc;
    }
    if (h->metadata_bytes > h->planes_at - at)
        return damaged(err, "metadata is longer than its place");
    return dict_read(mem + at, h->metadata_bytes, &frame->metadata, err);
}

static int check_header(const struct packed_header *h, size_t size, struct vid_error *err)
{
    if (h->magic != PACKED_MAGIC)
        return damaged(err, "no header");
    if (h->version != avutil_version())
        return vid_fail(err, -EBADMSG, "a packed picture is from libavutil %u.%u.%u, this is %u.%u.%u",
                        AV_VERSION_MAJOR(h->version), AV_VERSION_MINOR(h->version),
                        AV_VERSION_MICRO(h->version), AV_VERSION_MAJOR(avutil_version()),
                        AV_VERSION_MINOR(avutil_version()), AV_VERSION_MICRO(avutil_version()));
    if (h->bytes > size || h->planes_at < sizeof(*h) || h->planes_at > h->bytes ||
        h->bytes - h->planes_at < PACKED_SPARE)
        return damaged(err, "it is shorter than its header says");
    return 0;
}

static int check_planes(const struct packed_header *h, struct vid_error *err)
{
    struct plane_shape shape[4];
    int planes = picture_shape(h->format, h->width, h->height, shape);

    if (planes < 0 || h->planes != (uint32_t)planes)
        return damaged(err, "its format or size is impossible");
    for (int p = 0; p < planes; p++) {
        const struct packed_plane *plane = &h->plane[p];
        uint64_t end = h->bytes - PACKED_SPARE;

        if (plane->rows != shape[p].rows || plane->stride < shape[p].row_bytes || plane->stride > INT32_MAX ||
            plane->stride % PACKED_ALIGN || plane->offset % PACKED_ALIGN)
            return damaged(err, "a plane's shape is wrong");
        if (plane->offset < h->planes_at || plane->offset > end ||
            (uint64_t)plane->stride * plane->rows > end - plane->offset)
            return damaged(err, "a plane lies outside");
    }
    return 0;
}

static void read_fields(const struct packed_header *h, AVFrame *frame)
{
    frame->time_base = h->frame_time_base;
    frame->sample_aspect_ratio = h->aspect;
#define X(field) frame->field = h->field;
    PACKED_INT_FIELDS(X)
#undef X
#define X(field) frame->field = (__typeof__(frame->field))h->field;
    PACKED_LONG_FIELDS(X)
#undef X
}

static void set_planes(unsigned char *mem, const struct packed_header *h, AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get((enum AVPixelFormat)h->format);

    for (uint32_t p = 0; p < h->planes; p++) {
        frame->data[p] = mem + h->plane[p].offset;
        frame->linesize[p] = (int)h->plane[p].stride;
    }
    if (desc->flags & AV_PIX_FMT_FLAG_PAL)
        frame->linesize[1] = 0; /* a palette has no rows: filters that see a stride filter it as a plane */
    frame->extended_data = frame->data;
}

static int parse(unsigned char *mem, size_t size, struct picture *picture, struct vid_error *err)
{
    struct packed_header h;
    int rc;

    if (size < sizeof(h))
        return damaged(err, "it is too short");
    if ((uintptr_t)mem % PACKED_ALIGN)
        return vid_fail(err, -EINVAL, "a packed picture must begin at a multiple of %d bytes", PACKED_ALIGN);
    memcpy(&h, mem, sizeof(h));
    if ((rc = check_header(&h, size, err)) < 0 || (rc = check_planes(&h, err)) < 0 ||
        (rc = read_front(mem, &h, picture->frame, err)) < 0)
        return rc;
    picture->graph_first = h.graph_first;
    picture->end = h.end;
    picture->graph_aspect = h.graph_aspect;
    picture->time_base = h.time_base;
    read_fields(&h, picture->frame);
    set_planes(mem, &h, picture->frame);
    return 0;
}

static struct picture *picture_empty(void)
{
    AVFrame *frame = av_frame_alloc();

    return frame ? picture_from_frame(&frame, (AVRational){0, 1}) : NULL;
}

int picture_wrap(const void *mem, size_t size, void (*release)(void *opaque, void *mem), void *opaque,
                 struct picture **out, struct vid_error *err)
{
    /* The buffer is marked read-only, so nothing writes through this. */
    unsigned char *bytes = (unsigned char *)(uintptr_t)mem;
    struct picture *picture = picture_empty();
    struct holder *holder = malloc(sizeof(*holder));
    int rc;

    *out = NULL;
    if (!picture || !holder) {
        rc = vid_fail(err, -ENOMEM, "no memory for a picture");
        goto fail;
    }
    *holder = (struct holder){release, opaque, bytes};
    if ((rc = parse(bytes, size, picture, err)) < 0)
        goto fail;
    picture->frame->buf[0] = av_buffer_create(bytes, size, release_buffer, holder, AV_BUFFER_FLAG_READONLY);
    if (!picture->frame->buf[0]) {
        rc = vid_fail(err, -ENOMEM, "no memory for a picture");
        goto fail;
    }
    *out = picture;
    return 0;
fail:
    free(holder);
    picture_unref(&picture);
    release(opaque, bytes);
    return rc;
}

static void release_owned(void *opaque, void *mem)
{
    free(mem);
}

int picture_wrap_owned(void *mem, size_t size, struct picture **out, struct vid_error *err)
{
    void *aligned = mem;

    *out = NULL;
    if ((uintptr_t)mem % PACKED_ALIGN) {
        aligned = aligned_alloc(PACKED_ALIGN, align_to(size ? size : 1, PACKED_ALIGN));
        if (aligned)
            memcpy(aligned, mem, size);
        free(mem);
    }
    if (!aligned)
        return vid_fail(err, -ENOMEM, "no memory for a picture of %zu bytes", size);
    return picture_wrap(aligned, size, release_owned, NULL, out, err);
}
