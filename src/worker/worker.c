#include "worker/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/result_writer.h"
#include "tasks/task_list.h"
#include "worker/chains.h"
#include "worker/control.h"
#include "worker/frame_files.h"
#include "worker/payload.h"
#include "worker/pixels.h"
#include "worker/redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define CLAIM_MS 1000 /* a claim that finds nothing comes back so often */
#define PENDING_MAX 32

struct worker {
    struct worker_config config;
    struct board *board;
    struct task_list *list;
    struct pixels *pixels;
    struct result_writer *writer;
    struct chains chains;

    /* Tasks whose results are appended but perhaps not yet published, oldest
     * first; `upto` is the writer's count of results at which each is. */
    struct pending {
        struct task task;
        uint64_t upto;
    } pending[PENDING_MAX];
    int pending_count;
    uint64_t appended;

    struct task next; /* claimed ahead, its pixels on their way */
    bool have_next;
    bool ended;   /* the end mark was taken */
    bool blocked; /* the failure lies in the filesystem or in Redis */
};

/* The pictures that the chain makes of one frame. */
struct made {
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    int count;
};

/* Passes on a result of the store or of Redis. Their failures are not a frame's fault. */
static int outside(struct worker *worker, int ret)
{
    worker->blocked |= ret < 0 && ret != VID_EOF;
    return ret;
}

static int open_outside(struct worker *worker, struct vid_error *err)
{
    const struct worker_config *config = &worker->config;
    struct result_writer_options options = {.durable = config->durable};
    int ret = redis_connect(config->redis_url, config->job, config->redis_timeout_ms, NULL, NULL,
                            &worker->list, err);

    if (ret < 0)
        return ret;
    task_list_set_patience(worker->list, config->redis_timeout_ms);
    return result_writer_open(config->run_dir, (unsigned)config->rank, &options, &worker->writer, err);
}

int worker_open(const struct worker_config *config, int control_fd, struct board *board, struct worker **out,
                struct vid_error *err)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    int ret;

    *out = worker;
    if (!worker) {
        board_close(&board);
        return vid_fail(err, -ENOMEM, "no memory for the worker");
    }
    worker->config = *config;
    worker->board = board;
    if ((ret = chains_open(config->chain, &worker->chains, err)) < 0 ||
        (ret = pixels_open(config->ring, worker->chains.count, control_fd, config->fetch, &worker->pixels,
                           err)) < 0)
        return ret;
    return outside(worker, open_outside(worker, err));
}

bool worker_is_blocked(const struct worker *worker)
{
    return worker && worker->blocked;
}

void worker_close(struct worker **pworker)
{
    struct worker *worker = *pworker;

    *pworker = NULL;
    if (!worker)
        return;
    chains_close(&worker->chains);
    result_writer_close(&worker->writer);
    task_list_close(&worker->list);
    pixels_close(&worker->pixels);
    board_close(&worker->board);
    free(worker);
}

static void made_clear(struct made *made)
{
    while (made->count > 0)
        picture_unref(&made->pictures[--made->count]);
}

static int keep_picture(void *opaque, struct picture **picture)
{
    struct made *made = opaque;

    if (made->count == PAYLOAD_PICTURES_MAX) {
        picture_unref(picture);
        return -E2BIG;
    }
    made->pictures[made->count++] = *picture;
    *picture = NULL;
    return 0;
}

static uint32_t peak_memory_kb(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint32_t)usage.ru_maxrss;
}

static void ring_owns_it(void *opaque, void *mem)
{
    (void)opaque;
    (void)mem;
}

/* Runs the chain on one of the task's frames. */
static int filter_frame(struct worker *worker, const struct task *task, unsigned index, struct made *made,
                        struct vid_error *err)
{
    struct picture *picture = NULL;
    const void *mem = pixels_at(worker->pixels, task, index, err);
    int ret;

    if (!mem)
        return -EIO;
    ret = picture_wrap(mem, task->slots[index].length, ring_owns_it, NULL, &picture, err);
    if (ret < 0)
        return ret;
    ret = chain_filter(chains_of(&worker->chains, task->first)->chain,
                       frame_number(task->first) - task->before + index, &picture, keep_picture, made, err);
    if (ret == -E2BIG)
        vid_fail(err, ret, "the filter made more than %d pictures of one frame", PAYLOAD_PICTURES_MAX);
    return ret;
}

/* Of a file that a library writes: the frame is not at fault for these. */
static bool is_of_filesystem(int code)
{
    return code == -ENOSPC || code == -EDQUOT || code == -EROFS || code == -EIO || code == -ENOENT ||
           code == -ESTALE || code == -EACCES;
}

static int publish(struct worker *worker, const struct task *task, uint64_t frame,
                   const struct payload_times *times, const struct made *made, struct vid_error *err)
{
    struct result_ref ref = {.frame = frame, .attempt = task->attempt};
    struct payload payload;
    int ret = payload_build(times, made->pictures, made->count, &payload, err);

    if (ret < 0)
        return ret;
    ret = outside(worker, result_writer_append(worker->writer, &ref, payload.iov, payload.count, err));
    payload_clear(&payload);
    if (ret == 0)
        worker->appended++;
    return ret;
}

