/* run_dir: the folder of one job on the shared filesystem (design, section 6).
 * Rank 0 creates it, with every result folder and index file, before a worker
 * opens one: nobody probes for a name that may not exist yet. One thread. */
#ifndef VID_STORE_RUN_DIR_H
#define VID_STORE_RUN_DIR_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct run_dir;

/* Makes PATH and its parents, takes the job's lock (the file `owner`: host,
 * boot id, pid, start time and a heartbeat counter; never fcntl), and lays out
 * results/rNNNN/index for ranks 0 to ranks-1 and preview/. Left-overs of a dead job
 * are removed. -EBUSY and who it is when a live job holds the folder (same
 * host: pid and start time; other host: its counter moves within `patience_ms`).
 * -ENOTEMPTY when the folder holds what is not a run directory's. */
int run_dir_create(const char *path, unsigned ranks, int patience_ms, struct run_dir **out, struct vid_error *err);

const char *run_dir_path(const struct run_dir *dir);

/* Moves the heartbeat counter; call about once a second. */
int run_dir_beat(struct run_dir *dir, struct vid_error *err);

/* Ends the use: removes results and the lock. `keep` leaves manifest,
 * progress and preview; otherwise all that the job made goes, and the folder and the parents
 * that run_dir_create made when they are empty. Nulls the pointer. */
void run_dir_close(struct run_dir **dir, bool keep);

/* True when statfs names a network, parallel or FUSE filesystem: another node
 * may look at it, so what is published must be synced. */
bool run_dir_is_shared(const char *path);

/* Free bytes for this user at the path, or negative errno. */
int64_t run_dir_free_bytes(const char *path);

#endif
