/* board: a page of shared memory on which a worker says what it has in hand,
 * without a system call, so that its rank sees it at each look: also after the
 * worker was killed in the middle of a word. One process writes, from one
 * thread; the other one reads. */
#ifndef VID_WORKER_BOARD_H
#define VID_WORKER_BOARD_H

#include "base/error.h"

#include <stdint.h>

#define BOARD_FD 4 /* the page's descriptor, in the worker */

enum board_step {
    BOARD_IDLE,    /* no frame in hand: it starts, claims, or publishes what waits */
    BOARD_FETCH,   /* the task's pixels are on their way from another node */
    BOARD_FILTER,  /* the filter runs on the frame */
    BOARD_PUBLISH, /* the frame's result is being written */
};

/* What the worker does now. task, frame and attempt mean nothing while it is idle. */
struct board_work {
    enum board_step step;
    uint32_t attempt;
    uint64_t task, frame;
    int64_t since;  /* clock_now of the step's begin; 0: nothing was written yet */
    int64_t median; /* ns in the filter, of this worker's frames; 0: none yet */
};

struct board;

/* Rank: a new page. *fd is its descriptor, the caller's to pass on and close. */
int board_create(struct board **out, int *fd, struct vid_error *err);

/* Worker: maps what its rank has made; closes the descriptor. */
int board_attach(int fd, struct board **out, struct vid_error *err);

void board_close(struct board **board); /* NULL-safe */

/* Worker: the step begins now. */
void board_write(struct board *board, enum board_step step, uint64_t task, uint64_t frame, uint32_t attempt);
void board_idle(struct board *board);

/* Rank: what was written last, all of one piece. */
struct board_work board_read(const struct board *board);

#endif
