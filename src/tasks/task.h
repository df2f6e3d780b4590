/* task: one entry of the task list: a run of consecutive frames, the context
 * that their filter needs, and where the pixels lie in the frame ring. */
#ifndef VID_TASKS_TASK_H
#define VID_TASKS_TASK_H

#include "base/frame_id.h"

#include <stddef.h>
#include <stdint.h>

#define TASK_FRAMES_MAX 256 /* count plus context */
#define TASK_TEXT_MAX 12000 /* room that any task's text fits in, with its NUL */

struct task_slot {
    uint64_t offset; /* of the packed picture in the ring */
    uint64_t length;
};

struct task {
    uint64_t id;     /* frame_id; from 0 in each lane, in order of the frames */
    uint64_t first;  /* frame_id of the first frame that it owns */
    uint32_t count;  /* frames that it owns */
    uint32_t before; /* context frames before and after them */
    uint32_t after;
    uint32_t attempt;  /* from 1 */
    int64_t pushed;    /* clock_wall when it went into the list */
    uint64_t released; /* frame_id: those below, in its lane, need nothing more: their results' bytes may be
                          reused */
    uint32_t avoid;    /* rank + 1 that shall leave the task to others while there are others; 0: none */
    uint32_t last;     /* 1: its last slot is the video's last frame, 0: not, or nobody needs to know */
    struct task_slot slots[TASK_FRAMES_MAX]; /* before + count + after are used */
};

/* As one line of decimal text, for the list and for a person with redis-cli:
 * "id first count before after attempt pushed released avoid last offset:length,...".
 * The same task always gives the same text. Returns the length, -EMSGSIZE when
 * `size` is too small, -EINVAL for a task that has no frame of its own, more
 * than TASK_FRAMES_MAX, attempt 0 or a negative `pushed`. */
int task_encode(const struct task *task, char *text, size_t size);

/* 0, or -EBADMSG for anything that task_encode does not make; `text` needs no
 * NUL. On failure `task` holds nothing of use. */
int task_decode(const char *text, size_t length, struct task *task);

#endif
