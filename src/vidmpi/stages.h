/* stages: the threads of rank 0 that a frame passes: decode and scatter,
 * dispatch and collect, order and encode. All run at the same time and meet in the job's
 * frame table. */
#ifndef VID_VIDMPI_STAGES_H
#define VID_VIDMPI_STAGES_H

#include "base/error.h"
#include "vidmpi/job.h"

struct stages;

int stages_start(struct job *job, struct stages **out, struct vid_error *err);

/* Waits for all threads; the job is finished or failed by then (job_wait). NULL-safe. */
void stages_join(struct stages **stages);

/* The threads' work. Each returns when the job is finished or has failed, and
 * tells its own failures to job_fail. */
void decode_run(struct job *job);
void relay_run(struct job *job, unsigned to); /* to the lane of this number, from the one before it */
void encode_run(struct job *job);

#endif
