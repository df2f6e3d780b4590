#include "tasks/reply.h"

#include "tasks/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_free(redisReply **reply)
{
    if (*reply)
        freeReplyObject(*reply);
    *reply = NULL;
}

void replies_free(redisReply **replies, int count)
{
    for (int i = 0; i < count; i++)
        reply_free(&replies[i]);
}

bool reply_is_error(const redisReply *reply, const char *code)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, strlen(code)) == 0;
}

static const struct meaning {
    const char *prefix; /* of the server's answer */
    int code;
    bool passes;
    const char *sentence;
} meanings[] = {
    {"NOAUTH", -EACCES, false, "it wants a password; write redis://:PASSWORD@HOST:PORT (or user:PASSWORD@)"},
    {"NOPERM", -EPERM, false,
     "its access rules (ACL) do not let this user do that; docs/redis.md says what is needed"},
    {"OOM", -ENOMEM, true,
     "its memory is full (maxmemory reached); raise its maxmemory or make -window smaller"},
    {"READONLY", -EROFS, false, "it is a read-only replica; name the primary"},
    {"MASTERDOWN", -EAGAIN, true, "it is a replica that has lost its primary; name the primary"},
    {"LOADING", -EAGAIN, true, "it is still loading its data; try again when it has"},
    {"BUSY ", -EAGAIN, true, "it is busy with somebody's script; SCRIPT KILL ends that"},
    {"UNBLOCKED", -EAGAIN, true, "somebody or a change of its role has ended our wait"},
    {"MISCONF", -EIO, false, "it refuses writes because it cannot save to its disk; see its log"},
    {"DENIED", -EACCES, false,
     "it is in protected mode; give it a password (requirepass) and write that in the URL"},
    {"MOVED", -EXDEV, false, "it is one node of a cluster and the job's keys belong to another"},
    {"TRYAGAIN", -EAGAIN, true, "it is a node of a cluster whose keys are moving"},
    {"CLUSTERDOWN", -EAGAIN, true, "it is a node of a cluster that is down"},
    {"ERR max number of clients", -EMFILE, false, "it takes no more connections; raise its maxclients"},
    {"ERR unknown command", -EPROTONOSUPPORT, false,
     "it does not know a command that is needed; use Redis 6.2 or later"},
    {"ERR DB index is out of range", -EINVAL, false, "it has no database of that number"},
};

static const struct meaning *find_meaning(const redisReply *reply)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (reply_is_error(reply, meanings[i].prefix))
            return &meanings[i];
    return NULL;
}

bool reply_may_pass(const redisReply *reply)
{
    const struct meaning *meaning = find_meaning(reply);
    return meaning && meaning->passes;
}

/* The part of the answer after "NOPERM this user has no permissions to ..." is the useful one. */
int reply_check(const redisReply *reply, const char *peer, struct vid_error *err)
{
    const struct meaning *meaning = find_meaning(reply);
    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    if (meaning)
        return vid_fail(err, meaning->code, "redis at %s: %s (\"%.200s\")", peer, meaning->sentence,
                        reply->str);
    return vid_fail(err, -EIO, "redis at %s: it answered \"%.300s\"", peer, reply->str);
}

int reply_check_login(const redisReply *reply, const char *peer, struct vid_error *err)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    if (reply_is_error(reply, "WRONGPASS") || reply_is_error(reply, "ERR invalid password"))
        return vid_fail(err, -EACCES, "redis at %s: wrong user name or password, or the user is switched off",
                        peer);
    if (strstr(reply->str, "without any password") || strstr(reply->str, "no password is set"))
        return vid_fail(err, -EACCES, "redis at %s: it has no password; leave it out of the URL", peer);
    if (reply_is_error(reply, "ERR wrong number of arguments"))
        return vid_fail(err, -EPROTONOSUPPORT,
                        "redis at %s: it is too old to know user names; vidmpi needs 6.2 or later", peer);
    if (reply_is_error(reply, "ERR unknown command"))
        return vid_fail(err, -EACCES, "redis at %s: it knows no AUTH; leave the password out of the URL",
                        peer);
    if (reply_is_error(reply, "DENIED") || reply_is_error(reply, "ERR max number") ||
        reply_is_error(reply, "LOADING"))
        return reply_check(reply, peer, err);
    return vid_fail(err, -EACCES, "redis at %s: it refused the login", peer);
}

uint64_t reply_number(const redisReply *reply)
{
    struct fields in = {.at = reply->str, .end = reply->str + reply->len};
    return reply->type == REDIS_REPLY_STRING ? field_u64(&in, FIELD_LAST) : 0;
}

const char *reply_hello_field(const redisReply *hello, const char *name)
{
    if (hello->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < hello->elements; i += 2) {
        const redisReply *key = hello->element[i];
        const redisReply *value = hello->element[i + 1];
        if (key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
            strcmp(key->str, name) == 0)
            return value->str;
    }
    return NULL;
}

void reply_info_field(const redisReply *info, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    value[0] = '\0';
    if (info->type != REDIS_REPLY_STRING)
        return;
    for (const char *line = info->str; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            const char *start = line + length + 1;
            (void)snprintf(value, size, "%.*s", (int)strcspn(start, "\r\n"), start);
            return;
        }
    }
}

int reply_check_version(const char *version, const char *peer, struct vid_error *err)
{
    char *dot = NULL;
    unsigned long major = strtoul(version, &dot, 10);
    unsigned long minor = *dot == '.' ? strtoul(dot + 1, NULL, 10) : 0;
    if (dot == version || *dot != '.')
        return vid_fail(err, -EPROTO, "redis at %s: it does not tell its version; is it a Redis server?",
                        peer);
    if (major < 6 || (major == 6 && minor < 2))
        return vid_fail(err, -EPROTONOSUPPORT,
                        "redis at %s: it is too old: vidmpi needs 6.2 or later, it is %.30s", peer, version);
    return 0;
}
