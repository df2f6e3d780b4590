#include "scratch.h"

#include "base/crc32c.h"
#include "store/result.h"

#include <ctype.h>

/* The worked example of docs/result-store.md. */
static const struct result_ref example = {
    .frame = 42,
    .attempt = 1,
    .rank = 3,
    .segment = 2,
    .payload_crc = UINT32_C(0xE3069283), /* of "123456789" */
    .offset = 4096,
    .length = 9,
    .published = INT64_C(1700000000000000000),
};

static void seal(unsigned char *record)
{
    uint32_t crc = crc32c(0, record, 60);
    for (int i = 0; i < 4; i++)
        record[60 + i] = (unsigned char)(crc >> (8 * i));
}

static void test_round_trip(void **state)
{
    unsigned char record[RESULT_RECORD_BYTES];
    struct result_ref ref, extreme = {
                               .frame = UINT64_MAX,
                               .attempt = UINT32_MAX,
                               .rank = UINT32_MAX,
                               .segment = UINT32_MAX,
                               .payload_crc = UINT32_MAX,
                               .offset = UINT64_C(1) << 62,
                               .length = UINT64_C(1) << 61,
                               .published = INT64_MIN,
                           };
    result_record_encode(&extreme, record);
    assert_true(result_record_decode(record, &ref));
    assert_int_equal(ref.frame, extreme.frame);
    assert_int_equal(ref.attempt, extreme.attempt);
    assert_int_equal(ref.rank, extreme.rank);
    assert_int_equal(ref.segment, extreme.segment);
    assert_int_equal(ref.payload_crc, extreme.payload_crc);
    assert_int_equal(ref.offset, extreme.offset);
    assert_int_equal(ref.length, extreme.length);
    assert_int_equal(ref.published, extreme.published);
}

static void test_every_damaged_bit_is_seen(void **state)
{
    unsigned char record[RESULT_RECORD_BYTES];
    struct result_ref ref;
    result_record_encode(&example, record);
    for (int bit = 0; bit < RESULT_RECORD_BYTES * 8; bit++) {
        record[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(result_record_decode(record, &ref));
        record[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(result_record_decode(record, &ref));
    memset(record, 0, sizeof record);
    assert_false(result_record_decode(record, &ref));
}

/* A record with a right checksum that this version does not make. */
static void refuse_sealed(int at, unsigned char value)
{
    unsigned char record[RESULT_RECORD_BYTES];
    struct result_ref ref;
    result_record_encode(&example, record);
    record[at] = value;
    seal(record);
    assert_false(result_record_decode(record, &ref));
}

static void test_what_no_writer_makes_is_refused(void **state)
{
    refuse_sealed(0, 'W');   /* magic */
    refuse_sealed(4, 2);     /* version */
    refuse_sealed(24, 0);    /* segment 0 */
    refuse_sealed(32, 1);    /* offset not aligned */
    refuse_sealed(39, 0x80); /* offset above INT64_MAX */
    refuse_sealed(47, 0x80); /* length above it */
    refuse_sealed(56, 1);    /* reserved */
}

/* The bytes of the document: what stands in the lines between ```hex and ```. */
static size_t read_doc_hex(unsigned char *bytes, size_t size)
{
    char *text = NULL;
    size_t count = 0;
    assert_int_equal(io_read_file(DOC, 1 << 20, &text, NULL, NULL), 0);
    char *at = strstr(text, "```hex\n");
    assert_non_null(at);
    for (at += 7; strncmp(at, "```", 3) != 0; at = strchr(at, '\n') + 1) {
        char *pos = at + 4; /* behind the offset */
        for (int n; count < size && pos < strchr(at, '\n'); pos += n) {
            unsigned value;
            if (sscanf(pos, " %2x%n", &value, &n) != 1)
                break;
            bytes[count++] = (unsigned char)value;
        }
    }
    free(text);
    return count;
}

static void test_the_document_shows_these_bytes(void **state)
{
    unsigned char record[RESULT_RECORD_BYTES], shown[RESULT_RECORD_BYTES + 1];
    result_record_encode(&example, record);
    assert_int_equal(crc32c(0, "123456789", 9), example.payload_crc);
    assert_int_equal(read_doc_hex(shown, sizeof shown), RESULT_RECORD_BYTES);
    assert_memory_equal(shown, record, sizeof record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_damaged_bit_is_seen),
        cmocka_unit_test(test_what_no_writer_makes_is_refused),
        cmocka_unit_test(test_the_document_shows_these_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
