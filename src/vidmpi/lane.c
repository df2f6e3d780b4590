#include "vidmpi/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

/* Pictures that the next stage may lag behind, and for each worker the
 * one that it filters and the one that waits for it: 16 slots or 48 made no
 * difference with two workers (docs/architecture.md). */
#define WINDOW_BASE 16
#define WINDOW_PER_WORKER 2

#define TOLD_BYTES 65536 /* of what filters tell about a picture, where it has passed some */

/* The outlet waits for a frame whose task needs so many at once. */
static unsigned least_window(const struct chain_context *context)
{
    return chain_feed_most(context) + 2;
}

/* What is asked for, or the default, but not more than half of the shared memory that is free. */
unsigned lane_window(const struct lane *lane, unsigned workers, size_t slot_bytes, unsigned share,
                     unsigned asked)
{
    const struct chain_context *context = &lane->context;
    unsigned least = least_window(context) + 2 * workers * context->task_frames;
    unsigned window = WINDOW_BASE + least;
    struct statvfs shm;

    if (!context->windowed)
        window = WINDOW_BASE + WINDOW_PER_WORKER * workers;
    if (asked > 0)
        return asked;
    if (statvfs("/dev/shm", &shm) == 0) {
        uint64_t fits = (uint64_t)shm.f_bavail * shm.f_frsize / 2 / share / slot_bytes;
        if (fits < window)
            window = fits > least ? (unsigned)fits : least;
    }
    return window;
}

size_t lane_picture_bytes(const struct lane *lane)
{
    const struct piece *first = lane->before ? lane->before : lane->piece;
    size_t bytes = picture_packed_size(lane->piece ? lane->piece->blank : first->blank);

    return lane->number > 0 || lane->before ? bytes + TOLD_BYTES : bytes;
}

/* A window that was asked for may be too small for the tasks: they get smaller, then it grows. */
void lane_set_window(struct lane *lane, unsigned window)
{
    struct chain_context *context = &lane->context;

    lane->window = window;
    while (context->task_frames > context->period && least_window(context) > lane->window)
        context->task_frames -= context->period;
    if (context->windowed && least_window(context) > lane->window)
        lane->window = least_window(context);
}

unsigned lane_tail(const struct lane *lane)
{
    return lane->context.before + lane->context.period - 1;
}

int lane_open(struct lane *lane, const char *ring_name, unsigned window, struct vid_error *err)
{
    char name[FRAME_RING_NAME_MAX];
    int ret;

    lane_set_window(lane, window);
    frame_ring_name(ring_name, lane->number, name);
    /* The ranks take the ring for a sign that rank 0 lives: there is always one. */
    ret = frame_ring_create(name, lane->piece ? lane->window : 1, lane->piece ? lane_picture_bytes(lane) : 1,
                            &lane->ring, err);
    if (ret < 0)
        return ret;
    lane->table = frame_table_create(lane->window, lane_tail(lane));
    if (!lane->piece)
        lane->straight = calloc(lane->window, sizeof(*lane->straight));
    return lane->table && (lane->piece || lane->straight)
               ? 0
               : vid_fail(err, -ENOMEM, "no memory for the table of frames");
}

void lane_close(struct lane *lane)
{
    for (unsigned i = 0; lane->straight && i < lane->window; i++)
        picture_unref(&lane->straight[i]);
    free(lane->straight);
    frame_table_destroy(lane->table);
    frame_ring_destroy(&lane->ring);
    lane->straight = NULL;
    lane->table = NULL;
}

bool lane_is_done(const struct lane *lane)
{
    struct frame_counts counts = frame_table_counts(lane->table);

    return counts.ended && counts.settled == counts.decoded;
}
