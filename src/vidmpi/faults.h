/* faults: what rank 0 writes down of what went wrong: the input of a frame that could not be filtered, as a
 * file beside the last words of the process that died of it (RUN_DIR/faults), and the records of the ledger.
 */
#ifndef VID_VIDMPI_FAULTS_H
#define VID_VIDMPI_FAULTS_H

#include "base/error.h"
#include "vidmpi/job.h"

/* RUN_DIR/faults/frame_000042.nut, from the frame's slot of the ring; a failure is logged only. */
void faults_keep_input(struct job *job, uint64_t frame);

/* What follows the frame's number in the names of its files: "", or ".lane1"; into buf, returns buf. */
const char *faults_lane(uint64_t frame_id, char *buf, size_t size);

/* "original", ... */
const char *faults_policy_name(enum on_error policy);

int faults_note_substitute(struct job *job, uint64_t frame, const char *why, struct vid_error *err);
void faults_note_lost(struct job *job, unsigned rank); /* a failure is logged only */

#endif
