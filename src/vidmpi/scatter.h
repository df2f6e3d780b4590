/* scatter: frames of the ring as tasks in the Redis list. */
#ifndef VID_VIDMPI_SCATTER_H
#define VID_VIDMPI_SCATTER_H

#include "tasks/task_list.h"
#include "vidmpi/job.h"

/* The task of the frames, with the context that their filters need, as far as the video has it. `avoid`: a
 * rank that should leave it to others; -1: none. The frames after them are decoded, or the video has ended.
 */
void scatter_task(struct job *job, const struct lane *lane, const struct frame_try *try, int avoid,
                  struct task *task);

/* How long rank 0 has been without its Redis; all zero at first. */
struct redis_outage {
    int64_t since; /* clock_now of the first call that failed; 0: none */
};

/* What a call of the task list returned. 0: it went well or is to be repeated (look at *repeat); else the
 * failure that ends the job: no passing one, one that has lasted for -redis-timeout, or the job has failed
 * meanwhile. `err` is cleared when the call is to be repeated. */
int scatter_outlast(struct job *job, struct redis_outage *outage, int ret, bool *repeat,
                    struct vid_error *err);

#endif
