/* Faults of a filesystem: reads, writes, syncs and sizes of files below VIDMPI_FAULT_PATH.
 *
 * What happens to a call follows from the seed, the file, the place in it, and how often the process has been
 * there: not from which thread or process came first. So a seed repeats what it did, as far as the program
 * asks for the same bytes again. */
#include "fault.h"
#include "fault_late.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    ssize_t (*pread)(int, void *, size_t, off_t);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
    ssize_t (*write)(int, const void *, size_t);
    int (*fstat)(int, struct stat *);
    int (*fdatasync)(int);
    int (*fsync)(int);
} real;
static pthread_once_t resolved = PTHREAD_ONCE_INIT;
static const struct fault_rule *rules;
static int rule_count;
static char root[PATH_MAX]; /* "" when nothing is to break */

enum operation { OP_READ = 1, OP_WRITE = 2, OP_SYNC = 4 };
#define AT_POSITION UINT64_MAX /* where read() and write() on the descriptor begin */

static const struct failure {
    enum fault_word what;
    int code;
    unsigned operations;
} failures[] = {
    {FAULT_EINTR, EINTR, OP_READ | OP_WRITE},
    {FAULT_EIO, EIO, OP_READ | OP_WRITE | OP_SYNC},
    {FAULT_ENOSPC, ENOSPC, OP_WRITE | OP_SYNC},
    {FAULT_ESTALE, ESTALE, OP_READ},
};

/* One call on a file below the root. */
struct call {
    char path[PATH_MAX]; /* relative to the root */
    enum operation op;
    uint64_t offset, size;
    uint64_t key; /* what its draws follow from */
};

static void resolve(void)
{
    const char *path = getenv("VIDMPI_FAULT_PATH");

    *(void **)&real.pread = dlsym(RTLD_NEXT, "pread");
    *(void **)&real.read = dlsym(RTLD_NEXT, "read");
    *(void **)&real.pwrite = dlsym(RTLD_NEXT, "pwrite");
    *(void **)&real.pwritev = dlsym(RTLD_NEXT, "pwritev");
    *(void **)&real.write = dlsym(RTLD_NEXT, "write");
    *(void **)&real.fstat = dlsym(RTLD_NEXT, "fstat");
    *(void **)&real.fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real.fsync = dlsym(RTLD_NEXT, "fsync");
    rules = fault_rules(&rule_count);
    if (path && rule_count > 0)
        snprintf(root, sizeof(root), "%s", path);
}

/* The file's name below the root. */
static bool find_path(int fd, char *path)
{
    char link[40], whole[PATH_MAX];
    size_t length = strlen(root);
    ssize_t got;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    got = readlink(link, whole, sizeof(whole) - 1);
    if (got <= (ssize_t)length || strncmp(whole, root, length) != 0 || whole[length] != '/')
        return false;
    whole[got] = '\0';
    snprintf(path, PATH_MAX, "%s", whole + length + 1);
    return true;
}

static uint64_t position(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0 && flags & O_APPEND && real.fstat(fd, &st) == 0)
        return (uint64_t)st.st_size;
    return (uint64_t)lseek(fd, 0, SEEK_CUR);
}

/* How often this process has made the call; one of many others now and then counts with it. */
static unsigned count_visits(uint64_t key)
{
    static _Atomic unsigned visits[1 << 16];

    return atomic_fetch_add(&visits[key % (sizeof(visits) / sizeof(*visits))], 1);
}

/* False when the descriptor is none of ours. */
static bool is_ours(int fd, char *path)
{
    int code = errno;
    bool ours;

    pthread_once(&resolved, resolve);
    ours = *root && find_path(fd, path);
    errno = code;
    return ours;
}

static bool begin(int fd, enum operation op, uint64_t offset, uint64_t size, struct call *call)
{
    if (!is_ours(fd, call->path))
        return false;
    call->op = op;
    call->offset = offset == AT_POSITION ? position(fd) : offset;
    call->size = size;
    call->key = fault_mix(fault_mix(fault_hash(call->path), call->offset), op);
    call->key = fault_mix(call->key, count_visits(call->key));
    return true;
}

static bool fires(const struct call *call, const struct fault_rule *rule)
{
    return fault_draw(fault_mix(call->key, rule->number)) < rule->by && fault_may(rule, "all");
}

static bool fails_by(const struct call *call, const struct fault_rule *rule, int *code)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        if (failures[i].what == rule->what && failures[i].operations & call->op && fires(call, rule)) {
            *code = failures[i].code;
            return true;
        }
    }
    return false;
}

/* Whether the call fails; sets errno. */
static bool fails(const struct call *call)
{
    for (int i = 0; i < rule_count; i++) {
        int code;
        if (rules[i].filter || !fails_by(call, &rules[i], &code))
            continue;
        fault_log(&rules[i], "%s at %llu, rank %d", call->path, (unsigned long long)call->offset,
                  fault_rank());
        errno = code;
        return true;
    }
    return false;
}

