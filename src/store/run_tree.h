/* run_tree: which names a run directory may hold, so that nothing else is ever
 * removed from one. A file that a room adds to the run directory is added to
 * the table in run_tree.c. Private to the room. */
#ifndef VID_STORE_RUN_TREE_H
#define VID_STORE_RUN_TREE_H

#include "base/error.h"

#include <stdbool.h>

/* How many entries the folder holds beside the lock, all known to be a run directory's;
 * -ENOTEMPTY and its name when one is not. */
int run_tree_check(const char *folder, struct vid_error *err);

/* Removes what a job has made, but the lock; `keep` leaves what is for the user after the job:
 * manifest, progress, preview, faults and the frames of -results png. Names that are
 * not a run directory's are left, with the folders that they are in. Goes on after a failure and tells
 * the first. */
int run_tree_remove(const char *folder, bool keep, struct vid_error *err);

/* Whether the path relative to the run directory is a known one. */
bool run_tree_knows(const char *path, bool is_folder);

#endif
