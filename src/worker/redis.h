/* redis: the connection of a worker or its rank to the job's task list, made
 * with patience: a server that does not answer may be on its way back. */
#ifndef VID_WORKER_REDIS_H
#define VID_WORKER_REDIS_H

#include "base/error.h"
#include "tasks/task_list.h"

#include <errno.h>
#include <stdbool.h>

/* The code of a failure that is Redis' absence for longer than is waited for, whatever the system says of it.
 */
#define REDIS_GONE (-ENOLINK)

/* As task_list_open, tried again for `patience_ms` while there is no server (then REDIS_GONE). `stopped` (may
 * be NULL) is asked between the tries: true gives up with -ECANCELED. */
int redis_connect(const char *url, const char *job, int patience_ms, bool (*stopped)(void *opaque),
                  void *opaque, struct task_list **out, struct vid_error *err);

/* Whether a call that failed so may succeed when the server is back. */
bool redis_is_away(int code);

/* What a call on the task list that used up its patience has returned, and `err` (may be NULL): REDIS_GONE
 * instead of the codes of an absent server. */
int redis_verdict(int code, struct vid_error *err);

#endif
