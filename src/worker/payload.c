#include "worker/payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MAGIC UINT32_C(0x50444956) /* "VIDP" */
#define PAYLOAD_VERSION 1
#define HEAD_BYTES 64

/* Both heads are written as they lie in memory: the format is for the same
 * architecture, as the packed pictures in it are. */
struct payload_head {
    uint32_t magic;
    uint16_t version;
    uint16_t pictures;
    int64_t claimed, fetched, filtered;
    uint32_t memory_kb;
    unsigned char spare[HEAD_BYTES - 36];
};

struct picture_head {
    uint64_t length;
    unsigned char spare[HEAD_BYTES - 8];
};

_Static_assert(sizeof(struct payload_head) == HEAD_BYTES, "the head's layout is the format");
_Static_assert(sizeof(struct picture_head) == HEAD_BYTES, "the head's layout is the format");

struct payload_parts {
    struct payload_head head;
    struct picture_head heads[PAYLOAD_PICTURES_MAX];
    struct picture_pieces pieces[PAYLOAD_PICTURES_MAX];
    int count;
    struct iovec iov[1 + PAYLOAD_PICTURES_MAX * 14];
};

static const unsigned char zeros[PAYLOAD_ALIGN];

static void add(struct payload *payload, const void *mem, size_t size)
{
    if (size == 0)
        return;
    payload->iov[payload->count++] = (struct iovec){(void *)mem, size};
    payload->bytes += size;
}

static int add_picture(struct payload *payload, const struct picture *picture, struct vid_error *err)
{
    struct payload_parts *parts = payload->parts;
    struct picture_pieces *pieces = &parts->pieces[parts->count];
    struct picture_head *head = &parts->heads[parts->count];
    int ret = picture_pieces(picture, pieces, err);

    if (ret < 0)
        return ret;
    parts->count++;
    head->length = pieces->bytes;
    add(payload, head, sizeof(*head));
    for (int i = 0; i < pieces->count; i++)
        add(payload, pieces->iov[i].iov_base, pieces->iov[i].iov_len);
    add(payload, zeros, -payload->bytes % PAYLOAD_ALIGN);
    return 0;
}

int payload_build(const struct payload_times *times, struct picture *const *pictures, int count,
                  struct payload *payload, struct vid_error *err)
{
    struct payload_parts *parts = calloc(1, sizeof(*parts));
    int ret = 0;

    memset(payload, 0, sizeof(*payload));
    if (!parts)
        return vid_fail(err, -ENOMEM, "no memory for a result");
    payload->parts = parts;
    payload->iov = parts->iov;
    parts->head = (struct payload_head){
        .magic = PAYLOAD_MAGIC,
        .version = PAYLOAD_VERSION,
        .pictures = (uint16_t)count,
        .claimed = times->claimed,
        .fetched = times->fetched,
        .filtered = times->filtered,
        .memory_kb = times->memory_kb,
    };
    add(payload, &parts->head, sizeof(parts->head));
    for (int i = 0; i < count && ret == 0; i++)
        ret = add_picture(payload, pictures[i], err);
    if (ret < 0)
        payload_clear(payload);
    return ret;
}

void payload_clear(struct payload *payload)
{
    for (int i = 0; payload->parts && i < payload->parts->count; i++)
        picture_pieces_free(&payload->parts->pieces[i]);
    free(payload->parts);
    memset(payload, 0, sizeof(*payload));
}

static int open_head(const void *mem, uint64_t size, struct payload_head *head, struct payload_times *times,
                     struct vid_error *err)
{
    if (size < sizeof(*head))
        return vid_fail(err, -EBADMSG, "a result of %llu bytes is too short", (unsigned long long)size);
    memcpy(head, mem, sizeof(*head));
    if (head->magic != PAYLOAD_MAGIC || head->version != PAYLOAD_VERSION ||
        head->pictures > PAYLOAD_PICTURES_MAX)
        return vid_fail(err, -EBADMSG, "a result has an unknown head");
    times->claimed = head->claimed;
    times->fetched = head->fetched;
    times->filtered = head->filtered;
    times->memory_kb = head->memory_kb;
    return 0;
}

int payload_open(const void *mem, uint64_t size, const struct payload_memory *memory,
                 struct payload_times *times, struct picture **pictures, struct vid_error *err)
{
    struct payload_head head;
    uint64_t at = sizeof(head);
    int count = 0;
    int ret = open_head(mem, size, &head, times, err);

    while (ret == 0 && count < head.pictures) {
        struct picture_head picture;

        if (size - at < sizeof(picture)) {
            ret = vid_fail(err, -EBADMSG, "a result ends inside a picture's head");
            break;
        }
        memcpy(&picture, (const char *)mem + at, sizeof(picture));
        at += sizeof(picture);
        if (picture.length > size - at) {
            ret = vid_fail(err, -EBADMSG, "a result ends inside a picture");
            break;
        }
        memory->retain(memory->opaque);
        ret = picture_wrap((const char *)mem + at, picture.length, memory->release, memory->opaque,
                           &pictures[count], err);
        if (ret < 0)
            break;
        count++;
        at += (picture.length + PAYLOAD_ALIGN - 1) / PAYLOAD_ALIGN * PAYLOAD_ALIGN;
        if (at > size)
            at = size;
    }
    while (ret < 0 && count > 0)
        picture_unref(&pictures[--count]);
    return ret < 0 ? ret : count;
}
