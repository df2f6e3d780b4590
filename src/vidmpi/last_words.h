/* last_words: a worker's stderr on its way through its rank: passed on to the
 * rank's own, unchanged and in whole lines, and the end of it kept for the
 * report on a worker that died. One thread. */
#ifndef VID_VIDMPI_LAST_WORDS_H
#define VID_VIDMPI_LAST_WORDS_H

#include "base/error.h"

#define LAST_WORDS_MAX 4096 /* bytes that are kept */

struct last_words;

/* *write_fd is the worker's end, the caller's to pass on and close. */
int last_words_open(struct last_words **out, int *write_fd, struct vid_error *err);

int last_words_fd(const struct last_words *words); /* to wait for; -1 once the other end is closed */

/* Passes on all that is there now; never waits for more. */
void last_words_pass(struct last_words *words);

/* The kept end, as a string without zero bytes. Also passes on a last line that has no end. */
const char *last_words_take(struct last_words *words);

void last_words_close(struct last_words **words); /* passes on what is there; NULL-safe */

#endif