/* Result and files of one frame. */
static int publish_frame(struct worker *worker, const struct task *task, uint64_t frame,
                         const struct payload_times *times, const struct made *made, struct vid_error *err)
{
    int ret = publish(worker, task, frame, times, made, err);

    if (ret == 0 && worker->config.png && frame_lane(frame) + 1 == worker->chains.count) {
        ret =
            frame_files_write(&worker->config, frame_number(frame), times, made->pictures, made->count, err);
        worker->blocked |= is_of_filesystem(ret);
    }
    return ret;
}

/* ---- a task whose filters look at neighbouring frames: it is run as a whole ---- */

struct run {
    struct worker *worker;
    const struct task *task;
    struct payload_times *times;
    uint64_t *frame; /* the next one to be published; what is made belongs to it */
    struct made made;
    struct vid_error *err;
};

static int publish_next(struct run *run)
{
    struct worker *worker = run->worker;
    const struct task *task = run->task;
    int ret;

    board_write(worker->board, BOARD_PUBLISH, task->id, *run->frame, task->attempt);
    run->times->filtered = clock_wall();
    run->times->memory_kb = peak_memory_kb();
    ret = publish_frame(worker, task, *run->frame, run->times, &run->made, run->err);
    made_clear(&run->made);
    run->times->fetched = run->times->filtered;
    ++*run->frame;
    board_write(worker->board, BOARD_FILTER, task->id, *run->frame, task->attempt);
    return ret;
}

/* Frames before this one get no more pictures. */
static int take_made(void *opaque, uint64_t frame, struct picture **picture)
{
    struct run *run = opaque;
    int ret = 0;

    while (ret == 0 && frame_number(*run->frame) < frame)
        ret = publish_next(run);
    if (ret == 0)
        return keep_picture(&run->made, picture);
    picture_unref(picture);
    return ret;
}

static int wrap_all(struct worker *worker, const struct task *task, struct picture **pictures, unsigned count,
                    struct vid_error *err)
{
    int ret = 0;

    for (unsigned i = 0; i < count && ret == 0; i++) {
        const void *mem = pixels_at(worker->pixels, task, i, err);

        ret = mem ? picture_wrap(mem, task->slots[i].length, ring_owns_it, NULL, &pictures[i], err) : -EIO;
    }
    return ret;
}

static int run_frames(struct run *run, struct picture **pictures)
{
    struct worker *worker = run->worker;
    const struct task *task = run->task;
    const struct chain_run chain_run = {
        frame_number(task->first), task->count, task->before, task->after, task->last, pictures};
    int ret = chain_filter_run(chains_of(&worker->chains, task->first)->chain, &chain_run, take_made, run,
                               run->err);

    if (ret == -E2BIG)
        vid_fail(run->err, ret, "the filter made more than %d pictures of one frame", PAYLOAD_PICTURES_MAX);
    while (ret == 0 && *run->frame < task->first + task->count)
        ret = publish_next(run);
    made_clear(&run->made);
    return ret;
}

static int do_run(struct worker *worker, const struct task *task, struct payload_times *times,
                  uint64_t *frame, struct vid_error *err)
{
    struct run run = {.worker = worker, .task = task, .times = times, .err = err};
    struct picture *pictures[TASK_FRAMES_MAX] = {NULL};
    unsigned count = task->before + task->count + task->after;
    int ret = wrap_all(worker, task, pictures, count, err);

    run.frame = frame;
    board_write(worker->board, BOARD_FILTER, task->id, *frame, task->attempt);
    if (ret == 0)
        ret = run_frames(&run, pictures);
    for (unsigned i = 0; i < count; i++)
        picture_unref(&pictures[i]);
    return ret;
}

/* Filters and appends every frame that the task owns. `frame` is the one at
 * fault when it fails. */
static int do_task(struct worker *worker, struct task *task, struct payload_times *times, uint64_t *frame,
                   struct vid_error *err)
{
    const struct lane_chain *lane = chains_of(&worker->chains, task->first);
    int ret;

    if (!lane)
        return vid_fail(err, -EBADMSG, "the task is of a part of the graph that the job does not have");
    board_write(worker->board, BOARD_FETCH, task->id, task->first, task->attempt);
    ret = pixels_wait(worker->pixels, task, err);
    times->fetched = clock_wall();
    if (ret == 0 && lane->windowed) {
        ret = do_run(worker, task, times, frame, err);
        board_idle(worker->board);
        return ret;
    }
    for (unsigned i = 0; i < task->count && ret == 0; i++) {
        struct made made = {.count = 0};

        *frame = task->first + i;
        board_write(worker->board, BOARD_FILTER, task->id, *frame, task->attempt);
        ret = filter_frame(worker, task, task->before + i, &made, err);
        board_write(worker->board, BOARD_PUBLISH, task->id, *frame, task->attempt);
        times->filtered = clock_wall();
        times->memory_kb = peak_memory_kb();
        if (ret == 0)
            ret = publish_frame(worker, task, *frame, times, &made, err);
        made_clear(&made);
        times->fetched = times->filtered;
    }
    board_idle(worker->board);
    return ret;
}

