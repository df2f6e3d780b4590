#include "store/run_dir.h"

#include "base/log.h"
#include "store/result_path.h"
#include "store/run_lock.h"
#include "store/run_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct run_dir {
    char *path;    /* as given, without slashes at the end */
    unsigned made; /* folders at its end that this job, or the dead one before it, has made */
    struct run_lock *lock;
};

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* 1: made, 0: it was there. */
static int make_folder(const char *path, struct vid_error *err)
{
    if (mkdir(path, 0777) == 0)
        return 1;
    int code = -errno;
    if (is_folder(path))
        return 0;
    if (code == -EEXIST)
        return vid_fail(err, -ENOTDIR, "run directory: %s is there and is not a folder", path);
    return vid_fail(err, code, "run directory: making the folder %s: %s", path, strerror(-code));
}

/* Makes the folder and those above it, and counts what it made: that is always the end of the path. */
static int make_path(struct run_dir *dir, struct vid_error *err)
{
    char *at = dir->path;
    int ret = 0;
    while (ret >= 0 && at) {
        at += strspn(at, "/");
        at = strchr(at, '/');
        if (at)
            *at = '\0';
        ret = make_folder(dir->path, err);
        if (ret >= 0)
            dir->made = ret ? dir->made + 1 : 0;
        if (at)
            *at = '/';
    }
    return ret < 0 ? ret : 0;
}

/* Removes the folders at the end of the path that were made, as far as they are empty. */
static void remove_made(const struct run_dir *dir)
{
    char *path = strdup(dir->path);
    for (unsigned i = 0; path && i < dir->made; i++) {
        if (!*path || rmdir(path) < 0)
            break;
        char *slash = strrchr(path, '/');
        while (slash && slash > path && slash[-1] == '/')
            slash--;
        if (!slash)
            break;
        *slash = '\0';
    }
    free(path);
}

static int make_sub(const struct run_dir *dir, const char *name, struct vid_error *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir->path, name) < 0)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = make_folder(path, err);
    free(path);
    return ret < 0 ? ret : 0;
}

static int make_index(const char *folder, struct vid_error *err)
{
    char *path = result_path_index(folder);
    if (!path)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        ret = vid_fail(err, -errno, "run directory: creating %s: %s", path, strerror(errno));
    else
        close(fd);
    free(path);
    return ret;
}

static int make_rank(const struct run_dir *dir, unsigned rank, struct vid_error *err)
{
    char *folder = result_path_folder(dir->path, rank);
    if (!folder)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = make_folder(folder, err);
    if (ret >= 0)
        ret = make_index(folder, err);
    free(folder);
    return ret;
}

static int lay_out(const struct run_dir *dir, unsigned ranks, struct vid_error *err)
{
    int ret = make_sub(dir, "preview", err);
    if (ret == 0)
        ret = make_sub(dir, "results", err);
    for (unsigned rank = 0; rank < ranks && ret == 0; rank++)
        ret = make_rank(dir, rank, err);
    return ret;
}

/* From the folder to the lock; a folder with anything of somebody else's is not touched. */
static int take(struct run_dir *dir, int patience_ms, struct vid_error *err)
{
    int found = dir->made ? 0 : run_tree_check(dir->path, err);
    if (found < 0)
        return found;
    unsigned made = found && !dir->made ? 1 : dir->made; /* left by a job of ours: to be removed with it */
    int ret = run_lock_take(dir->path, run_dir_is_shared(dir->path), patience_ms, &made, &dir->lock, err);
    if (ret == 0)
        dir->made = made;
    return ret;
}

static int set_up(struct run_dir *dir, unsigned ranks, int patience_ms, struct vid_error *err)
{
    int ret = make_path(dir, err);
    if (ret == 0)
        ret = take(dir, patience_ms, err);
    if (ret == 0)
        ret = run_tree_remove(dir->path, false, err);
    if (ret == 0)
        ret = lay_out(dir, ranks, err);
    return ret;
}

static struct run_dir *dir_new(const char *path)
{
    struct run_dir *dir = calloc(1, sizeof *dir);
    if (!dir)
        return NULL;
    dir->path = strdup(path);
    if (!dir->path) {
        free(dir);
        return NULL;
    }
    for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
        dir->path[end - 1] = '\0';
    return dir;
}

int run_dir_create(const char *path, unsigned ranks, int patience_ms, struct run_dir **out,
                   struct vid_error *err)
{
    *out = NULL;
    if (!*path)
        return vid_fail(err, -EINVAL, "run directory: the path is empty");
    struct run_dir *dir = dir_new(path);
    if (!dir)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = set_up(dir, ranks, patience_ms, err);
    if (ret < 0)
        run_dir_close(&dir, false);
    *out = dir;
    return ret;
}

const char *run_dir_path(const struct run_dir *dir)
{
    return dir->path;
}

int run_dir_beat(struct run_dir *dir, struct vid_error *err)
{
    return run_lock_beat(dir->lock, err);
}

void run_dir_close(struct run_dir **pdir, bool keep)
{
    struct run_dir *dir = *pdir;
    *pdir = NULL;
    if (!dir)
        return;
    struct vid_error err = {0};
    if (dir->lock && run_lock_held(dir->lock) && run_tree_remove(dir->path, keep, &err) < 0)
        log_warn("%s", err.text);
    run_lock_release(&dir->lock);
    remove_made(dir);
    free(dir->path);
    free(dir);
}
