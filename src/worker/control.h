/* control: the messages between a rank and its child, the worker, over a
 * SOCK_SEQPACKET pair: one packet a message. The end of the socket is the end
 * of the other side. Pixels never travel here. */
#ifndef VID_WORKER_CONTROL_H
#define VID_WORKER_CONTROL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define CONTROL_FD 3             /* the worker's end, in the worker */
#define CONTROL_MAX (128 * 1024) /* bytes of a message */

enum control_type {
    CONTROL_CONFIG = 'C', /* to the worker: worker_config_encode's text; the first message */
    CONTROL_READY = 'R',  /* from the worker: it claims from now on */
    CONTROL_WANT = 'W',   /* from: the pixels of a task on another node: task_encode's text */
    CONTROL_HERE = 'H',   /* to: they are in the local ring: the task with local slots */
    CONTROL_FREE = 'F',   /* from: the local slots of the task (its id in decimal) may be used again */
    CONTROL_END = 'E',    /* from: the list has ended for it; it exits */
    CONTROL_FATAL = 'X',  /* from: it cannot go on: vid_error_encode's text; it exits */
    CONTROL_BLOCKED = 'B' /* the same, and the reason lies outside of it (filesystem, Redis):
                             another worker in its place would not get further */
};

struct control_message {
    enum control_type type;
    size_t size;
    char body[CONTROL_MAX]; /* NUL-terminated */
};

int control_send(int fd, enum control_type type, const void *body, size_t size, struct vid_error *err);

/* CONTROL_FATAL or CONTROL_BLOCKED. A rank that is gone is not told. */
void control_send_error(int fd, enum control_type type, const struct vid_error *why);

/* 1: a message; 0: none within timeout_ms; VID_EOF: the other side is gone. */
int control_receive(int fd, struct control_message *message, int timeout_ms, struct vid_error *err);

#endif
