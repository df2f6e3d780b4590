/* lease: a thread of a rank with its own connection to Redis. It keeps the
 * rank alive in rank 0's eyes, looks whether rank 0 is alive, and settles what
 * a dead worker of this rank had claimed: so the rank's main thread, which MPI
 * needs, waits neither for Redis nor for the filesystem. The calls below are
 * for the main thread; none of them waits, but lease_await and lease_stop. */
#ifndef VID_VIDMPI_LEASE_H
#define VID_VIDMPI_LEASE_H

#include "base/error.h"
#include "tasks/task_list.h"
#include "vidmpi/last_words.h"
#include "worker/config.h"

#include <stdbool.h>

struct lease;

/* Takes job, redis_url, redis_timeout_ms, run_dir and rank of the configuration, and the ring when it is
 * rank 0's own (no `fetch`). The configuration must last as long as the lease. That rank 0 is gone shows in
 * the ring (4 s), its own lease (13 s) or, while Redis is away, its heartbeat in the run directory (20 s). */
int lease_start(const struct worker_config *config, struct lease **out, struct vid_error *err);

/* Waits until the rank has a lease, at most timeout_ms: what a rank without one claims is taken for lost. */
void lease_await(struct lease *lease, int timeout_ms);

/* A worker of this rank has ended before its time. */
struct lease_loss {
    bool in_hand;  /* it had a frame in hand: that one is reported as failed; else all goes back */
    uint64_t task; /* which one */
    uint64_t frame;
    uint32_t attempt;
    char why[TASK_REPORT_TEXT]; /* one sentence */
    char words[LAST_WORDS_MAX + 1];
};

/* Writes sentence and last words into the run directory's faults/ (with a frame in hand), reports that task
 * as failed and hands the others back. One at a time: lease_settled first. */
void lease_settle(struct lease *lease, const struct lease_loss *loss);
bool lease_settled(struct lease *lease);

/* 0 while all is well; else for good: -EOWNERDEAD: rank 0 is gone; REDIS_GONE (worker/redis.h): it was away
 * for longer than the configuration allows; or another code of the task list. */
int lease_check(struct lease *lease, struct vid_error *err);

void lease_stop(struct lease **lease); /* within two seconds or so; NULL-safe */

#endif
