#include "media/plugin_set.h"
#include "base/log.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <libavfilter/avfilter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef const struct vidmpi_plugin *(*describe)(void);

const struct plugin_filter *plugin_set_find(const struct plugin_set *set, const char *name)
{
    for (int i = 0; i < set->count; i++)
        if (!strcmp(set->filters[i]->filter->name, name))
            return set->filters[i];
    return NULL;
}

void plugin_set_clear(struct plugin_set *set)
{
    for (int i = 0; i < set->count; i++)
        free(set->filters[i]);
    for (int i = 0; i < set->path_count; i++)
        free(set->paths[i]);
    free(set->filters);
    free(set->paths);
    *set = (struct plugin_set){0};
}

static bool has_path(const struct plugin_set *set, const char *path)
{
    for (int i = 0; i < set->path_count; i++)
        if (!strcmp(set->paths[i], path))
            return true;
    return false;
}

/* Takes the string. */
static int add_path(struct plugin_set *set, char *path)
{
    char **grown = realloc(set->paths, (size_t)(set->path_count + 1) * sizeof(*grown));

    if (!grown) {
        free(path);
        return -ENOMEM;
    }
    set->paths = grown;
    set->paths[set->path_count++] = path;
    return 0;
}

/* Why a filter cannot be had by its name; NULL: it can. */
static const char *name_taken(const struct plugin_set *set, const char *name)
{
    const struct plugin_filter *other = plugin_set_find(set, name);

    if (avfilter_get_by_name(name))
        return "libavfilter, whose filter counts";
    return other ? other->path : NULL;
}

static int add_filter(struct plugin_set *set, const struct plugin_filter *found, struct vid_error *err)
{
    struct plugin_filter **grown = realloc(set->filters, (size_t)(set->count + 1) * sizeof(*grown));
    struct plugin_filter *copy = malloc(sizeof(*copy));

    if (grown)
        set->filters = grown;
    if (!grown || !copy) {
        free(copy);
        return vid_fail(err, -ENOMEM, "no memory for the filters of plugins");
    }
    *copy = *found;
    set->filters[set->count++] = copy;
    return 0;
}

static int add_filters(struct plugin_set *set, const struct vidmpi_plugin *plugin, const char *path,
                       struct vid_error *err)
{
    int rc = 0;

    for (int i = 0; plugin->filters[i] && rc == 0; i++) {
        struct plugin_filter found = {plugin->filters[i], plugin, path};
        struct vid_error why = {0};
        const char *owner;

        if (plugin_check(found.filter, &why) < 0)
            log_warn("plugin %s: %s; that filter is left out", path, why.text);
        else if ((owner = name_taken(set, found.filter->name)))
            log_warn("plugin %s: its filter \"%s\" is left out, there is one of that name in %s", path,
                     found.filter->name, owner);
        else
            rc = add_filter(set, &found, err);
    }
    return rc;
}

/* dlerror's text has the path in front. */
static const char *why_not(const char *path)
{
    const char *text = dlerror();
    size_t length = strlen(path);

    if (!text)
        return "unknown reason";
    return !strncmp(text, path, length) && !strncmp(text + length, ": ", 2) ? text + length + 2 : text;
}

/* They travel in lines with tabs. */
static bool is_word(const char *text)
{
    return text && *text && !strpbrk(text, "\t\n");
}

static int load(const char *path, const struct vidmpi_plugin **out, struct vid_error *err)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    describe function;

    if (!object)
        return vid_fail(err, -ELIBBAD, "plugin %s cannot be loaded: %s", path, why_not(path));
    symbol = dlsym(object, "vidmpi_plugin");
    memcpy(&function, &symbol, sizeof(function)); /* the way from void * that C allows */
    *out = symbol ? function() : NULL;
    if (!*out)
        return vid_fail(err, -ELIBBAD, "plugin %s has no function vidmpi_plugin: it is no plugin of vidmpi",
                        path);
    if ((*out)->abi != VIDMPI_FILTER_ABI)
        return vid_fail(
            err, -ELIBBAD,
            "plugin %s was built for version %u of media/filter.h, this vidmpi has %d: build it again", path,
            (*out)->abi, VIDMPI_FILTER_ABI);
    if (!is_word((*out)->name) || !is_word((*out)->version) || !(*out)->filters)
        return vid_fail(err, -ELIBBAD, "plugin %s tells no name, no version or no filters", path);
    return 0;
}

int plugin_set_add_file(struct plugin_set *set, const char *path, struct vid_error *err)
{
    const struct vidmpi_plugin *plugin = NULL; /* the compiler does not see that it is set */
    char *real = realpath(path, NULL);
    int rc;

    if (!real)
        return vid_fail(err, -errno, "plugin %s: %s", path, strerror(errno));
    if (has_path(set, real)) {
        free(real);
        return 0;
    }
    if ((rc = add_path(set, real)) < 0)
        return vid_fail(err, rc, "no memory for the names of plugins");
    if ((rc = load(real, &plugin, err)) < 0)
        return rc;
    return add_filters(set, plugin, real, err);
}

static int is_object(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 3 && !strcmp(entry->d_name + length - 3, ".so");
}

/* Not alphasort: the order does not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

void plugin_set_add_folder(struct plugin_set *set, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_object, by_name);

    if (count < 0 && errno != ENOENT && errno != ENOTDIR)
        log_warn("plugins of %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        struct vid_error why = {0};
        char *path;

        if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) >= 0) {
            if (plugin_set_add_file(set, path, &why) < 0)
                log_warn("%s", why.text);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
}
