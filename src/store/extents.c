#include "store/extents.h"

#include "base/frame_id.h"
#include "store/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t align_up(uint64_t bytes)
{
    return (bytes + RESULT_PAYLOAD_ALIGN - 1) / RESULT_PAYLOAD_ALIGN * RESULT_PAYLOAD_ALIGN;
}

static int make_room(struct extents *extents)
{
    if (extents->count < extents->room)
        return 0;
    size_t room = extents->room ? 2 * extents->room : 32;
    struct extent *items = realloc(extents->items, room * sizeof(*items));
    if (!items)
        return -ENOMEM;
    extents->items = items;
    extents->room = room;
    return 0;
}

/* The index of the extent that the gap of `length` bytes lies before; `offset`: where it begins. */
static size_t find_gap(const struct extents *extents, uint64_t length, uint64_t *offset)
{
    size_t i = 0;
    for (*offset = 0; i < extents->count; i++) {
        if (extents->items[i].offset - *offset >= length)
            break;
        *offset = extents->items[i].offset + extents->items[i].length;
    }
    return i;
}

int extents_take(struct extents *extents, uint64_t length, uint64_t frame, uint64_t *offset)
{
    if (make_room(extents) < 0)
        return -ENOMEM;
    length = align_up(length ? length : 1); /* each has an offset of its own */
    size_t at = find_gap(extents, length, offset);
    memmove(&extents->items[at + 1], &extents->items[at], (extents->count - at) * sizeof(*extents->items));
    extents->items[at] = (struct extent){.offset = *offset, .length = length, .frame = frame};
    extents->count++;
    return 0;
}

void extents_give_back(struct extents *extents, uint64_t offset)
{
    size_t at = 0;
    while (at < extents->count && extents->items[at].offset != offset)
        at++;
    if (at == extents->count)
        return;
    extents->count--;
    memmove(&extents->items[at], &extents->items[at + 1], (extents->count - at) * sizeof(*extents->items));
}

void extents_release(struct extents *extents, uint64_t below)
{
    size_t kept = 0;
    for (size_t i = 0; i < extents->count; i++) {
        if (!frame_before(extents->items[i].frame, below))
            extents->items[kept++] = extents->items[i];
    }
    extents->count = kept;
}

void extents_free(struct extents *extents)
{
    free(extents->items);
    memset(extents, 0, sizeof(*extents));
}
