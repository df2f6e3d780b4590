/* coordinator: rank 0 from the opened job to its end: shares it with the
 * ranks, runs the stages, serves pixels, shows progress, ends everything. */
#ifndef VID_VIDMPI_COORDINATOR_H
#define VID_VIDMPI_COORDINATOR_H

#include "base/error.h"
#include "vidmpi/cluster.h"
#include "vidmpi/job.h"
#include "vidmpi/supervisor.h"

/* `opened`: job_open's result. On failure the other ranks are told and the error is in `err`.
 * `worker`: rank 0's own, when it is alone; else NULL. Taken. Returns 0 when the output is complete. */
int coordinate(struct job *job, int opened, struct cluster *cluster, struct supervisor **worker,
               struct vid_error *err);

#endif
