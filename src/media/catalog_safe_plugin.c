/* Plugins are trusted as the program is: whoever sets VIDMPI_PLUGIN_PATH could run any other. Their options
 * are not: those that name a file say so. */
#include "media/catalog_safe_path.h"
#include "media/plugin_options.h"

#include <errno.h>
#include <string.h>

static int check_file(const struct plugin_filter *plugin, const struct vidmpi_option *option,
                      const char *path, const char *const *allowed, struct vid_error *err)
{
    struct vid_error why = {0};

    if (!*path || !strcmp(path, option->preset) || safe_path_check(path, allowed, &why) == 0)
        return 0;
    return vid_fail(err, -EPERM,
                    "-safe refuses the option \"%s\" of filter \"%s\": %s; allow a folder with the file by "
                    "-safe-allow DIR, or run without -safe",
                    option->name, plugin->filter->name, why.text);
}

int safe_plugin_check(const struct plugin_filter *plugin, const char *args, const char *const *allowed,
                      struct vid_error *err)
{
    const struct vidmpi_option *option = plugin->filter->options;
    struct plugin_options options;
    int rc = plugin_options_read(plugin->filter, args, &options, err);

    if (rc < 0)
        return rc;
    for (; option && option->name && rc == 0; option++) {
        const void *at = (const char *)options.values + option->offset;

        if (option->type == VIDMPI_FILE)
            rc = check_file(plugin, option, *(const char *const *)at, allowed, err);
    }
    plugin_options_free(&options);
    return rc;
}
