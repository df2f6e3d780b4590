/* progress: what a person and other programs see while a job runs: a status
 * line on a terminal or a line every 10 s, -progress as ffmpeg writes it,
 * progress.json and preview/latest.png in the run directory at most once a
 * second. Main thread of rank 0. */
#ifndef VID_VIDMPI_PROGRESS_H
#define VID_VIDMPI_PROGRESS_H

#include "base/error.h"
#include "vidmpi/job.h"

struct progress;

/* -EINVAL or an open error for a -progress that cannot be written to. */
int progress_open(struct job *job, struct progress **out, struct vid_error *err);

/* Looks at the clock and writes what is due. Cheap when nothing is. */
void progress_tick(struct progress *progress);

/* The last line, the last block of -progress ("progress=end") and progress.json with
 * the state "done" or "failed". NULL-safe. */
void progress_close(struct progress **progress, const char *state);

#endif
