/* redis: the connection of a worker or its rank to the job's task list, made
 * with patience: a server that does not answer may be on its way back. */
#ifndef VID_WORKER_REDIS_H
#define VID_WORKER_REDIS_H

#include "base/error.h"
#include "tasks/task_list.h"

#include <stdbool.h>

/* As task_list_open, tried again for `patience_ms` while there is no server. `stopped` (may be NULL) is
 * asked between the tries: true gives up with -ECANCELED. */
int redis_connect(const char *url, const char *job, int patience_ms, bool (*stopped)(void *opaque),
                  void *opaque, struct task_list **out, struct vid_error *err);

/* Whether a call that failed so may succeed when the server is back. */
bool redis_is_away(int code);

#endif
