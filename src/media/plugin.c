#include "media/plugin.h"
#include "media/graph_text.h"

#include <errno.h>
#include <libavfilter/avfilter.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS_MAX 64

/* Shared objects are the process's, and so are they. The lock protects all of it. */
static struct {
    pthread_mutex_t lock;
    bool looked; /* in the folders, or a list was used */
    struct plugin_set set;
} plugins = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The folders in their order, as malloc'ed strings. */
struct folders {
    char *items[FOLDERS_MAX];
    int count;
};

static void add_folder(struct folders *folders, const char *from, size_t length, const char *below)
{
    char *path;

    if (length && folders->count < FOLDERS_MAX && asprintf(&path, "%.*s%s", (int)length, from, below) >= 0)
        folders->items[folders->count++] = path;
}

static void add_environment(struct folders *folders)
{
    const char *at = getenv("VIDMPI_PLUGIN_PATH");

    while (at && *at) {
        size_t length = strcspn(at, ":");

        add_folder(folders, at, length, "");
        at += length + (at[length] == ':');
    }
}

/* In the folder where it was built, and where the whole was moved after its installation. */
static void add_beside_program(struct folders *folders)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self));

    while (length > 0 && self[length - 1] != '/')
        length--;
    if (length <= 0)
        return;
    add_folder(folders, self, (size_t)length, "plugins");
    add_folder(folders, self, (size_t)length, "../lib/vidmpi/plugins");
}

static void find_folders(struct folders *folders)
{
    *folders = (struct folders){.count = 0};
    add_environment(folders);
    add_beside_program(folders);
    add_folder(folders, VID_PLUGIN_DIR, strlen(VID_PLUGIN_DIR), "");
}

static void free_folders(struct folders *folders)
{
    while (folders->count > 0)
        free(folders->items[--folders->count]);
}

static void look_locked(void)
{
    struct folders folders;

    if (plugins.looked)
        return;
    plugins.looked = true;
    find_folders(&folders);
    for (int i = 0; i < folders.count; i++)
        plugin_set_add_folder(&plugins.set, folders.items[i]);
    free_folders(&folders);
}

const struct plugin_filter *plugin_find(const char *name)
{
    const struct plugin_filter *found;

    pthread_mutex_lock(&plugins.lock);
    look_locked();
    found = plugin_set_find(&plugins.set, name);
    pthread_mutex_unlock(&plugins.lock);
    return found;
}

const struct plugin_filter *plugin_at(int index)
{
    const struct plugin_filter *found;

    pthread_mutex_lock(&plugins.lock);
    look_locked();
    found = index >= 0 && index < plugins.set.count ? plugins.set.filters[index] : NULL;
    pthread_mutex_unlock(&plugins.lock);
    return found;
}

char *plugin_folders(char *text, size_t size)
{
    struct folders folders;
    size_t used = 0;

    find_folders(&folders);
    *text = '\0';
    for (int i = 0; i < folders.count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0                  ? ""
                                 : i < folders.count - 1 ? ", "
                                                         : " and ",
                                 folders.items[i]);
    free_folders(&folders);
    return text;
}

/* ---- of one graph, from process to process ---- */

static bool is_listed(const char *list, const char *path)
{
    size_t length = strlen(path);

    for (const char *at = list; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (!strncmp(at, path, length) && at[length] == '\t')
            return true;
    return false;
}

static int add_to_list(char **list, const struct plugin_filter *found)
{
    char *grown;

    if (is_listed(*list, found->path))
        return 0;
    if (asprintf(&grown, "%s%s%s\t%s\t%s", *list ? *list : "", *list ? "\n" : "", found->path,
                 found->plugin->name, found->plugin->version) < 0)
        return -ENOMEM;
    free(*list);
    *list = grown;
    return 0;
}

int plugin_list_of(const char *graph, char **list, struct vid_error *err)
{
    struct graph_text text;
    int rc = graph_text_read(graph, &text, err);

    *list = NULL;
    if (rc < 0)
        return rc;
    for (int i = 0; i < text.count && rc == 0; i++) {
        const char *name = text.filters[i].name;
        const struct plugin_filter *found = avfilter_get_by_name(name) ? NULL : plugin_find(name);

        if (found && (rc = add_to_list(list, found)) < 0) {
            free(*list);
            *list = NULL;
            vid_fail(err, rc, "no memory for the names of plugins");
        }
    }
    graph_text_free(&text);
    return rc;
}

static const char *this_node(char *name, size_t size)
{
    if (gethostname(name, size) < 0)
        snprintf(name, size, "this node");
    name[size - 1] = '\0';
    return name;
}

static const struct vidmpi_plugin *loaded_from_locked(const char *path)
{
    for (int i = 0; i < plugins.set.count; i++)
        if (!strcmp(plugins.set.filters[i]->path, path))
            return plugins.set.filters[i]->plugin;
    return NULL;
}

static int use_locked(const char *path, const char *name, const char *version, struct vid_error *err)
{
    const struct vidmpi_plugin *plugin;
    char node[HOST_NAME_MAX + 1], *real = realpath(path, NULL);
    struct vid_error why = {0};
    int rc = plugin_set_add_file(&plugins.set, path, &why);

    this_node(node, sizeof(node));
    plugin = rc == 0 && real ? loaded_from_locked(real) : NULL;
    free(real);
    if (rc < 0)
        return vid_fail(err, rc, "on %s: %s", node, why.text);
    if (!plugin)
        return vid_fail(err, -ELIBBAD, "plugin %s gives no filter on %s", path, node);
    if (strcmp(plugin->name, name) != 0 || strcmp(plugin->version, version) != 0)
        return vid_fail(err, -EINVAL, "plugin %s is %s %s on %s, but %s %s where the job was started", path,
                        plugin->name, plugin->version, node, name, version);
    return 0;
}

/* Cuts the line at its tabs. */
static int use_line_locked(char *line, struct vid_error *err)
{
    char *name = strchr(line, '\t'), *version = name ? strchr(name + 1, '\t') : NULL;

    if (!version)
        return vid_fail(err, -EINVAL, "the list of a graph's plugins is damaged");
    *name++ = *version++ = '\0';
    return use_locked(line, name, version, err);
}

int plugin_use_list(const char *list, struct vid_error *err)
{
    char *copy = strdup(list), *rest = copy, *line;
    int rc = copy ? 0 : vid_fail(err, -ENOMEM, "no memory for the names of plugins");

    pthread_mutex_lock(&plugins.lock);
    plugins.looked = true;
    while (rc == 0 && (line = strsep(&rest, "\n")))
        rc = use_line_locked(line, err);
    pthread_mutex_unlock(&plugins.lock);
    free(copy);
    return rc;
}
