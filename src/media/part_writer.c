#include "media/part_file.h"

#include "base/crc32c.h"
#include "base/io.h"

#include <libavutil/intreadwrite.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)256 << 10)
#define SIDE_HEAD 8

struct part_writer {
    char path[PATH_MAX], folder[PATH_MAX];
    int fd;
    struct media_part part; /* so far; bytes and crc count the buffer too */
    size_t used;            /* of the buffer */
    uint8_t buffer[BUFFER_SIZE];
};

static int fail(const struct part_writer *w, int code, struct vid_error *err)
{
    return vid_fail(err, code, "cannot write %s, which has %" PRIu64 " bytes so far: %s", w->path,
                    w->part.bytes, strerror(-code));
}

static int flush(struct part_writer *w, struct vid_error *err)
{
    int code = io_pwrite(w->fd, w->buffer, w->used, w->part.bytes - w->used);
    if (code < 0)
        return fail(w, code, err);
    w->used = 0;
    return 0;
}

static int append(struct part_writer *w, const void *mem, size_t size, struct vid_error *err)
{
    const uint8_t *from = mem;
    w->part.crc = crc32c(w->part.crc, mem, size);
    while (size > 0) {
        size_t piece = FFMIN(size, BUFFER_SIZE - w->used);
        memcpy(w->buffer + w->used, from, piece);
        w->used += piece;
        w->part.bytes += piece;
        from += piece;
        size -= piece;
        int code = w->used == BUFFER_SIZE ? flush(w, err) : 0;
        if (code < 0)
            return code;
    }
    return 0;
}

static int append_head(struct part_writer *w, const struct part_head *head, struct vid_error *err)
{
    uint8_t mem[PART_RECORD_SIZE];
    part_head_pack(head, mem);
    return append(w, mem, sizeof(mem), err);
}

static int append_header(struct part_writer *w, const struct part_header *header, struct vid_error *err)
{
    uint8_t mem[PART_HEADER_SIZE];
    part_header_pack(header, mem);
    int code = append(w, mem, sizeof(mem), err);
    return code < 0 ? code : append(w, header->extradata, header->extradata_size, err);
}

int part_writer_create(const char *folder, const struct part_header *header, struct part_writer **out,
                       struct vid_error *err)
{
    struct part_writer *w = malloc(sizeof(*w));
    *out = w;
    if (!w)
        return vid_fail(err, -ENOMEM, "no memory for a part of the video");
    w->used = 0;
    w->part = (struct media_part){.number = header->number, .first = header->first};
    snprintf(w->folder, sizeof(w->folder), "%s", folder);
    media_part_path(folder, header->number, w->path, sizeof(w->path));
    w->fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int code = w->fd < 0 ? vid_fail(err, -errno, "cannot make %s: %s", w->path, strerror(errno)) : 0;
    if (code == 0)
        code = append_header(w, header, err);
    if (code < 0)
        part_writer_close(out);
    return code;
}

static void measure_side_data(const AVPacket *packet, struct part_head *head)
{
    for (int i = 0; i < packet->side_data_elems; i++) {
        const AVPacketSideData *sd = &packet->side_data[i];
        uint8_t mem[SIDE_HEAD];
        AV_WL32(mem, sd->type);
        AV_WL32(mem + 4, (uint32_t)sd->size);
        head->crc = crc32c(crc32c(head->crc, mem, sizeof(mem)), sd->data, sd->size);
        head->size += sizeof(mem) + sd->size;
        head->side++;
    }
}

static int append_side_data(struct part_writer *w, const AVPacket *packet, struct vid_error *err)
{
    int code = 0;
    for (int i = 0; i < packet->side_data_elems && code >= 0; i++) {
        const AVPacketSideData *sd = &packet->side_data[i];
        uint8_t mem[SIDE_HEAD];
        AV_WL32(mem, sd->type);
        AV_WL32(mem + 4, (uint32_t)sd->size);
        code = append(w, mem, sizeof(mem), err);
        if (code >= 0)
            code = append(w, sd->data, sd->size, err);
    }
    return code;
}

int part_writer_packet(struct part_writer *w, const AVPacket *packet, uint64_t picture, bool drained,
                       struct vid_error *err)
{
    struct part_head head = {.kind = drained ? PART_DRAINED : PART_PACKET,
                             .flags = packet->flags,
                             .picture = picture,
                             .pts = packet->pts,
                             .dts = packet->dts,
                             .duration = packet->duration};
    measure_side_data(packet, &head);
    head.size += (size_t)packet->size;
    head.crc = crc32c(head.crc, packet->data, (size_t)packet->size);
    w->part.packets++;
    int code = append_head(w, &head, err);
    if (code >= 0)
        code = append_side_data(w, packet, err);
    return code < 0 ? code : append(w, packet->data, (size_t)packet->size, err);
}

int part_writer_state(struct part_writer *w, const char *text, struct vid_error *err)
{
    size_t size = strlen(text);
    struct part_head head = {.kind = PART_STATE, .size = size, .crc = crc32c(0, text, size)};
    int code = append_head(w, &head, err);
    return code < 0 ? code : append(w, text, size, err);
}

static int append_pieces(struct part_writer *w, const struct picture_pieces *pieces, struct vid_error *err)
{
    struct part_head head = {.kind = PART_LAST, .size = pieces->bytes};
    for (int i = 0; i < pieces->count; i++)
        head.crc = crc32c(head.crc, pieces->iov[i].iov_base, pieces->iov[i].iov_len);
    int code = append_head(w, &head, err);
    for (int i = 0; i < pieces->count && code >= 0; i++)
        code = append(w, pieces->iov[i].iov_base, pieces->iov[i].iov_len, err);
    return code;
}

int part_writer_last(struct part_writer *w, const struct picture *picture, struct vid_error *err)
{
    struct picture_pieces pieces;
    int code = picture_pieces(picture, &pieces, err);
    if (code < 0)
        return code;
    code = append_pieces(w, &pieces, err);
    picture_pieces_free(&pieces);
    return code;
}

/* The name of a new file is safe when its folder is. */
static int sync_folder(const struct part_writer *w, struct vid_error *err)
{
    int fd = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return code < 0 ? vid_fail(err, code, "cannot sync folder %s: %s", w->folder, strerror(-code)) : 0;
}

int part_writer_seal(struct part_writer *w, uint64_t end, struct media_part *part, struct vid_error *err)
{
    struct part_head head = {.kind = PART_END, .picture = end};
    int code = append_head(w, &head, err);
    if (code >= 0)
        code = flush(w, err);
    if (code < 0)
        return code;
    if (fdatasync(w->fd) < 0)
        return fail(w, -errno, err);
    w->part.end = end;
    *part = w->part;
    return sync_folder(w, err);
}

void part_writer_close(struct part_writer **writer)
{
    struct part_writer *gone = *writer;
    *writer = NULL;
    if (!gone)
        return;
    if (gone->fd >= 0)
        close(gone->fd);
    free(gone);
}
