#include "run_dirs.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* When set: this process becomes the owner in that file as soon as owner.new is made. */
static char changed_owner[4096];

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (changed_owner[0] && strstr(path, "/owner.new") && flags & O_CREAT) {
        struct run_owner self;
        char owner[4096];
        strcpy(owner, changed_owner);
        changed_owner[0] = '\0';
        run_owner_self(&self);
        write_owner(owner, &self);
    }
    return __real_open(path, flags, mode);
}

static void test_live_owner_is_respected(void **state)
{
    const char *path = in(*state, "run");
    struct run_dir *dir = create(path, 1);
    put(path, "results/r0000/seg-000001");
    char pid[40];
    snprintf(pid, sizeof pid, "in use by process %d on ", (int)getpid());
    refuse(path, -EBUSY, pid);
    assert_true(is_there(in(path, "results/r0000/seg-000001")));
    assert_int_equal(run_dir_beat(dir, NULL), 0);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_false(is_there(path));
}

/* A job that makes deep/run, leaves results and is killed. */
static void leave_dead(void **state)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct run_dir *dir;
        int ret = try_create(in(*state, "deep/run"), PATIENCE_MS, &dir, NULL);
        int fd = open(in(*state, "deep/run/results/r0004/seg-000001"), O_WRONLY | O_CREAT, 0666);
        _exit(ret < 0 || fd < 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_dead_owner_is_replaced(void **state)
{
    leave_dead(state);
    const char *path = in(*state, "deep/run");
    assert_true(is_there(in(path, "results/r0004/seg-000001")));
    int64_t start = clock_now();
    struct run_dir *dir = create(path, 2);
    assert_true(clock_now() - start < PATIENCE_MS * NS_PER_MS); /* no need to be patient with the dead */
    assert_false(is_there(in(path, "results/r0004")));
    assert_true(is_there(in(path, "results/r0001/index")));
    assert_false(is_there(in(path, "owner.new")));
    assert_int_equal(run_dir_beat(dir, NULL), 0);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_false(is_there(in(*state, "deep"))); /* what the dead job made goes too */
}

static void read_owner(const char *path, struct run_owner *owner)
{
    char line[RUN_OWNER_BYTES];
    read_at(path, line, sizeof line, 0);
    assert_true(run_owner_parse(line, sizeof line, owner));
}

static struct run_owner foreign_owner(void)
{
    struct run_owner owner;
    run_owner_self(&owner);
    snprintf(owner.host, sizeof owner.host, "node17");
    owner.pid = 4711;
    return owner;
}

static void test_foreign_owner_that_stands_still(void **state)
{
    const char *path = in(*state, "run");
    struct run_owner owner = foreign_owner();
    assert_int_equal(mkdir(path, 0777), 0);
    write_owner(in(path, "owner"), &owner);
    int64_t start = clock_now();
    struct run_dir *dir = create(path, 1);
    assert_true(clock_now() - start >= PATIENCE_MS * NS_PER_MS);
    read_owner(in(path, "owner"), &owner);
    assert_int_equal(owner.pid, getpid());
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
}

struct far_job {
    const char *path;
    atomic_bool stop;
};

static void *beat_far(void *opaque)
{
    struct far_job *job = opaque;
    struct run_owner owner = foreign_owner();
    while (!job->stop) {
        owner.counter++;
        write_owner(job->path, &owner);
        clock_sleep_until(clock_now() + NS_PER_MS);
    }
    return NULL;
}

static void test_foreign_owner_that_moves(void **state)
{
    const char *path = in(*state, "run");
    char owner[4096];
    snprintf(owner, sizeof owner, "%s/owner", path);
    struct far_job job = {.path = owner};
    struct run_owner first = foreign_owner();
    assert_int_equal(mkdir(path, 0777), 0);
    write_owner(owner, &first);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, beat_far, &job), 0);
    struct vid_error err = {0};
    struct run_dir *dir;
    int ret = try_create(path, 20000, &dir, &err);
    job.stop = true;
    pthread_join(thread, NULL);
    assert_int_equal(ret, -EBUSY);
    assert_non_null(strstr(err.text, "process 4711 on node17"));
    assert_true(is_there(owner));
    assert_false(is_there(in(path, "results")));
}

static void test_unreadable_owner_is_waited_for(void **state)
{
    const char *path = in(*state, "run");
    assert_int_equal(mkdir(path, 0777), 0);
    put(path, "owner"); /* made, and its job died before the line was written */
    struct run_dir *dir = create(path, 1);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
}

