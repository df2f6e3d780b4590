#include "worker/board.h"

#include "base/clock.h"
#include "base/histogram.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEDIAN_EVERY 16 /* frames */
#define READS_MAX 100   /* in which the writer would have to overtake the reader */

struct entry {
    _Atomic uint64_t task, frame;
    _Atomic uint32_t step, attempt;
    _Atomic int64_t since;
};

/* Two entries in turn, so that there is always a whole one: entries[turn % 2]. A writer that dies leaves
 * no lock behind. Each store is a release and each load an acquire: whoever sees a value of a
 * later turn in an entry then sees the later number too, and reads again. */
struct page {
    _Atomic uint64_t turn;
    struct entry entries[2];
    _Atomic int64_t median;
};

struct board {
    struct page *page;
    /* the writer's own */
    enum board_step step;
    int64_t since;
    struct histogram filtered;
};

static int map_page(int fd, struct board **out, struct vid_error *err)
{
    struct board *board = calloc(1, sizeof(*board));

    if (!board)
        return vid_fail(err, -ENOMEM, "no memory for the worker's board");
    board->page = mmap(NULL, sizeof(*board->page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board->page == MAP_FAILED) {
        free(board);
        return vid_fail(err, -errno, "cannot map the worker's board: %s", strerror(errno));
    }
    *out = board;
    return 0;
}

int board_create(struct board **out, int *fd, struct vid_error *err)
{
    int ret = 0;

    *fd = memfd_create("vidmpi-board", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, sizeof(struct page)) < 0)
        ret = vid_fail(err, -errno, "cannot make the worker's board: %s", strerror(errno));
    if (ret == 0)
        ret = map_page(*fd, out, err);
    if (ret < 0 && *fd >= 0)
        close(*fd);
    return ret;
}

int board_attach(int fd, struct board **out, struct vid_error *err)
{
    int ret = map_page(fd, out, err);

    close(fd);
    return ret;
}

void board_close(struct board **pboard)
{
    struct board *board = *pboard;

    *pboard = NULL;
    if (!board)
        return;
    munmap(board->page, sizeof(*board->page));
    free(board);
}

static void count_filtered(struct board *board, int64_t ns)
{
    histogram_add(&board->filtered, ns);
    if (board->filtered.count % MEDIAN_EVERY == 1)
        atomic_store_explicit(&board->page->median, histogram_percentile(&board->filtered, 50),
                              memory_order_release);
}

void board_write(struct board *board, enum board_step step, uint64_t task, uint64_t frame, uint32_t attempt)
{
    struct page *page = board->page;
    uint64_t turn = atomic_load_explicit(&page->turn, memory_order_relaxed) + 1;
    struct entry *entry = &page->entries[turn % 2];
    int64_t now = clock_now();

    if (board->step == BOARD_FILTER && step == BOARD_PUBLISH)
        count_filtered(board, now - board->since);
    board->step = step;
    board->since = now;
    atomic_store_explicit(&entry->task, task, memory_order_release);
    atomic_store_explicit(&entry->frame, frame, memory_order_release);
    atomic_store_explicit(&entry->attempt, attempt, memory_order_release);
    atomic_store_explicit(&entry->step, (uint32_t)step, memory_order_release);
    atomic_store_explicit(&entry->since, now, memory_order_release);
    atomic_store_explicit(&page->turn, turn, memory_order_release);
}

void board_idle(struct board *board)
{
    board_write(board, BOARD_IDLE, 0, 0, 0);
}

struct board_work board_read(const struct board *board)
{
    struct page *page = board->page;
    struct board_work work;
    uint64_t turn, after = atomic_load_explicit(&page->turn, memory_order_acquire);
    int reads = 0;

    do {
        struct entry *entry = &page->entries[after % 2];

        turn = after;
        work.task = atomic_load_explicit(&entry->task, memory_order_acquire);
        work.frame = atomic_load_explicit(&entry->frame, memory_order_acquire);
        work.attempt = atomic_load_explicit(&entry->attempt, memory_order_acquire);
        work.step = (enum board_step)atomic_load_explicit(&entry->step, memory_order_acquire);
        work.since = atomic_load_explicit(&entry->since, memory_order_acquire);
        after = atomic_load_explicit(&page->turn, memory_order_acquire);
    } while (after != turn && ++reads < READS_MAX);
    work.median = atomic_load_explicit(&page->median, memory_order_acquire);
    return work;
}
