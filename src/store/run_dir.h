/* run_dir: the folder of one job on the shared filesystem (design, section 6).
 * Rank 0 creates it, with every result folder and index file, before a worker
 * opens one: nobody probes for a name that may not exist yet. One thread. */
#ifndef VID_STORE_RUN_DIR_H
#define VID_STORE_RUN_DIR_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct run_dir;

struct run_dir_wish {
    unsigned ranks;
    int patience_ms; /* several beats and longer than the filesystem's cache shows old data: 10 s is good */
    const char *key; /* media_job_key; NULL: a job that cannot be resumed */
    bool restart;    /* the work of an unfinished job, whichever it is, is thrown away */
};

enum run_dir_state { RUN_DIR_FRESH, RUN_DIR_RESUMED };

/* Makes PATH and its parents, takes the job's lock (the file `owner`: host,
 * boot id, pid, start time and a heartbeat counter; never fcntl), and lays out
 * results/rNNNN/index for ranks 0 to ranks-1, parts/, faults/ and preview/.
 *
 * RUN_DIR_RESUMED: an unfinished job of the same key is in there, which is one whose ledger has a `start` and
 * that has no manifest.json. All of it is kept; ranks that had no index get one. RUN_DIR_FRESH: the
 * folder was empty, or its job had ended, or cannot be resumed by anybody, or `restart`: what it left is
 * removed.
 *
 * -EEXIST when the unfinished job is another one, or of another format: the sentence says since when, and the
 * ways out. -EBUSY and who it is when a live job holds the folder (same host and boot: pid and start time;
 * else its counter moves within `patience_ms`). -ENOTEMPTY when the folder holds what is not a run
 * directory's. -ENOTDIR when a file is in the way. On failure the work of an unfinished job stays, and
 * else all that was made is removed again. */
int run_dir_open(const char *path, const struct run_dir_wish *wish, struct run_dir **out,
                 enum run_dir_state *state, struct vid_error *err);

/* How many ranks have a folder of results: those wished for, or as many as the job had before where that is
 * more. */
unsigned run_dir_ranks(const struct run_dir *dir);

const char *run_dir_path(const struct run_dir *dir);

/* Moves the heartbeat counter; call about once a second. -ESTALE when another
 * job has taken the folder over: leave it alone then. -ENOENT when the folder has gone. */
int run_dir_beat(struct run_dir *dir, struct vid_error *err);

enum run_dir_keep {
    RUN_DIR_KEEP_NOTHING,
    RUN_DIR_KEEP_REPORT, /* manifest, progress, preview, faults and results/png */
    RUN_DIR_KEEP_ALL,    /* for the same command to go on with */
};

/* Ends the use: removes the lock and what is not kept, then the folder and the
 * parents that run_dir_open made as far as they are empty.
 * Files that a run directory does not hold stay. Nulls the pointer; NULL-safe. */
void run_dir_close(struct run_dir **dir, enum run_dir_keep keep);

/* False only when statfs names a filesystem that is known to be local: all
 * others (network, parallel, FUSE, unknown) may be looked at by another node,
 * so what is published must be synced. The path, or the nearest folder above it that is there. */
bool run_dir_is_shared(const char *path);

/* Free bytes for this user there (the same rule for the path), or negative errno. */
int64_t run_dir_free_bytes(const char *path);

/* -ENOSPC, with the path, the bytes needed and the bytes free, when fewer than `bytes` are free there. */
int run_dir_check_space(const char *path, uint64_t bytes, struct vid_error *err);

/* Whether a code of this room means that the place failed and not the job: full, over quota, read-only, an
 * I/O error, gone. The job stops then and can be resumed when the place is in order again. */
bool run_dir_place_failed(int code);

#endif
