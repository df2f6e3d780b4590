/* plugin_options: a plugin filter's options from the text behind its name, as
 * libavfilter reads them: "key=value" joined by ":", values without a key in the options' order until the
 * first key, quotes and escapes. Private to the room. */
#ifndef VID_MEDIA_PLUGIN_OPTIONS_H
#define VID_MEDIA_PLUGIN_OPTIONS_H

#include "base/error.h"
#include "media/filter.h"

struct plugin_options {
    void *values; /* the filter's own struct; never NULL after a read */
    char **texts; /* that the struct points to */
    int text_count;
};

/* `args` NULL: only presets. -EINVAL names the filter, the option and what is allowed; -ENOMEM. */
int plugin_options_read(const struct vidmpi_filter *filter, const char *args, struct plugin_options *out,
                        struct vid_error *err);
void plugin_options_free(struct plugin_options *options);

/* What the option allows: "0 to 1", "yes or no", "fast, good". Returns `text`. */
char *plugin_option_range(const struct vidmpi_option *option, char *text, size_t size);

#endif
