/* What kind of filesystem a run directory is on, and how much room is left:
 * the last part of run_dir.h. */
#include "store/run_dir.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

/* f_type of the filesystems that only this node can see. An unknown one counts
 * as shared: that is slower, never wrong. */
static const unsigned long local_types[] = {
    0xEF53,     /* ext2, ext3, ext4 */
    0x58465342, /* xfs */
    0x9123683E, /* btrfs */
    0x01021994, /* tmpfs */
    0x858458F6, /* ramfs */
    0x2FC12FC1, /* zfs */
    0xF2F52010, /* f2fs */
    0x794C7630, /* overlayfs */
    0xCA451A4E, /* bcachefs */
    0x3153464A, /* jfs */
    0x52654973, /* reiserfs */
    0x3434,     /* nilfs2 */
    0x4D44,     /* vfat */
    0x2011BAB0, /* exfat */
    0x7366746E, /* ntfs3 */
};

/* Cuts the last component off: "a/b" to "a", "/a" to "/", "a" to ".". */
static void to_parent(char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    while (end > 0 && path[end - 1] != '/')
        end--;
    while (end > 1 && path[end - 1] == '/')
        end--;
    if (end == 0)
        path[end++] = '.'; /* there is room: a name was cut off */
    path[end] = '\0';
}

static int stat_both(const char *path, struct statfs *fs, struct statvfs *vfs)
{
    return statfs(path, fs) < 0 || statvfs(path, vfs) < 0 ? -errno : 0;
}

/* Of the path or, while it is not there, of the folder above it. */
static int stat_nearest(const char *path, struct statfs *fs, struct statvfs *vfs)
{
    char *at = strdup(*path ? path : ".");
    if (!at)
        return -ENOMEM;
    int ret = stat_both(at, fs, vfs);
    while (ret == -ENOENT && strcmp(at, ".") != 0 && strcmp(at, "/") != 0) {
        to_parent(at);
        ret = stat_both(at, fs, vfs);
    }
    free(at);
    return ret;
}

bool run_dir_is_shared(const char *path)
{
    struct statfs fs = {0};
    struct statvfs vfs = {0};
    if (stat_nearest(path, &fs, &vfs) < 0)
        return true;
    for (size_t i = 0; i < sizeof local_types / sizeof *local_types; i++) {
        if ((unsigned long)fs.f_type == local_types[i])
            return false;
    }
    return true;
}

int64_t run_dir_free_bytes(const char *path)
{
    struct statfs fs = {0};
    struct statvfs vfs = {0};
    int ret = stat_nearest(path, &fs, &vfs);
    if (ret < 0)
        return ret;
    uint64_t block = vfs.f_frsize ? vfs.f_frsize : vfs.f_bsize;
    if (block && vfs.f_bavail > INT64_MAX / block)
        return INT64_MAX;
    return (int64_t)(vfs.f_bavail * block);
}

int run_dir_check_space(const char *path, uint64_t bytes, struct vid_error *err)
{
    int64_t there = run_dir_free_bytes(path);
    if (there < 0)
        return vid_fail(err, (int)there, "run directory: asking for the free space of %s: %s", path,
                        strerror((int)-there));
    if ((uint64_t)there >= bytes)
        return 0;
    char needed[32], left[32];
    return vid_fail(err, -ENOSPC,
                    "run directory %s: %s (%" PRIu64 " bytes) are needed and %s (%" PRId64
                    " bytes) are free; make room, or choose another folder with -run-dir",
                    path, text_size(bytes, needed, sizeof needed), bytes,
                    text_size((uint64_t)there, left, sizeof left), there);
}

bool run_dir_place_failed(int code)
{
    static const int codes[] = {ENOSPC, EDQUOT, EFBIG, EIO, EROFS, ENOENT, ESTALE, ENOTCONN};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (code == -codes[i])
            return true;
    }
    return false;
}
