#include "media/part_file.h"

#include "base/crc32c.h"

#include <libavutil/intreadwrite.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EXTRADATA_LIMIT ((size_t)1 << 24)

static const uint8_t magic[8] = {'V', 'I', 'D', 'P', 'A', 'R', 'T', '1'};

const char *media_part_path(const char *folder, unsigned number, char *buf, size_t size)
{
    snprintf(buf, size, "%s/part-%06u", folder, number);
    return buf;
}

void part_head_pack(const struct part_head *head, uint8_t mem[PART_RECORD_SIZE])
{
    memset(mem, 0, PART_RECORD_SIZE);
    AV_WL32(mem, head->kind);
    AV_WL32(mem + 4, (uint32_t)head->flags);
    AV_WL64(mem + 8, head->picture);
    AV_WL64(mem + 16, (uint64_t)head->pts);
    AV_WL64(mem + 24, (uint64_t)head->dts);
    AV_WL64(mem + 32, (uint64_t)head->duration);
    AV_WL64(mem + 40, head->size);
    AV_WL32(mem + 48, head->side);
    AV_WL32(mem + 52, head->crc);
    AV_WL32(mem + 60, crc32c(0, mem, 60));
}

int part_head_unpack(struct part_head *head, const uint8_t mem[PART_RECORD_SIZE])
{
    uint32_t kind = AV_RL32(mem);
    if (AV_RL32(mem + 60) != crc32c(0, mem, 60) || kind < PART_PACKET || kind > PART_END)
        return -EBADMSG;
    *head = (struct part_head){
        .kind = kind,
        .flags = (int)AV_RL32(mem + 4),
        .picture = AV_RL64(mem + 8),
        .pts = (int64_t)AV_RL64(mem + 16),
        .dts = (int64_t)AV_RL64(mem + 24),
        .duration = (int64_t)AV_RL64(mem + 32),
        .size = AV_RL64(mem + 40),
        .side = AV_RL32(mem + 48),
        .crc = AV_RL32(mem + 52),
    };
    return 0;
}

/* The words of a look, in the order of the file. */
#define LOOK_WORDS 7
#define LOOK(look)                                                                                           \
    {                                                                                                        \
        &(look)->range, &(look)->primaries, &(look)->transfer, &(look)->matrix, &(look)->chroma,             \
            &(look)->fields, &(look)->raw_bits                                                               \
    }

void part_header_pack(const struct part_header *header, uint8_t mem[PART_HEADER_SIZE])
{
    const int *const look[LOOK_WORDS] = LOOK(&header->look);
    memset(mem, 0, PART_HEADER_SIZE);
    memcpy(mem, magic, sizeof(magic));
    AV_WL32(mem + 8, header->number);
    AV_WL32(mem + 12, header->codec);
    AV_WL64(mem + 16, header->first);
    AV_WL64(mem + 24, header->opened);
    AV_WL32(mem + 32, (uint32_t)header->time_base.num);
    AV_WL32(mem + 36, (uint32_t)header->time_base.den);
    for (int i = 0; i < LOOK_WORDS; i++)
        AV_WL32(mem + 40 + 4 * i, (uint32_t)*look[i]);
    AV_WL32(mem + 68, (uint32_t)header->extradata_size);
    AV_WL32(mem + 72, crc32c(0, header->extradata, header->extradata_size));
    AV_WL32(mem + 92, crc32c(0, mem, 92));
}

int part_header_unpack(struct part_header *header, const uint8_t mem[PART_HEADER_SIZE])
{
    if (memcmp(mem, magic, sizeof(magic)) != 0 || AV_RL32(mem + 92) != crc32c(0, mem, 92))
        return -EBADMSG;
    *header = (struct part_header){
        .number = AV_RL32(mem + 8),
        .codec = AV_RL32(mem + 12),
        .first = AV_RL64(mem + 16),
        .opened = AV_RL64(mem + 24),
        .time_base = {(int)AV_RL32(mem + 32), (int)AV_RL32(mem + 36)},
        .extradata_size = AV_RL32(mem + 68),
    };
    int *const look[LOOK_WORDS] = LOOK(&header->look);
    for (int i = 0; i < LOOK_WORDS; i++)
        *look[i] = (int)AV_RL32(mem + 40 + 4 * i);
    bool sound =
        header->time_base.num > 0 && header->time_base.den > 0 && header->extradata_size <= EXTRADATA_LIMIT;
    return sound ? 0 : -EBADMSG;
}
