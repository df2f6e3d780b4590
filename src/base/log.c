#include "base/log.h"

#include "base/io.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

/* stderr is one for the whole process, and so is the way to it. */
static struct {
    enum log_level level; /* set before threads start */
    char who[64];         /* likewise */
    pthread_mutex_t lock;
    bool status_shown; /* protected by lock */
} logger = {.level = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
    const char *name;
    enum log_level level;
} level_names[] = {
    {"quiet", LOG_QUIET},     {"panic", LOG_PANIC},     {"fatal", LOG_FATAL},
    {"error", LOG_ERROR},     {"warning", LOG_WARNING}, {"info", LOG_INFO},
    {"verbose", LOG_VERBOSE}, {"debug", LOG_DEBUG},     {"trace", LOG_TRACE},
};

void log_setup(enum log_level level, const char *who)
{
    logger.level = level;
    snprintf(logger.who, sizeof(logger.who), "%s", who ? who : "");
}

enum log_level log_level(void)
{
    return logger.level;
}

int log_level_parse(const char *text, enum log_level *level)
{
    char *end;
    long number;

    for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++) {
        if (!strcmp(text, level_names[i].name)) {
            *level = level_names[i].level;
            return 0;
        }
    }
    errno = 0;
    number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < -1000 || number > 1000)
        return -EINVAL;
    *level = (enum log_level)number;
    return 0;
}

/* Cuts what snprintf wanted to what the buffer holds. */
static size_t held(int wanted, size_t room)
{
    if (wanted < 0)
        return 0;
    return (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static size_t put_prefix(char *line, size_t room, enum log_level level)
{
    return held(snprintf(line, room, "%s%s%s%s", logger.status_shown ? CLEAR_LINE : "", logger.who,
                         logger.who[0] ? ": " : "", level == LOG_WARNING ? "warning: " : ""),
                room);
}

void log_vline(enum log_level level, const char *format, va_list args)
{
    char line[4096];
    size_t size;

    if (level > logger.level)
        return;
    pthread_mutex_lock(&logger.lock);
    size = put_prefix(line, sizeof(line), level);
    size += held(vsnprintf(line + size, sizeof(line) - size, format, args), sizeof(line) - size);
    while (size && line[size - 1] == '\n')
        size--;
    line[size++] = '\n'; /* in the place of the NUL at the latest */
    io_write(STDERR_FILENO, line, size);
    logger.status_shown = false;
    pthread_mutex_unlock(&logger.lock);
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vline(level, format, args);
    va_end(args);
}

void log_status(const char *text)
{
    char line[4096];
    bool shows = text && *text;

    pthread_mutex_lock(&logger.lock);
    if (shows || logger.status_shown)
        io_write(STDERR_FILENO, line,
                 held(snprintf(line, sizeof(line), CLEAR_LINE "%s", shows ? text : ""), sizeof(line)));
    logger.status_shown = shows;
    pthread_mutex_unlock(&logger.lock);
}
