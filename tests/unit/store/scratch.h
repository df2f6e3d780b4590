/* scratch: a folder of its own for each test, and small file work. */
#ifndef TESTS_STORE_SCRATCH_H
#define TESTS_STORE_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* For cmocka_unit_test_setup_teardown: *state is the folder. */
static inline int scratch_make(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char *path;
    if (asprintf(&path, "%s/vid-store-XXXXXX", tmp ? tmp : "/tmp") < 0)
        return -1;
    *state = path;
    return mkdtemp(path) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
    umount2(*state, MNT_DETACH);
    int ret = io_remove_tree(*state, NULL);
    free(*state);
    return ret;
}

/* "FOLDER/name"; valid until 64 more were made. */
static inline const char *in(const char *folder, const char *name)
{
    static char paths[64][4096];
    static unsigned next;
    char text[4096]; /* `folder` may be one of the paths */
    char *path = paths[next++ % 64];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return memcpy(path, text, sizeof text);
}

static inline bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static inline int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static inline void write_at(const char *path, const void *mem, size_t size, uint64_t offset)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(io_pwrite(fd, mem, size, offset), 0);
    close(fd);
}

static inline void read_at(const char *path, void *mem, size_t size, uint64_t offset)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_pread(fd, mem, size, offset), (ssize_t)size);
    close(fd);
}

/* RUN_DIR/results/r0000/index and so on for the ranks. */
static inline void make_indexes(const char *run_dir, unsigned ranks)
{
    for (unsigned i = 0; i < ranks; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/results/r%04u", run_dir, i);
        assert_int_equal(io_make_dirs(path, NULL), 0);
        write_at(in(path, "index"), "", 0, 0);
    }
}

/* A filesystem of `bytes` there, or the test is skipped with the reason. */
static inline void mount_small(const char *folder, const char *options)
{
    if (mount("tmpfs", folder, "tmpfs", 0, options) == 0)
        return;
    print_message("skipped: mounting a tmpfs: %s\n", strerror(errno));
    skip();
}

#endif
