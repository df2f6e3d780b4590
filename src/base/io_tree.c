#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_at(int folder, const char *name);

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Takes the descriptor. */
static int empty_folder(int fd)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int ret = 0;

    if (!dir) {
        ret = -errno;
        close(fd);
        return ret;
    }
    while (!ret && (errno = 0, entry = readdir(dir)))
        ret = is_dots(entry->d_name) ? 0 : remove_at(dirfd(dir), entry->d_name);
    if (!ret)
        ret = -errno;
    closedir(dir);
    return ret;
}

static int remove_at(int folder, const char *name)
{
    int fd, ret;

    if (!unlinkat(folder, name, 0) || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    ret = empty_folder(fd);
    if (ret < 0)
        return ret;
    return unlinkat(folder, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int io_remove_tree(const char *path, struct vid_error *err)
{
    int ret = remove_at(AT_FDCWD, path);

    return ret < 0 ? vid_fail(err, ret, "cannot remove %s: %s", path, strerror(-ret)) : 0;
}

static int make_dir(const char *path)
{
    struct stat st;
    int code;

    if (!mkdir(path, 0777))
        return 0;
    code = errno;
    if (!stat(path, &st))
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    return -code;
}

int io_make_dirs(const char *path, struct vid_error *err)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    int ret = 0;

    if (!length || length >= sizeof(part))
        return vid_fail(err, length ? -ENAMETOOLONG : -ENOENT, "cannot make folder '%.200s': %s", path,
                        length ? "the name is too long" : "it has no name");
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length && !ret; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        ret = make_dir(part);
        if (!ret)
            part[i] = path[i];
    }
    if (ret < 0)
        return vid_fail(err, ret, "cannot make folder %s: %s", part, strerror(-ret));
    return 0;
}
