/* history: what earlier starts of this job have left in its run directory: sealed parts of the video, results
 * of frames behind them, frames that could not be filtered. Read when the job opens, then read-only. */
#ifndef VID_VIDMPI_HISTORY_H
#define VID_VIDMPI_HISTORY_H

#include "base/error.h"
#include "media/part.h"
#include "store/ledger_record.h"
#include "store/result_store.h"
#include "vidmpi/mishaps.h"
#include "vidmpi/picture_counts.h"

#include <stddef.h>
#include <stdint.h>

struct history {
    unsigned lane;   /* set before it is read: in whose frames the parts' ends are told */
    unsigned starts; /* before this one */

    /* Whole on the disk, from number 1 on. */
    struct media_part *parts;
    int part_count, part_room;
    struct picture_place *ends; /* of each: where the next one begins */
    uint64_t end;               /* the first frame that does not lie in them as a whole */
    uint64_t skip;              /* and how many of its pictures do */

    /* Of that lane's frames from `end` on, and of all others, rising. */
    struct result_ref *kept;
    size_t kept_count, kept_room;

    uint64_t filtered_again, encoded_again; /* what all starts have to do again, this one too */
    struct ledger_again again;              /* and this one alone */

    struct substituted *substituted; /* frames that sealed parts hold, or may hold */
    size_t substituted_count, substituted_room;
};

/* Reads the ledger and looks at every byte of the parts: those from the first damaged one on do not count. */
int history_read(const char *run_dir, struct history *history, struct vid_error *err);

/* Finds the results that are whole, and counts what was lost. */
int history_recover(struct history *history, const char *run_dir, struct result_store *results,
                    struct vid_error *err);

/* The `state` of a part's record in the ledger, into buf; returns buf. */
const char *history_format_place(struct picture_place place, char *buf, size_t size);

/* How many pictures the sealed parts hold of the frame. */
uint64_t history_sealed_pictures(const struct history *history, uint64_t frame);

/* The result of a frame, by its id, or NULL. */
const struct result_ref *history_result(const struct history *history, uint64_t frame_id);

void history_free(struct history *history);

#endif
