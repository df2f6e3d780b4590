/* frame_stats: -frame-stats FILE: a line of JSON for each picture that the filter graph gives, in order: its
 * number, time, metadata, how long it took and where. While the job runs the lines stand in
 * `frame-stats.jsonl` of the run directory, so that a job that goes on has those of its sealed parts; FILE is
 * there when the job is done. All functions take NULL, which does nothing: no -frame-stats. */
#ifndef VID_VIDMPI_FRAME_STATS_H
#define VID_VIDMPI_FRAME_STATS_H

#include "base/error.h"
#include "media/picture.h"
#include "vidmpi/frame_table.h"
#include "worker/payload.h"

#include <stdint.h>

struct frame_stats;

/* Keeps the lines of the pictures below `sealed`, which earlier starts have written, and drops those behind
 * them. -EBADMSG when one is missing. `file` NULL: *out is NULL. */
int frame_stats_open(const char *run_dir, const char *file, uint64_t sealed, struct frame_stats **out,
                     struct vid_error *err);

/* "FILE.part", which must go when the job is killed; "" for NULL. */
const char *frame_stats_part(const struct frame_stats *stats);

/* The next picture in order, from number `sealed` on, before the sink gets it. `times` are of its frame's
 * payload; both NULL: a serial piece made it, on rank 0. One thread. */
int frame_stats_add(struct frame_stats *stats, const struct picture *picture, const struct frame_entry *entry,
                    const struct payload_times *times, struct vid_error *err);

/* Makes the lines so far safe on the disk; before a part is noted as sealed. Any thread. */
int frame_stats_sync(struct frame_stats *stats, struct vid_error *err);

/* No more pictures come: FILE.part is whole. Then, when the output is, publish gives it its name. */
int frame_stats_finish(struct frame_stats *stats, struct vid_error *err);
int frame_stats_publish(struct frame_stats *stats, struct vid_error *err);

/* Without a publish before, FILE.part goes. Nulls. */
void frame_stats_close(struct frame_stats **stats);

#endif
