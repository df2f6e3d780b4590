/* summary: what the job did, as text at the end and as manifest.json, the
 * job's verdict (design, invariant 6), written last. Main thread of rank 0. */
#ifndef VID_VIDMPI_SUMMARY_H
#define VID_VIDMPI_SUMMARY_H

#include "base/error.h"
#include "vidmpi/cluster.h"
#include "vidmpi/job.h"

/* RUN_DIR/job.json: what was asked. */
int summary_write_job(const struct job *job, int argc, char *const *argv, struct vid_error *err);

/* RUN_DIR/manifest.json of a finished job. */
int summary_write_manifest(struct job *job, const struct cluster *cluster, struct vid_error *err);

/* A few lines to the log at level info. */
void summary_print(struct job *job);

#endif
