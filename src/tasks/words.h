/* words: a long command put together word by word, with room for texts made
 * for it. Internal to the room. */
#ifndef VID_TASKS_WORDS_H
#define VID_TASKS_WORDS_H

#include <stddef.h>

struct words {
    const char **words;
    size_t *lengths;
    int count;
    char *room; /* where texts made for it lie */
};

/* Room for so many words and bytes: 0 or -ENOMEM; words_free in both cases. */
int words_alloc(struct words *w, int count, size_t room);
void words_add(struct words *w, const char *word, size_t length);
void words_add_text(struct words *w, const char *word);
void words_free(struct words *w);

#endif
