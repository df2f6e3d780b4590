#include "tasks/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int words_alloc(struct words *w, int count, size_t room, struct vid_error *err)
{
    *w = (struct words){.size = room};
    w->words = calloc((size_t)count, sizeof(*w->words));
    w->lengths = calloc((size_t)count, sizeof(*w->lengths));
    w->room = malloc(room);
    if (w->words && w->lengths && w->room)
        return 0;
    return vid_fail(err, -ENOMEM, "task list: no memory for a command of %d words", count);
}

void words_add(struct words *w, const char *word, size_t length)
{
    w->words[w->count] = word;
    w->lengths[w->count++] = length;
}

void words_add_text(struct words *w, const char *word)
{
    words_add(w, word, strlen(word));
}

void words_addf(struct words *w, const char *format, ...)
{
    char *text = w->room + w->used;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, w->size - w->used, format, args);
    va_end(args);
    words_add(w, text, (size_t)length);
    w->used += (size_t)length + 1;
}

int words_add_task(struct words *w, const struct task *task, struct vid_error *err)
{
    char *text = w->room + w->used;
    int length = task_encode(task, text, w->size - w->used);
    if (length < 0)
        return vid_fail(err, length, "task list: task %llu cannot be written", (unsigned long long)task->id);
    words_add(w, text, (size_t)length);
    w->used += (size_t)length + 1;
    return 0;
}

void words_free(struct words *w)
{
    free(w->words);
    free(w->lengths);
    free(w->room);
}
