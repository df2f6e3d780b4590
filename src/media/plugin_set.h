/* plugin_set: shared objects with filters (media/filter.h), and the filters found
 * in them. A shared object stays loaded as long as the process. Private to the room; one thread. */
#ifndef VID_MEDIA_PLUGIN_SET_H
#define VID_MEDIA_PLUGIN_SET_H

#include "base/error.h"
#include "media/filter.h"

/* One filter. Lives as long as its set. */
struct plugin_filter {
    const struct vidmpi_filter *filter;
    const struct vidmpi_plugin *plugin;
    const char *path; /* of the shared object, absolute */
};

struct plugin_set {
    struct plugin_filter **filters;
    int count;
    char **paths; /* of the shared objects, also of those that are of no use */
    int path_count;
};

/* Takes the filters of a shared object; one that is in the set already is passed over. A filter that is of no
 * use is passed over with a warning: its name is libavfilter's or another plugin's, its description is wrong.
 * -ELIBBAD: it cannot be loaded, has no vidmpi_plugin, or is for another vidmpi; -ENOENT; -ENOMEM. */
int plugin_set_add_file(struct plugin_set *set, const char *path, struct vid_error *err);

/* All *.so of the folder, in the order of their names. Failures are warnings; a folder that is not there is
 * none. */
void plugin_set_add_folder(struct plugin_set *set, const char *folder);

const struct plugin_filter *plugin_set_find(const struct plugin_set *set, const char *name); /* or NULL */
void plugin_set_clear(struct plugin_set *set);

/* plugin_check.c: what is wrong with the description of a filter, -EINVAL; options are read with their
 * presets once. */
int plugin_check(const struct vidmpi_filter *filter, struct vid_error *err);

#endif
