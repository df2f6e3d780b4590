#include "base/io.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t io_pread(int fd, void *mem, size_t size, uint64_t offset)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(fd, (char *)mem + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Steps over `done` bytes; returns how many vectors are used up. */
static int iov_advance(struct iovec *iov, int count, size_t done)
{
    int used = 0;

    while (used < count && done >= iov[used].iov_len)
        done -= iov[used++].iov_len;
    if (used < count) {
        iov[used].iov_base = (char *)iov[used].iov_base + done;
        iov[used].iov_len -= done;
    }
    return used;
}

int io_pwritev(int fd, struct iovec *iov, int count, uint64_t offset)
{
    int used = iov_advance(iov, count, 0);

    while (used < count) {
        int some = count - used < IOV_MAX ? count - used : IOV_MAX;
        ssize_t n = pwritev(fd, iov + used, some, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        offset += (uint64_t)n;
        used += iov_advance(iov + used, count - used, (size_t)n);
    }
    return 0;
}

int io_pwrite(int fd, const void *mem, size_t size, uint64_t offset)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)mem, .iov_len = size};

    return io_pwritev(fd, &iov, 1, offset);
}

int io_write(int fd, const void *mem, size_t size)
{
    const char *p = mem;

    while (size) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static int wait_ready(int fd, short events, int64_t deadline)
{
    struct pollfd pfd = {.fd = fd, .events = events};

    for (;;) {
        int n = poll(&pfd, 1, clock_ms_left(deadline));
        if (n > 0)
            return pfd.revents & POLLNVAL ? -EBADF : 0;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (clock_now() >= deadline)
            return -ETIMEDOUT;
    }
}

static bool try_again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

int io_read_until(int fd, void *mem, size_t size, int64_t deadline)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n;
        int ret = wait_ready(fd, POLLIN, deadline);
        if (ret < 0)
            return ret;
        n = read(fd, (char *)mem + done, size - done);
        if (n == 0)
            return done ? -EPIPE : VID_EOF;
        if (n < 0 && !try_again())
            return -errno;
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

/* One write that does not block on a descriptor that poll calls writable,
 * although the descriptor itself may be blocking. */
static ssize_t write_some(int fd, const void *mem, size_t size)
{
    ssize_t n = send(fd, mem, size, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n >= 0 || errno != ENOTSOCK)
        return n;
    return write(fd, mem, size < PIPE_BUF ? size : PIPE_BUF);
}

int io_write_until(int fd, const void *mem, size_t size, int64_t deadline)
{
    const char *p = mem;

    while (size) {
        ssize_t n;
        int ret = wait_ready(fd, POLLOUT, deadline);
        if (ret < 0)
            return ret;
        n = write_some(fd, p, size);
        if (n < 0 && !try_again())
            return -errno;
        if (n > 0) {
            p += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

static int fill_file(const char *path, const void *mem, size_t size, bool sync)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int ret;

    if (fd < 0)
        return -errno;
    ret = io_write(fd, mem, size);
    if (!ret && sync && fsync(fd) < 0)
        ret = -errno;
    if (close(fd) < 0 && !ret)
        ret = -errno;
    return ret;
}

static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 0;
    char folder[PATH_MAX];
    int fd, ret = 0;

    if (snprintf(folder, sizeof(folder), "%.*s.", length, path) >= (int)sizeof(folder))
        return -ENAMETOOLONG;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fsync(fd) < 0)
        ret = -errno;
    close(fd);
    return ret;
}

int io_write_file(const char *path, const void *mem, size_t size, bool sync, struct vid_error *err)
{
    char tmp[PATH_MAX];
    int ret;

    if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
        return vid_fail(err, -ENAMETOOLONG, "cannot write %s: the name is too long", path);
    ret = fill_file(tmp, mem, size, sync);
    if (!ret && rename(tmp, path) < 0)
        ret = -errno;
    if (ret < 0)
        unlink(tmp);
    if (!ret && sync)
        ret = sync_folder_of(path);
    if (ret < 0)
        return vid_fail(err, ret, "cannot write %s: %s", path, strerror(-ret));
    return 0;
}

/* Reads to the end, one byte beyond the limit at most, so that the size tells.
 * It does not trust the size of fstat: files of /proc say 0. */
static int read_all(int fd, size_t limit, char **text, size_t *size)
{
    size_t room = 0, done = 0;
    char *mem = NULL;

    for (;;) {
        ssize_t n;
        if (done + 1 >= room) {
            char *grown = realloc(mem, room = room ? 2 * room : 4096);
            if (!grown)
                return free(mem), -ENOMEM;
            mem = grown;
        }
        n = read(fd, mem + done, room - done - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return free(mem), -errno;
        done += (size_t)n;
        if (done > limit)
            return free(mem), -EFBIG;
        if (n == 0)
            break;
    }
    mem[done] = '\0';
    *text = mem;
    *size = done;
    return 0;
}

int io_read_file(const char *path, size_t limit, char **text, size_t *size, struct vid_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    int ret;

    if (fd < 0)
        return vid_fail(err, -errno, "cannot open %s: %s", path, strerror(errno));
    ret = read_all(fd, limit, text, &length);
    close(fd);
    if (ret < 0)
        return vid_fail(err, ret, "cannot read %s: %s", path, strerror(-ret));
    if (size)
        *size = length;
    return 0;
}
