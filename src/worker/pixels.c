#include "worker/pixels.h"

#include "base/clock.h"
#include "base/queue.h"
#include "store/frame_ring.h"
#include "worker/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWERS_MAX 8
#define WAIT_NS (60 * NS_PER_S)

struct pixels {
    struct frame_view *views[LANES_MAX]; /* with `fetch` the first one only */
    struct queue *answers;               /* of struct task *, from the watcher */
    int fd;
    int fetch;
};

/* What the rank says. Its end is ours: nothing of a worker that nobody
 * supervises may go on, and every state that matters is in files. */
static void *watch(void *opaque)
{
    struct pixels *pixels = opaque;
    static struct control_message message; /* large, and this thread is the only one */
    struct task *task;

    for (;;) {
        int ret = control_receive(pixels->fd, &message, -1, NULL);
        if (ret < 0)
            _exit(0);
        if (ret == 0 || message.type != CONTROL_HERE)
            continue;
        task = malloc(sizeof(*task));
        if (!task || task_decode(message.body, message.size, task) < 0 ||
            queue_put(pixels->answers, task, clock_now() + WAIT_NS) < 0)
            _exit(1);
    }
    return NULL;
}

static int open_views(struct pixels *pixels, const char *ring, unsigned lanes, struct vid_error *err)
{
    unsigned count = pixels->fetch ? 1 : lanes;
    char name[FRAME_RING_NAME_MAX];
    int ret = 0;

    for (unsigned lane = 0; lane < count && ret == 0; lane++)
        ret = frame_view_open(frame_ring_name(ring, lane, name), &pixels->views[lane], err);
    return ret;
}

static void close_views(struct pixels *pixels)
{
    for (unsigned lane = 0; lane < LANES_MAX; lane++)
        frame_view_close(&pixels->views[lane]);
}

int pixels_open(const char *ring, unsigned lanes, int control_fd, int fetch, struct pixels **out,
                struct vid_error *err)
{
    struct pixels *pixels = calloc(1, sizeof(*pixels));
    pthread_t thread;
    int ret;

    if (!pixels)
        return vid_fail(err, -ENOMEM, "no memory for the worker's pixels");
    pixels->fd = control_fd;
    pixels->fetch = fetch;
    pixels->answers = queue_create(ANSWERS_MAX);
    ret = pixels->answers ? open_views(pixels, ring, lanes, err)
                          : vid_fail(err, -ENOMEM, "no memory for the worker's pixels");
    if (ret < 0)
        goto fail;
    ret = -pthread_create(&thread, NULL, watch, pixels);
    if (ret < 0) {
        vid_fail(err, ret, "cannot start the worker's watcher thread: %s", strerror(-ret));
        goto fail;
    }
    pthread_detach(thread);
    *out = pixels;
    return 0;
fail:
    close_views(pixels);
    queue_destroy(pixels->answers);
    free(pixels);
    return ret;
}

static int send_task(struct pixels *pixels, enum control_type type, const struct task *task,
                     struct vid_error *err)
{
    char text[CONTROL_MAX];
    int length = task_encode(task, text, sizeof(text));

    if (length < 0)
        return vid_fail(err, length, "task %llu is too long for a message", (unsigned long long)task->id);
    return control_send(pixels->fd, type, text, (size_t)length, err);
}

int pixels_want(struct pixels *pixels, const struct task *task, struct vid_error *err)
{
    return pixels->fetch ? send_task(pixels, CONTROL_WANT, task, err) : 0;
}

int pixels_wait(struct pixels *pixels, struct task *task, struct vid_error *err)
{
    int64_t deadline = clock_now() + WAIT_NS;

    while (pixels->fetch) {
        struct task *answer;
        int ret = queue_get(pixels->answers, (void **)&answer, deadline);
        bool mine;

        if (ret < 0)
            return vid_fail(err, ret, "the pixels of frame %llu did not come from rank 0 within %d s",
                            (unsigned long long)frame_number(task->first), (int)(WAIT_NS / NS_PER_S));
        mine = answer->id == task->id;
        if (mine)
            memcpy(task->slots, answer->slots, sizeof(task->slots));
        free(answer);
        if (mine)
            break;
    }
    return 0;
}

const void *pixels_at(struct pixels *pixels, const struct task *task, unsigned index, struct vid_error *err)
{
    unsigned lane = frame_lane(task->first);

    return frame_view_at(pixels->views[pixels->fetch ? 0 : lane], task->slots[index].offset,
                         task->slots[index].length, err);
}

int pixels_free(struct pixels *pixels, const struct task *task, struct vid_error *err)
{
    return pixels->fetch ? send_task(pixels, CONTROL_FREE, task, err) : 0;
}

void pixels_close(struct pixels **ppixels)
{
    /* The watcher may use all of it until the process ends. */
    *ppixels = NULL;
}