/* Tells rank 0 about all tasks whose results are published, with the next claim. */
static int report_published(struct worker *worker, struct vid_error *err)
{
    struct task tasks[PENDING_MAX];
    struct task_report reports[PENDING_MAX];
    uint64_t published = result_writer_published(worker->writer);
    int count = 0;

    while (count < worker->pending_count && worker->pending[count].upto <= published) {
        tasks[count] = worker->pending[count].task;
        reports[count] = (struct task_report){
            .outcome = TASK_DONE,
            .rank = (unsigned)worker->config.rank,
            .id = tasks[count].id,
            .attempt = tasks[count].attempt,
        };
        count++;
    }
    if (count == 0)
        return 0;
    worker->pending_count -= count;
    memmove(worker->pending, worker->pending + count,
            (size_t)worker->pending_count * sizeof(*worker->pending));
    return outside(worker,
                   redis_verdict(task_list_report_later(worker->list, tasks, reports, count, err), err));
}

static int sync_results(struct worker *worker, bool now, struct vid_error *err)
{
    int ret = outside(worker, result_writer_sync(worker->writer, now, err));

    return ret < 0 ? ret : report_published(worker, err);
}

static int report_failure(struct worker *worker, const struct task *task, uint64_t frame,
                          const struct vid_error *why, struct vid_error *err)
{
    struct task_report report = {
        .outcome = TASK_FAILED,
        .rank = (unsigned)worker->config.rank,
        .id = task->id,
        .frame = frame,
        .attempt = task->attempt,
    };

    snprintf(report.text, sizeof(report.text), "%s", why->text);
    return outside(worker, redis_verdict(task_list_report(worker->list, task, &report, 1, err), err));
}

static int run_task(struct worker *worker, struct task *task, int64_t claimed, struct vid_error *err)
{
    struct payload_times times = {.claimed = claimed};
    struct vid_error why = {0};
    uint64_t frame = task->first;
    int ret = do_task(worker, task, &times, &frame, &why);

    if (pixels_free(worker->pixels, task, err) < 0)
        return err->code;
    if (worker->blocked)
        return vid_fail(err, ret, "%s", why.text);
    if (ret < 0) {
        log_debug("frame %llu failed: %s", (unsigned long long)frame_number(frame), why.text);
        return report_failure(worker, task, frame, &why, err);
    }
    if (worker->pending_count == PENDING_MAX && (ret = sync_results(worker, true, err)) < 0)
        return ret;
    worker->pending[worker->pending_count++] = (struct pending){*task, worker->appended};
    return sync_results(worker, false, err);
}

/* Claims a task and asks for its pixels. 1: there is one. */
static int claim(struct worker *worker, int timeout_ms, struct task *task, struct vid_error *err)
{
    int ret;

    if (worker->ended)
        return 0;
    ret = outside(worker, redis_verdict(task_list_claim(worker->list, (unsigned)worker->config.rank,
                                                        timeout_ms, task, err),
                                        err));
    if (ret == VID_EOF) {
        worker->ended = true;
        return 0;
    }
    if (ret == 1 && pixels_want(worker->pixels, task, err) < 0)
        return err->code;
    return ret;
}

/* The next task: the one claimed ahead, or one from the list. Results are
 * published before a wait, so that rank 0 never starves for what is done. */
static int next_task(struct worker *worker, struct task *task, struct vid_error *err)
{
    int ret;

    board_idle(worker->board);
    if (worker->have_next) {
        *task = worker->next;
        worker->have_next = false;
        return 1;
    }
    ret = worker->pending_count > 0 ? claim(worker, 0, task, err) : 0;
    if (ret != 0)
        return ret;
    ret = sync_results(worker, true, err);
    return ret < 0 ? ret : claim(worker, CLAIM_MS, task, err);
}

int worker_run(struct worker *worker, struct vid_error *err)
{
    struct task task;
    int ret = 0;

    while (ret >= 0 && !(worker->ended && !worker->have_next)) {
        int64_t claimed;

        ret = next_task(worker, &task, err);
        if (ret != 1)
            continue;
        claimed = clock_wall();
        result_writer_release(worker->writer, task.released);
        if (worker->config.fetch) {
            ret = claim(worker, 0, &worker->next, err);
            worker->have_next = ret == 1;
            if (ret < 0)
                break;
        }
        ret = run_task(worker, &task, claimed, err);
    }
    if (ret >= 0)
        ret = sync_results(worker, true, err);
    if (ret >= 0)
        ret = outside(worker, redis_verdict(task_list_flush(worker->list, err), err));
    return ret < 0 ? ret : 0;
}
