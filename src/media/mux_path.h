/* mux_path: under which name the output is written. A regular file is written as NAME.part and renamed when
 * it is whole; a pipe, a device, an address or a muxer that opens files by itself is written directly.
 * Private to the room. */
#ifndef VID_MEDIA_MUX_PATH_H
#define VID_MEDIA_MUX_PATH_H

#include "base/error.h"

#include <stdbool.h>

struct mux_path {
    char *name;   /* as the user gave it ("-" is "pipe:") */
    char *final;  /* the file that it names, links resolved; NULL when written directly */
    char *part;   /* what is written; NULL when written directly */
    bool is_file; /* a regular file will be there at the end */
};

/* `opens_itself`: the muxer has AVFMT_NOFILE. Refuses a folder that is not there or cannot be written. */
int mux_path_choose(const char *name, bool opens_itself, struct mux_path *out, struct vid_error *err);

const char *mux_path_write_name(const struct mux_path *path);

/* The whole file gets its name, and the mode of the file that it replaces. */
int mux_path_commit(struct mux_path *path, struct vid_error *err);

void mux_path_discard(struct mux_path *path); /* removes the unfinished file */
void mux_path_free(struct mux_path *path);

#endif
