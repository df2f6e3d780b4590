/* verify: -verify: the pictures that the job made, compared with those of a
 * serial run, which follows it. The encoder's thread adds, then the main thread compares. */
#ifndef VID_VIDMPI_VERIFY_H
#define VID_VIDMPI_VERIFY_H

#include "base/error.h"
#include "media/options.h"
#include "media/picture.h"

#include <stdbool.h>
#include <stdint.h>

struct verify;

struct verify *verify_create(void); /* NULL: no memory */
void verify_destroy(struct verify *verify);

/* The next picture of the job, in order; 40 bytes are kept of it. `verify` NULL: nothing is to be compared.
 */
int verify_add(struct verify *verify, const struct picture *picture, struct vid_error *err);

/* These were all; without it the output wanted no more before the video's end, and a serial run may have
 * more. */
void verify_whole(struct verify *verify);

/* Runs serially and compares. `tick` is called between pictures. 1: all are equal; 0: `why` names the first
 * one that is not, and how; negative: it could not be told. */
int verify_run(struct verify *verify, const struct media_options *options, void (*tick)(void *opaque),
               void *opaque, struct vid_error *why);

uint64_t verify_count(const struct verify *verify); /* pictures that were added */

#endif
