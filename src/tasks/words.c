#include "tasks/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int words_alloc(struct words *w, int count, size_t room)
{
    w->count = 0;
    w->words = calloc((size_t)count, sizeof(*w->words));
    w->lengths = calloc((size_t)count, sizeof(*w->lengths));
    w->room = malloc(room);
    return w->words && w->lengths && w->room ? 0 : -ENOMEM;
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

void words_free(struct words *w)
{
    free(w->words);
    free(w->lengths);
    free(w->room);
}
