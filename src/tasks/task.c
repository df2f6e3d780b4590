#include "tasks/task.h"

#include "tasks/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static bool shape_is_right(const struct task *task)
{
    uint64_t frames = (uint64_t)task->count + task->before + task->after;
    return task->count >= 1 && frames <= TASK_FRAMES_MAX && task->attempt >= 1 && task->pushed >= 0;
}

static uint32_t slot_count(const struct task *task)
{
    return task->before + task->count + task->after;
}

int task_encode(const struct task *task, char *text, size_t size)
{
    if (!shape_is_right(task))
        return -EINVAL;
    int n = snprintf(text, size,
                     "%" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRId64
                     " %" PRIu64 " %" PRIu32 " %" PRIu32,
                     task->id, task->first, task->count, task->before, task->after, task->attempt,
                     task->pushed, task->released, task->avoid, task->last);
    if (n < 0 || (size_t)n >= size)
        return -EMSGSIZE;
    size_t used = (size_t)n;
    for (uint32_t i = 0; i < slot_count(task); i++) {
        const struct task_slot *slot = &task->slots[i];
        n = snprintf(text + used, size - used, "%c%" PRIu64 ":%" PRIu64, i ? ',' : ' ', slot->offset,
                     slot->length);
        if (n < 0 || (size_t)n >= size - used)
            return -EMSGSIZE;
        used += (size_t)n;
    }
    return (int)used;
}

static int decode_head(struct fields *in, struct task *task)
{
    uint64_t pushed = 0;
    task->id = field_u64(in, ' ');
    task->first = field_u64(in, ' ');
    task->count = field_u32(in, ' ');
    task->before = field_u32(in, ' ');
    task->after = field_u32(in, ' ');
    task->attempt = field_u32(in, ' ');
    pushed = field_u64(in, ' ');
    task->pushed = (int64_t)pushed;
    task->released = field_u64(in, ' ');
    task->avoid = field_u32(in, ' ');
    task->last = field_u32(in, ' ');
    return in->bad || pushed > INT64_MAX || !shape_is_right(task) ? -EBADMSG : 0;
}

int task_decode(const char *text, size_t length, struct task *task)
{
    struct fields in = {.at = text, .end = text + length};
    if (decode_head(&in, task) < 0)
        return -EBADMSG;
    uint32_t last = slot_count(task) - 1;
    for (uint32_t i = 0; i <= last; i++) {
        task->slots[i].offset = field_u64(&in, ':');
        task->slots[i].length = field_u64(&in, i < last ? ',' : FIELD_LAST);
    }
    return in.bad ? -EBADMSG : 0;
}
