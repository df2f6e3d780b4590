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
 * results/rNNNN/index for ranks 0 to ranks-1 and preview/. Left-overs of a
 * dead job are removed, also the manifest of one that had ended.
 * -EBUSY and who it is when a live job holds the folder (same host and boot:
 * pid and start time; else its counter moves within `patience_ms`, which
 * must be several beats and longer than the filesystem's cache shows old data:
 * 10 s is good). -ENOTEMPTY when the folder holds what is not a run
 * directory's; nothing is touched then. -ENOTDIR when a file is in the way.
 * On failure all that was made is removed again. */
int run_dir_create(const char *path, unsigned ranks, int patience_ms, struct run_dir **out,
                   struct vid_error *err);

const char *run_dir_path(const struct run_dir *dir);

/* Moves the heartbeat counter; call about once a second. -ESTALE when another
 * job has taken the folder over: leave it alone then. */
int run_dir_beat(struct run_dir *dir, struct vid_error *err);

/* Ends the use: removes results and the lock. `keep` leaves manifest,
 * progress, preview and results/png; otherwise all that the job made goes. Then the folder and the
 * parents that run_dir_create made are removed as far as they are empty.
 * Files that a run directory does not hold stay. Nulls the pointer; NULL-safe. */
void run_dir_close(struct run_dir **dir, bool keep);

/* False only when statfs names a filesystem that is known to be local: all
 * others (network, parallel, FUSE, unknown) may be looked at by another node,
 * so what is published must be synced. The path, or the nearest folder above it that is there. */
bool run_dir_is_shared(const char *path);

/* Free bytes for this user there (the same rule for the path), or negative errno. */
int64_t run_dir_free_bytes(const char *path);

#endif
