/* The packed form of a picture, as it lies in the ring or in a segment. */
#include "fuzz.h"

#include "media/picture_layout.h"

/* What the fuzzer cannot guess and the seeds cannot know. */
static void complete(unsigned char *mem, size_t size)
{
    struct packed_header header;
    if (size < sizeof header)
        return;
    memcpy(&header, mem, sizeof header);
    header.magic = PACKED_MAGIC;
    header.version = avutil_version();
    memcpy(mem, &header, sizeof header);
}

static void release(void *opaque, void *mem)
{
    (*(int *)opaque)++;
    free(mem);
}

/* Whoever gets a picture may read all of it. */
static void use(struct picture *picture)
{
    size_t size = picture_packed_size(picture);
    void *mem = size < (size_t)64 << 20 ? aligned_alloc(64, (size + 63) / 64 * 64) : NULL;
    picture_seconds(picture);
    picture_format_name(picture);
    if (mem)
        picture_pack(picture, mem, size, NULL);
    free(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int released = 0;
    struct picture *picture = NULL;
    void *mem = NULL;
    if (posix_memalign(&mem, 64, size ? size : 1) != 0)
        return -1;
    memcpy(mem, data, size);
    complete(mem, size);
    if (picture_wrap(mem, size, release, &released, &picture, NULL) == 0) {
        MUST(picture && released == 0);
        use(picture);
        picture_unref(&picture);
    }
    MUST(released == 1);
    return 0;
}
