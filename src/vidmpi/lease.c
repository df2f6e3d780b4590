#include "vidmpi/lease.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "vidmpi/faults.h"
#include "worker/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BEAT_NS NS_PER_S
#define TTL_MS 5000
#define CALL_MS 1000      /* of one call, so that a stop is soon heeded */
#define MISSED_MAX 8      /* beats without a lease of rank 0, beside the 5 s that its last one lasts */
#define NEVER_SEEN_MAX 60 /* the same when there never was one: it may still be starting */
#define RING_MISSED_MAX 4 /* beats without its ring: at the job's end it goes a moment before we do */
#define OWNER_STILL_MAX                                                                                      \
    15 /* tries without Redis, a second each, in which rank 0 has not written into the run                   \
          directory; it does so every second, and NFS may hide that for 3 s */
#define OWNER_BYTES 1024
#define HELD_MAX 64

struct lease {
    const struct worker_config *config;
    pthread_t thread;
    bool started;

    /* the thread's own */
    struct task_list *list;
    struct task *held; /* HELD_MAX */
    bool seen_rank_0;
    int missed, ring_missed, owner_still;
    char owner[OWNER_BYTES]; /* what it wrote last */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* protected by lock */
    bool stopping;
    bool alive;             /* it has beaten */
    bool settling;          /* `loss` is asked for; only the thread reads it then */
    struct vid_error ended; /* why the thread has */
    struct lease_loss loss;
};

static bool is_stopping(void *opaque)
{
    struct lease *lease = opaque;
    bool stopping;

    pthread_mutex_lock(&lease->lock);
    stopping = lease->stopping;
    pthread_mutex_unlock(&lease->lock);
    return stopping;
}

/* ---- the rank and rank 0 ---- */

static int rank_0_gone(struct vid_error *err)
{
    return vid_fail(err, -EOWNERDEAD, "rank 0 is gone");
}

