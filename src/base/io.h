/* io: whole reads and writes on descriptors, and files that appear whole. */
#ifndef VID_BASE_IO_H
#define VID_BASE_IO_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Reads until `size` bytes or the end of file: the count read, or negative
 * errno. EINTR is retried. */
ssize_t io_pread(int fd, void *mem, size_t size, uint64_t offset);

/* Writes all of it: 0 or negative errno (a short write that cannot go on is
 * the errno of the next try, -ENOSPC on a full disk). `iov` is used up. */
int io_pwritev(int fd, struct iovec *iov, int count, uint64_t offset);
int io_pwrite(int fd, const void *mem, size_t size, uint64_t offset);
int io_write(int fd, const void *mem, size_t size);

/* Reads exactly `size` bytes from a pipe or socket until the deadline
 * (clock_now). 0, VID_EOF at an end before the first byte, -EPIPE at an end
 * inside, -ETIMEDOUT, or negative errno. */
int io_read_until(int fd, void *mem, size_t size, int64_t deadline);
int io_write_until(int fd, const void *mem, size_t size, int64_t deadline);

/* Puts the file there whole or not at all: writes PATH.tmp, renames.
 * `sync` also makes it durable (fsync of file and folder). */
int io_write_file(const char *path, const void *mem, size_t size, bool sync, struct vid_error *err);

/* The whole file as a NUL-terminated string that the caller frees; at most
 * `limit` bytes, -EFBIG beyond. */
int io_read_file(const char *path, size_t limit, char **text, size_t *size, struct vid_error *err);

/* Removes the file or folder with all that is below it. A name that is not
 * there is no error. Symbolic links are removed, never followed. */
int io_remove_tree(const char *path, struct vid_error *err);

/* Makes the folder and those above it. 0 also when it is there. */
int io_make_dirs(const char *path, struct vid_error *err);

#endif
