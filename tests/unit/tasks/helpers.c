#include "helpers.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

struct redis_server *group_server;
const char *group_url;

int group_start(void **state)
{
    log_setup(LOG_QUIET, "test");
    group_server = start_server(false);
    group_url = redis_server_url(group_server);
    return 0;
}

int group_stop(void **state)
{
    redis_server_stop(&group_server);
    return 0;
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

void await_blocked_client(void)
{
    char text[20] = "0";
    int64_t deadline = clock_now() + 10 * NS_PER_S;
    while (strcmp(text, "0") == 0 && clock_now() < deadline) {
        redisReply *info = raw(group_url, "INFO clients");
        reply_info_field(info, "blocked_clients", text, sizeof(text));
        reply_free(&info);
    }
    assert_string_equal(text, "1");
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

void push_some(struct task_list *list, uint64_t first, int count)
{
    struct vid_error err = {0};
    struct task *tasks = calloc((size_t)count, sizeof(*tasks));
    for (int i = 0; i < count; i++)
        tasks[i] = some_task(first + (uint64_t)i);
    if (task_list_push(list, tasks, count, &err) < 0)
        fail_msg("%s", err.text);
    free(tasks);
}

uint64_t claim_one(struct task_list *list, unsigned rank, struct task *task)
{
    struct vid_error err = {0};
    int rc = task_list_claim(list, rank, 0, task, &err);
    if (rc != 1)
        fail_msg("claim: %d %s", rc, err.text);
    return task->id;
}

void report_one(struct task_list *list, const struct task *task, unsigned rank)
{
    struct vid_error err = {0};
    struct task_report report = some_report(task, rank);
    if (task_list_report(list, task, &report, 1, &err) < 0)
        fail_msg("%s", err.text);
}

/* ---- the fake ---- */

static const struct canned *find_answer(const struct canned *from, const char *name)
{
    while (from->command && strcasecmp(name, from->command) != 0)
        from++;
    return from->command ? from : NULL;
}

static const char *answer_to(struct fake *fake, const redisReply *command)
{
    const char *name = command->elements > 0 ? command->element[0]->str : "";
    const struct canned *canned = find_answer(fake->table, name);
    const struct canned *second = canned ? find_answer(canned + 1, name) : NULL;
    if (second && fake->first_is_over)
        canned = second;
    fake->first_is_over = fake->first_is_over || second;
    return canned ? canned->answer : "-ERR unknown command\r\n";
}

/* Answers what has been read so far; false: close. */
static bool answer_all(struct fake *fake, redisReader *reader, int fd)
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

static void serve(struct fake *fake, int fd)
{
    char bytes[4096];
    ssize_t n = 0;
    int on = 1;
    redisReader *reader = redisReaderCreate();
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        if (redisReaderFeed(reader, bytes, (size_t)n) != REDIS_OK || !answer_all(fake, reader, fd))
            break;
    redisReaderFree(reader);
    close(fd);
}

static void *fake_main(void *arg)
{
    struct fake *fake = arg;
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
    fake->first_is_over = false;
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
