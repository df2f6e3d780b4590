/* vidmpi-store-probe FILE TRIES WORDS...: writes, reads, syncs and looks at the size of a file, each so
 * often, and prints what came of it, one line a word: the name, calls that were whole, short, zeros, and
 * failed. Words: write, pwrite, pwritev, pread, read, size, sync. For the test of libfault.so. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK 64

struct tally {
    int whole, part, zeros, failed, code;
};

static int fd;
static char block[BLOCK];

static bool is_zero(void)
{
    static const char zeros[BLOCK];

    return memcmp(block, zeros, BLOCK) == 0;
}

static ssize_t call(const char *word, off_t offset)
{
    struct iovec iov[2] = {{block, BLOCK / 2}, {block + BLOCK / 2, BLOCK / 2}};
    struct stat st;

    if (strcmp(word, "write") == 0)
        return lseek(fd, offset, SEEK_SET) < 0 ? -1 : write(fd, block, BLOCK);
    if (strcmp(word, "pwrite") == 0)
        return pwrite(fd, block, BLOCK, offset);
    if (strcmp(word, "pwritev") == 0)
        return pwritev(fd, iov, 2, offset);
    if (strcmp(word, "pread") == 0)
        return pread(fd, block, BLOCK, offset);
    if (strcmp(word, "read") == 0)
        return lseek(fd, offset, SEEK_SET) < 0 ? -1 : read(fd, block, BLOCK);
    if (strcmp(word, "size") == 0)
        return fstat(fd, &st) < 0 ? -1 : st.st_size >= offset + BLOCK ? BLOCK : 0;
    return fdatasync(fd) < 0 ? -1 : BLOCK;
}

static void probe(const char *word, int tries)
{
    struct tally tally = {0};

    for (int i = 0; i < tries; i++) {
        ssize_t got;
        memset(block, 'x', BLOCK);
        got = call(word, (off_t)i * BLOCK);
        if (got < 0) {
            tally.failed++;
            tally.code = errno;
        } else if (got < BLOCK) {
            tally.part++;
        } else if (is_zero()) {
            tally.zeros++;
        } else {
            tally.whole++;
        }
    }
    printf("%s whole %d short %d zeros %d failed %d%s%s\n", word, tally.whole, tally.part, tally.zeros,
           tally.failed, tally.code ? " " : "", tally.code ? strerrorname_np(tally.code) : "");
}

int main(int argc, char **argv)
{
    if (argc < 4 || (fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        return 2;
    for (int i = 3; i < argc; i++)
        probe(argv[i], (int)strtol(argv[2], NULL, 10));
    close(fd);
    return 0;
}
