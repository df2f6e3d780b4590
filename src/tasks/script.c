#include "tasks/script.h"

#include <stdio.h>
#include <string.h>

#define HEAD 3 /* EVALSHA, the hash and the number of keys */

int script_words(struct words *w, int count, size_t room, struct vid_error *err)
{
    int rc = words_alloc(w, HEAD + count, room, err);
    for (int i = 0; rc == 0 && i < HEAD; i++)
        words_add(w, "", 0);
    return rc;
}

static void set_word(struct words *w, int index, const char *word)
{
    w->words[index] = word;
    w->lengths[index] = strlen(word);
}

/* "EVALSHA hash", or for a server that does not know the script "SCRIPT LOAD",
 * which gives the hash, and "EVAL script". The answer that counts is the last. */
static void add_call(struct pipeline *pipeline, const struct script *script, const char *hash,
                     struct words *w, const char *keys)
{
    set_word(w, 0, hash[0] ? "EVALSHA" : "EVAL");
    set_word(w, 1, hash[0] ? hash : script->text);
    set_word(w, 2, keys);
    if (!hash[0])
        pipeline_add(pipeline, "SCRIPT LOAD %s", script->text);
    pipeline_add_words(pipeline, w->count, w->words, w->lengths);
}

bool script_add(struct pipeline *pipeline, const struct script_hashes *hashes, const struct script *script,
                struct words *w, int keys)
{
    const char *hash = hashes->of[script->id];
    char number[12];
    if (!hash[0])
        return false;
    (void)snprintf(number, sizeof(number), "%d", keys);
    add_call(pipeline, script, hash, w, number);
    return true;
}

void script_forget(struct script_hashes *hashes, const struct script *script)
{
    hashes->of[script->id][0] = '\0';
}

/* Access rules may forbid SCRIPT LOAD: then the hash stays unknown. */
static void keep_hash(char hash[SCRIPT_HASH], const redisReply *loaded)
{
    if (loaded->type == REDIS_REPLY_STRING)
        (void)snprintf(hash, SCRIPT_HASH, "%s", loaded->str);
}

int script_run(struct connection *connection, struct script_hashes *hashes, const struct script *script,
               struct words *w, int keys, redisReply **reply, struct vid_error *err)
{
    char number[12];
    char *hash = hashes->of[script->id];
    (void)snprintf(number, sizeof(number), "%d", keys);
    for (;;) {
        struct pipeline pipeline = {0};
        redisReply *replies[PIPELINE_MAX];
        add_call(&pipeline, script, hash, w, number);
        int last = pipeline.count - 1;
        int rc = connection_call(connection, &pipeline, replies, err);
        pipeline_free(&pipeline);
        if (rc < 0)
            return rc;
        if (hash[0] && reply_is_error(replies[last], "NOSCRIPT")) {
            hash[0] = '\0';
            replies_free(replies, last + 1);
            continue;
        }
        if (last > 0)
            keep_hash(hash, replies[0]);
        rc = reply_check(replies[last], connection_peer(connection), err);
        if (reply && rc == 0) {
            *reply = replies[last];
            replies[last] = NULL;
        }
        replies_free(replies, last + 1);
        return rc;
    }
}
