#include "helpers.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

void find_guard(void)
{
    setenv("VIDMPI_LIBEXEC", TEST_LIBEXEC, 0);
}

struct redis_server *start_server(bool several_nodes)
{
    struct vid_error err = {0};
    struct redis_server *server = NULL;
    find_guard();
    if (redis_server_start(several_nodes, &server, &err) < 0)
        fail_msg("%s", err.text);
    return server;
}

struct task_list *open_list(const char *url, const char *job)
{
    struct vid_error err = {0};
    struct task_list *list = NULL;
    if (task_list_open(url, job, &list, &err) < 0)
        fail_msg("%s", err.text);
    return list;
}

static redisReply *raw_args_on(struct connection *connection, const char *format, va_list args)
{
    struct vid_error err = {0};
    redisReply *replies[PIPELINE_MAX];
    char *command = NULL;
    int length = redisvFormatCommand(&command, format, args);
    struct pipeline pipeline = {.text = command, .length = (size_t)length, .count = 1};
    if (connection_call(connection, &pipeline, replies, &err) < 0)
        fail_msg("%s", err.text);
    redisFreeCommand(command);
    return replies[0];
}

static redisReply *raw_args(const char *url, const char *format, va_list args)
{
    struct vid_error err = {0};
    struct connection *connection = NULL;
    if (connection_open(url, NULL, &connection, &err) < 0)
        fail_msg("%s", err.text);
    redisReply *reply = raw_args_on(connection, format, args);
    connection_close(&connection);
    return reply;
}

redisReply *raw_on(struct connection *connection, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = raw_args_on(connection, format, args);
    va_end(args);
    return reply;
}

redisReply *raw(const char *url, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = raw_args(url, format, args);
    va_end(args);
    return reply;
}

long long raw_integer(const char *url, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = raw_args(url, format, args);
    va_end(args);
    long long value = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -999;
    reply_free(&reply);
    return value;
}

pid_t server_pid(const char *url)
{
    char text[20];
    redisReply *info = raw(url, "INFO server");
    reply_info_field(info, "process_id", text, sizeof(text));
    reply_free(&info);
    return (pid_t)atoi(text);
}

struct task some_task(uint64_t id)
{
    struct task task = {.id = id, .first = id, .count = 1, .attempt = 1, .pushed = 1000};
    task.slots[0] = (struct task_slot){.offset = id * 4096, .length = 4096};
    return task;
}

struct task_report some_report(const struct task *task, unsigned rank)
{
    return (struct task_report){
        .outcome = TASK_DONE, .rank = rank, .id = task->id, .frame = task->first, .attempt = task->attempt};
}

/* ---- the fake ---- */

static const char *answer_to(const struct fake *fake, const redisReply *command)
{
    for (const struct canned *c = fake->table; c->command; c++)
        if (command->elements > 0 && strcasecmp(command->element[0]->str, c->command) == 0)
            return c->answer;
    return "-ERR unknown command\r\n";
}

/* Answers what has been read so far; false: close. */
static bool answer_all(const struct fake *fake, redisReader *reader, int fd)
{
    for (;;) {
        void *command = NULL;
        if (redisReaderGetReply(reader, &command) != REDIS_OK)
            return false;
        if (!command)
            return true;
        const char *answer = answer_to(fake, command);
        freeReplyObject(command);
        if (!answer || send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            return false;
    }
}

static void serve(const struct fake *fake, int fd)
{
    char bytes[4096];
    ssize_t n = 0;
    redisReader *reader = redisReaderCreate();
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        if (redisReaderFeed(reader, bytes, (size_t)n) != REDIS_OK || !answer_all(fake, reader, fd))
            break;
    redisReaderFree(reader);
    close(fd);
}

static void *fake_main(void *arg)
{
    const struct fake *fake = arg;
    int fd = 0;
    while ((fd = accept(fake->listener, NULL, NULL)) >= 0)
        serve(fake, fd);
    return NULL;
}

void fake_start(struct fake *fake, const struct canned *table)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    fake->table = table;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fake->listener, 16), 0);
    assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&name, &length), 0);
    fake->port = ntohs(name.sin_port);
    (void)snprintf(fake->url, sizeof(fake->url), "redis://127.0.0.1:%d", fake->port);
    assert_int_equal(pthread_create(&fake->thread, NULL, fake_main, fake), 0);
}

void fake_stop(struct fake *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
}
