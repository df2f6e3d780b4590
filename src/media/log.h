/* log: libav's own messages. They arrive in pieces and from any thread; here
 * they become whole lines of base/log, and what a thread's own calls complained
 * about is kept for it, so that an error can quote its cause. */
#ifndef VID_MEDIA_LOG_H
#define VID_MEDIA_LOG_H

#include "base/error.h"
#include "base/log.h"

#include <stddef.h>

/* Sends libav's lines up to `level` to base/log, from now on and for the whole
 * process. Errors are kept for quoting at every level, LOG_QUIET too. Call before threads start. */
void media_log_setup(enum log_level level);

/* Forgets what this thread's calls of libav complained about: before a call whose error will be quoted. */
void media_log_reset(void);

/* The last line of level error or worse that libav logged on this thread since
 * the reset, without the "[name @ address]" before it and without line end.
 * Always terminates `buf` (size > 0). Returns its length, 0 when there was none. */
int media_log_last_error(char *buf, size_t size);

/* All such lines since the reset, oldest first, joined by "; " (the oldest kilobyte of them):
 * libavfilter says the cause first and the filter's name last. */
int media_log_errors(char *buf, size_t size);

/* For calls whose error will be told in a sentence that quotes libav: lines of level error of this thread are
 * kept back from now on, at levels below verbose. release shows those that `err` (may be NULL) does not
 * quote, and ends the keeping back. */
void media_log_hold(void);
void media_log_release(const struct vid_error *err);

#endif
