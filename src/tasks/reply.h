/* reply: what a Redis server's answers mean. Internal to the room, as hiredis
 * is. `peer` names the server in sentences ("host:port"). */
#ifndef VID_TASKS_REPLY_H
#define VID_TASKS_REPLY_H

#include "base/error.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

void reply_free(redisReply **reply); /* NULL-safe */
void replies_free(redisReply **replies, int count);

/* Whether it is an error reply that begins with `code` ("NOSCRIPT"). */
bool reply_is_error(const redisReply *reply, const char *code);

/* Whether it is an error reply that may be another one soon: a server that is
 * loading, busy, short of memory or a cluster that changes. */
bool reply_may_pass(const redisReply *reply);

/* 0 for an ordinary reply; an error reply as a sentence with the way out. */
int reply_check(const redisReply *reply, const char *peer, struct vid_error *err);

/* As reply_check, for AUTH: never quotes the server, for some answers repeat
 * the command and so the password. */
int reply_check_login(const redisReply *reply, const char *peer, struct vid_error *err);

/* The number that a text of digits stands for; 0 for anything else. */
uint64_t reply_number(const redisReply *reply);

/* Of HELLO (a flat list of names and values) the value of a name, or NULL. */
const char *reply_hello_field(const redisReply *hello, const char *name);

/* Of INFO the value of a name, copied; "" when it is not there. */
void reply_info_field(const redisReply *info, const char *name, char *value, size_t size);

/* Whether the version ("7.0.15") is one that this program can use. */
int reply_check_version(const char *version, const char *peer, struct vid_error *err);

#endif
