/* audit: rank 0's comparison of its table of frames with what Redis holds. A
 * frame that has no outcome and whose task is nowhere is offered again: a server
 * that was restarted empty, a foreign client and a reply that was lost leave such
 * holes. Near the end a slow task gets a second copy for an idle rank; the first
 * valid result wins. One thread, the dispatcher's. */
#ifndef VID_VIDMPI_AUDIT_H
#define VID_VIDMPI_AUDIT_H

#include "base/error.h"
#include "tasks/task_list.h"
#include "vidmpi/job.h"

struct audit;

int audit_create(struct job *job, struct audit **out, struct vid_error *err);
void audit_destroy(struct audit *audit); /* NULL-safe */

/* A worker says that the task's results are published: they may take a while to come into sight. */
void audit_reported(struct audit *audit, uint64_t task);

/* One round. Returns how many tasks were missing, offered again or not yet. A task counts as lost when two
 * rounds in a row miss it: its result may just be on its way into sight. */
int audit_run(struct audit *audit, struct task_list *list, struct vid_error *err);

#endif
