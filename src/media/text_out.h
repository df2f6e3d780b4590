/* text_out: text to wherever ffmpeg's -progress can send it: a pipe, a file,
 * a socket. One thread. */
#ifndef VID_MEDIA_TEXT_OUT_H
#define VID_MEDIA_TEXT_OUT_H

#include "base/error.h"

#include <stddef.h>

struct text_out;

/* url: "-" or pipe:N, a file name, tcp://..., unix:... as libavformat takes it. */
int text_out_open(const char *url, struct text_out **out, struct vid_error *err);

/* Written through at once. A reader that is gone is no error of the job: later text is dropped. */
void text_out_write(struct text_out *out, const char *text, size_t size);

void text_out_close(struct text_out **out); /* NULL-safe */

#endif