/* The guard of rank 0 removes its ring, whatever it died of. */
static int look_for_ring(struct lease *lease, struct vid_error *err)
{
    int fd = lease->config->fetch ? -1 : shm_open(lease->config->ring, O_RDONLY | O_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    lease->ring_missed = fd >= 0 || lease->config->fetch ? 0 : lease->ring_missed + 1;
    return lease->ring_missed >= RING_MISSED_MAX ? rank_0_gone(err) : 0;
}

/* Beats are counted, not seconds: when the whole job was suspended, rank 0 is not gone. */
static int look_for_lease_0(struct lease *lease, struct vid_error *err)
{
    bool alive = true;
    int ret = task_list_alive(lease->list, &alive, 1, err);

    if (ret < 0)
        return ret;
    lease->seen_rank_0 |= alive;
    lease->missed = alive ? 0 : lease->missed + 1;
    return lease->missed >= (lease->seen_rank_0 ? MISSED_MAX : NEVER_SEEN_MAX) ? rank_0_gone(err) : 0;
}

/* Without Redis, perhaps because it was rank 0's and died with it, there is the heartbeat in the run
 * directory. */
static bool owner_stands_still(struct lease *lease)
{
    char path[PATH_MAX], *text = NULL;
    size_t size;
    bool moved;

    snprintf(path, sizeof(path), "%s/owner", lease->config->run_dir);
    moved = io_read_file(path, OWNER_BYTES - 1, &text, &size, NULL) == 0 && strcmp(text, lease->owner) != 0;
    if (moved)
        snprintf(lease->owner, sizeof(lease->owner), "%s", text);
    free(text);
    lease->owner_still = moved ? 0 : lease->owner_still + 1;
    return lease->owner_still >= OWNER_STILL_MAX;
}

static int beat_as_worker(struct lease *lease, struct vid_error *err)
{
    struct vid_error away = {0};
    int ret = look_for_ring(lease, err);

    if (ret < 0)
        return ret;
    ret = task_list_beat(lease->list, (unsigned)lease->config->rank, TTL_MS, &away);
    if (ret == 0) {
        lease->owner_still = 0;
        return look_for_lease_0(lease, err);
    }
    return owner_stands_still(lease) ? rank_0_gone(err) : vid_fail(err, ret, "%s", away.text);
}

static int beat(struct lease *lease, struct vid_error *err)
{
    return lease->config->rank == 0 ? task_list_beat(lease->list, 0, TTL_MS, err)
                                    : beat_as_worker(lease, err);
}

/* ---- a dead worker ---- */

static void write_fault(const struct lease *lease)
{
    const struct lease_loss *loss = &lease->loss;
    struct vid_error err = {0};
    char path[PATH_MAX], lane[16], *text = NULL;
    int length;

    snprintf(path, sizeof(path), "%s/faults", lease->config->run_dir);
    if (io_make_dirs(path, &err) == 0) {
        snprintf(path, sizeof(path), "%s/faults/frame_%06" PRIu64 "%s.rank%d.attempt%" PRIu32 ".txt",
                 lease->config->run_dir, frame_number(loss->frame),
                 faults_lane(loss->frame, lane, sizeof(lane)), lease->config->rank, loss->attempt);
        length = asprintf(&text, "%s\n\n%s", loss->why, loss->words);
        if (length >= 0)
            (void)io_write_file(path, text, (size_t)length, false, &err);
        free(length >= 0 ? text : NULL);
    }
    if (err.code)
        log_warn("the last words of a filter process are lost: %s", err.text);
}

static int report_in_hand(struct lease *lease, const struct task *task, struct vid_error *err)
{
    struct task_report report = {
        .outcome = TASK_FAILED,
        .rank = (unsigned)lease->config->rank,
        .id = task->id,
        .frame = lease->loss.frame,
        .attempt = task->attempt,
    };

    snprintf(report.text, sizeof(report.text), "%s", lease->loss.why);
    return task_list_report(lease->list, task, &report, 1, err);
}

/* May be repeated: what is settled is not held any more. */
static int settle(struct lease *lease, struct vid_error *err)
{
    unsigned rank = (unsigned)lease->config->rank;
    int count = task_list_held(lease->list, rank, lease->held, HELD_MAX, err);
    int ret = 0;

    if (count <= 0)
        return count;
    for (int i = 0; i < count && lease->loss.in_hand; i++) {
        if (lease->held[i].id != lease->loss.task)
            continue;
        ret = report_in_hand(lease, &lease->held[i], err);
        if (ret < 0)
            return ret;
        memmove(&lease->held[i], &lease->held[i + 1], (size_t)(--count - i) * sizeof(*lease->held));
        break;
    }
    return count > 0 ? task_list_hand_back(lease->list, rank, lease->held, count, err) : 0;
}

/* ---- the thread ---- */

/* A step again and again while Redis is away, as long as the configuration allows. */
static int persist(struct lease *lease, int (*step)(struct lease *lease, struct vid_error *err),
                   struct vid_error *err)
{
    int64_t deadline = clock_now() + lease->config->redis_timeout_ms * NS_PER_MS;

    for (;;) {
        struct vid_error one = {0};
        int ret = step(lease, &one);

        if (ret >= 0)
            return 0;
        if (is_stopping(lease))
            return -ECANCELED;
        if (!redis_is_away(ret) || clock_now() >= deadline)
            return vid_fail(err, redis_verdict(ret, NULL), "%s", one.text);
        clock_sleep_until(clock_now() + 100 * NS_PER_MS);
    }
}

/* Waits until `moment` or a loss. False after a stop. */
static bool wait_for_work(struct lease *lease, int64_t moment, bool *settling)
{
    struct timespec until = clock_timespec(moment);
    bool stopping;

    pthread_mutex_lock(&lease->lock);
    while (!lease->stopping && !lease->settling &&
           pthread_cond_clockwait(&lease->changed, &lease->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
        ;
    *settling = lease->settling;
    stopping = lease->stopping;
    pthread_mutex_unlock(&lease->lock);
    return !stopping;
}

static int settle_loss(struct lease *lease, struct vid_error *err)
{
    int ret;

    if (lease->loss.in_hand)
        write_fault(lease);
    ret = persist(lease, settle, err);
    pthread_mutex_lock(&lease->lock);
    lease->settling = false;
    pthread_mutex_unlock(&lease->lock);
    return ret;
}

static void set_alive(struct lease *lease)
{
    pthread_mutex_lock(&lease->lock);
    lease->alive = true;
    pthread_cond_broadcast(&lease->changed);
    pthread_mutex_unlock(&lease->lock);
}

static int work(struct lease *lease, struct vid_error *err)
{
    int64_t next = clock_now();
    bool settling;
    int ret = redis_connect(lease->config->redis_url, lease->config->job, lease->config->redis_timeout_ms,
                            is_stopping, lease, &lease->list, err);

    if (ret == 0)
        task_list_set_patience(lease->list, CALL_MS);
    while (ret == 0 && wait_for_work(lease, next, &settling)) {
        if (settling)
            ret = settle_loss(lease, err);
        if (ret == 0 && clock_now() >= next) {
            ret = persist(lease, beat, err);
            if (ret == 0)
                set_alive(lease);
            next = clock_now() + BEAT_NS;
        }
    }
    return ret;
}

static void *lease_run(void *opaque)
{
    struct lease *lease = opaque;
    struct vid_error err = {0};
    int ret = work(lease, &err);

    if (ret < 0 && ret != -ECANCELED) {
        pthread_mutex_lock(&lease->lock);
        lease->ended = err;
        pthread_cond_broadcast(&lease->changed);
        pthread_mutex_unlock(&lease->lock);
    }
    return NULL;
}

/* ---- the main thread ---- */

int lease_start(const struct worker_config *config, struct lease **out, struct vid_error *err)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    int ret;

    if (!lease)
        return vid_fail(err, -ENOMEM, "no memory for the rank's lease");
    pthread_mutex_init(&lease->lock, NULL);
    pthread_cond_init(&lease->changed, NULL);
    lease->config = config;
    lease->held = calloc(HELD_MAX, sizeof(*lease->held));
    ret = lease->held ? -pthread_create(&lease->thread, NULL, lease_run, lease) : -ENOMEM;
    lease->started = ret == 0;
    if (ret < 0) {
        lease_stop(&lease);
        return vid_fail(err, ret, "cannot start the thread of the rank's lease: %s", strerror(-ret));
    }
    *out = lease;
    return 0;
}

void lease_await(struct lease *lease, int timeout_ms)
{
    struct timespec until = clock_timespec(clock_now() + timeout_ms * NS_PER_MS);

    pthread_mutex_lock(&lease->lock);
    while (!lease->alive && !lease->ended.code &&
           pthread_cond_clockwait(&lease->changed, &lease->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&lease->lock);
}

void lease_settle(struct lease *lease, const struct lease_loss *loss)
{
    pthread_mutex_lock(&lease->lock);
    lease->loss = *loss;
    lease->settling = true;
    pthread_cond_broadcast(&lease->changed);
    pthread_mutex_unlock(&lease->lock);
}

bool lease_settled(struct lease *lease)
{
    bool settled;

    pthread_mutex_lock(&lease->lock);
    settled = !lease->settling;
    pthread_mutex_unlock(&lease->lock);
    return settled;
}

int lease_check(struct lease *lease, struct vid_error *err)
{
    int ret = 0;

    pthread_mutex_lock(&lease->lock);
    if (lease->ended.code)
        ret = vid_fail(err, lease->ended.code, "%s", lease->ended.text);
    pthread_mutex_unlock(&lease->lock);
    return ret;
}

void lease_stop(struct lease **please)
{
    struct lease *lease = *please;

    *please = NULL;
    if (!lease)
        return;
    pthread_mutex_lock(&lease->lock);
    lease->stopping = true;
    pthread_cond_broadcast(&lease->changed);
    pthread_mutex_unlock(&lease->lock);
    if (lease->started)
        pthread_join(lease->thread, NULL);
    task_list_close(&lease->list);
    pthread_cond_destroy(&lease->changed);
    pthread_mutex_destroy(&lease->lock);
    free(lease->held);
    free(lease);
}
