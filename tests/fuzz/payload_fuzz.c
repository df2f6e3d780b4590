/* What rank 0 reads out of a segment: the payload of one frame with its pictures. */
#include "fuzz.h"

#include "media/picture_layout.h"
#include "worker/payload.h"

#define HEAD_BYTES 64 /* of the payload, and of each picture in it */

/* The first picture's version, which the fuzzer cannot guess. */
static void complete(unsigned char *mem, size_t size)
{
    struct packed_header header;

    if (size < 2 * HEAD_BYTES + sizeof header)
        return;
    memcpy(&header, mem + 2 * HEAD_BYTES, sizeof header);
    header.magic = PACKED_MAGIC;
    header.version = avutil_version();
    memcpy(mem + 2 * HEAD_BYTES, &header, sizeof header);
}

static void retain(void *opaque)
{
    ++*(int *)opaque;
}

static void release(void *opaque, void *mem)
{
    (void)mem;
    --*(int *)opaque;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    struct payload_times times;
    int held = 0, count;
    struct payload_memory memory = {retain, release, &held};
    void *mem = NULL;

    if (posix_memalign(&mem, 64, size ? size : 1) != 0)
        return -1;
    memcpy(mem, data, size);
    complete(mem, size);
    count = payload_open(mem, size, &memory, &times, pictures, NULL);
    MUST(held == (count > 0 ? count : 0));
    while (count > 0)
        picture_unref(&pictures[--count]);
    MUST(held == 0);
    free(mem);
    return 0;
}
