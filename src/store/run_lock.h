/* run_lock: the file `owner` of a run directory. Who made it holds the
 * directory; a lock whose owner is dead is replaced. Needs of the filesystem
 * only that O_EXCL and rename are atomic. Private to the room. One thread. */
#ifndef VID_STORE_RUN_LOCK_H
#define VID_STORE_RUN_LOCK_H

#include "base/error.h"

#include <stdbool.h>

struct run_lock;

/* Takes the lock of the folder. `shared`: each beat is synced, for other
 * nodes. `made`: how many folders at the end of the path we have made; raised to what the
 * dead owner before us had made (1 at least when there was one). Waits
 * `patience_ms` at most, only for an owner of another host. -EBUSY and who it
 * is when the owner lives. */
int run_lock_take(const char *folder, bool shared, int patience_ms, unsigned *made, struct run_lock **out,
                  struct vid_error *err);

/* Moves the counter. -ESTALE when another job has taken the lock over, -ENOENT when its file has gone. */
int run_lock_beat(struct run_lock *lock, struct vid_error *err);

/* Whether the file is still ours. */
bool run_lock_held(const struct run_lock *lock);

/* Removes the file if it is ours. Nulls; NULL-safe. */
void run_lock_release(struct run_lock **lock);

#endif
