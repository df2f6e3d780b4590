/* words: a long command put together word by word, with room for texts made
 * for it. Internal to the room. */
#ifndef VID_TASKS_WORDS_H
#define VID_TASKS_WORDS_H

#include "base/error.h"
#include "tasks/task.h"

#include <stddef.h>

struct words {
    const char **words;
    size_t *lengths;
    int count;
    char *room;  /* where texts made for it lie */
    size_t used; /* bytes of it */
    size_t size;
};

/* Room for so many words and bytes (each text and its NUL): 0 or -ENOMEM and
 * why; words_free in both cases. */
int words_alloc(struct words *w, int count, size_t room, struct vid_error *err);
void words_add(struct words *w, const char *word, size_t length);
void words_add_text(struct words *w, const char *word);

/* A word that is made in the room. */
void words_addf(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The task's line, made in the room: TASK_TEXT_MAX bytes are enough. */
int words_add_task(struct words *w, const struct task *task, struct vid_error *err);

void words_free(struct words *w);

#endif
