#include "tasks/redis_server.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "tasks/addresses.h"
#include "tasks/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_PATIENCE (10 * NS_PER_S)
#define POLL_EVERY (1 * NS_PER_MS)
#define PASSWORD_BYTES 24
#define TRIES 5 /* a free port may be taken before redis-server binds it */

struct redis_server {
    struct guard *guard;
    int port; /* 0: Unix socket */
    char password[2 * PASSWORD_BYTES + 1];
    char folder[80];
    char socket[108];
    char config[100];
    char log[100];
    char *url;
    struct connection *control; /* ours, to end it */
};

static int find_program(struct vid_error *err)
{
    const char *path = getenv("PATH");
    char name[4096];
    for (const char *at = path ? path : "/usr/bin:/bin"; at; at = strchr(at, ':')) {
        at += *at == ':';
        int n = snprintf(name, sizeof(name), "%.*s/redis-server", (int)strcspn(at, ":"), at);
        if (n > 0 && (size_t)n < sizeof(name) && access(name, X_OK) == 0)
            return 0;
    }
    return vid_fail(
        err, -ENOENT,
        "redis-server is not on the PATH: install it (apt install redis-server) or name one with -redis");
}

/* The socket's name has to fit into sun_path: a long folder is passed over. */
static int make_folder(struct redis_server *server, struct vid_error *err)
{
    const char *parents[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
    int failure = ENOENT;
    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
        if (!parents[i] || parents[i][0] != '/')
            continue;
        int n = snprintf(server->folder, sizeof(server->folder), "%s/vidmpi-XXXXXX", parents[i]);
        if (n < 0 || (size_t)n >= sizeof(server->folder) || strpbrk(server->folder, "\"\\\n"))
            continue;
        if (mkdtemp(server->folder))
            return 0;
        failure = errno;
    }
    server->folder[0] = '\0';
    return vid_fail(err, -failure,
                    "redis-server: cannot make a folder in $XDG_RUNTIME_DIR, $TMPDIR or /tmp: %s",
                    strerror(failure));
}

static void name_files(struct redis_server *server)
{
    (void)snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    (void)snprintf(server->config, sizeof(server->config), "%s/redis.conf", server->folder);
    (void)snprintf(server->log, sizeof(server->log), "%s/redis.log", server->folder);
}

/* A port that is free now, on IPv6 and IPv4 where the machine has both. */
static int find_port(struct vid_error *err)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    struct sockaddr_in any4 = {.sin_family = AF_INET};
    socklen_t length = sizeof(any);
    int port = 0;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int off = 0;
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0) {
        if (fd >= 0)
            close(fd);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&any4, sizeof(any4)) < 0)
            port = -errno;
    }
    if (port == 0 && getsockname(fd, (struct sockaddr *)&any, &length) < 0)
        port = -errno;
    if (fd >= 0)
        close(fd);
    if (port < 0)
        return vid_fail(err, port, "redis-server: no free port: %s", strerror(-port));
    return ntohs(any.sin6_port); /* at the same place in a sockaddr_in */
}

/* In a file of mode 0600, for a command line is there for all to see. */
static int write_private(const char *path, const char *text, size_t length, struct vid_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : io_write(fd, text, length);
    if (fd >= 0)
        close(fd);
    return rc < 0 ? vid_fail(err, rc, "redis-server: cannot write %s: %s", path, strerror(-rc)) : 0;
}

static int write_config(const struct redis_server *server, struct vid_error *err)
{
    char text[1200];
    char where[300];
    if (server->port)
        (void)snprintf(where, sizeof(where), "bind * -::*\nport %d\nrequirepass %s\nprotected-mode no\n",
                       server->port, server->password);
    else
        (void)snprintf(where, sizeof(where), "port 0\nunixsocket \"%s\"\nunixsocketperm 700\n",
                       server->socket);
    int n = snprintf(text, sizeof(text),
                     "%sdir \"%s\"\ndaemonize no\nlogfile \"\"\nloglevel warning\nsave \"\"\nappendonly no\n"
                     "databases 1\nmaxmemory 256mb\nmaxmemory-policy noeviction\nio-threads 1\nhz 10\n"
                     "proc-title-template \"{title} of vidmpi\"\n",
                     where, server->folder);
    int rc = write_private(server->config, text, (size_t)n, err);
    explicit_bzero(where, sizeof(where));
    explicit_bzero(text, sizeof(text));
    return rc;
}

