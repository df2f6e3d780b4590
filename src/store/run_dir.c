#include "store/run_dir.h"

#include "base/log.h"
#include "store/result_path.h"
#include "store/run_lock.h"
#include "store/run_past.h"
#include "store/run_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct run_dir {
    char *path;     /* as given, without slashes at the end */
    unsigned made;  /* folders at its end that this job, or the dead one before it, has made */
    unsigned ranks; /* with a folder in results/ */
    struct run_lock *lock;
    enum run_dir_keep on_failure; /* what becomes of the folder when opening fails */
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
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
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

/* They are made in order, so the first one that is missing ends them. */
static unsigned count_ranks(const struct run_dir *dir)
{
    unsigned ranks = 0;
    for (bool there = true; there; ranks += there) {
        char *folder = result_path_folder(dir->path, ranks);
        there = folder && is_folder(folder);
        free(folder);
    }
    return ranks;
}

static int lay_out(struct run_dir *dir, unsigned ranks, struct vid_error *err)
{
    static const char *const subs[] = {"preview", "faults", "parts", "results"};
    int ret = 0;
    for (size_t i = 0; i < sizeof subs / sizeof *subs && ret == 0; i++)
        ret = make_sub(dir, subs[i], err);
    unsigned had = count_ranks(dir);
    dir->ranks = ranks > had ? ranks : had;
    for (unsigned rank = 0; rank < dir->ranks && ret == 0; rank++)
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

/* Goes on with what is there, or clears it away. */
static int settle(struct run_dir *dir, const struct run_dir_wish *wish, enum run_dir_state *state,
                  struct vid_error *err)
{
    struct run_past past;
    int ret = run_past_read(dir->path, &past, err);
    if (ret < 0)
        return ret;
    *state = past.unfinished && !wish->restart ? RUN_DIR_RESUMED : RUN_DIR_FRESH;
    if (*state == RUN_DIR_RESUMED)
        return run_past_fits(&past, wish->key) ? 0 : run_past_refuse(dir->path, &past, err);
    dir->on_failure = RUN_DIR_KEEP_NOTHING;
    return run_tree_remove(dir->path, false, err);
}

static int set_up(struct run_dir *dir, const struct run_dir_wish *wish, enum run_dir_state *state,
                  struct vid_error *err)
{
    int ret = make_path(dir, err);
    if (ret == 0)
        ret = take(dir, wish->patience_ms, err);
    if (ret == 0)
        ret = settle(dir, wish, state, err);
    if (ret == 0)
        ret = lay_out(dir, wish->ranks, err);
    return ret;
}

static struct run_dir *dir_new(const char *path)
{
    struct run_dir *dir = calloc(1, sizeof *dir);
    if (!dir)
        return NULL;
    dir->on_failure = RUN_DIR_KEEP_ALL;
    dir->path = strdup(path);
    if (!dir->path) {
        free(dir);
        return NULL;
    }
    for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
        dir->path[end - 1] = '\0';
    return dir;
}

int run_dir_open(const char *path, const struct run_dir_wish *wish, struct run_dir **out,
                 enum run_dir_state *state, struct vid_error *err)
{
    *out = NULL;
    if (!*path)
        return vid_fail(err, -EINVAL, "run directory: the path is empty");
    struct run_dir *dir = dir_new(path);
    if (!dir)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = set_up(dir, wish, state, err);
    if (ret < 0)
        run_dir_close(&dir, dir->on_failure);
    *out = dir;
    return ret;
}

unsigned run_dir_ranks(const struct run_dir *dir)
{
    return dir->ranks;
}

const char *run_dir_path(const struct run_dir *dir)
{
    return dir->path;
}

int run_dir_beat(struct run_dir *dir, struct vid_error *err)
{
    return run_lock_beat(dir->lock, err);
}

static void clear_away(const struct run_dir *dir, enum run_dir_keep keep)
{
    struct vid_error err = {0};
    if (keep == RUN_DIR_KEEP_ALL || !dir->lock || !run_lock_held(dir->lock))
        return;
    if (run_tree_remove(dir->path, keep == RUN_DIR_KEEP_REPORT, &err) < 0)
        log_warn("%s", err.text);
}

void run_dir_close(struct run_dir **pdir, enum run_dir_keep keep)
{
    struct run_dir *dir = *pdir;
    *pdir = NULL;
    if (!dir)
        return;
    clear_away(dir, keep);
    run_lock_release(&dir->lock);
    remove_made(dir);
    free(dir->path);
    free(dir);
}
