/* job_key: says whether two command lines make the same output of the same
 * input, so that one may go on where the other ended. */
#ifndef VID_MEDIA_JOB_KEY_H
#define VID_MEDIA_JOB_KEY_H

#include "media/options.h"

#define JOB_KEY_VERSION 1 /* raised when the same options begin to mean something else */
#define JOB_KEY_BYTES 65  /* 64 hex digits */

/* SHA-256 over: this version; the versions of FFmpeg's libraries; the input's real path, size, time of
 * change, and the SHA-256 of its first and last MiB; every option that changes the output, as it was written.
 *
 * What does not count: -y -n -stdin; -loglevel -v -hide_banner -stats -stats_period -progress; -redis
 * -redis-timeout -run-dir -restart -verify -window -results; -retries -retry-delay -task-timeout
 * -filter-memory; -on-error (so that a job that failed may go on with another policy; the ledger has each
 * such frame); -max_error_rate -xerror (they decide whether the job fails, not what it makes);
 * -filter_threads (slices of a filter are exact); options that have no effect. -threads counts: encoders give
 * other packets with another number. Files that an option names (a filter's table, the log of a first pass)
 * count by name.
 *
 * -ENOTSUP, and why, when the input has no identity, so that a job of it cannot be resumed: a pipe, a device,
 * an address, a sequence of files, a list of other files. -errno when the input cannot be read. */
int media_job_key(const struct media_options *options, char key[JOB_KEY_BYTES], struct vid_error *err);

#endif
