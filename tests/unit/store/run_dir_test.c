#include "scratch.h"

#include "base/clock.h"
#include "store/run_dir.h"
#include "store/run_owner.h"
#include "store/run_tree.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define PATIENCE_MS 200

static struct run_dir *create(const char *path, unsigned ranks)
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
static int try_create(const char *path, int patience_ms, struct run_dir **dir, struct vid_error *err)
{
    const struct run_dir_wish wish = {.ranks = 5, .patience_ms = patience_ms};
    enum run_dir_state how;
    return run_dir_open(path, &wish, dir, &how, err);
}

/* Fails with the code and a sentence that holds the word. */
static void refuse(const char *path, int code, const char *word)
{
    struct vid_error err = {0};
    struct run_dir *dir;
    assert_int_equal(try_create(path, PATIENCE_MS, &dir, &err), code);
    assert_null(dir);
    if (!strstr(err.text, word))
        fail_msg("\"%s\" does not hold \"%s\"", err.text, word);
}

static void put(const char *folder, const char *name)
{
    write_at(in(folder, name), "x", 1, 0);
}

static void write_owner(const char *path, const struct run_owner *owner)
{
    char line[RUN_OWNER_BYTES + 1];
    run_owner_format(owner, line);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || io_pwrite(fd, line, RUN_OWNER_BYTES, 0) < 0)
        abort();
    close(fd);
}

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

static void test_layout_and_nothing_left(void **state)
{
    const char *path = in(*state, "a/b//c/");
    struct run_dir *dir = create(path, 3);
    assert_string_equal(run_dir_path(dir), in(*state, "a/b//c"));
    assert_int_equal(file_size(in(*state, "a/b/c/results/r0000/index")), 0);
    assert_int_equal(file_size(in(*state, "a/b/c/results/r0002/index")), 0);
    assert_false(is_there(in(*state, "a/b/c/results/r0003")));
    assert_true(is_there(in(*state, "a/b/c/preview")));
    assert_true(is_there(in(*state, "a/b/c/faults")));
    assert_true(is_there(in(*state, "a/b/c/parts")));
    assert_int_equal(file_size(in(*state, "a/b/c/owner")), RUN_OWNER_BYTES);
    put(*state, "a/b/c/results/r0001/seg-000001");
    put(*state, "a/b/c/progress.json");
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_null(dir);
    assert_false(is_there(in(*state, "a")));
    assert_true(is_there(*state));
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING); /* NULL */
}

static void test_keep(void **state)
{
    const char *path = in(*state, "run");
    struct run_dir *dir = create(path, 2);
    put(path, "results/r0001/seg-000001");
    assert_int_equal(mkdir(in(path, "results/png"), 0777), 0);
    put(path, "results/png/frame_000042.png");
    put(path, "preview/latest.png");
    put(path, "faults/frame-000042.raw");
    put(path, "parts/part-000001");
    put(path, "ledger");
    put(path, "progress.json");
    put(path, "manifest.json");
    run_dir_close(&dir, RUN_DIR_KEEP_REPORT);
    assert_false(is_there(in(path, "owner")));
    assert_false(is_there(in(path, "results/r0000")));
    assert_true(is_there(in(path, "results/png/frame_000042.png")));
    assert_true(is_there(in(path, "preview/latest.png")));
    assert_true(is_there(in(path, "faults/frame-000042.raw")));
    assert_false(is_there(in(path, "parts")));
    assert_false(is_there(in(path, "ledger")));
    assert_true(is_there(in(path, "progress.json")));
    assert_true(is_there(in(path, "manifest.json")));

    dir = create(path, 1); /* again: an old manifest would tell of a success */
    assert_false(is_there(in(path, "manifest.json")));
    assert_false(is_there(in(path, "results/png")));
    run_dir_close(&dir, RUN_DIR_KEEP_REPORT);
    assert_false(is_there(path));
}

static void test_folder_of_the_user_stays(void **state)
{
    const char *path = in(*state, "mine");
    assert_int_equal(mkdir(path, 0777), 0);
    struct run_dir *dir = create(path, 1);
    put(path, "notes.txt"); /* while the job runs */
    put(path, "results/r0000/mine");
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_true(is_there(in(path, "notes.txt")));
    assert_true(is_there(in(path, "results/r0000/mine")));
    assert_false(is_there(in(path, "results/r0000/index")));
    assert_false(is_there(in(path, "owner")));
}

static void test_empty_folder_of_the_user_stays(void **state)
{
    const char *path = in(*state, "mine");
    assert_int_equal(mkdir(path, 0777), 0);
    struct run_dir *dir = create(path, 1);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_true(is_there(path));
    assert_int_equal(rmdir(path), 0);
}

static void test_other_files_are_not_touched(void **state)
{
    static const char *const others[] = {"film.mkv", "results/frame_000001.png", "results/r0001/holiday.jpg"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *path = in(*state, "run");
        assert_int_equal(io_make_dirs(in(path, "results/r0001"), NULL), 0);
        put(path, "results/r0001/index");
        put(path, others[i]);
        refuse(path, -ENOTEMPTY, others[i]);
        assert_true(is_there(in(path, others[i])));
        assert_true(is_there(in(path, "results/r0001/index")));
        assert_false(is_there(in(path, "owner")));
        assert_int_equal(io_remove_tree(path, NULL), 0);
    }
    assert_int_equal(mkdir(in(*state, "run"), 0777), 0);
    assert_int_equal(mkdir(in(*state, "elsewhere"), 0777), 0);
    put(*state, "elsewhere/index");
    assert_int_equal(symlink("../elsewhere", in(*state, "run/results")), 0);
    refuse(in(*state, "run"), -ENOTEMPTY, "results");
    assert_true(is_there(in(*state, "elsewhere/index")));
}

