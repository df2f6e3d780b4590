#include "vidmpi/keeper.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANG_NS (30 * NS_PER_S)  /* the shortest time that the automatic limit gives a frame */
#define HANG_MEDIANS 20          /* and what a frame may take, in usual frames */
#define STALL_NS (60 * NS_PER_S) /* beside the patience with Redis: a step outside of the filter */
#define MEMORY_NS (100 * NS_PER_MS)
#define LEASE_MS                                                                                             \
    200 /* for the lease to begin: usually some milliseconds; without Redis no worker claims either */
#define GAP_NS NS_PER_S /* between two looks: this process was suspended, and perhaps the worker too */
#define EARLY_MAX 3     /* workers in a row that died before their first frame, */
#define EARLY_NS (5 * NS_PER_S) /* unless they were ready for it for so long: that was somebody's kill */

enum keeper_state {
    KEEPER_WORKING,
    KEEPER_SETTLING, /* the worker is gone, its tasks are on their way back */
    KEEPER_ENDED,
    KEEPER_FAILED,
};

struct keeper {
    const struct worker_config *config;
    struct lease *lease;
    enum keeper_state state;
    struct supervisor *worker; /* NULL but while working */
    int64_t started;           /* clock_now of the worker's start */
    int64_t ready;             /* and when it said that it claims; 0: not yet */
    int64_t looked, awake;     /* of the last look; since when looks have come regularly */
    int64_t memory_looked;
    int64_t median; /* longest that any worker here has told */
    unsigned losses, early;
    struct vid_error killed;  /* why the keeper has ended this worker */
    struct vid_error failure; /* why there is no worker any more */
};

static int start_worker(struct keeper *keeper, struct supervisor **first, struct vid_error *err)
{
    struct vid_error gone = {0};

    if (first && *first) {
        keeper->worker = *first;
        *first = NULL;
    } else {
        int ret = supervisor_start(&keeper->worker, err);
        if (ret < 0)
            return ret;
    }
    keeper->state = KEEPER_WORKING;
    keeper->started = keeper->awake = keeper->looked = clock_now();
    keeper->ready = 0;
    vid_error_clear(&keeper->killed);
    /* One that has died already is found by the next look. */
    (void)supervisor_configure(keeper->worker, keeper->config, &gone);
    return 0;
}

int keeper_open(const struct worker_config *config, struct lease *lease, struct supervisor **first,
                struct keeper **out, struct vid_error *err)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    int ret;

    if (!keeper)
        return vid_fail(err, -ENOMEM, "no memory for the worker's keeper");
    keeper->config = config;
    keeper->lease = lease;
    lease_await(lease, LEASE_MS);
    ret = start_worker(keeper, first, err);
    if (ret < 0)
        keeper_stop(&keeper, 0);
    *out = keeper;
    return ret;
}

/* ---- limits ---- */

