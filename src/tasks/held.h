/* held: numbers of the tasks that a worker has claimed and not reported.
 * Internal to the room. */
#ifndef VID_TASKS_HELD_H
#define VID_TASKS_HELD_H

#include <stdint.h>

struct held {
    uint64_t *ids;
    int count;
    int room;
};

int held_add(struct held *held, uint64_t id);     /* 0 or -ENOMEM */
void held_remove(struct held *held, uint64_t id); /* once, if it is there */
int held_count(const struct held *held, uint64_t id);
void held_free(struct held *held);

#endif
