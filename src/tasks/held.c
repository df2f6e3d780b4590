#include "tasks/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int held_add(struct held *held, uint64_t id)
{
    if (held->count == held->room) {
        int room = held->room ? 2 * held->room : 16;
        uint64_t *ids = realloc(held->ids, (size_t)room * sizeof(*ids));
        if (!ids)
            return -ENOMEM;
        held->ids = ids;
        held->room = room;
    }
    held->ids[held->count++] = id;
    return 0;
}

void held_remove(struct held *held, uint64_t id)
{
    for (int i = 0; i < held->count; i++) {
        if (held->ids[i] == id) {
            held->ids[i] = held->ids[--held->count];
            return;
        }
    }
}

int held_count(const struct held *held, uint64_t id)
{
    int n = 0;
    for (int i = 0; i < held->count; i++)
        n += held->ids[i] == id;
    return n;
}

void held_free(struct held *held)
{
    free(held->ids);
    memset(held, 0, sizeof(*held));
}
