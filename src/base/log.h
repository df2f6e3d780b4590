/* log: lines for a person on stderr. Levels are ffmpeg's. Thread-safe; a line
 * is one write. Libraries log, they never exit. */
#ifndef VID_BASE_LOG_H
#define VID_BASE_LOG_H

#include <stdarg.h>

enum log_level {
    LOG_QUIET = -8,
    LOG_PANIC = 0,
    LOG_FATAL = 8,
    LOG_ERROR = 16,
    LOG_WARNING = 24,
    LOG_INFO = 32,
    LOG_VERBOSE = 40,
    LOG_DEBUG = 48,
    LOG_TRACE = 56,
};

/* Lines above `level` are dropped; `who` ("vidmpi", "vidmpi rank 3") stands
 * before each line and is copied. Call before threads start. */
void log_setup(enum log_level level, const char *who);
enum log_level log_level(void);

/* "error", "warning", ... or a number, as ffmpeg's -loglevel takes them.
 * Returns 0, or -EINVAL when `text` names no level. */
int log_level_parse(const char *text, enum log_level *level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_vline(enum log_level level, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_verbose(...) log_line(LOG_VERBOSE, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* A status line that the next one overwrites (a progress bar on a terminal).
 * An ordinary line clears it first and does not mix with it. */
void log_status(const char *text);

#endif
