#include "media/part_file.h"

#include "base/crc32c.h"
#include "base/io.h"

#include <libavutil/intreadwrite.h>
#include <libavutil/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)
#define SIDE_HEAD 8
#define PACKED_ALIGNMENT 64

struct part_reader {
    char path[PATH_MAX];
    int fd;
    struct media_part part;
    struct part_header header;
    uint64_t offset; /* behind the head */
    struct part_head head;
};

static int damaged(const char *path, const char *what, struct vid_error *err)
{
    return vid_fail(err, -EBADMSG, "%s is damaged: %s", path, what);
}

static int read_failed(const char *path, int code, struct vid_error *err)
{
    return vid_fail(err, code, "cannot read %s: %s", path, strerror(-code));
}

/* One byte more than there should be is asked for, so that a longer file is found out. */
static int check_bytes(int fd, const char *path, const struct media_part *part, uint8_t *mem,
                       struct vid_error *err)
{
    uint64_t offset = 0;
    uint32_t crc = 0;
    ssize_t got;
    while ((got = io_pread(fd, mem, CHUNK, offset)) > 0) {
        crc = crc32c(crc, mem, (size_t)got);
        offset += (uint64_t)got;
    }
    if (got < 0)
        return read_failed(path, (int)got, err);
    if (offset != part->bytes)
        return damaged(path, "it has not the length that it was sealed with", err);
    return crc == part->crc ? 0 : damaged(path, "its CRC is wrong", err);
}

static int open_checked(const char *path, const struct media_part *part, int *fd, struct vid_error *err)
{
    uint8_t *mem = malloc(CHUNK);
    *fd = -1;
    if (!mem)
        return vid_fail(err, -ENOMEM, "no memory to read %s", path);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    int code = *fd < 0 ? read_failed(path, -errno, err) : check_bytes(*fd, path, part, mem, err);
    free(mem);
    return code;
}

int media_part_check(const char *folder, const struct media_part *part, struct vid_error *err)
{
    char path[PATH_MAX];
    int fd;
    int code = open_checked(media_part_path(folder, part->number, path, sizeof(path)), part, &fd, err);
    if (fd >= 0)
        close(fd);
    return code;
}

/* Counts packets up to the first record that is not whole. */
static uint64_t count_packets(int fd, uint64_t bytes)
{
    struct part_header header = {0};
    uint8_t mem[PART_HEADER_SIZE];
    struct part_head head;
    uint64_t count = 0;
    if (io_pread(fd, mem, sizeof(mem), 0) != sizeof(mem) || part_header_unpack(&header, mem) < 0)
        return 0;
    for (uint64_t at = PART_HEADER_SIZE + header.extradata_size;; at += head.size) {
        if (io_pread(fd, mem, PART_RECORD_SIZE, at) != PART_RECORD_SIZE || part_head_unpack(&head, mem) < 0)
            return count;
        at += PART_RECORD_SIZE;
        if (at > bytes || head.size > bytes - at)
            return count;
        count += head.kind == PART_PACKET || head.kind == PART_DRAINED;
    }
}

uint64_t media_part_packets(const char *folder, unsigned number)
{
    char path[PATH_MAX];
    struct stat st;
    int fd = open(media_part_path(folder, number, path, sizeof(path)), O_RDONLY | O_CLOEXEC);
    uint64_t count = fd >= 0 && fstat(fd, &st) == 0 ? count_packets(fd, (uint64_t)st.st_size) : 0;
    if (fd >= 0)
        close(fd);
    return count;
}

/* ---- reading ---- */

static int read_all(struct part_reader *r, void *mem, size_t size, struct vid_error *err)
{
    ssize_t got = io_pread(r->fd, mem, size, r->offset);
    if (got < 0)
        return read_failed(r->path, (int)got, err);
    if ((size_t)got != size)
        return damaged(r->path, "it ends too early", err);
    r->offset += size;
    return 0;
}

static int next_head(struct part_reader *r, struct vid_error *err)
{
    uint8_t mem[PART_RECORD_SIZE];
    int code = read_all(r, mem, sizeof(mem), err);
    if (code < 0)
        return code;
    if (part_head_unpack(&r->head, mem) < 0 || r->head.size > r->part.bytes - r->offset)
        return damaged(r->path, "a record's head is wrong", err);
    return 0;
}

