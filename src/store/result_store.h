/* result_store: rank 0's view of all ranks' results. Pollers look at index
 * files, each rank by one thread at a time; the encoder's thread reads payloads
 * and says which are done; a segment is removed when its writer has gone on to
 * the next one and all its results are done. Thread-safe under that rule. */
#ifndef VID_STORE_RESULT_STORE_H
#define VID_STORE_RESULT_STORE_H

#include "base/error.h"
#include "store/result.h"

struct result_store;

/* `shared`: the filesystem caches (run_dir_is_shared): every look is a fresh
 * open, fstat, pread, close; otherwise descriptors are held. */
int result_store_open(const char *run_dir, unsigned ranks, bool shared, struct result_store **out,
                      struct vid_error *err);

/* For a job that goes on, before a worker of it begins and before the first poll: reads what is there of
 * all ranks, and gives for each frame, but those before `from` in its lane, the first result whose payload is
 * there and has the right checksum. Such a ref is out as if a poll had given it; a payload that does not
 * match, as when its bytes were used again, is not there. All else is done with: segments without a result
 * that was given are removed, and polls begin behind what was read. `found` returns 0, or negative to end
 * with that code, and says why itself. `lost` (may be NULL): how many of these frames have a record and no
 * payload any more. Needs memory for one payload. One thread. */
int result_store_recover(struct result_store *store, uint64_t from,
                         int (*found)(void *opaque, const struct result_ref *ref), void *opaque,
                         uint64_t *lost, struct vid_error *err);

/* Looks at the rank's index once and gives the records that are new, at most
 * `max`, in the order written. Returns how many; 0: none yet. A record that is
 * not whole (zeros, short, wrong CRC) is looked at again by the next poll, never skipped.
 * Negative errno on a real error; -EBADMSG: whole records that no writer of this rank makes. */
int result_store_poll(struct result_store *store, unsigned rank, struct result_ref *refs, int max,
                      struct vid_error *err);

/* Reads the payload into mem (ref->length bytes) and checks its CRC32C.
 * -EAGAIN: short, zeros or not matching yet, look again later; ESTALE and
 * ENOENT count as that. `err` says which: clear it before the next try. */
int result_store_read(struct result_store *store, const struct result_ref *ref, void *mem,
                      struct vid_error *err);

/* The payload is not needed any more (encoded, or a duplicate). Once for each
 * ref that a poll gave (-EINVAL for one more), not while it is being read. */
int result_store_done(struct result_store *store, const struct result_ref *ref, struct vid_error *err);

/* Bytes of the segments that records have named and that are there now, and the largest sum that was seen. */
void result_store_usage(struct result_store *store, uint64_t *now, uint64_t *peak);

/* Leaves the files to run_dir_close. NULL-safe. */
void result_store_close(struct result_store **store);

#endif
