/* catalog_safe: which filters and options of filters reach outside of the pictures: read or write files, use
 * the network, run code. With -safe they are refused, but for files to read in the folders of -safe-allow. */
#ifndef VID_MEDIA_CATALOG_SAFE_H
#define VID_MEDIA_CATALOG_SAFE_H

#include "base/error.h"
#include "media/options.h"

enum safe_access { SAFE_READ = 1, SAFE_WRITE = 2, SAFE_NETWORK = 4, SAFE_CODE = 8 };

struct safe_rule {
    const char *filter;
    const char *option; /* NULL: the filter as a whole, whatever its options */
    unsigned access;    /* of enum safe_access; SAFE_READ alone names a file or folder that may be allowed */
    const char *why;    /* instead of what `access` says; or NULL */
};

#define SAFE_RULES_MAX 128
extern const struct safe_rule catalog_safe_rules[]; /* fewer than that; the list ends with filter NULL */

/* What the filter of this libavfilter can do with some option, of enum safe_access; 0: nothing. */
unsigned catalog_access(const char *filter);

/* Looks at the text alone: filters read and write files as soon as libavfilter makes them. `allowed`:
 * folders, NULL at the end; itself NULL: none. Links are followed: the file that they name must lie in such a
 * folder. 0; -EPERM with filter, option and the way out; -EINVAL for a graph that cannot be read. */
int catalog_safe(const char *graph, const char *const *allowed, struct vid_error *err);

/* All graphs of the command line, of sound and video, when it says -safe. Before anything is opened. */
int media_options_safe(const struct media_options *options, struct vid_error *err);

#endif