static void test_claim_of_another(void **state)
{
    leave_dead(state);
    const char *path = in(*state, "deep/run");
    struct run_owner dead, self;
    read_owner(in(path, "owner"), &dead);
    run_owner_self(&self);
    write_owner(in(path, "owner.new"), &self); /* a live job is just replacing the dead one */
    refuse(path, -EBUSY, "in use by process");
    assert_true(is_there(in(path, "owner.new")));
    write_owner(in(path, "owner.new"), &dead); /* it died while it did */
    struct run_dir *dir = create(path, 1);
    assert_false(is_there(in(path, "owner.new")));
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
}

/* Between our look at the dead owner and our claim another job takes the lock over. */
static void test_owner_that_changes_under_the_claim(void **state)
{
    leave_dead(state);
    const char *path = in(*state, "deep/run");
    snprintf(changed_owner, sizeof changed_owner, "%s/owner", path);
    refuse(path, -EBUSY, "in use by process");
    assert_int_equal(changed_owner[0], '\0'); /* it happened */
    struct run_owner owner;
    read_owner(in(path, "owner"), &owner);
    assert_int_equal(owner.pid, getpid());
    assert_false(is_there(in(path, "owner.new")));
}

static void test_many_takers_one_winner(void **state)
{
    leave_dead(state);
    int ends[2], winners = 0;
    pid_t pids[6];
    assert_int_equal(pipe(ends), 0);
    for (unsigned i = 0; i < 6; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct run_dir *dir;
            char hold;
            close(ends[1]);
            int ret = try_create(in(*state, "deep/run"), PATIENCE_MS, &dir, NULL);
            if (ret == 0 && read(ends[0], &hold, 1) == 0) /* holds it until all have tried */
                _exit(run_dir_beat(dir, NULL) == 0 ? 1 : 3);
            _exit(ret == -EBUSY ? 0 : 2);
        }
    }
    /* All but the winner end by themselves. */
    for (unsigned i = 0; i < 5; i++) {
        int status;
        assert_true(waitpid(-1, &status, 0) > 0);
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    close(ends[1]);
    int status;
    while (waitpid(-1, &status, 0) > 0)
        winners += WEXITSTATUS(status);
    assert_int_equal(winners, 1);
    close(ends[0]);
}

static void test_lock_that_was_lost(void **state)
{
    const char *path = in(*state, "run");
    struct run_dir *dir = create(path, 1);
    struct run_owner owner = foreign_owner();
    struct vid_error err = {0};
    write_owner(in(*state, "other"), &owner);
    assert_int_equal(rename(in(*state, "other"), in(path, "owner")), 0);
    assert_int_equal(run_dir_beat(dir, &err), -ESTALE);
    assert_non_null(strstr(err.text, "taken over"));
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_true(is_there(in(path, "owner"))); /* the other's, and all that it has */
    assert_true(is_there(in(path, "results/r0000/index")));
}

/* The folder has gone; one look that fails is no sign of that. */
static void test_lock_that_has_gone(void **state)
{
    const char *path = in(*state, "run"), *owner = in(path, "owner"), *away = in(*state, "away");
    struct run_dir *dir = create(path, 1);
    struct vid_error err = {0};
    int beats = 0;
    assert_int_equal(rename(owner, away), 0);
    assert_int_equal(run_dir_beat(dir, NULL), 0);
    assert_int_equal(rename(away, owner), 0);
    for (; beats < 40; beats++)
        assert_int_equal(run_dir_beat(dir, NULL), 0);
    assert_int_equal(rename(owner, away), 0);
    for (beats = 0; run_dir_beat(dir, &err) == 0; beats++)
        assert_true(beats < 30);
    assert_true(beats > 3);
    assert_int_equal(err.code, -ENOENT);
    assert_non_null(strstr(err.text, owner));
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
}

static void test_beat_moves_the_counter(void **state)
{
    const char *path = in(*state, "run");
    struct run_dir *dir = create(path, 1);
    struct run_owner before, after;
    read_owner(in(path, "owner"), &before);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(run_dir_beat(dir, NULL), 0);
    read_owner(in(path, "owner"), &after);
    assert_int_equal(after.counter, before.counter + 40);
    assert_true(run_owner_same(&before, &after));
    assert_int_equal(file_size(in(path, "owner")), RUN_OWNER_BYTES);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_live_owner_is_respected),
        TEST(test_dead_owner_is_replaced),
        TEST(test_foreign_owner_that_stands_still),
        TEST(test_foreign_owner_that_moves),
        TEST(test_unreadable_owner_is_waited_for),
        TEST(test_claim_of_another),
        TEST(test_owner_that_changes_under_the_claim),
        TEST(test_many_takers_one_winner),
        TEST(test_lock_that_was_lost),
        TEST(test_lock_that_has_gone),
        TEST(test_beat_moves_the_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
