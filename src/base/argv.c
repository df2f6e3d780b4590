#include "base/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes `word`, also on failure; NULL says that memory ran out. */
static void add_owned(struct argv *argv, char *word)
{
    char **words = NULL;

    if (word && !argv->failed)
        words = realloc(argv->words, sizeof(*words) * ((size_t)argv->count + 2));
    if (!words) {
        argv->failed = 1;
        free(word);
        return;
    }
    words[argv->count++] = word;
    words[argv->count] = NULL;
    argv->words = words;
}

void argv_add(struct argv *argv, const char *word)
{
    add_owned(argv, strdup(word));
}

void argv_addf(struct argv *argv, const char *format, ...)
{
    char *word;
    va_list args;

    va_start(args, format);
    if (vasprintf(&word, format, args) < 0)
        word = NULL;
    va_end(args);
    add_owned(argv, word);
}

void argv_free(struct argv *argv)
{
    if (!argv)
        return;
    for (int i = 0; i < argv->count; i++)
        free(argv->words[i]);
    free(argv->words);
    *argv = (struct argv){0};
}
