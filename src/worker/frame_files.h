/* frame_files: -results png: each frame also as results/png/frame_000042.png
 * with frame_000042.json beside it, for eyes and other tools. */
#ifndef VID_WORKER_FRAME_FILES_H
#define VID_WORKER_FRAME_FILES_H

#include "base/error.h"
#include "media/picture.h"
#include "worker/config.h"
#include "worker/payload.h"

/* Writes the pictures that the filter made of a frame; a second and later one is
 * frame_000042.1.png and so on. Each file appears whole (rename). */
int frame_files_write(const struct worker_config *config, uint64_t frame, const struct payload_times *times,
                      struct picture *const *pictures, int count, struct vid_error *err);

#endif
