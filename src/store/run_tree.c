#include "store/run_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum use {
    USE_FOLDER,
    USE_LOCK, /* run_lock's: never removed here */
    USE_JOB,  /* while the job runs */
    USE_KEPT, /* for the user, after the job too */
};

/* '#' is one or more digits, '*' one or more characters of a name. */
static const struct known {
    const char *pattern;
    enum use use;
} known[] = {
    {"owner", USE_LOCK},
    {"owner.new", USE_LOCK},
    {"job.json", USE_JOB},
    {"job.json.tmp", USE_JOB},
    {"ledger", USE_JOB},
    {"frame-stats.jsonl", USE_JOB},
    {"results", USE_FOLDER},
    {"results/r#", USE_FOLDER},
    {"results/r#/index", USE_JOB},
    {"results/r#/seg-#", USE_JOB},
    {"results/png", USE_FOLDER},
    {"results/png/frame_#.png", USE_KEPT},
    {"results/png/frame_#.json", USE_KEPT},
    {"results/png/frame_#.#.png", USE_KEPT},
    {"results/png/frame_#.#.json", USE_KEPT},
    {"results/png/frame_#.png.tmp", USE_JOB},
    {"results/png/frame_#.json.tmp", USE_JOB},
    {"results/png/frame_#.#.png.tmp", USE_JOB},
    {"results/png/frame_#.#.json.tmp", USE_JOB},
    {"faults", USE_FOLDER},
    {"faults/*", USE_KEPT},
    {"parts", USE_FOLDER},
    {"parts/part-#", USE_JOB},
    {"parts/part-#.*", USE_JOB},
    {"preview", USE_FOLDER},
    {"preview/latest.png", USE_KEPT},
    {"preview/latest.png.tmp", USE_JOB},
    {"progress.json", USE_KEPT},
    {"progress.json.tmp", USE_JOB},
    {"manifest.json", USE_KEPT},
    {"manifest.json.tmp", USE_JOB},
};

static bool fits(const char *pattern, const char *text)
{
    for (; *pattern; pattern++) {
        size_t run = *pattern == '#' ? strspn(text, "0123456789") : *pattern == '*' ? strcspn(text, "/") : 1;
        if (run == 0 || ((*pattern != '#' && *pattern != '*') && *text != *pattern))
            return false;
        text += run;
    }
    return *text == '\0';
}

static const struct known *find_known(const char *path, bool is_folder)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if ((known[i].use == USE_FOLDER) == is_folder && fits(known[i].pattern, path))
            return &known[i];
    }
    return NULL;
}

bool run_tree_knows(const char *path, bool is_folder)
{
    return find_known(path, is_folder) != NULL;
}

/* One walk through a run directory; depth first. */
struct walk {
    const char *folder;
    bool remove, keep;
    int count;           /* known entries beside the lock */
    char path[PATH_MAX]; /* relative to the folder, "" at its top */
    struct vid_error *err;
};

static int walk_folder(struct walk *walk, int parent, const char *name);

static int say(struct walk *walk, const char *doing, int code)
{
    return vid_fail(walk->err, code, "run directory: %s %s/%s: %s", doing, walk->folder, walk->path,
                    strerror(-code));
}

static int visit_unknown(struct walk *walk)
{
    if (walk->remove)
        return 0;
    return vid_fail(walk->err, -ENOTEMPTY,
                    "run directory %s holds %s, which is no file of a job; choose an empty or a new folder",
                    walk->folder, walk->path);
}

static int visit_file(struct walk *walk, int parent, const char *name, enum use use)
{
    walk->count += use != USE_LOCK;
    if (!walk->remove || use == USE_LOCK || (use == USE_KEPT && walk->keep))
        return 0;
    return unlinkat(parent, name, 0) < 0 && errno != ENOENT ? say(walk, "removing", -errno) : 0;
}

static int visit_folder(struct walk *walk, int parent, const char *name)
{
    walk->count++;
    int ret = walk_folder(walk, parent, name);
    if (ret < 0 || !walk->remove)
        return ret;
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
        return say(walk, "removing", -errno);
    return 0;
}

static int visit(struct walk *walk, int parent, const char *name, unsigned char type)
{
    bool is_folder = type == DT_DIR;
    const struct known *k = is_folder || type == DT_REG ? find_known(walk->path, is_folder) : NULL;
    if (!k)
        return visit_unknown(walk);
    return is_folder ? visit_folder(walk, parent, name) : visit_file(walk, parent, name, k->use);
}

/* What the folder says of its entry; some filesystems say nothing, so that it must be looked at. DT_UNKNOWN
 * when it has gone. */
static int find_type(struct walk *walk, int folder, const struct dirent *entry, unsigned char *type)
{
    struct stat st;
    *type = entry->d_type;
    if (*type != DT_UNKNOWN)
        return 0;
    if (fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : say(walk, "looking at", -errno);
    *type = IFTODT(st.st_mode);
    return 0;
}

/* ".nfs..." is what NFS leaves of a file that was removed while open; it goes by itself. */
static bool is_skipped(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, ".nfs", 4) == 0;
}

static int visit_entry(struct walk *walk, int folder, const struct dirent *entry)
{
    size_t length = strlen(walk->path), room = sizeof walk->path - length;
    int added = snprintf(walk->path + length, room, "%s%s", length ? "/" : "", entry->d_name);
    unsigned char type = DT_UNKNOWN;
    int ret = added < 0 || (size_t)added >= room ? say(walk, "reading", -ENAMETOOLONG)
                                                 : find_type(walk, folder, entry, &type);
    if (ret == 0 && type != DT_UNKNOWN)
        ret = visit(walk, folder, entry->d_name, type);
    walk->path[length] = '\0';
    return ret;
}

static int walk_folder(struct walk *walk, int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int code = -errno;
        if (fd >= 0)
            close(fd);
        return code == -ENOENT && *walk->path ? 0 : say(walk, "reading", code); /* another job removes it */
    }
    int first = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        int ret = is_skipped(entry->d_name) ? 0 : visit_entry(walk, fd, entry);
        if (first == 0)
            first = ret;
        if (first < 0 && !walk->remove)
            break;
    }
    closedir(dir);
    return first;
}

static int walk_all(struct walk *walk)
{
    int fd = open(walk->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return say(walk, "opening", -errno);
    int ret = walk_folder(walk, fd, ".");
    close(fd);
    return ret;
}

int run_tree_check(const char *folder, struct vid_error *err)
{
    struct walk walk = {.folder = folder, .err = err};
    int ret = walk_all(&walk);
    return ret < 0 ? ret : walk.count;
}

int run_tree_remove(const char *folder, bool keep, struct vid_error *err)
{
    struct walk walk = {.folder = folder, .remove = true, .keep = keep, .err = err};
    return walk_all(&walk);
}
