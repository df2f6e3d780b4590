/* run_past: the job that an earlier process left unfinished in a run directory,
 * as its ledger tells. Private to the room. */
#ifndef VID_STORE_RUN_PAST_H
#define VID_STORE_RUN_PAST_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct run_past {
    bool unfinished; /* there is something to go on with: a start with a key, and no manifest */
    char key[65], host[65], program[65];
    unsigned format;
    int64_t since; /* seconds since 1970: its first start */
};

/* Take the lock first. A folder without a ledger has no past. */
int run_past_read(const char *folder, struct run_past *past, struct vid_error *err);

/* Whether the job of that key can go on there; NULL is the key of none. */
bool run_past_fits(const struct run_past *past, const char *key);

/* -EEXIST: what is in there, and the ways out. */
int run_past_refuse(const char *folder, const struct run_past *past, struct vid_error *err);

#endif
