#include "store/run_lock.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "store/run_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 16            /* rounds of taking: each one means that another job came or went meanwhile */
#define HELD_CHECK_EVERY 16 /* beats */
#define MISSING_MAX 5       /* beats in a row without a lock file */

struct run_lock {
    const char *folder; /* the caller's, for messages while taking */
    char *path;         /* FOLDER/owner */
    char *new_path;     /* FOLDER/owner.new: the claim of whoever replaces a dead owner */
    bool shared;
    int fd; /* of our `owner` */
    struct run_owner self;
    unsigned missing; /* looks in a row that found no file */
};

/* What the lock file holds; owner is set when it is a whole line. */
struct look {
    char line[RUN_OWNER_BYTES];
    ssize_t size;
    bool whole;
    struct run_owner owner;
};

/* A fresh open each time: a held descriptor sees other nodes' writes late. */
static int look_at(const char *path, struct look *look, struct vid_error *err)
{
    *look = (struct look){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && (errno == ENOENT || errno == ESTALE))
        return -ENOENT;
    if (fd < 0)
        return vid_fail(err, -errno, "run directory: opening %s: %s", path, strerror(errno));
    look->size = io_pread(fd, look->line, sizeof look->line, 0);
    close(fd);
    if (look->size == -ESTALE)
        return -ENOENT;
    if (look->size < 0)
        return vid_fail(err, (int)look->size, "run directory: reading %s: %s", path,
                        strerror((int)-look->size));
    look->whole = run_owner_parse(look->line, (size_t)look->size, &look->owner);
    return 0;
}

