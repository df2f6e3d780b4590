/* result_writer: a worker's end of the result store: payload into the segment,
 * then its record into the index (design, section 3.6). The only writer of its
 * rank's files. One thread. */
#ifndef VID_STORE_RESULT_WRITER_H
#define VID_STORE_RESULT_WRITER_H

#include "base/error.h"
#include "store/result.h"

#include <sys/uio.h>

struct result_writer;

struct result_writer_options {
    bool durable;           /* other nodes look: fdatasync payloads, then records, batched */
    uint64_t segment_bytes; /* a segment that has reached this is closed. 0: durable 64 MiB, or 40 payloads
                               of the size last seen where that is more; otherwise there is one segment,
                               whose bytes are written again (result_writer_release) */
    unsigned batch;         /* durable: sync after so many results; 0: 16; at most 1024 */
    int64_t batch_ns;       /* durable: or when the oldest has waited so long; 0: 100 ms */
};

/* How large a durable segment gets with payloads of this size. */
uint64_t result_writer_segment_bytes(uint64_t payload);

/* Opens the index that rank 0 made and goes on behind its last whole record
 * and in a new segment, so that a replaced worker overwrites nothing. A torn
 * record at the end is cut off. The worker before must be dead. `options` may
 * be NULL. */
int result_writer_open(const char *run_dir, unsigned rank, const struct result_writer_options *options,
                       struct result_writer **out, struct vid_error *err);

/* Appends one result. `iov` is used up; at most 1024 entries. ref->frame and
 * ref->attempt are the caller's, the rest is filled in. Not durable: published
 * on return. Durable: it waits for result_writer_sync (call it after each
 * append and when result_writer_due is reached); published at the latest when the
 * batch is full and another result comes. On failure (-ENOSPC, -EDQUOT, -EFBIG, -EIO, ...:
 * path and bytes in the sentence) the result does not count and is never published; those
 * before it are untouched, and the call may be tried again. */
int result_writer_append(struct result_writer *writer, struct result_ref *ref, struct iovec *iov, int count,
                         struct vid_error *err);

/* The results of all frames below are not needed any more: their bytes may hold later ones. Without
 * effect where segments are closed and removed as a whole. */
void result_writer_release(struct result_writer *writer, uint64_t below);

/* Publishes what waits when the batch is due (full, or its oldest too old), or all when `now`.
 * When writing the records fails the results keep waiting and a later call
 * tries again; after a failed fdatasync nothing is certain any more: the
 * writer then refuses every further call, what waited is not published. */
int result_writer_sync(struct result_writer *writer, bool now, struct vid_error *err);

/* How many results, of all appended since open, are published: visible to the
 * reader. They are the first ones appended. */
uint64_t result_writer_published(const struct result_writer *writer);

/* clock_now moment at which a sync is due; INT64_MAX when nothing waits. */
int64_t result_writer_due(const struct result_writer *writer);

void result_writer_close(struct result_writer **writer); /* publishes nothing more; NULL-safe */

#endif
