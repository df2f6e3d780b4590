#include "worker/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int control_send(int fd, enum control_type type, const void *body, size_t size, struct vid_error *err)
{
    char kind = (char)type;
    struct iovec iov[2] = {{&kind, 1}, {(void *)body, size}};
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
    ssize_t sent;

    if (size >= CONTROL_MAX)
        return vid_fail(err, -EMSGSIZE, "a control message of %zu bytes is too long", size);
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return vid_fail(err, -errno, "the worker's control socket: %s", strerror(errno));
    return 0;
}

void control_send_error(int fd, enum control_type type, const struct vid_error *why)
{
    char text[sizeof(why->text) + 16];

    vid_error_encode(why, text, sizeof(text));
    (void)control_send(fd, type, text, strlen(text), NULL);
}

int control_receive(int fd, struct control_message *message, int timeout_ms, struct vid_error *err)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char kind = 0;
    struct iovec iov[2] = {{&kind, 1}, {message->body, sizeof(message->body) - 1}};
    struct msghdr header = {.msg_iov = iov, .msg_iovlen = 2};
    ssize_t got;

    int ready = poll(&poller, 1, timeout_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return 0;
    got = recvmsg(fd, &header, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got == 0 || (got < 0 && errno == ECONNRESET))
        return VID_EOF;
    if (got < 0)
        return vid_fail(err, -errno, "the worker's control socket: %s", strerror(errno));
    message->type = (enum control_type)kind;
    message->size = (size_t)got - 1;
    message->body[message->size] = '\0';
    return 1;
}