static int64_t filter_limit(struct keeper *keeper, const struct board_work *work)
{
    if (work->median > keeper->median)
        keeper->median = work->median;
    if (keeper->config->task_timeout_ms > 0)
        return keeper->config->task_timeout_ms * NS_PER_MS;
    return keeper->median > HANG_NS / HANG_MEDIANS ? HANG_MEDIANS * keeper->median : HANG_NS;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Time in which this process did not run either is no fault of the worker. */
static void check_time(struct keeper *keeper, struct vid_error *why)
{
    struct board_work work = supervisor_work(keeper->worker);
    int64_t now = clock_now(), spent;

    if (now - keeper->looked > GAP_NS)
        keeper->awake = now;
    keeper->looked = now;
    spent = now - latest(latest(work.since, keeper->started), keeper->awake);
    if (work.step == BOARD_FILTER && spent > filter_limit(keeper, &work))
        vid_fail(why, -ETIME, "the filter process had frame %" PRIu64 " in hand for %.3g s (-task-timeout)",
                 frame_number(work.frame), (double)spent / 1e9);
    else if (work.step != BOARD_FILTER && spent > keeper->config->redis_timeout_ms * NS_PER_MS + STALL_NS)
        vid_fail(why, -ETIME, "the filter process has got no further for %.3g s while it %s",
                 (double)spent / 1e9, work.step == BOARD_PUBLISH ? "wrote a result" : "waited for work");
}

static void check_memory(struct keeper *keeper, struct vid_error *why)
{
    uint64_t limit = (uint64_t)keeper->config->filter_memory_kb, used;

    if (limit == 0 || keeper->looked - keeper->memory_looked < MEMORY_NS)
        return;
    keeper->memory_looked = keeper->looked;
    used = supervisor_memory_kb(keeper->worker);
    if (used > limit)
        vid_fail(why, -ENOMEM, "the filter process used %.4g MiB (-filter-memory %.4g MiB)",
                 (double)used / 1024, (double)limit / 1024);
}

static void check_limits(struct keeper *keeper)
{
    if (keeper->killed.code)
        return;
    check_time(keeper, &keeper->killed);
    check_memory(keeper, &keeper->killed);
    if (keeper->killed.code)
        supervisor_kill(keeper->worker);
}

/* ---- a worker's end ---- */

/* Has the lease report what it had in hand (when the frame may be at fault) and hand back the rest. */
static void settle(struct keeper *keeper, const struct board_work *work, bool in_hand, const char *why)
{
    struct lease_loss loss = {
        .in_hand = in_hand, .task = work->task, .frame = work->frame, .attempt = work->attempt};

    snprintf(loss.why, sizeof(loss.why), "%s", why);
    snprintf(loss.words, sizeof(loss.words), "%s", supervisor_last_words(keeper->worker));
    lease_settle(keeper->lease, &loss);
}

static void count_early(struct keeper *keeper, const struct board_work *work, bool in_hand)
{
    bool had_frames = in_hand || work->median > 0;
    bool was_waiting = keeper->ready && clock_now() - keeper->ready > EARLY_NS;

    keeper->early = had_frames ? 0 : was_waiting ? 1 : keeper->early + 1;
}

static void judge(struct keeper *keeper, enum worker_end end, const struct vid_error *why)
{
    if (end == WORKER_BLOCKED)
        vid_fail(&keeper->failure, why->code, "%s", why->text);
    else if (keeper->early >= EARLY_MAX)
        vid_fail(&keeper->failure, -ECHILD, "%u filter processes in a row came to nothing: %s", keeper->early,
                 why->text);
}

static void tell_loss(const struct keeper *keeper, const struct board_work *work, bool in_hand,
                      const char *why)
{
    char frame[60] = "";

    if (in_hand && !strstr(why, "in hand"))
        snprintf(frame, sizeof(frame), " (frame %" PRIu64 " in hand)", frame_number(work->frame));
    if (!keeper->failure.code)
        log_warn("%s%s; another one takes its place", why, frame);
}

static int take_end(struct keeper *keeper)
{
    struct board_work work = supervisor_work(keeper->worker);
    struct vid_error why = keeper->killed;
    enum worker_end end = supervisor_end(keeper->worker, &why);
    bool in_hand = end == WORKER_DIED && work.step != BOARD_IDLE;

    if (end == WORKER_DONE) {
        supervisor_stop(&keeper->worker, 0);
        keeper->state = KEEPER_ENDED;
        return VID_EOF;
    }
    keeper->losses++;
    count_early(keeper, &work, in_hand);
    judge(keeper, end, &why);
    tell_loss(keeper, &work, in_hand, why.text);
    settle(keeper, &work, in_hand, why.text);
    supervisor_stop(&keeper->worker, 0);
    keeper->state = KEEPER_SETTLING;
    return KEEPER_LOST;
}

static int poll_worker(struct keeper *keeper, int timeout_ms, const struct control_message **message,
                       struct vid_error *err)
{
    int ret = supervisor_poll(keeper->worker, timeout_ms, message, err);

    if (ret == VID_EOF)
        return take_end(keeper);
    if (ret == 0)
        check_limits(keeper);
    if (ret == 1 && (*message)->type == CONTROL_READY)
        keeper->ready = clock_now();
    return ret == 1 ? KEEPER_MESSAGE : ret;
}

static int poll_settling(struct keeper *keeper, int timeout_ms)
{
    struct vid_error why = {0};

    if (!lease_settled(keeper->lease)) {
        clock_sleep_until(clock_now() + timeout_ms * NS_PER_MS);
        return 0;
    }
    if (keeper->failure.code) {
        keeper->state = KEEPER_FAILED;
        return 0;
    }
    if (start_worker(keeper, NULL, &why) < 0) {
        keeper->early++;
        judge(keeper, WORKER_DIED, &why);
        clock_sleep_until(clock_now() + timeout_ms * NS_PER_MS);
    }
    return 0;
}

int keeper_poll(struct keeper *keeper, int timeout_ms, const struct control_message **message,
                struct vid_error *err)
{
    int ret = lease_check(keeper->lease, err);

    if (ret < 0)
        return ret;
    if (keeper->state == KEEPER_WORKING)
        return poll_worker(keeper, timeout_ms, message, err);
    if (keeper->state == KEEPER_SETTLING)
        ret = poll_settling(keeper, timeout_ms);
    if (keeper->state == KEEPER_FAILED)
        return vid_fail(err, keeper->failure.code, "%s", keeper->failure.text);
    return keeper->state == KEEPER_ENDED ? VID_EOF : ret;
}

int keeper_send(struct keeper *keeper, enum control_type type, const void *body, size_t size,
                struct vid_error *err)
{
    struct vid_error one = {0};
    int ret = keeper->worker ? supervisor_send(keeper->worker, type, body, size, &one) : 0;

    if (ret == 0 || ret == -EPIPE || ret == -ECONNRESET)
        return 0;
    return vid_fail(err, ret, "%s", one.text);
}

unsigned keeper_losses(const struct keeper *keeper)
{
    return keeper->losses;
}

void keeper_stop(struct keeper **pkeeper, int grace_ms)
{
    struct keeper *keeper = *pkeeper;

    *pkeeper = NULL;
    if (!keeper)
        return;
    supervisor_stop(&keeper->worker, grace_ms);
    free(keeper);
}
