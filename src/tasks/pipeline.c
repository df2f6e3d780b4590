#include "tasks/connection.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void append(struct pipeline *pipeline, char *command, int length)
{
    char *grown = length > 0 ? realloc(pipeline->text, pipeline->length + (size_t)length) : NULL;
    if (grown) {
        memcpy(grown + pipeline->length, command, (size_t)length);
        pipeline->text = grown;
        pipeline->length += (size_t)length;
        pipeline->count++;
    } else {
        pipeline->failed = true;
    }
    if (length > 0)
        redisFreeCommand(command);
}

void pipeline_add(struct pipeline *pipeline, const char *format, ...)
{
    char *command = NULL;
    va_list args;
    va_start(args, format);
    int length = redisvFormatCommand(&command, format, args);
    va_end(args);
    append(pipeline, command, length);
}

void pipeline_add_words(struct pipeline *pipeline, int count, const char **words, const size_t *lengths)
{
    char *command = NULL;
    int length = redisFormatCommandArgv(&command, count, words, lengths);
    append(pipeline, command, length);
}

void pipeline_free(struct pipeline *pipeline)
{
    /* it may hold the password */
    if (pipeline->text)
        explicit_bzero(pipeline->text, pipeline->length);
    free(pipeline->text);
    memset(pipeline, 0, sizeof(*pipeline));
}
