#include "base/crc32c.h"

#include "base/crc32c_paths.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78U /* reflected: bit 31 is x^0 */

/* The instruction has a latency of three and starts one each cycle, so three
 * runs of bytes are taken side by side. */
#define LONG_RUN 8192
#define SHORT_RUN 256

/* What a CRC becomes when so many zero bytes follow, byte by byte of the CRC. */
struct shift {
    uint32_t of[4][256];
};

static struct {
    pthread_once_t once;
    uint32_t slice[8][256];
    struct shift long_run, short_run;
} tables = {.once = PTHREAD_ONCE_INIT};

/* a * b modulo the polynomial. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (uint32_t bit = 1U << 31; bit; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = b & 1 ? (b >> 1) ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

/* x^exponent modulo the polynomial. */
static uint32_t power_of_x(uint64_t exponent)
{
    uint32_t square = 1U << 30, product = 1U << 31;

    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            product = multiply(product, square);
        square = multiply(square, square);
    }
    return product;
}

static void make_shift(struct shift *shift, uint64_t bytes)
{
    uint32_t factor = power_of_x(8 * bytes);

    for (int place = 0; place < 4; place++)
        for (uint32_t byte = 0; byte < 256; byte++)
            shift->of[place][byte] = multiply(byte << 8 * place, factor);
}

static void make_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int i = 0; i < 8; i++) {
            for (int bit = 0; bit < 8; bit++)
                crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
            tables.slice[i][byte] = crc;
        }
    }
    make_shift(&tables.long_run, LONG_RUN);
    make_shift(&tables.short_run, SHORT_RUN);
}

static uint64_t load_le64(const unsigned char *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

uint32_t crc32c_portable(uint32_t crc, const void *mem, size_t size)
{
    const unsigned char *p = mem;

    pthread_once(&tables.once, make_tables);
    crc = ~crc;
    for (; size >= 8; size -= 8, p += 8) {
        uint64_t word = load_le64(p) ^ crc;
        crc = 0;
        for (int i = 0; i < 8; i++)
            crc ^= tables.slice[7 - i][word >> 8 * i & 0xff];
    }
    for (; size; size--)
        crc = crc >> 8 ^ tables.slice[0][(crc ^ *p++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

bool crc32c_has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}

static uint32_t apply(const struct shift *shift, uint32_t crc)
{
    return shift->of[0][crc & 0xff] ^ shift->of[1][crc >> 8 & 0xff] ^ shift->of[2][crc >> 16 & 0xff] ^
           shift->of[3][crc >> 24];
}

/* The CRC over three runs of `run` bytes each. */
__attribute__((target("sse4.2"))) static uint32_t three_runs(uint32_t crc, const unsigned char *p, size_t run,
                                                             const struct shift *shift)
{
    uint64_t a = crc, b = 0, c = 0;

    for (const unsigned char *end = p + run; p < end; p += 8) {
        a = _mm_crc32_u64(a, load_le64(p));
        b = _mm_crc32_u64(b, load_le64(p + run));
        c = _mm_crc32_u64(c, load_le64(p + 2 * run));
    }
    return apply(shift, apply(shift, (uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) uint32_t crc32c_instruction(uint32_t crc, const void *mem, size_t size)
{
    const unsigned char *p = mem;

    pthread_once(&tables.once, make_tables);
    crc = ~crc;
    for (; size >= 3UL * LONG_RUN; size -= 3UL * LONG_RUN, p += 3UL * LONG_RUN)
        crc = three_runs(crc, p, LONG_RUN, &tables.long_run);
    for (; size >= 3UL * SHORT_RUN; size -= 3UL * SHORT_RUN, p += 3UL * SHORT_RUN)
        crc = three_runs(crc, p, SHORT_RUN, &tables.short_run);
    for (; size >= 8; size -= 8, p += 8)
        crc = (uint32_t)_mm_crc32_u64(crc, load_le64(p));
    for (; size; size--)
        crc = _mm_crc32_u8(crc, *p++);
    return ~crc;
}

#else

bool crc32c_has_instruction(void)
{
    return false;
}

uint32_t crc32c_instruction(uint32_t crc, const void *mem, size_t size)
{
    return crc32c_portable(crc, mem, size);
}

#endif

uint32_t crc32c(uint32_t crc, const void *mem, size_t size)
{
    return crc32c_has_instruction() ? crc32c_instruction(crc, mem, size) : crc32c_portable(crc, mem, size);
}
