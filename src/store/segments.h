/* segments: the segment files that records have named, of all ranks, until
 * their results are done. Keeps some of them open. Private to the room,
 * behind result_store, whose header has the meaning of read and done.
 * Thread-safe; the records of one rank are noted by one thread at a time. */
#ifndef VID_STORE_SEGMENTS_H
#define VID_STORE_SEGMENTS_H

#include "base/error.h"
#include "store/result.h"

struct segments;

int segments_create(const char *run_dir, unsigned ranks, struct segments **out, struct vid_error *err);
void segments_free(struct segments **all); /* leaves the files; NULL-safe */

/* A record has been read: one more ref is out. When it is the first of a new
 * segment, those before it that are done are removed. -EBADMSG when it goes
 * back to a segment that is not there any more. */
int segments_note(struct segments *all, const struct result_ref *ref, struct vid_error *err);

/* Nobody writes to the segments of this rank up to the number any more: those without a ref that is out
 * are removed as soon as that is so, the newest too; now, also those that no record names. */
int segments_retire(struct segments *all, unsigned rank, uint32_t newest, struct vid_error *err);

/* Whether the file is as long as the ref says. */
bool segments_reach(struct segments *all, const struct result_ref *ref);

int segments_read(struct segments *all, const struct result_ref *ref, void *mem, struct vid_error *err);
int segments_done(struct segments *all, const struct result_ref *ref, struct vid_error *err);
void segments_usage(struct segments *all, uint64_t *now, uint64_t *peak);

#endif
