/* collect: results from the ranks' index files into the job's frame table: at
 * once when a rank says that it has published, otherwise at growing intervals.
 * A failure of a poller's own goes to job_fail. */
#ifndef VID_VIDMPI_COLLECT_H
#define VID_VIDMPI_COLLECT_H

#include "base/error.h"
#include "vidmpi/job.h"

struct collector;

int collector_start(struct job *job, struct collector **out, struct vid_error *err);

/* The dispatcher's thread: the rank has published something. */
int collector_hint(struct collector *collector, unsigned rank, struct vid_error *err);

/* The dispatcher's thread, now and then: looks at what nobody hinted at, when it is time. */
int collector_idle(struct collector *collector, struct vid_error *err);

void collector_stop(struct collector **collector); /* NULL-safe */

#endif
