/* connection: one link to a Redis server. It dials, logs in, checks the
 * version, carries pipelines with an exact deadline, and dials again when it
 * breaks. Sockets are its own (hiredis writes and reads the protocol only), so
 * no SIGPIPE and no wait without an end. One thread. Internal to the room. */
#ifndef VID_TASKS_CONNECTION_H
#define VID_TASKS_CONNECTION_H

#include "base/error.h"
#include "tasks/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIPELINE_MAX 8

/* Commands that go to the server together. Memory running out sets `failed`. */
struct pipeline {
    char *text;
    size_t length;
    int count;
    bool failed;
};

/* hiredis' format: %s a string, %b pointer and size_t, one argument a word. */
void pipeline_add(struct pipeline *pipeline, const char *format, ...);
void pipeline_add_words(struct pipeline *pipeline, int count, const char **words, const size_t *lengths);
void pipeline_free(struct pipeline *pipeline);

struct connection;

/* `key` (may be NULL, copied) is any key of the job: in a cluster its node is
 * found. Within 5 s. */
int connection_open(const char *url, const char *key, struct connection **out, struct vid_error *err);
void connection_close(struct connection **connection); /* NULL-safe */

/* One round trip; as many replies as commands, which the caller frees. The link
 * is dropped when it fails, and at the deadline. An error reply that may be
 * another one soon (reply_may_pass) is a failure too, with the link kept; what
 * the other commands gave is lost then. All further error replies are the caller's. */
int connection_try(struct connection *connection, const struct pipeline *pipeline, int64_t deadline,
                   redisReply **replies, struct vid_error *err);

/* A call that is made again while its failure may pass. */
struct trouble {
    int64_t deadline;
    int64_t pause; /* 0 at first, grows from 10 to 500 ms */
};

/* After a connection_try that failed with `rc` and `err`: dials again when the
 * link is gone, else sleeps for a growing moment. 0: try again (`err` is cleared);
 * negative: the failure will not pass or the deadline is over. */
int connection_mend(struct connection *connection, struct trouble *trouble, int rc, struct vid_error *err);

/* connection_try, and again after connection_mend, until the patience is over. */
int connection_call(struct connection *connection, const struct pipeline *pipeline, redisReply **replies,
                    struct vid_error *err);

/* How long a call goes on beside what it waits in the server: 10 s at first. */
void connection_set_patience(struct connection *connection, int ms);

/* The moment at which a call that waits wait_ms in the server is given up. */
int64_t connection_deadline(const struct connection *connection, int wait_ms);

const char *connection_peer(const struct connection *connection);
uint64_t connection_round_trips(const struct connection *connection);
uint64_t connection_reconnects(const struct connection *connection);

#endif
