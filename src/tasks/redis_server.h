/* redis_server: the job's own redis-server, when the user names none: no
 * persistence, noeviction, run under a guard (base/guard.h), gone with the
 * job however it ends. One thread, the one that uses its guard too. */
#ifndef VID_TASKS_REDIS_SERVER_H
#define VID_TASKS_REDIS_SERVER_H

#include "base/error.h"
#include "base/guard.h"

#include <stdbool.h>

struct redis_server;

/* Unix socket in a private folder when all ranks are on one node; else TCP on
 * all interfaces, a free port, a random password. Returns when it answers
 * PING (deadline 10 s). -ENOENT with the way out when redis-server is not on the PATH. */
int redis_server_start(bool several_nodes, struct redis_server **out, struct vid_error *err);

/* For task_list_open; with several nodes it lists every address of this
 * machine, loopback last, and holds the password. Valid until stop. */
const char *redis_server_url(const struct redis_server *server);

/* Its guard, for further names to clean up; the same one over a restart. */
struct guard *redis_server_guard(struct redis_server *server);

/* Whether its process runs; it may be stopped or hung all the same. */
bool redis_server_alive(struct redis_server *server);

/* Starts it again, empty, at the same URL, so that every client only has to
 * connect again; ends it first where it still runs. Returns when it answers PING
 * (deadline 10 s). On failure it may be called again: -EADDRINUSE: its port was
 * taken meanwhile; -ECHILD: it ended at once. */
int redis_server_restart(struct redis_server *server, struct vid_error *err);

/* Ends it; no process, socket or folder is left. NULL-safe. */
void redis_server_stop(struct redis_server **server);

#endif
