/* catalog_safe_path: files that a filter may read under -safe. Private to the room. */
#ifndef VID_MEDIA_CATALOG_SAFE_PATH_H
#define VID_MEDIA_CATALOG_SAFE_PATH_H

#include "base/error.h"

/* 0: `path` is the plain path of a file or folder in one of the folders, all links followed, and no list of
 * other files. Else -EPERM and why not, as the end of a sentence. */
int safe_path_check(const char *path, const char *const *allowed, struct vid_error *why);

#endif
