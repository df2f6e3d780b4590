/* rank: what every rank but 0 does: it keeps a worker at work, fetches pixels
 * for it on another node, and otherwise sleeps. */
#ifndef VID_VIDMPI_RANK_H
#define VID_VIDMPI_RANK_H

#include "base/error.h"
#include "vidmpi/cluster.h"
#include "vidmpi/supervisor.h"

#include <stdbool.h>

/* Runs until rank 0 says that the job has ended. `worker`: the first one, taken. Returns 0, or a negative
 * code when this rank failed (rank 0 knows) or was told to end by a signal; -EOWNERDEAD when rank 0 is gone.
 * *together: all ranks are there to end MPI together; otherwise leave by _exit. */
int rank_run(struct cluster *cluster, struct supervisor **worker, bool *together, struct vid_error *err);

#endif
