/* script: Lua that the server runs in one step. It is sent with its first use
 * and named by its hash from then on. Internal to the room. */
#ifndef VID_TASKS_SCRIPT_H
#define VID_TASKS_SCRIPT_H

#include "tasks/connection.h"
#include "tasks/words.h"

#include <stdbool.h>

#define SCRIPT_HASH 41

enum script_id {
    SCRIPT_REPORT,
    SCRIPT_SWAP,
    SCRIPT_HAND_BACK,
    SCRIPT_EXPIRE,
    SCRIPT_WAKE,
    SCRIPT_PLACES,
    SCRIPT_COUNT
};

struct script {
    enum script_id id;
    const char *text;
};

/* By id, "" while a script is not known to be in the server. */
struct script_hashes {
    char of[SCRIPT_COUNT][SCRIPT_HASH];
};

/* Makes room for a script's call: then come its keys and its arguments,
 * `count` words in all, with `room` bytes for those that are made. */
int script_words(struct words *w, int count, size_t room, struct vid_error *err);

/* Adds its call to what goes to the server together; false, and nothing is added, when the server is not
 * known to have it. */
bool script_add(struct pipeline *pipeline, const struct script_hashes *hashes, const struct script *script,
                struct words *w, int keys);

/* The server answered that it does not have it. */
void script_forget(struct script_hashes *hashes, const struct script *script);

/* Runs it on the first `keys` of its words, in one round trip. A script that
 * ran although its answer was lost is run again: it has to bear that. The
 * reply is the caller's; NULL as `reply` frees it. */
int script_run(struct connection *connection, struct script_hashes *hashes, const struct script *script,
               struct words *w, int keys, redisReply **reply, struct vid_error *err);

#endif
