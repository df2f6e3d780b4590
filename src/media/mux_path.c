#include "media/mux_path.h"

#include <libavformat/avio.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* The file behind the name: links are followed so that what they point to is replaced. */
static char *resolve(const char *file)
{
    char *real = realpath(file, NULL);
    return real ? real : strdup(file);
}

static const char *file_name(const char *name)
{
    return strncmp(name, "file:", 5) == 0 ? name + 5 : name;
}

static bool is_plain_file_url(const char *name)
{
    const char *protocol = avio_find_protocol_name(name);
    return protocol && strcmp(protocol, "file") == 0;
}

/* Writing beside the file needs the folder's permission; without it an existing
 * file is written in place, as ffmpeg would. */
static int check_folder(struct mux_path *path, bool exists, bool *beside, struct vid_error *err)
{
    char *folder = folder_of(path->final);
    if (!folder)
        return vid_fail(err, -ENOMEM, "no memory for the output's name");
    int code = 0;
    *beside = access(folder, W_OK | X_OK) == 0;
    if (!*beside && !(exists && errno == EACCES && access(path->final, W_OK) == 0)) {
        int cause = errno;
        code = vid_fail(err, -cause, "cannot write %s: folder %s: %s", path->name, folder, strerror(cause));
    }
    free(folder);
    return code;
}

static int choose_part(struct mux_path *path, struct vid_error *err)
{
    struct stat info;
    bool exists = stat(file_name(path->name), &info) == 0;
    bool beside;

    if (exists && S_ISDIR(info.st_mode))
        return vid_fail(err, -EISDIR, "cannot write %s: it is a folder; name a file in it", path->name);
    if (exists && !S_ISREG(info.st_mode))
        return 0;
    path->is_file = true;
    path->final = resolve(file_name(path->name));
    if (!path->final)
        return vid_fail(err, -ENOMEM, "no memory for the output's name");
    int code = check_folder(path, exists, &beside, err);
    if (code < 0 || !beside)
        return code;
    if (asprintf(&path->part, "%s.part", path->final) < 0) {
        path->part = NULL;
        return vid_fail(err, -ENOMEM, "no memory for the output's name");
    }
    return 0;
}

int mux_path_choose(const char *name, bool opens_itself, struct mux_path *out, struct vid_error *err)
{
    *out = (struct mux_path){.name = strdup(name)};
    if (!out->name)
        return vid_fail(err, -ENOMEM, "no memory for the output's name");
    if (opens_itself || !is_plain_file_url(name))
        return 0;
    return choose_part(out, err);
}

const char *mux_path_write_name(const struct mux_path *path)
{
    return path->part ? path->part : path->name;
}

int mux_path_commit(struct mux_path *path, struct vid_error *err)
{
    struct stat old;
    if (!path->part)
        return 0;
    if (stat(path->final, &old) == 0 && chmod(path->part, old.st_mode & 07777) < 0)
        return vid_fail(err, -errno, "cannot set the mode of %s: %s", path->part, strerror(errno));
    if (rename(path->part, path->final) < 0)
        return vid_fail(err, -errno, "cannot rename %s to %s: %s", path->part, path->final, strerror(errno));
    free(path->part);
    path->part = NULL;
    return 0;
}

void mux_path_discard(struct mux_path *path)
{
    if (path->part)
        unlink(path->part);
}

void mux_path_free(struct mux_path *path)
{
    free(path->name);
    free(path->final);
    free(path->part);
    *path = (struct mux_path){0};
}
