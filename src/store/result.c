#include "store/result.h"

#include "base/crc32c.h"

#include <string.h>

enum { /* where the fields lie; docs/result-store.md has the same table */
       AT_MAGIC = 0,
       AT_VERSION = 4,
       AT_FRAME = 8,
       AT_ATTEMPT = 16,
       AT_RANK = 20,
       AT_SEGMENT = 24,
       AT_PAYLOAD_CRC = 28,
       AT_OFFSET = 32,
       AT_LENGTH = 40,
       AT_PUBLISHED = 48,
       AT_RESERVED = 56,
       AT_RECORD_CRC = 60,
};

static void put(unsigned char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

static uint32_t get32(const unsigned char *from)
{
    return (uint32_t)get(from, 4);
}

void result_record_encode(const struct result_ref *ref, unsigned char record[RESULT_RECORD_BYTES])
{
    memset(record, 0, RESULT_RECORD_BYTES);
    put(record + AT_MAGIC, RESULT_RECORD_MAGIC, 4);
    put(record + AT_VERSION, RESULT_RECORD_VERSION, 4);
    put(record + AT_FRAME, ref->frame, 8);
    put(record + AT_ATTEMPT, ref->attempt, 4);
    put(record + AT_RANK, ref->rank, 4);
    put(record + AT_SEGMENT, ref->segment, 4);
    put(record + AT_PAYLOAD_CRC, ref->payload_crc, 4);
    put(record + AT_OFFSET, ref->offset, 8);
    put(record + AT_LENGTH, ref->length, 8);
    put(record + AT_PUBLISHED, (uint64_t)ref->published, 8);
    put(record + AT_RECORD_CRC, crc32c(0, record, AT_RECORD_CRC), 4);
}

static bool is_whole(const unsigned char *record)
{
    return get32(record + AT_MAGIC) == RESULT_RECORD_MAGIC &&
           get32(record + AT_VERSION) == RESULT_RECORD_VERSION && get32(record + AT_RESERVED) == 0 &&
           get32(record + AT_RECORD_CRC) == crc32c(0, record, AT_RECORD_CRC);
}

/* A record that our writer cannot have made, whatever its CRC says. */
static bool is_sane(const struct result_ref *ref)
{
    return ref->segment > 0 && ref->offset % RESULT_PAYLOAD_ALIGN == 0 && ref->offset <= INT64_MAX &&
           ref->length <= INT64_MAX - ref->offset;
}

bool result_record_decode(const unsigned char record[RESULT_RECORD_BYTES], struct result_ref *ref)
{
    if (!is_whole(record))
        return false;
    *ref = (struct result_ref){
        .frame = get(record + AT_FRAME, 8),
        .attempt = get32(record + AT_ATTEMPT),
        .rank = get32(record + AT_RANK),
        .segment = get32(record + AT_SEGMENT),
        .payload_crc = get32(record + AT_PAYLOAD_CRC),
        .offset = get(record + AT_OFFSET, 8),
        .length = get(record + AT_LENGTH, 8),
        .published = (int64_t)get(record + AT_PUBLISHED, 8),
    };
    return is_sane(ref);
}
