/* A record of the result store, from bytes and back. */
#include "fuzz.h"

#include "base/crc32c.h"
#include "store/result.h"

/* The fuzzer cannot guess a checksum: the record is also tried with a right one. */
static void seal(unsigned char *record)
{
    uint32_t crc = crc32c(0, record, RESULT_RECORD_BYTES - 4);
    for (int i = 0; i < 4; i++)
        record[RESULT_RECORD_BYTES - 4 + i] = (unsigned char)(crc >> (8 * i));
}

static void try_record(const unsigned char *record)
{
    struct result_ref ref;
    unsigned char again[RESULT_RECORD_BYTES];
    if (!result_record_decode(record, &ref))
        return;
    MUST(ref.offset % RESULT_PAYLOAD_ALIGN == 0 && ref.offset + ref.length <= INT64_MAX);
    result_record_encode(&ref, again);
    MUST(memcmp(record, again, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char record[RESULT_RECORD_BYTES] = {0};
    memcpy(record, data, size < sizeof record ? size : sizeof record);
    try_record(record);
    seal(record);
    try_record(record);
    return 0;
}