static void test_known_names(void **state)
{
    assert_true(run_tree_knows("results/r0003/seg-000001", false));
    assert_true(run_tree_knows("results/r12345/index", false));
    assert_true(run_tree_knows("parts/part-000001", false));
    assert_true(run_tree_knows("parts/part-000001.mkv", false));
    assert_true(run_tree_knows("faults/frame_000001.png", false));
    assert_false(run_tree_knows("faults/a/b", false));
    assert_true(run_tree_knows("preview", true));
    assert_false(run_tree_knows("preview", false));
    assert_false(run_tree_knows("results", false));
    assert_false(run_tree_knows("ledger", true));
    assert_false(run_tree_knows("results/r/index", false));
    assert_false(run_tree_knows("results/r1x/index", false));
    assert_false(run_tree_knows("results/r1/index2", false));
    assert_false(run_tree_knows("parts/part-1.", false));
    assert_false(run_tree_knows("owner.old", false));
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

static void test_bad_paths(void **state)
{
    refuse("", -EINVAL, "empty");
    put(*state, "file");
    refuse(in(*state, "file"), -ENOTDIR, "not a folder");
    refuse(in(*state, "file/run"), -ENOTDIR, "not a folder");
    refuse(in(*state, "made/../file/run"), -ENOTDIR, "not a folder");
    refuse("/proc/vidmpi/run", -ENOENT, "/proc/vidmpi");
}

static void test_read_only_filesystem(void **state)
{
    mount_small(*state, "size=64k,ro");
    refuse(in(*state, "a/run"), -EROFS, in(*state, "a"));
}

static void test_full_disk(void **state)
{
    mount_small(*state, "size=64k,nr_inodes=8"); /* the root, run, owner, four folders, r0000 */
    refuse(in(*state, "run"), -ENOSPC, "results/r0000/index");
    assert_false(is_there(in(*state, "run")));
    put(*state, "1");
    put(*state, "2");
    put(*state, "3");
    put(*state, "4");
    put(*state, "5");
    put(*state, "6");
    refuse(in(*state, "run"), -ENOSPC, "run/owner");
    assert_false(is_there(in(*state, "run")));
    assert_int_equal(unlink(in(*state, "1")), 0);
    char *mem = calloc(1, 1 << 16);
    int fd = open(in(*state, "2"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(io_pwrite(fd, mem, 1 << 16, 0), -ENOSPC); /* fills what is left */
    close(fd);
    free(mem);
    refuse(in(*state, "run"), -ENOSPC, "202 bytes");
    assert_false(is_there(in(*state, "run")));
    assert_int_equal(run_dir_free_bytes(in(*state, "run/below")), 0);
}

static void test_filesystem(void **state)
{
    assert_true(run_dir_is_shared("/proc"));
    assert_true(run_dir_free_bytes(*state) > 0);
    assert_true(run_dir_free_bytes("no/such/folder/here") > 0);
    assert_int_equal(run_dir_free_bytes("/dev/null/run"), -ENOTDIR);
    mount_small(*state, "size=1m");
    assert_false(run_dir_is_shared(*state));
    assert_false(run_dir_is_shared(in(*state, "not/yet//there/")));
    assert_int_equal(run_dir_free_bytes(in(*state, "not/yet")), 1 << 20);
    struct vid_error err = {0};
    assert_int_equal(run_dir_check_space(in(*state, "not/yet"), 1 << 20, &err), 0);
    assert_int_equal(run_dir_check_space(in(*state, "not/yet"), (1 << 20) + 1, &err), -ENOSPC);
    assert_non_null(strstr(err.text, in(*state, "not/yet")));
    assert_non_null(strstr(err.text, "(1048577 bytes) are needed"));
    assert_non_null(strstr(err.text, "(1048576 bytes) are free"));
    assert_int_equal(run_dir_check_space("/dev/null/run", 0, NULL), -ENOTDIR);
}

static void test_codes_of_the_place(void **state)
{
    static const int failed[] = {ENOSPC, EDQUOT, EIO, EROFS, ENOENT, ESTALE};
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++)
        assert_true(run_dir_place_failed(-failed[i]));
    assert_false(run_dir_place_failed(0));
    assert_false(run_dir_place_failed(-EAGAIN));
    assert_false(run_dir_place_failed(-EBADMSG));
    assert_false(run_dir_place_failed(-ENOMEM));
    assert_false(run_dir_place_failed(VID_EOF));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_layout_and_nothing_left),
        TEST(test_keep),
        TEST(test_folder_of_the_user_stays),
        TEST(test_empty_folder_of_the_user_stays),
        TEST(test_other_files_are_not_touched),
        cmocka_unit_test(test_known_names),
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
        TEST(test_bad_paths),
        TEST(test_read_only_filesystem),
        TEST(test_full_disk),
        TEST(test_filesystem),
        cmocka_unit_test(test_codes_of_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
