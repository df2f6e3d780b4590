#include "tasks/dial.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES_MAX 64
#define STAGGER (50 * NS_PER_MS)

struct address {
    struct sockaddr_storage name;
    socklen_t length;
    int fd; /* -1 before its turn and afterwards */
};

struct dial {
    struct address addresses[ADDRESSES_MAX];
    int count;
    int started; /* addresses below have had their turn */
    int64_t next_start;
    int first_failed; /* index of the address that `failure` is of */
    int failure;
};

static struct address *add_address(struct dial *dial, const void *name, size_t length)
{
    if (dial->count == ADDRESSES_MAX || length > sizeof(struct sockaddr_storage))
        return NULL;
    struct address *address = &dial->addresses[dial->count++];
    memcpy(&address->name, name, length);
    address->length = (socklen_t)length;
    address->fd = -1;
    return address;
}

static int find_socket(struct dial *dial, const char *path, struct vid_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(name.sun_path))
        return vid_fail(err, -ENAMETOOLONG, "redis at %s: the name of a Unix socket has at most %zu bytes",
                        path, sizeof(name.sun_path) - 1);
    memcpy(name.sun_path, path, strlen(path) + 1);
    add_address(dial, &name, sizeof(name));
    return 0;
}

static int find_host(struct dial *dial, const struct redis_host *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host->name, host->port, &hints, &found);
    if (rc != 0)
        return rc;
    for (const struct addrinfo *one = found; one; one = one->ai_next)
        add_address(dial, one->ai_addr, one->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

static int find_hosts(struct dial *dial, const struct redis_url *url, struct vid_error *err)
{
    int failure = 0;
    for (int i = 0; i < url->nhosts; i++) {
        int rc = find_host(dial, &url->hosts[i]);
        failure = failure ? failure : rc;
    }
    if (dial->count == 0)
        return vid_fail(err, -ENXIO, "redis at %s:%s: %s; is the name right?", url->hosts[0].name,
                        url->hosts[0].port, gai_strerror(failure));
    return 0;
}

int dial_start(const struct redis_url *url, struct dial **out, struct vid_error *err)
{
    struct dial *dial = calloc(1, sizeof(*dial));
    *out = NULL;
    if (!dial)
        return vid_fail(err, -ENOMEM, "redis: no memory");
    int rc = url->path ? find_socket(dial, url->path, err) : find_hosts(dial, url, err);
    if (rc < 0) {
        dial_end(&dial);
        return rc;
    }
    dial->first_failed = ADDRESSES_MAX;
    dial->failure = -ETIMEDOUT;
    *out = dial;
    return 0;
}

static void note_failure(struct dial *dial, int index, int code)
{
    if (index < dial->first_failed) {
        dial->first_failed = index;
        dial->failure = code;
    }
    dial->next_start = 0;
}

static void set_no_delay(const struct address *address, int fd)
{
    int on = 1;
    if (address->name.ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* A Unix socket is connected or refused at once; TCP is under way. */
static void start_next(struct dial *dial)
{
    int index = dial->started++;
    struct address *address = &dial->addresses[index];
    int fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    dial->next_start = clock_now() + STAGGER;
    if (fd < 0) {
        note_failure(dial, index, -errno);
        return;
    }
    set_no_delay(address, fd);
    if (connect(fd, (const struct sockaddr *)&address->name, address->length) < 0 && errno != EINPROGRESS) {
        note_failure(dial, index, -errno);
        close(fd);
        return;
    }
    address->fd = fd;
}

/* The descriptor when the address's connection has come about, else -1. */
static int settle(struct dial *dial, int index)
{
    struct address *address = &dial->addresses[index];
    int fd = address->fd;
    int code = 0;
    socklen_t size = sizeof(code);
    address->fd = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
        code = errno;
    if (code == 0)
        return fd;
    note_failure(dial, index, -code);
    close(fd);
    return -1;
}

/* Waits until a connection is settled or `until`; that connection or -1. */
static int wait_some(struct dial *dial, int64_t until)
{
    struct pollfd polls[ADDRESSES_MAX];
    for (int i = 0; i < dial->started; i++)
        polls[i] = (struct pollfd){.fd = dial->addresses[i].fd, .events = POLLOUT};
    if (poll(polls, (nfds_t)dial->started, clock_ms_left(until)) <= 0)
        return -1;
    for (int i = 0; i < dial->started; i++) {
        int fd = polls[i].revents ? settle(dial, i) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static bool under_way(const struct dial *dial)
{
    for (int i = 0; i < dial->started; i++)
        if (dial->addresses[i].fd >= 0)
            return true;
    return false;
}

int dial_next(struct dial *dial, int64_t deadline)
{
    for (;;) {
        bool more = dial->started < dial->count;
        if (more && (!under_way(dial) || clock_now() >= dial->next_start)) {
            start_next(dial);
            continue;
        }
        if (!under_way(dial) || clock_now() >= deadline)
            return dial->failure;
        int fd = wait_some(dial, more && dial->next_start < deadline ? dial->next_start : deadline);
        if (fd >= 0)
            return fd;
    }
}

void dial_end(struct dial **dial)
{
    if (!*dial)
        return;
    for (int i = 0; i < (*dial)->started; i++)
        if ((*dial)->addresses[i].fd >= 0)
            close((*dial)->addresses[i].fd);
    free(*dial);
    *dial = NULL;
}
