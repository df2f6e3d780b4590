#include "check.h"

#include "base/crc32c.h"
#include "base/crc32c_paths.h"

#include <string.h>

typedef uint32_t crc_function(uint32_t crc, const void *mem, size_t size);

/* RFC 3720, B.4, and the usual check value. */
static void check_vectors(crc_function *crc)
{
    unsigned char mem[32];
    static const unsigned char command[48] = {
        0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
        0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };

    assert_int_equal(crc(0, "", 0), 0);
    assert_int_equal(crc(0, "123456789", 9), 0xE3069283);
    memset(mem, 0, sizeof(mem));
    assert_int_equal(crc(0, mem, sizeof(mem)), 0x8A9136AA);
    memset(mem, 0xff, sizeof(mem));
    assert_int_equal(crc(0, mem, sizeof(mem)), 0x62A8AB43);
    for (int i = 0; i < 32; i++)
        mem[i] = (unsigned char)i;
    assert_int_equal(crc(0, mem, sizeof(mem)), 0x46DD794E);
    for (int i = 0; i < 32; i++)
        mem[i] = (unsigned char)(31 - i);
    assert_int_equal(crc(0, mem, sizeof(mem)), 0x113FDB5C);
    assert_int_equal(crc(0, command, sizeof(command)), 0xD9963A56);
}

static void vectors(void **state)
{
    check_vectors(crc32c);
    check_vectors(crc32c_portable);
    if (crc32c_has_instruction())
        check_vectors(crc32c_instruction);
}

static unsigned char *noise(size_t size)
{
    unsigned char *mem = malloc(size);
    uint32_t x = 12345;

    assert_non_null(mem);
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        mem[i] = (unsigned char)(x >> 24);
    }
    return mem;
}

/* Around every length at which the way changes, at every alignment. */
static void both_ways_agree(void **state)
{
    static const size_t around[] = {0, 8, 256, 768, 1536, 8192, 24576, 24576 + 768, 3 * 24576};
    size_t room = 4 * 24576;
    unsigned char *mem = noise(room);

    if (!crc32c_has_instruction())
        skip();
    for (size_t i = 0; i < sizeof(around) / sizeof(*around); i++)
        for (size_t size = around[i] < 9 ? 0 : around[i] - 9; size < around[i] + 9; size++)
            for (size_t start = 0; start<8; start += size> 2000 ? 3 : 1)
                assert_int_equal(crc32c_portable(7, mem + start, size),
                                 crc32c_instruction(7, mem + start, size));
    free(mem);
}

static void pieces_make_the_whole(void **state)
{
    size_t size = 100000;
    unsigned char *mem = noise(size);
    uint32_t whole = crc32c(0, mem, size), crc;

    for (size_t cut = 1; cut < size; cut = cut * 3 + 1) {
        crc = crc32c(crc32c(0, mem, cut), mem + cut, size - cut);
        assert_int_equal(crc, whole);
    }
    mem[size / 2] ^= 1;
    assert_int_not_equal(crc32c(0, mem, size), whole);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(both_ways_agree),
        cmocka_unit_test(pieces_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
