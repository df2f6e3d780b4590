#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void pread_to_the_end(void **state)
{
    int fd = open(in_folder(state, "f"), O_RDWR | O_CREAT, 0600);
    char mem[16];

    assert_int_equal(io_pwrite(fd, "0123456789", 10, 0), 0);
    assert_int_equal(io_pread(fd, mem, 4, 2), 4);
    assert_memory_equal(mem, "2345", 4);
    assert_int_equal(io_pread(fd, mem, 16, 7), 3);
    assert_memory_equal(mem, "789", 3);
    assert_int_equal(io_pread(fd, mem, 16, 100), 0);
    close(fd);
    assert_int_equal(io_pread(fd, mem, 16, 0), -EBADF);
}

static void pwritev_takes_any_number_of_pieces(void **state)
{
    enum { PIECES = 3000 }; /* beyond IOV_MAX */
    static struct iovec iov[PIECES];
    static char digits[] = "0123456789", mem[PIECES];
    int fd = open(in_folder(state, "f"), O_RDWR | O_CREAT, 0600);

    for (int i = 0; i < PIECES; i++)
        iov[i] = (struct iovec){.iov_base = digits + i % 10, .iov_len = i % 7 ? 1 : 0};
    assert_int_equal(io_pwritev(fd, iov, PIECES, 5), 0);
    assert_int_equal(io_pread(fd, mem, sizeof(mem), 5), PIECES - (PIECES + 6) / 7);
    for (int i = 0, at = 0; i < PIECES; i++)
        if (i % 7)
            assert_int_equal(mem[at++], '0' + i % 10);
    assert_int_equal(io_pwritev(fd, iov, 0, 0), 0);
    close(fd);
}

static void full_disk(void **state)
{
    int fd = open("/dev/full", O_WRONLY);

    assert_int_equal(io_pwrite(fd, "x", 1, 0), -ENOSPC);
    assert_int_equal(io_write(fd, "x", 1), -ENOSPC);
    close(fd);
}

static void read_until_whole(void **state)
{
    char mem[8];
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(io_write(ends[1], "abcdefgh12", 10), 0);
    assert_int_equal(io_read_until(ends[0], mem, 8, SOON), 0);
    assert_memory_equal(mem, "abcdefgh", 8);
    assert_int_equal(io_read_until(ends[0], mem, 8, clock_now() + NS_PER_MS), -ETIMEDOUT);
    io_write(ends[1], "1", 1);
    close(ends[1]);
    assert_int_equal(io_read_until(ends[0], mem, 8, SOON), -EPIPE);
    assert_int_equal(io_read_until(ends[0], mem, 8, SOON), VID_EOF);
    close(ends[0]);
    assert_int_equal(io_read_until(ends[0], mem, 8, SOON), -EBADF);
}

static void check_write_times_out(int fd)
{
    size_t size = 64 << 20;
    char *mem = calloc(1, size);
    int64_t deadline = clock_now() + 20 * NS_PER_MS;

    assert_non_null(mem);
    assert_int_equal(io_write_until(fd, mem, size, deadline), -ETIMEDOUT);
    assert_true(clock_now() >= deadline && clock_now() < deadline + 5 * NS_PER_S);
    free(mem);
}

static void write_until_does_not_block(void **state)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    check_write_times_out(ends[1]);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_write_times_out(ends[1]);
    close(ends[0]);
    assert_int_equal(io_write_until(ends[1], "x", 1, SOON), -EPIPE); /* and no SIGPIPE */
    close(ends[1]);
}

static void *write_million(void *arg)
{
    static unsigned char mem[1000000];

    for (size_t i = 0; i < sizeof(mem); i++)
        mem[i] = (unsigned char)(i * 7);
    return io_write_until(*(int *)arg, mem, sizeof(mem), SOON) ? arg : NULL;
}

static void much_goes_through_a_pipe(void **state)
{
    static unsigned char mem[1000000];
    pthread_t writer;
    void *failed;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pthread_create(&writer, NULL, write_million, &ends[1]);
    assert_int_equal(io_read_until(ends[0], mem, sizeof(mem), SOON), 0);
    pthread_join(writer, &failed);
    assert_null(failed);
    for (size_t i = 0; i < sizeof(mem); i++)
        assert_int_equal(mem[i], (unsigned char)(i * 7));
    close(ends[0]);
    close(ends[1]);
}

static void file_appears_whole(void **state)
{
    const char *path = in_folder(state, "progress.json");
    struct vid_error err = {0};
    size_t size;
    char *text;

    assert_int_equal(io_write_file(path, "old and long", 12, false, &err), 0);
    io_write_file(in_folder(state, "progress.json.tmp"), "left by a crash", 15, false, NULL);
    assert_int_equal(io_write_file(path, "new\0x", 5, true, &err), 0);
    assert_int_equal(io_read_file(path, 5, &text, &size, &err), 0);
    assert_int_equal(size, 5);
    assert_memory_equal(text, "new\0x\0", 6);
    free(text);
    assert_int_equal(access(in_folder(state, "progress.json.tmp"), F_OK), -1);
    assert_int_equal(err.code, 0);
}

static void failed_write_leaves_the_old_file(void **state)
{
    struct vid_error err = {0};
    const char *tmp = in_folder(state, "f.tmp");

    assert_int_equal(mkdir(in_folder(state, "f"), 0700), 0); /* no file can take the place of a folder */
    assert_int_equal(io_write_file(in_folder(state, "f"), "x", 1, false, &err), -EISDIR);
    assert_non_null(strstr(err.text, in_folder(state, "f")));
    assert_int_equal(access(tmp, F_OK), -1);
    vid_error_clear(&err);
    assert_int_equal(io_write_file(in_folder(state, "no/f"), "x", 1, false, &err), -ENOENT);
    assert_non_null(strstr(err.text, "No such file"));
}

static void file_over_the_limit(void **state)
{
    struct vid_error err = {0};
    const char *path = in_folder(state, "f");
    static char mem[10000];
    size_t size;
    char *text;

    memset(mem, 'm', sizeof(mem));
    io_write_file(path, mem, sizeof(mem), false, NULL);
    assert_int_equal(io_read_file(path, sizeof(mem), &text, &size, &err), 0);
    assert_int_equal(size, sizeof(mem));
    assert_memory_equal(text, mem, sizeof(mem));
    free(text);
    assert_int_equal(io_read_file(path, sizeof(mem) - 1, &text, &size, &err), -EFBIG);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(io_read_file(in_folder(state, "none"), 10, &text, NULL, NULL), -ENOENT);
    assert_int_equal(io_read_file(*state, 10, &text, NULL, NULL), -EISDIR);
}

static void file_of_proc(void **state)
{
    size_t size = 0;
    char *text;

    assert_int_equal(io_read_file("/proc/self/status", 1 << 20, &text, &size, NULL), 0);
    assert_true(size > 100 && strlen(text) == size);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folder(pread_to_the_end),
        with_folder(pwritev_takes_any_number_of_pieces),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(read_until_whole),
        cmocka_unit_test(write_until_does_not_block),
        cmocka_unit_test(much_goes_through_a_pipe),
        with_folder(file_appears_whole),
        with_folder(failed_write_leaves_the_old_file),
        with_folder(file_over_the_limit),
        cmocka_unit_test(file_of_proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
