/* dispatch: what becomes of a task between its push and its result. One thread
 * of rank 0 listens to the workers' reports; tries failed tasks again on other
 * ranks, with growing delays, until the policy of -on-error applies; takes back
 * what ranks without a lease hold; offers again what Redis has lost; near the
 * end gives idle ranks second copies of the slowest tasks. The frame table is the
 * truth in all of this. */
#ifndef VID_VIDMPI_DISPATCH_H
#define VID_VIDMPI_DISPATCH_H

#include "base/error.h"
#include "vidmpi/job.h"

struct dispatcher;

/* Starts the thread, and the collecting of results. Failures go to job_fail. */
int dispatcher_start(struct job *job, struct dispatcher **out, struct vid_error *err);
void dispatcher_stop(struct dispatcher **dispatcher); /* NULL-safe */

#endif
