/* error: how a failure travels. Every function that can fail returns 0 (or a
 * count) on success and a negative errno, AVERROR or VID_EOF on failure, and
 * says why in one sentence in the caller's struct vid_error. The first error
 * wins: later failures while tearing down do not hide the cause. */
#ifndef VID_BASE_ERROR_H
#define VID_BASE_ERROR_H

#include <stddef.h>

/* The stream, queue or list has ended in good order. */
#define VID_EOF (-10001)

struct vid_error {
    int code;        /* 0 while nothing has failed */
    char text[1000]; /* one sentence: the thing, the cause, the way out */
};

/* Records the failure in `err` (may be NULL) unless one is there already.
 * Returns `code`, so that failing is one line. */
int vid_fail(struct vid_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* Lets the analyzer see that what comes back is `code`. */
#define vid_fail(err, code, ...) ((void)vid_fail((err), (code), __VA_ARGS__), (code))
#endif

/* Forgets what `err` holds, for a caller that has dealt with it. */
void vid_error_clear(struct vid_error *err);

/* A failure on its way to another process: "CODE sentence", cut to `size`. Returns `text`. What has no
 * code in front is read as -EIO with all of it for the sentence. */
char *vid_error_encode(const struct vid_error *err, char *text, size_t size);
void vid_error_decode(const char *text, struct vid_error *err);

#endif