static int tell_guard(struct redis_server *server)
{
    int rc = guard_add_folder(server->guard, server->folder);
    if (rc == 0)
        rc = guard_add_file(server->guard, server->log);
    if (rc == 0)
        rc = guard_add_file(server->guard, server->config);
    return rc == 0 ? guard_add_file(server->guard, server->socket) : rc;
}

static int start_guard(struct redis_server *server, struct vid_error *err)
{
    struct argv argv = {0};
    argv_add(&argv, "redis-server");
    argv_add(&argv, server->config);
    int rc = guard_start(&argv, server->log, &server->guard, err);
    argv_free(&argv);
    if (rc < 0)
        return rc;
    rc = tell_guard(server);
    return rc < 0 ? vid_fail(err, rc, "redis-server: its guard does not listen: %s", strerror(-rc)) : 0;
}

/* What it said last, for the error; "" when it said nothing. */
static void read_last_words(const struct redis_server *server, char *words, size_t size)
{
    char *text = NULL;
    size_t length = 0;
    words[0] = '\0';
    if (io_read_file(server->log, 65536, &text, &length, NULL) < 0)
        return;
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *line = memrchr(text, '\n', length);
    (void)snprintf(words, size, "%s", line ? line + 1 : text);
    free(text);
}

static bool port_was_taken(const struct redis_server *server)
{
    char *text = NULL;
    size_t length = 0;
    if (!server->port || io_read_file(server->log, 65536, &text, &length, NULL) < 0)
        return false;
    bool taken = strstr(text, "Address already in use");
    free(text);
    return taken;
}

static int tell_death(const struct redis_server *server, struct vid_error *err)
{
    char words[400];
    read_last_words(server, words, sizeof(words));
    if (port_was_taken(server))
        return vid_fail(err, -EADDRINUSE, "redis-server: port %d was taken meanwhile: %s", server->port,
                        words);
    return vid_fail(err, -ECHILD, "redis-server ended at its start: %s",
                    words[0] ? words : "it said nothing");
}

/* Asks every millisecond: its start is part of each job's time. */
static int await_answer(struct redis_server *server, struct vid_error *err)
{
    char url[300];
    int64_t deadline = clock_now() + START_PATIENCE;
    struct vid_error one = {0};
    if (server->port)
        (void)snprintf(url, sizeof(url), "redis://:%s@127.0.0.1:%d", server->password, server->port);
    else
        (void)snprintf(url, sizeof(url), "%s", server->url);
    for (;;) {
        vid_error_clear(&one);
        int rc = connection_open(url, NULL, &server->control, &one);
        if (rc == 0 || rc == -EPROTONOSUPPORT || clock_now() >= deadline)
            return rc < 0 ? vid_fail(err, rc, "redis-server: %s", one.text) : 0;
        if (!guard_command_alive(server->guard))
            return tell_death(server, err);
        clock_sleep_until(clock_now() + POLL_EVERY);
    }
}

static void write_path(FILE *out, const char *path)
{
    for (const char *c = path; *c; c++)
        (void)fprintf(out, strchr("%?#@", *c) ? "%%%02X" : "%c", (unsigned char)*c);
}

