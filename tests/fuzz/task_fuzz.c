/* A task record of the task list, from text and back. */
#include "fuzz.h"

#include "tasks/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct task task, again;
    static char text[16384];
    char *copy = malloc(size ? size : 1); /* its end is watched */
    MUST(copy);
    memcpy(copy, data, size);
    int ret = task_decode(copy, size, &task);
    free(copy);
    if (ret < 0)
        return 0;
    MUST((uint64_t)task.before + task.count + task.after <= TASK_FRAMES_MAX);
    int length = task_encode(&task, text, sizeof text);
    MUST(length >= 0 && task_decode(text, (size_t)length, &again) == 0);
    MUST(again.id == task.id && again.first == task.first && again.count == task.count);
    MUST(again.released == task.released && again.avoid == task.avoid && again.last == task.last);
    return 0;
}
