/* run_dirs: run directories for the tests, made and refused. */
#ifndef VID_TESTS_STORE_RUN_DIRS_H
#define VID_TESTS_STORE_RUN_DIRS_H

#include "scratch.h"

#include "store/run_dir.h"
#include "store/run_owner.h"

#define PATIENCE_MS 200

static inline struct run_dir *create(const char *path, unsigned ranks)
{
    const struct run_dir_wish wish = {.ranks = ranks, .patience_ms = PATIENCE_MS};
    enum run_dir_state how;
    struct vid_error err = {0};
    struct run_dir *dir;
    if (run_dir_open(path, &wish, &dir, &how, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(how, RUN_DIR_FRESH);
    assert_int_equal(run_dir_ranks(dir), ranks);
    return dir;
}

/* Without cmocka, for other processes. */
static inline int try_create(const char *path, int patience_ms, struct run_dir **dir, struct vid_error *err)
{
    const struct run_dir_wish wish = {.ranks = 5, .patience_ms = patience_ms};
    enum run_dir_state how;
    return run_dir_open(path, &wish, dir, &how, err);
}

/* Fails with the code and a sentence that holds the word. */
static inline void refuse(const char *path, int code, const char *word)
{
    struct vid_error err = {0};
    struct run_dir *dir;
    assert_int_equal(try_create(path, PATIENCE_MS, &dir, &err), code);
    assert_null(dir);
    if (!strstr(err.text, word))
        fail_msg("\"%s\" does not hold \"%s\"", err.text, word);
}

static inline void put(const char *folder, const char *name)
{
    write_at(in(folder, name), "x", 1, 0);
}

static inline void write_owner(const char *path, const struct run_owner *owner)
{
    char line[RUN_OWNER_BYTES + 1];
    run_owner_format(owner, line);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || io_pwrite(fd, line, RUN_OWNER_BYTES, 0) < 0)
        abort();
    close(fd);
}

#endif
