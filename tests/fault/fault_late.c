#include "fault_late.h"
#include "fault.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define RANGES 4096

struct range {
    _Atomic int64_t until; /* CLOCK_MONOTONIC, which all processes share; written last, 0: none */
    uint64_t path;         /* its hash */
    uint64_t offset, size;
    int rank; /* that wrote it */
    bool cut;
};

struct table {
    _Atomic uint64_t next;
    struct range ranges[RANGES];
};

static struct table *table;
static pthread_once_t mapped = PTHREAD_ONCE_INIT;

static void map(void)
{
    char path[PATH_MAX];
    int fd;

    fault_file(path, sizeof(path), "late");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0 && ftruncate(fd, sizeof(*table)) == 0)
        table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!table || table == MAP_FAILED) {
        fprintf(stderr, "libfault: cannot map %s\n", path);
        _exit(99);
    }
    close(fd);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void late_add(const char *path, uint64_t offset, uint64_t size, int ms, bool cut)
{
    struct range *range;

    pthread_once(&mapped, map);
    range = &table->ranges[atomic_fetch_add(&table->next, 1) % RANGES];
    atomic_store(&range->until, 0);
    range->path = fault_hash(path);
    range->offset = offset;
    range->size = size;
    range->rank = fault_rank();
    range->cut = cut;
    atomic_store(&range->until, now() + ms * INT64_C(1000000));
}

/* The next range of the file from *at on that this rank does not see yet. */
static const struct range *next_hidden(uint64_t path, int *at)
{
    int64_t moment = now();
    int rank = fault_rank();

    pthread_once(&mapped, map);
    while (*at < RANGES) {
        const struct range *range = &table->ranges[(*at)++];
        if (atomic_load(&range->until) > moment && range->path == path && range->rank != rank)
            return range;
    }
    return NULL;
}

uint64_t late_size(const char *path, uint64_t size)
{
    const struct range *range;

    for (int at = 0; (range = next_hidden(fault_hash(path), &at));) {
        if (range->cut && range->offset < size)
            size = range->offset;
    }
    return size;
}

static void clear(const struct range *range, uint64_t offset, char *mem, uint64_t got)
{
    uint64_t begin = range->offset > offset ? range->offset : offset;
    uint64_t end = range->offset + range->size < offset + got ? range->offset + range->size : offset + got;

    if (begin < end)
        memset(mem + (begin - offset), 0, end - begin);
}

ssize_t late_hide(const char *path, uint64_t offset, void *mem, ssize_t got)
{
    uint64_t end = late_size(path, offset + (uint64_t)got);
    const struct range *range;

    got = end > offset ? (ssize_t)(end - offset) : 0;
    for (int at = 0; got > 0 && (range = next_hidden(fault_hash(path), &at));)
        clear(range, offset, mem, (uint64_t)got);
    return got;
}