static bool looks_equal(const struct look *a, const struct look *b)
{
    return a->size == b->size && memcmp(a->line, b->line, sizeof a->line) == 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits until the file changes: LIVES, or the patience has ended: DEAD. */
static int watch(const char *path, const struct look *first, int patience_ms, enum owner_state *state,
                 struct vid_error *err)
{
    int64_t deadline = clock_now() + patience_ms * NS_PER_MS;
    int64_t step = earlier(patience_ms * NS_PER_MS / 20 + NS_PER_MS, 250 * NS_PER_MS);
    do {
        clock_sleep_until(earlier(clock_now() + step, deadline));
        struct look look;
        int ret = look_at(path, &look, err);
        if (ret < 0)
            return ret;
        if (!looks_equal(first, &look)) {
            *state = OWNER_LIVES;
            return 0;
        }
    } while (clock_now() < deadline);
    *state = OWNER_DEAD;
    return 0;
}

/* Whether the owner that the file names is alive. -ENOENT: the file has gone. */
static int judge(const char *path, int patience_ms, struct look *look, enum owner_state *state,
                 struct vid_error *err)
{
    int ret = look_at(path, look, err);
    if (ret < 0)
        return ret;
    *state = look->whole ? run_owner_state(&look->owner) : OWNER_AWAY;
    return *state == OWNER_AWAY ? watch(path, look, patience_ms, state, err) : 0;
}

static int write_line(struct run_lock *lock)
{
    char line[RUN_OWNER_BYTES + 1];
    run_owner_format(&lock->self, line);
    int ret = io_pwrite(lock->fd, line, RUN_OWNER_BYTES, 0);
    if (ret == 0 && lock->shared && fdatasync(lock->fd) < 0)
        ret = -errno;
    return ret;
}

/* -EEXIST, without a sentence, when the file is there. */
static int create_file(struct run_lock *lock, const char *path, struct vid_error *err)
{
    lock->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (lock->fd < 0 && errno == EEXIST)
        return -EEXIST;
    if (lock->fd < 0)
        return vid_fail(err, -errno, "run directory: creating %s: %s", path, strerror(errno));
    int ret = write_line(lock);
    if (ret == 0)
        return 0;
    unlink(path);
    close(lock->fd);
    lock->fd = -1;
    return vid_fail(err, ret, "run directory: writing %d bytes to %s: %s", RUN_OWNER_BYTES, path,
                    strerror(-ret));
}

static int say_busy(const struct run_lock *lock, const struct look *look, struct vid_error *err)
{
    if (!look->whole)
        return vid_fail(err, -EBUSY, "run directory %s is just being taken by another job", lock->folder);
    return vid_fail(
        err, -EBUSY,
        "run directory %s is in use by process %d on %s; wait for its end or choose another folder",
        lock->folder, look->owner.pid, look->owner.host);
}

static void drop_claim(struct run_lock *lock)
{
    unlink(lock->new_path);
    close(lock->fd);
    lock->fd = -1;
}

/* Another job is replacing the owner at this moment, or died while it did.
 * -EAGAIN: the way is free again. */
static int clear_claim(struct run_lock *lock, int patience_ms, struct vid_error *err)
{
    struct look look;
    enum owner_state state;
    int ret = judge(lock->new_path, patience_ms, &look, &state, err);
    if (ret < 0)
        return ret == -ENOENT ? -EAGAIN : ret;
    if (state == OWNER_LIVES)
        return say_busy(lock, &look, err);
    if (unlink(lock->new_path) < 0 && errno != ENOENT)
        return vid_fail(err, -errno, "run directory: removing %s: %s", lock->new_path, strerror(errno));
    return -EAGAIN;
}

static void inherit_made(struct run_lock *lock, const struct look *dead)
{
    unsigned made = dead->whole && dead->owner.made > 1 ? dead->owner.made : 1;
    if (lock->self.made < made)
        lock->self.made = made;
}

/* `owner.new` is made with O_EXCL, so only one job at a time stands between
 * its second look at the dead owner and the rename over it. -EAGAIN: look again. */
static int replace_dead(struct run_lock *lock, const struct look *dead, int patience_ms,
                        struct vid_error *err)
{
    unsigned made = lock->self.made;
    inherit_made(lock, dead);
    int ret = create_file(lock, lock->new_path, err);
    if (ret == -EEXIST)
        ret = clear_claim(lock, patience_ms, err);
    if (ret < 0) {
        lock->self.made = made;
        return ret;
    }
    struct look again;
    ret = look_at(lock->path, &again, err);
    if (ret == 0 && looks_equal(dead, &again)) {
        if (rename(lock->new_path, lock->path) == 0)
            return 0;
        ret = vid_fail(err, -errno, "run directory: replacing %s: %s", lock->path, strerror(errno));
    } else if (ret == 0 || ret == -ENOENT) {
        ret = -EAGAIN;
    }
    lock->self.made = made;
    drop_claim(lock);
    return ret;
}

static int try_take(struct run_lock *lock, int patience_ms, struct vid_error *err)
{
    int ret = create_file(lock, lock->path, err);
    if (ret != -EEXIST)
        return ret;
    struct look look;
    enum owner_state state;
    ret = judge(lock->path, patience_ms, &look, &state, err);
    if (ret < 0)
        return ret == -ENOENT ? -EAGAIN : ret;
    if (state == OWNER_LIVES)
        return say_busy(lock, &look, err);
    return replace_dead(lock, &look, patience_ms, err);
}

static void lock_free(struct run_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    free(lock->path);
    free(lock->new_path);
    free(lock);
}

static struct run_lock *lock_new(const char *folder, bool shared, unsigned made)
{
    struct run_lock *lock = calloc(1, sizeof *lock);
    if (!lock)
        return NULL;
    lock->fd = -1;
    lock->folder = folder;
    lock->shared = shared;
    run_owner_self(&lock->self);
    lock->self.made = made;
    if (asprintf(&lock->path, "%s/owner", folder) < 0)
        lock->path = NULL;
    if (asprintf(&lock->new_path, "%s/owner.new", folder) < 0)
        lock->new_path = NULL;
    if (lock->path && lock->new_path)
        return lock;
    lock_free(lock);
    return NULL;
}

int run_lock_take(const char *folder, bool shared, int patience_ms, unsigned *made, struct run_lock **out,
                  struct vid_error *err)
{
    *out = NULL;
    struct run_lock *lock = lock_new(folder, shared, *made);
    if (!lock)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = -EAGAIN;
    for (int i = 0; i < TRIES && ret == -EAGAIN; i++)
        ret = try_take(lock, patience_ms, err);
    if (ret == -EAGAIN)
        ret = vid_fail(err, -EBUSY, "run directory %s: other jobs take and leave it all the time", folder);
    if (ret < 0) {
        lock_free(lock);
        return ret;
    }
    *made = lock->self.made;
    *out = lock;
    return 0;
}

bool run_lock_held(const struct run_lock *lock)
{
    struct look look;
    return look_at(lock->path, &look, NULL) == 0 && look.whole && run_owner_same(&look.owner, &lock->self);
}

/* Only a whole line of another says that the lock is lost, and only looks that fail again and again that
 * the folder has gone: a look may fail for a moment on a shared filesystem. */
static int check_held(struct run_lock *lock, struct vid_error *err)
{
    struct look look;
    int ret = look_at(lock->path, &look, NULL);
    lock->missing = ret == -ENOENT ? lock->missing + 1 : 0;
    if (lock->missing >= MISSING_MAX)
        return vid_fail(err, -ENOENT, "run directory: %s has gone", lock->path);
    if (ret == 0 && look.whole && !run_owner_same(&look.owner, &lock->self))
        return vid_fail(err, -ESTALE, "run directory: another job has taken over %s", lock->path);
    return 0;
}

int run_lock_beat(struct run_lock *lock, struct vid_error *err)
{
    int ret = lock->self.counter++ % HELD_CHECK_EVERY == 0 || lock->missing ? check_held(lock, err) : 0;
    if (ret < 0)
        return ret;
    ret = write_line(lock);
    if (ret < 0)
        return vid_fail(err, ret, "run directory: writing %d bytes to %s: %s", RUN_OWNER_BYTES, lock->path,
                        strerror(-ret));
    return 0;
}

void run_lock_release(struct run_lock **plock)
{
    struct run_lock *lock = *plock;
    *plock = NULL;
    if (!lock)
        return;
    if (run_lock_held(lock) && unlink(lock->path) < 0)
        log_warn("run directory: removing %s: %s", lock->path, strerror(errno));
    lock_free(lock);
}
