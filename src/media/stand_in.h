/* stand_in: filters of plugins in an AVFilterGraph. libavfilter does not know
 * them; in a graph that is only looked at, a `null` stands in the place of each, whose name tells what it
 * stands for. Private to the room. */
#ifndef VID_MEDIA_STAND_IN_H
#define VID_MEDIA_STAND_IN_H

#include "base/error.h"
#include "media/plugin.h"

#include <libavfilter/avfilter.h>
#include <stdbool.h>

struct stand_in {
    const struct plugin_filter *plugin;
    unsigned before, after; /* frames that it looks at, with its options */
};

/* Whether the filter stands for one of a plugin; then `out` (may be NULL) has which. */
bool stand_in_read(const AVFilterContext *filter, struct stand_in *out);

/* The name that a person knows the filter by. */
const char *stand_in_name(const AVFilterContext *filter);

/* The graph text with stand-ins, malloc'ed; NULL when it has no filter of a plugin, or cannot be read (then
 * libavfilter says why). Options are read and contexts asked: -EINVAL with a filter's sentence. -EINVAL, too,
 * for a filter that nobody has: which one, where plugins were looked for, what to install. -ENOMEM. */
int stand_in_text(const char *graph, char **out, struct vid_error *err);

#endif