/* How many bytes the call gets done. */
static uint64_t shortened(const struct call *call)
{
    for (int i = 0; i < rule_count; i++) {
        uint64_t size;
        if (rules[i].what != FAULT_SHORT || call->size < 2 || !fires(call, &rules[i]))
            continue;
        size = 1 + (uint64_t)(fault_draw(fault_mix(call->key, 77)) * (double)(call->size - 1));
        fault_log(&rules[i], "%s at %llu, %llu of %llu bytes, rank %d", call->path,
                  (unsigned long long)call->offset, (unsigned long long)size, (unsigned long long)call->size,
                  fault_rank());
        return size;
    }
    return call->size;
}

/* What is about to be written shall come into sight of other ranks late. */
static void delay(const struct call *call, int fd, uint64_t size)
{
    for (int i = 0; i < rule_count; i++) {
        struct stat st;
        double draw = fault_draw(fault_mix(call->key, 78));
        bool appends;
        int ms;
        if (rules[i].what != FAULT_LATE || !fires(call, &rules[i]))
            continue;
        ms = 1 + (int)(draw * rules[i].ms);
        appends = real.fstat(fd, &st) == 0 && (uint64_t)st.st_size <= call->offset;
        late_add(call->path, call->offset, size, ms, appends && ms % 2);
        fault_log(&rules[i], "%s at %llu, %llu bytes, by %d ms, %s, rank %d", call->path,
                  (unsigned long long)call->offset, (unsigned long long)size, ms,
                  appends && ms % 2 ? "cut off" : "zeros", fault_rank());
    }
}

static uint64_t total(const struct iovec *iov, int count)
{
    uint64_t size = 0;

    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    return size;
}

static ssize_t write_part(int fd, const struct iovec *iov, int count, off_t offset, uint64_t size)
{
    struct iovec part[IOV_MAX];
    int used = 0;

    for (; used < count && used < IOV_MAX && size > 0; used++) {
        part[used] = iov[used];
        if (part[used].iov_len > size)
            part[used].iov_len = size;
        size -= part[used].iov_len;
    }
    return real.pwritev(fd, part, used, offset);
}

/* The C library names its parameters otherwise.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    struct call call;
    uint64_t size;

    if (!begin(fd, OP_WRITE, (uint64_t)offset, total(iov, count), &call))
        return real.pwritev(fd, iov, count, offset);
    if (fails(&call))
        return -1;
    size = shortened(&call);
    delay(&call, fd, size);
    return write_part(fd, iov, count, offset, size);
}

ssize_t pwrite(int fd, const void *mem, size_t size, off_t offset)
{
    struct iovec iov = {(void *)(uintptr_t)mem, size};

    return pwritev(fd, &iov, 1, offset);
}

ssize_t write(int fd, const void *mem, size_t size)
{
    struct call call;

    if (!begin(fd, OP_WRITE, AT_POSITION, size, &call))
        return real.write(fd, mem, size);
    if (fails(&call))
        return -1;
    size = shortened(&call);
    delay(&call, fd, size);
    return real.write(fd, mem, size);
}

static ssize_t hide(const struct call *call, void *mem, ssize_t got)
{
    return got > 0 ? late_hide(call->path, call->offset, mem, got) : got;
}

ssize_t pread(int fd, void *mem, size_t size, off_t offset)
{
    struct call call;

    if (!begin(fd, OP_READ, (uint64_t)offset, size, &call))
        return real.pread(fd, mem, size, offset);
    if (fails(&call))
        return -1;
    return hide(&call, mem, real.pread(fd, mem, shortened(&call), offset));
}

ssize_t read(int fd, void *mem, size_t size)
{
    struct call call;
    ssize_t got, seen;

    if (!begin(fd, OP_READ, AT_POSITION, size, &call))
        return real.read(fd, mem, size);
    if (fails(&call))
        return -1;
    got = real.read(fd, mem, shortened(&call));
    seen = hide(&call, mem, got);
    if (seen < got)
        lseek(fd, seen - got, SEEK_CUR);
    return seen;
}

int fstat(int fd, struct stat *st)
{
    char path[PATH_MAX];
    bool ours = is_ours(fd, path);
    int ret = real.fstat(fd, st);

    if (ret == 0 && ours)
        st->st_size = (off_t)late_size(path, (uint64_t)st->st_size);
    return ret;
}

int fdatasync(int fd)
{
    struct call call;

    if (begin(fd, OP_SYNC, 0, 0, &call) && fails(&call))
        return -1;
    return real.fdatasync(fd);
}

int fsync(int fd)
{
    struct call call;

    if (begin(fd, OP_SYNC, 0, 0, &call) && fails(&call))
        return -1;
    return real.fsync(fd);
}

/* The names that a build with 64-bit offsets calls: the same functions here. */
ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t offset)
{
    return pwritev(fd, iov, count, offset);
}

ssize_t pwrite64(int fd, const void *mem, size_t size, off64_t offset)
{
    return pwrite(fd, mem, size, offset);
}

ssize_t pread64(int fd, void *mem, size_t size, off64_t offset)
{
    return pread(fd, mem, size, offset);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
