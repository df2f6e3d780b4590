/* plugin: the filters of the users' own that this process knows. They are looked
 * for when one is asked for first, in the folders of VIDMPI_PLUGIN_PATH (separated by ':') and then
 * in plugins beside the program and in the installed folder; of two with one name the first is taken. Any
 * thread. Private to the room. */
#ifndef VID_MEDIA_PLUGIN_H
#define VID_MEDIA_PLUGIN_H

#include "base/error.h"
#include "media/plugin_set.h"

#include <stdbool.h>
#include <stddef.h>

/* NULL: no plugin has such a filter. What comes back lives as long as the process. */
const struct plugin_filter *plugin_find(const char *name);

/* All of them, for lists: NULL behind the last. */
const struct plugin_filter *plugin_at(int index);

/* The folders as a sentence has them: "/a, /b and /c". Returns `text`. */
char *plugin_folders(char *text, size_t size);

/* Which plugins a graph text uses, for another process: a line "path TAB name TAB version" each; NULL when it
 * uses none (a malloc'ed string). -EINVAL: the text cannot be read; -ENOMEM. */
int plugin_list_of(const char *graph, char **list, struct vid_error *err);

/* Loads exactly those of such a list, of which a process on another node was told: no folder is looked into.
 * -ENOENT, -ELIBBAD or -EINVAL (another version) with a sentence that names this node. */
int plugin_use_list(const char *list, struct vid_error *err);

#endif