static int make_url(struct redis_server *server, struct vid_error *err)
{
    size_t size = 0;
    FILE *out = open_memstream(&server->url, &size);
    if (!out)
        return vid_fail(err, -ENOMEM, "redis-server: no memory");
    if (server->port) {
        (void)fprintf(out, "redis://:%s@", server->password);
        addresses_write(out, server->port);
    } else {
        (void)fputs("unix://", out);
        write_path(out, server->socket);
    }
    return fclose(out) == 0 ? 0 : vid_fail(err, -ENOMEM, "redis-server: no memory");
}

static int choose_place(struct redis_server *server, bool several_nodes, struct vid_error *err)
{
    int rc = make_folder(server, err);
    if (rc < 0)
        return rc;
    name_files(server);
    if (several_nodes) {
        server->port = find_port(err);
        if (server->port < 0)
            return server->port;
        rc = text_random_hex(server->password, PASSWORD_BYTES);
        if (rc < 0)
            return vid_fail(err, rc, "redis-server: no random password: %s", strerror(-rc));
    }
    return make_url(server, err);
}

static int start_once(bool several_nodes, struct redis_server **out, struct vid_error *err)
{
    struct redis_server *server = calloc(1, sizeof(*server));
    *out = NULL;
    if (!server)
        return vid_fail(err, -ENOMEM, "redis-server: no memory");
    int rc = choose_place(server, several_nodes, err);
    if (rc == 0)
        rc = write_config(server, err);
    if (rc == 0)
        rc = start_guard(server, err);
    if (rc == 0)
        rc = await_answer(server, err);
    if (rc < 0)
        redis_server_stop(&server);
    *out = server;
    return rc;
}

int redis_server_start(bool several_nodes, struct redis_server **out, struct vid_error *err)
{
    *out = NULL;
    int rc = find_program(err);
    if (rc < 0)
        return rc;
    for (int i = 0;; i++) {
        struct vid_error one = {0};
        rc = start_once(several_nodes, out, &one);
        if (rc != -EADDRINUSE || i + 1 == TRIES)
            return rc < 0 ? vid_fail(err, rc, "%s", one.text) : 0;
    }
}

const char *redis_server_url(const struct redis_server *server)
{
    return server->url;
}

struct guard *redis_server_guard(struct redis_server *server)
{
    return server->guard;
}

bool redis_server_alive(struct redis_server *server)
{
    return guard_command_alive(server->guard);
}

/* What it said before would be taken for its last words. */
static int restart(struct redis_server *server, struct vid_error *err)
{
    if (truncate(server->log, 0) < 0)
        return vid_fail(err, -errno, "cannot empty %s: %s", server->log, strerror(errno));
    int rc = guard_restart(server->guard, err);
    return rc < 0 ? rc : await_answer(server, err);
}

int redis_server_restart(struct redis_server *server, struct vid_error *err)
{
    struct vid_error one = {0};
    connection_close(&server->control);
    int rc = restart(server, &one);
    return rc < 0 ? vid_fail(err, rc, "redis-server could not be started again: %s", one.text) : 0;
}

/* A signal is looked at ten times a second, a command at once. */
static void shut_down(struct redis_server *server)
{
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    pipeline_add(&pipeline, "SHUTDOWN NOSAVE");
    if (connection_try(server->control, &pipeline, clock_now() + NS_PER_S, replies, NULL) == 0)
        replies_free(replies, 1);
    pipeline_free(&pipeline);
    connection_close(&server->control);
}

/* The guard does it when there is one; else the start has failed early. */
static void remove_files(const struct redis_server *server)
{
    (void)unlink(server->log);
    (void)unlink(server->config);
    (void)unlink(server->socket);
    (void)rmdir(server->folder);
}

void redis_server_stop(struct redis_server **server)
{
    struct redis_server *s = *server;
    *server = NULL;
    if (!s)
        return;
    if (s->control)
        shut_down(s);
    guard_stop(&s->guard);
    if (s->folder[0])
        remove_files(s);
    if (s->url)
        explicit_bzero(s->url, strlen(s->url));
    free(s->url);
    explicit_bzero(s->password, sizeof(s->password));
    free(s);
}
