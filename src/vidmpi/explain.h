/* explain: tells how a job would be run, without running it: how its graph is
 * cut, what goes through files and memory, how fast it can be, what could be written
 * otherwise. */
#ifndef VID_VIDMPI_EXPLAIN_H
#define VID_VIDMPI_EXPLAIN_H

#include "media/options.h"
#include "vidmpi/cluster.h"

#include <stdio.h>

/* Prints to `to`. Reads the beginning of the input and starts nothing: no MPI, no Redis, no run directory, no
 * output. For as many ranks as the launcher has started. Fails where the job would fail when it opens. */
int explain_job(const struct media_options *options, const struct launch *launch, FILE *to,
                struct vid_error *err);

#endif