static int read_header(struct part_reader *r, struct vid_error *err)
{
    uint8_t mem[PART_HEADER_SIZE];
    struct part_header *header = &r->header;
    int code = read_all(r, mem, sizeof(mem), err);
    if (code < 0)
        return code;
    if (part_header_unpack(header, mem) < 0 || header->number != r->part.number ||
        header->first != r->part.first)
        return damaged(r->path, "its header is wrong", err);
    if (header->extradata_size == 0)
        return 0;
    header->extradata = malloc(header->extradata_size);
    if (!header->extradata)
        return vid_fail(err, -ENOMEM, "no memory to read %s", r->path);
    return read_all(r, header->extradata, header->extradata_size, err);
}

int part_reader_open(const char *folder, const struct media_part *part, struct part_reader **out,
                     struct vid_error *err)
{
    struct part_reader *r = calloc(1, sizeof(*r));
    *out = r;
    if (!r)
        return vid_fail(err, -ENOMEM, "no memory for a part of the video");
    r->part = *part;
    media_part_path(folder, part->number, r->path, sizeof(r->path));
    int code = open_checked(r->path, part, &r->fd, err);
    if (code >= 0)
        code = read_header(r, err);
    if (code >= 0)
        code = next_head(r, err);
    if (code < 0)
        part_reader_close(out);
    return code;
}

const struct part_header *part_reader_header(const struct part_reader *reader)
{
    return &reader->header;
}

const struct part_head *part_reader_head(const struct part_reader *reader)
{
    return &reader->head;
}

/* What follows the head, into `mem` of that size. */
static int read_body(struct part_reader *r, void *mem, struct vid_error *err)
{
    int code = read_all(r, mem, r->head.size, err);
    if (code < 0)
        return code;
    return crc32c(0, mem, r->head.size) == r->head.crc ? 0 : damaged(r->path, "a record's CRC is wrong", err);
}

/* Takes the pieces off the front of the packet's data. */
static int split_side_data(AVPacket *packet, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = packet->size >= SIDE_HEAD ? AV_RL32(packet->data + 4) : 0;
        if (packet->size < SIDE_HEAD || size > (size_t)packet->size - SIDE_HEAD)
            return -EBADMSG;
        uint8_t *copy = av_packet_new_side_data(packet, AV_RL32(packet->data), size);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, packet->data + SIDE_HEAD, size);
        packet->data += SIDE_HEAD + size;
        packet->size -= (int)(SIDE_HEAD + size);
    }
    return 0;
}

static int fill_packet(struct part_reader *r, AVPacket *packet, struct vid_error *err)
{
    const struct part_head *head = &r->head;
    int code = read_body(r, packet->data, err);
    if (code < 0)
        return code;
    code = split_side_data(packet, head->side);
    if (code < 0)
        return code == -ENOMEM ? vid_fail(err, code, "no memory for a packet")
                               : damaged(r->path, "a packet's side data is wrong", err);
    packet->flags = head->flags;
    packet->pts = head->pts;
    packet->dts = head->dts;
    packet->duration = head->duration;
    return next_head(r, err);
}

int part_reader_packet(struct part_reader *r, AVPacket *packet, struct vid_error *err)
{
    if (r->head.size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return damaged(r->path, "a packet is too large", err);
    if (av_new_packet(packet, (int)r->head.size) < 0)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    int code = fill_packet(r, packet, err);
    if (code < 0)
        av_packet_unref(packet);
    return code;
}

int part_reader_text(struct part_reader *r, char **text, struct vid_error *err)
{
    uint64_t size = r->head.size;
    *text = malloc(size + 1);
    if (!*text)
        return vid_fail(err, -ENOMEM, "no memory to read %s", r->path);
    int code = read_body(r, *text, err);
    (*text)[size] = 0;
    return code < 0 ? code : next_head(r, err);
}

int part_reader_picture(struct part_reader *r, struct picture **picture, struct vid_error *err)
{
    size_t size = r->head.size;
    void *mem = aligned_alloc(PACKED_ALIGNMENT, FFALIGN(size + 1, PACKED_ALIGNMENT));
    if (!mem)
        return vid_fail(err, -ENOMEM, "no memory for a picture");
    int code = read_body(r, mem, err);
    if (code < 0) {
        free(mem);
        return code;
    }
    code = picture_wrap_owned(mem, size, picture, err);
    return code < 0 ? code : next_head(r, err);
}

void part_reader_close(struct part_reader **reader)
{
    struct part_reader *gone = *reader;
    *reader = NULL;
    if (!gone)
        return;
    if (gone->fd >= 0)
        close(gone->fd);
    free(gone->header.extradata);
    free(gone);
}
