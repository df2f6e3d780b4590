/* rank: what every rank but 0 does: it supervises its worker, fetches pixels
 * for it on another node, and otherwise sleeps. */
#ifndef VID_VIDMPI_RANK_H
#define VID_VIDMPI_RANK_H

#include "base/error.h"
#include "vidmpi/cluster.h"
#include "vidmpi/supervisor.h"

/* Runs until rank 0 says that the job has ended. Returns 0, or a negative code
 * when this rank failed (rank 0 knows) or was told to end by a signal. */
int rank_run(struct cluster *cluster, struct supervisor **worker, struct vid_error *err);

#endif
