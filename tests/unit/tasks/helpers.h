/* helpers: a real server, a raw client beside the code under test, a fake
 * server with canned answers, tasks to push. */
#ifndef TESTS_TASKS_HELPERS_H
#define TESTS_TASKS_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tasks/connection.h"
#include "tasks/redis_server.h"
#include "tasks/task_list.h"

#include <pthread.h>
#include <sys/types.h>

/* Tells where vidmpi-guard lies. */
void find_guard(void);

/* A started server; the test fails when there is none. */
struct redis_server *start_server(bool several_nodes);

/* One server for a whole program of tests. */
extern struct redis_server *group_server;
extern const char *group_url;
int group_start(void **state);
int group_stop(void **state);

/* An open list; the test fails when it cannot be opened. */
struct task_list *open_list(const char *url, const char *job);

/* One command by a client of its own; the reply is the caller's. */
redisReply *raw(const char *url, const char *format, ...);
redisReply *raw_on(struct connection *connection, const char *format, ...);
long long raw_integer(const char *url, const char *format, ...);

/* Returns when a client of the group's server waits in it. */
void await_blocked_client(void);

/* The server's process id. */
pid_t server_pid(const char *url);

/* A task of one frame. */
struct task some_task(uint64_t id);
struct task_report some_report(const struct task *task, unsigned rank);

/* Pushes `count` such tasks; claims one that has to be there, gives its id; reports it
 * done. The test fails when that does. */
void push_some(struct task_list *list, uint64_t first, int count);
uint64_t claim_one(struct task_list *list, unsigned rank, struct task *task);
void report_one(struct task_list *list, const struct task *task, unsigned rank);

/* Answers each command that begins with a name by the text beside it, and any
 * other with an error; NULL as text closes the connection. When one name stands
 * there twice the first text is given once, the second one from then on. */
struct canned {
    const char *command;
    const char *answer;
};

struct fake {
    pthread_t thread;
    int listener;
    int port;
    const struct canned *table; /* ends with a NULL command */
    bool first_is_over;         /* the thread's */
    char url[60];
};

void fake_start(struct fake *fake, const struct canned *table);
void fake_stop(struct fake *fake);

#define HELLO_7                                                                                              \
    "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n$"          \
    "2\r\nid\r\n:5\r\n"                                                                                      \
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"

#endif
