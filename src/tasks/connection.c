#include "tasks/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "tasks/dial.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_PATIENCE (5 * NS_PER_S)
#define CALL_PATIENCE (10 * NS_PER_S)
#define PAUSE_MIN (10 * NS_PER_MS) /* before a refused call is made again */
#define PAUSE_MAX (500 * NS_PER_MS)
#define HOPS_MAX 3 /* from node to node of a cluster */

struct connection {
    struct redis_url url;
    char *key;
    char peer[330];
    struct redis_host moved; /* where a cluster keeps the key; name "" when not told */
    int fd;                  /* -1 while there is no link */
    redisReader *reader;
    int64_t patience;
    uint64_t round_trips;
    uint64_t reconnects;
};

static void drop(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->reader)
        redisReaderFree(c->reader);
    c->reader = NULL;
}

static int adopt(struct connection *c, int fd)
{
    drop(c);
    c->fd = fd;
    c->reader = redisReaderCreate();
    return c->reader ? 0 : -ENOMEM;
}

static int wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd one = {.fd = fd, .events = events};
    for (;;) {
        int n = poll(&one, 1, clock_ms_left(deadline));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (clock_now() >= deadline)
            return -ETIMEDOUT;
    }
}

static int send_all(int fd, const char *text, size_t length, int64_t deadline)
{
    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_NOSIGNAL);
        if (n >= 0) {
            text += n;
            length -= (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        int rc = errno == EAGAIN ? wait_for(fd, POLLOUT, deadline) : -errno;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int receive_some(struct connection *c, int64_t deadline)
{
    char bytes[16384];
    for (;;) {
        ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
        if (n > 0)
            return redisReaderFeed(c->reader, bytes, (size_t)n) == REDIS_OK ? 0 : -EPROTO;
        if (n == 0)
            return -ECONNRESET;
        if (errno == EINTR)
            continue;
        int rc = errno == EAGAIN ? wait_for(c->fd, POLLIN, deadline) : -errno;
        if (rc < 0)
            return rc;
    }
}

static int receive_reply(struct connection *c, int64_t deadline, redisReply **reply)
{
    for (;;) {
        void *got = NULL;
        if (redisReaderGetReply(c->reader, &got) != REDIS_OK)
            return -EPROTO;
        *reply = got;
        if (got)
            return 0;
        int rc = receive_some(c, deadline);
        if (rc < 0)
            return rc;
    }
}

static int tell_broken(const struct connection *c, int code, struct vid_error *err)
{
    switch (code) {
    case -ETIMEDOUT:
        return vid_fail(err, code, "redis at %s: no answer in time; is it overloaded or stopped?", c->peer);
    case -EPROTO:
        return vid_fail(err, code, "redis at %s: what answers is no Redis server; is the port right?",
                        c->peer);
    case -ECONNRESET:
    case -EPIPE:
        return vid_fail(err, -ECONNRESET, "redis at %s: it closed the connection", c->peer);
    default:
        return vid_fail(err, code, "redis at %s: %s", c->peer, strerror(-code));
    }
}

static void clear(redisReply **replies)
{
    for (int i = 0; i < PIPELINE_MAX; i++)
        replies[i] = NULL;
}

static int exchange(struct connection *c, const struct pipeline *pipeline, int64_t deadline,
                    redisReply **replies, struct vid_error *err)
{
    int got = 0;
    clear(replies);
    if (pipeline->failed || pipeline->count > PIPELINE_MAX)
        return vid_fail(err, -ENOMEM, "redis at %s: no memory for a command", c->peer);
    c->round_trips++;
    /* A server that refuses a connection says why and closes: its answer is
     * read even when sending has failed. */
    int sent = send_all(c->fd, pipeline->text, pipeline->length, deadline);
    int rc = 0;
    for (; rc == 0 && got < pipeline->count; got += rc == 0)
        rc = receive_reply(c, deadline, &replies[got]);
    if (rc == 0)
        return 0;
    if (got > 0 && reply_check(replies[0], c->peer, err) < 0)
        rc = err->code;
    else
        rc = tell_broken(c, sent < 0 && rc != -EPROTO ? sent : rc, err);
    replies_free(replies, got);
    return rc;
}

/* An error reply that may pass, as the call's failure. */
static int find_passing(const struct connection *c, redisReply **replies, int count, struct vid_error *err)
{
    int rc = 0;
    for (int i = 0; i < count && rc == 0; i++)
        if (reply_may_pass(replies[i]))
            rc = reply_check(replies[i], c->peer, err);
    if (rc < 0)
        replies_free(replies, count);
    return rc;
}

int connection_try(struct connection *c, const struct pipeline *pipeline, int64_t deadline,
                   redisReply **replies, struct vid_error *err)
{
    struct vid_error why = {0};
    clear(replies);
    if (c->fd < 0)
        return vid_fail(err, -ENOTCONN, "redis at %s: not connected", c->peer);
    int rc = exchange(c, pipeline, deadline, replies, &why);
    if (rc == 0)
        return find_passing(c, replies, pipeline->count, err);
    drop(c);
    return vid_fail(err, rc, "%s", why.text);
}

/* ---- shaking hands ---- */

static void add_login(const struct redis_url *url, struct pipeline *pipeline)
{
    if (url->user)
        pipeline_add(pipeline, "AUTH %s %s", url->user, url->password);
    else if (url->password)
        pipeline_add(pipeline, "AUTH %s", url->password);
}

/* HELLO is refused before Redis 6 and by narrow access rules; then INFO may
 * tell. A server that lets us ask neither shows its age at the first BLMOVE. */
static int ask_version(struct connection *c, int64_t deadline, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    char version[40];
    pipeline_add(&pipeline, "INFO server");
    int rc = exchange(c, &pipeline, deadline, replies, err);
    pipeline_free(&pipeline);
    if (rc < 0)
        return rc;
    reply_info_field(replies[0], "redis_version", version, sizeof(version));
    if (reply_is_error(replies[0], "NOPERM"))
        log_verbose("redis at %s: its access rules hide its version", c->peer);
    else if ((rc = reply_check(replies[0], c->peer, err)) == 0)
        rc = reply_check_version(version, c->peer, err);
    replies_free(replies, 1);
    return rc;
}

static int judge_hello(struct connection *c, const redisReply *hello, int64_t deadline, struct vid_error *err)
{
    if (reply_is_error(hello, "ERR unknown command") || reply_is_error(hello, "NOPERM"))
        return ask_version(c, deadline, err);
    int rc = reply_check(hello, c->peer, err);
    if (rc < 0)
        return rc;
    const char *version = reply_hello_field(hello, "version");
    const char *role = reply_hello_field(hello, "role");
    rc = reply_check_version(version ? version : "", c->peer, err);
    if (rc == 0 && role && (strcmp(role, "replica") == 0 || strcmp(role, "slave") == 0))
        rc = vid_fail(err, -EROFS, "redis at %s: it is a read-only replica; name the primary", c->peer);
    return rc;
}

static int judge_key(struct connection *c, const redisReply *exists, struct vid_error *err)
{
    const char *space = reply_is_error(exists, "MOVED ") ? strrchr(exists->str, ' ') : NULL;
    if (space && redis_host_parse(space + 1, &c->moved) < 0)
        c->moved.name[0] = '\0';
    return reply_check(exists, c->peer, err);
}

static int judge(struct connection *c, redisReply **replies, int64_t deadline, struct vid_error *err)
{
    int i = 0;
    int rc = c->url.password ? reply_check_login(replies[i++], c->peer, err) : 0;
    if (rc == 0)
        rc = judge_hello(c, replies[i++], deadline, err);
    if (rc == 0 && c->url.db)
        rc = reply_check(replies[i++], c->peer, err);
    if (rc == 0 && c->key)
        rc = judge_key(c, replies[i++], err);
    return rc;
}

static int shake_hands(struct connection *c, int64_t deadline, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    add_login(&c->url, &pipeline);
    pipeline_add(&pipeline, "HELLO 2");
    if (c->url.db)
        pipeline_add(&pipeline, "SELECT %d", c->url.db);
    if (c->key)
        pipeline_add(&pipeline, "EXISTS %s", c->key);
    int rc = exchange(c, &pipeline, deadline, replies, err);
    if (rc == 0) {
        rc = judge(c, replies, deadline, err);
        replies_free(replies, pipeline.count);
    }
    pipeline_free(&pipeline);
    return rc;
}

/* ---- connecting ---- */

static void name_peer(struct connection *c, const struct redis_url *url)
{
    const struct redis_host *host = url->hosts;
    char more[40] = "";
    if (url->path) {
        (void)snprintf(c->peer, sizeof(c->peer), "%s", url->path);
        return;
    }
    if (url->nhosts > 1)
        (void)snprintf(more, sizeof(more), " (and %d more)", url->nhosts - 1);
    bool v6 = strchr(host->name, ':');
    (void)snprintf(c->peer, sizeof(c->peer), "%s%s%s:%s%s", v6 ? "[" : "", host->name, v6 ? "]" : "",
                   host->port, more);
}

static int tell_unreachable(const struct connection *c, int code, struct vid_error *err)
{
    char cause[100];
    (void)snprintf(cause, sizeof(cause), "%s", code == -ENOENT ? "no such socket" : strerror(-code));
    cause[0] = (char)tolower((unsigned char)cause[0]);
    return vid_fail(err, code, "redis at %s: %s; start one or leave out -redis to let vidmpi run its own",
                    c->peer, cause);
}

static int connect_to(struct connection *c, const struct redis_url *url, int64_t deadline,
                      struct vid_error *err)
{
    struct dial *dial = NULL;
    struct vid_error first = {0};
    name_peer(c, url);
    c->moved.name[0] = '\0';
    int rc = dial_start(url, &dial, err);
    if (rc < 0)
        return rc;
    for (;;) {
        struct vid_error one = {0};
        int fd = dial_next(dial, deadline);
        if (fd < 0) {
            rc = first.code ? vid_fail(err, first.code, "%s", first.text) : tell_unreachable(c, fd, err);
            break;
        }
        rc = adopt(c, fd) < 0 ? vid_fail(&one, -ENOMEM, "redis: no memory") : shake_hands(c, deadline, &one);
        if (rc == 0)
            break;
        drop(c);
        vid_fail(&first, rc, "%s", one.text);
    }
    dial_end(&dial);
    return rc;
}

static int connect_any(struct connection *c, int64_t deadline, struct vid_error *err)
{
    struct vid_error one = {0};
    int rc = connect_to(c, &c->url, deadline, &one);
    for (int hop = 0; rc == -EXDEV && c->moved.name[0] && hop < HOPS_MAX; hop++) {
        struct redis_host host = c->moved;
        struct redis_url node = {.hosts = &host, .nhosts = 1};
        vid_error_clear(&one);
        rc = connect_to(c, &node, deadline, &one);
    }
    return rc < 0 ? vid_fail(err, rc, "%s", one.text) : 0;
}

static bool code_may_pass(int code)
{
    switch (code) {
    case -EAGAIN:
    case -ECONNABORTED:
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -EHOSTUNREACH:
    case -EMFILE:
    case -ENETUNREACH:
    case -ENOENT:
    case -ENOMEM: /* the server's */
    case -ENOTCONN:
    case -EPIPE:
    case -ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Dials until it succeeds, the deadline is over or the failure will not pass. */
static int restore(struct connection *c, int64_t deadline, struct vid_error *err)
{
    int64_t pause = 10 * NS_PER_MS;
    for (;;) {
        struct vid_error one = {0};
        int rc = connect_any(c, earlier(deadline, clock_now() + CONNECT_PATIENCE), &one);
        if (rc == 0) {
            c->reconnects++;
            log_verbose("redis at %s: connected again", c->peer);
            return 0;
        }
        if (!code_may_pass(rc) || clock_now() + pause >= deadline)
            return vid_fail(err, rc, "the connection was lost and could not be made again: %s", one.text);
        clock_sleep_until(clock_now() + pause);
        pause = earlier(2 * pause, 200 * NS_PER_MS);
    }
}

int connection_mend(struct connection *c, struct trouble *trouble, int rc, struct vid_error *err)
{
    bool linked = c->fd >= 0;
    if (linked)
        trouble->pause = trouble->pause ? earlier(2 * trouble->pause, PAUSE_MAX) : PAUSE_MIN;
    int64_t next = clock_now() + (linked ? trouble->pause : 0);
    if (!code_may_pass(rc) || next >= trouble->deadline)
        return rc;
    vid_error_clear(err);
    if (!linked)
        return restore(c, trouble->deadline, err);
    clock_sleep_until(next);
    return 0;
}

int connection_call(struct connection *c, const struct pipeline *pipeline, redisReply **replies,
                    struct vid_error *err)
{
    struct trouble trouble = {.deadline = connection_deadline(c, 0)};
    for (;;) {
        struct vid_error one = {0};
        int rc = connection_try(c, pipeline, trouble.deadline, replies, &one);
        if (rc == 0)
            return 0;
        rc = connection_mend(c, &trouble, rc, &one);
        if (rc < 0)
            return vid_fail(err, rc, "%s", one.text);
    }
}

/* A server that is still loading, or whose queue of connections is full, is
 * asked again for a while. */
static int connect_first(struct connection *c, struct vid_error *err)
{
    int64_t deadline = clock_now() + CONNECT_PATIENCE;
    for (;;) {
        struct vid_error one = {0};
        int rc = connect_any(c, deadline, &one);
        if (rc != -EAGAIN || clock_now() + 20 * NS_PER_MS >= deadline)
            return rc < 0 ? vid_fail(err, rc, "%s", one.text) : 0;
        clock_sleep_until(clock_now() + 20 * NS_PER_MS);
    }
}

int connection_open(const char *url, const char *key, struct connection **out, struct vid_error *err)
{
    struct connection *c = calloc(1, sizeof(*c));
    *out = NULL;
    if (!c)
        return vid_fail(err, -ENOMEM, "redis: no memory");
    c->fd = -1;
    c->patience = CALL_PATIENCE;
    int rc = redis_url_parse(url, &c->url, err);
    if (rc == 0 && key && !(c->key = strdup(key)))
        rc = vid_fail(err, -ENOMEM, "redis: no memory");
    if (rc == 0)
        rc = connect_first(c, err);
    if (rc < 0)
        connection_close(&c);
    *out = c;
    return rc;
}

void connection_close(struct connection **connection)
{
    struct connection *c = *connection;
    *connection = NULL;
    if (!c)
        return;
    drop(c);
    redis_url_free(&c->url);
    free(c->key);
    free(c);
}

void connection_set_patience(struct connection *c, int ms)
{
    c->patience = ms * NS_PER_MS;
}

int64_t connection_deadline(const struct connection *c, int wait_ms)
{
    return clock_now() + wait_ms * NS_PER_MS + c->patience;
}

const char *connection_peer(const struct connection *c)
{
    return c->peer;
}

uint64_t connection_round_trips(const struct connection *c)
{
    return c->round_trips;
}

uint64_t connection_reconnects(const struct connection *c)
{
    return c->reconnects;
}
