#include "store/frame_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_ALIGN 4096u

struct frame_ring {
    char *name;
    int fd;
    unsigned slots;
    size_t slot_bytes;
    unsigned char *mem;
    size_t mem_bytes;
};

const char *frame_ring_name(const char *first, unsigned lane, char buf[FRAME_RING_NAME_MAX])
{
    if (lane == 0)
        snprintf(buf, FRAME_RING_NAME_MAX, "%s", first);
    else
        snprintf(buf, FRAME_RING_NAME_MAX, "%s-%u", first, lane);
    return buf;
}

static int ring_unmap(struct frame_ring *ring)
{
    if (ring->mem)
        munmap(ring->mem, ring->mem_bytes);
    ring->mem = NULL;
    return 0;
}

/* Reserves and maps slots of the given size. */
static int ring_size(struct frame_ring *ring, size_t slot_bytes, struct vid_error *err)
{
    size_t slot = (slot_bytes + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
    size_t total = slot * ring->slots;
    void *mem;
    int ret = posix_fallocate(ring->fd, 0, (off_t)total);

    if (ret)
        return vid_fail(
            err, -ret,
            "the frame ring needs %zu MiB of shared memory for %u frames: %s; free /dev/shm or take "
            "a smaller -window",
            total >> 20, ring->slots, strerror(ret));
    ring_unmap(ring);
    mem = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (mem == MAP_FAILED)
        return vid_fail(err, -errno, "cannot map the frame ring %s: %s", ring->name, strerror(errno));
    ring->mem = mem;
    ring->mem_bytes = total;
    ring->slot_bytes = slot;
    return 0;
}

int frame_ring_create(const char *name, unsigned slots, size_t slot_bytes, struct frame_ring **out,
                      struct vid_error *err)
{
    struct frame_ring *ring = calloc(1, sizeof(*ring));
    int ret;

    if (!ring)
        return vid_fail(err, -ENOMEM, "no memory for the frame ring");
    ring->slots = slots;
    ring->fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (ring->fd < 0) {
        ret = vid_fail(err, -errno, "cannot make the shared memory object %s: %s", name, strerror(errno));
        goto fail;
    }
    ring->name = strdup(name);
    if (!ring->name) {
        shm_unlink(name);
        ret = vid_fail(err, -ENOMEM, "no memory for the frame ring");
        goto fail;
    }
    ret = ring_size(ring, slot_bytes, err);
    if (ret < 0)
        goto fail;
    *out = ring;
    return 0;
fail:
    frame_ring_destroy(&ring);
    return ret;
}

unsigned frame_ring_slots(const struct frame_ring *ring)
{
    return ring->slots;
}

size_t frame_ring_slot_bytes(const struct frame_ring *ring)
{
    return ring->slot_bytes;
}

uint64_t frame_ring_offset(const struct frame_ring *ring, uint64_t frame)
{
    return frame % ring->slots * ring->slot_bytes;
}

void *frame_ring_at(const struct frame_ring *ring, uint64_t frame)
{
    return ring->mem + frame_ring_offset(ring, frame);
}

int frame_ring_grow(struct frame_ring *ring, size_t slot_bytes, struct vid_error *err)
{
    return slot_bytes <= ring->slot_bytes ? 0 : ring_size(ring, slot_bytes, err);
}

void frame_ring_destroy(struct frame_ring **pring)
{
    struct frame_ring *ring = *pring;

    *pring = NULL;
    if (!ring)
        return;
    ring_unmap(ring);
    if (ring->fd >= 0)
        close(ring->fd);
    if (ring->name)
        shm_unlink(ring->name);
    free(ring->name);
    free(ring);
}

/* A ring grows rarely, so that earlier mappings are kept until the end. */
#define VIEW_MAPS 64

struct frame_view {
    int fd;
    int count;
    struct {
        unsigned char *mem;
        size_t bytes;
    } maps[VIEW_MAPS];
};

int frame_view_open(const char *name, struct frame_view **out, struct vid_error *err)
{
    struct frame_view *view = calloc(1, sizeof(*view));

    if (!view)
        return vid_fail(err, -ENOMEM, "no memory for a view of the frame ring");
    view->fd = shm_open(name, O_RDONLY, 0);
    if (view->fd < 0) {
        int ret = vid_fail(err, -errno, "cannot open the frame ring %s: %s", name, strerror(errno));
        free(view);
        return ret;
    }
    *out = view;
    return 0;
}

static int view_map(struct frame_view *view, struct vid_error *err)
{
    struct stat st;
    void *mem;

    if (view->count == VIEW_MAPS)
        return vid_fail(err, -EMFILE, "the frame ring has grown more than %d times", VIEW_MAPS);
    if (fstat(view->fd, &st) < 0)
        return vid_fail(err, -errno, "cannot look at the frame ring: %s", strerror(errno));
    mem = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, view->fd, 0);
    if (mem == MAP_FAILED)
        return vid_fail(err, -errno, "cannot map the frame ring: %s", strerror(errno));
    view->maps[view->count].mem = mem;
    view->maps[view->count].bytes = (size_t)st.st_size;
    view->count++;
    return 0;
}

static const void *view_find(const struct frame_view *view, uint64_t offset, uint64_t length)
{
    int last = view->count - 1;

    if (last < 0 || offset > view->maps[last].bytes || length > view->maps[last].bytes - offset)
        return NULL;
    return view->maps[last].mem + offset;
}

const void *frame_view_at(struct frame_view *view, uint64_t offset, uint64_t length, struct vid_error *err)
{
    const void *mem = view_find(view, offset, length);

    if (!mem && view_map(view, err) == 0 && !(mem = view_find(view, offset, length)))
        vid_fail(err, -ERANGE, "a task names bytes behind the end of the frame ring");
    return mem;
}

void frame_view_close(struct frame_view **pview)
{
    struct frame_view *view = *pview;

    *pview = NULL;
    if (!view)
        return;
    for (int i = 0; i < view->count; i++)
        munmap(view->maps[i].mem, view->maps[i].bytes);
    close(view->fd);
    free(view);
}
