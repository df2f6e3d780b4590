/* Servers that cannot be used: each says why and what to do, never the password. */
#include "helpers.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void expect_refusal(const char *where, int code, const char *says)
{
    struct task_list *list = NULL;
    struct vid_error err = {0};
    int rc = task_list_open(where, "job", &list, &err);
    assert_null(list);
    if (rc != code || err.code != code || !strstr(err.text, says) || strstr(err.text, "s3cret"))
        fail_msg("%s gave %d \"%s\"", where, rc, err.text);
}

static void run_ok(const char *format, const char *arg)
{
    redisReply *reply = raw(group_url, format, arg);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    reply_free(&reply);
}

/* The server's own URL with a login. */
static const char *with_login(const char *login)
{
    static char text[300];
    (void)snprintf(text, sizeof(text), "unix://%s@%s", login, group_url + strlen("unix://"));
    return text;
}

static int closed_port(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    close(fd);
    return ntohs(name.sin_port);
}

static void nobody_is_there(void **state)
{
    char where[200];
    int port = closed_port();
    (void)snprintf(where, sizeof(where), "redis://:s3cret@127.0.0.1:%d", port);
    expect_refusal(where, -ECONNREFUSED, "connection refused; start one or leave out -redis");
    (void)snprintf(where, sizeof(where), "redis://:s3cret@127.0.0.1:%d,127.0.0.1:%d", port, port);
    expect_refusal(where, -ECONNREFUSED, "(and 1 more)");
    expect_refusal("unix:///nowhere/redis.sock", -ENOENT, "no such socket");
    expect_refusal("redis://no-such-host.invalid", -ENXIO, "is the name right?");
    (void)snprintf(where, sizeof(where), "unix:///%0*d", 110, 0);
    expect_refusal(where, -ENAMETOOLONG, "107 bytes");
}

static void a_silent_server_is_given_up(void **state)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    char where[60];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    (void)snprintf(where, sizeof(where), "redis://127.0.0.1:%d", ntohs(name.sin_port));
    int64_t before = clock_now();
    expect_refusal(where, -ETIMEDOUT, "no answer in time");
    assert_true(clock_now() - before < 9 * NS_PER_S);
    close(fd);
}

static void the_second_host_is_tried(void **state)
{
    static const struct canned table[] = {{"HELLO", HELLO_7}, {"EXISTS", ":0\r\n"}, {NULL, NULL}};
    struct fake fake;
    struct task_list *list = NULL;
    char where[200];
    fake_start(&fake, table);
    (void)snprintf(where, sizeof(where), "redis://127.0.0.1:%d,127.0.0.1:%d", closed_port(), fake.port);
    assert_int_equal(task_list_open(where, "job", &list, NULL), 0);
    task_list_close(&list);
    fake_stop(&fake);
}

static void expect_fake_refusal(const struct canned *table, const char *login, int code, const char *says)
{
    struct fake fake;
    char where[120];
    fake_start(&fake, table);
    (void)snprintf(where, sizeof(where), "redis://%s127.0.0.1:%d", login, fake.port);
    expect_refusal(where, code, says);
    fake_stop(&fake);
}

#define REST                                                                                                 \
    {"EXISTS", ":0\r\n"},                                                                                    \
    {                                                                                                        \
        NULL, NULL                                                                                           \
    }

static void it_may_be_too_old(void **state)
{
    static const struct canned six0[] = {
        {"HELLO", "*4\r\n$7\r\nversion\r\n$6\r\n6.1.99\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"}, REST};
    static const struct canned five[] = {
        {"INFO", "$45\r\n# Server\r\nredis_version:5.0.14\r\nredis_mode:abc\r\n\r\n"}, REST};
    static const struct canned five_login[] = {
        {"AUTH", "-ERR wrong number of arguments for 'auth' command\r\n"}, REST};
    expect_fake_refusal(six0, "", -EPROTONOSUPPORT, "needs 6.2 or later, it is 6.1.99");
    expect_fake_refusal(five, "", -EPROTONOSUPPORT, "needs 6.2 or later, it is 5.0.14");
    expect_fake_refusal(five_login, "me:s3cret@", -EPROTONOSUPPORT, "needs 6.2");
}

static void new_versions_and_hidden_ones_are_taken(void **state)
{
    static const struct canned ten[] = {{"HELLO", "*2\r\n$7\r\nversion\r\n$6\r\n10.1.0\r\n"}, REST};
    static const struct canned hidden[] = {
        {"HELLO", "-NOPERM this user has no permissions to run the 'hello' command\r\n"},
        {"INFO", "-NOPERM this user has no permissions to run the 'info' command\r\n"},
        REST};
    const struct canned *const tables[] = {ten, hidden};
    for (int i = 0; i < 2; i++) {
        struct fake fake;
        struct task_list *list = NULL;
        struct vid_error err = {0};
        fake_start(&fake, tables[i]);
        if (task_list_open(fake.url, "job", &list, &err) < 0)
            fail_msg("%s", err.text);
        task_list_close(&list);
        fake_stop(&fake);
    }
}

static void it_may_be_a_replica(void **state)
{
    static const struct canned table[] = {
        {"HELLO", "*4\r\n$7\r\nversion\r\n$5\r\n7.0.1\r\n$4\r\nrole\r\n$7\r\nreplica\r\n"}, REST};
    expect_fake_refusal(table, "", -EROFS, "name the primary");
}

static void it_may_be_no_redis(void **state)
{
    static const struct canned web[] = {{"HELLO", "HTTP/1.1 400 Bad Request\r\n\r\n"}, REST};
    static const struct canned shut[] = {{"HELLO", NULL}, REST};
    expect_fake_refusal(web, "", -EPROTO, "is the port right?");
    expect_fake_refusal(shut, "", -ECONNRESET, "closed the connection");
}

static void it_may_be_full_or_protected(void **state)
{
    static const struct canned full[] = {{"HELLO", "-ERR max number of clients reached\r\n"}, REST};
    static const struct canned guarded[] = {{"HELLO", "-DENIED Redis is running in protected mode\r\n"},
                                            REST};
    expect_fake_refusal(full, "", -EMFILE, "raise its maxclients");
    expect_fake_refusal(guarded, "", -EACCES, "protected mode");
}

static void the_password_is_not_shown_even_by_the_server(void **state)
{
    static const struct canned echo[] = {
        {"AUTH", "-ERR unknown command `AUTH`, with args beginning with: `s3cret`, \r\n"}, REST};
    static const struct canned odd[] = {{"AUTH", "-ODD s3cret\r\n"}, REST};
    expect_fake_refusal(echo, ":s3cret@", -EACCES, "knows no AUTH");
    expect_fake_refusal(odd, ":s3cret@", -EACCES, "refused the login");
}

static void a_wrong_login_is_told(void **state)
{
    run_ok("ACL SETUSER worker on >right%s ~vidmpi:* +@all", "");
    expect_refusal(with_login("worker:s3cret"), -EACCES, "wrong user name or password");
    expect_refusal(with_login("nobody:s3cret"), -EACCES, "wrong user name or password");
    expect_refusal(with_login(":s3cret"), -EACCES, "has no password; leave it out");
    struct task_list *list = open_list(with_login("worker:right"), "job");
    task_list_close(&list);
    run_ok("CONFIG SET requirepass %s", "right");
    expect_refusal(group_url, -EACCES, "wants a password");
    expect_refusal(with_login(":s3cret"), -EACCES, "wrong user name or password");
    list = open_list(with_login(":r%69ght"), "job");
    task_list_close(&list);
    redisReply *reply = raw(with_login(":right"), "CONFIG SET requirepass %s", "");
    reply_free(&reply);
}

/* The rules of docs/redis.md, word for word. */
#define DOCUMENTED_RULES                                                                                     \
    "~vidmpi:* resetchannels -@all +auth +hello +select +script|load +exists +rpush +lpush +expire +lmove "  \
    "+blmove +lrem +lrange +lpop +blpop +rpop +ltrim +evalsha +eval +sadd +smembers +set +mget +pexpire "    \
    "+zadd +zrem +zrange +zrangebyscore +del"

static void set_rules(const char *rules)
{
    char command[600];
    (void)snprintf(command, sizeof(command), "ACL SETUSER narrow reset on >right %s", rules);
    run_ok(command, NULL);
}

/* What a job does when something has gone wrong. */
static void use_the_rest(struct task_list *list, struct vid_error *err)
{
    struct task tasks[] = {some_task(1), some_task(2)};
    struct task task;
    struct task_lost lost[2];
    struct task_place places[4];
    bool alive[4];
    int64_t next = 0;
    tasks[0].avoid = 4;
    tasks[0].pushed = clock_wall();
    assert_int_equal(task_list_push(list, tasks, 2, err), 0);
    assert_int_equal(task_list_claim(list, 3, 0, &task, err), 1);
    assert_int_equal(task.id, 2);
    assert_int_equal(task_list_hand_back(list, 3, &task, 1, err), 0);
    assert_int_equal(task_list_claim(list, 3, 0, &task, err), 1);
    assert_int_equal(task_list_expire(list, lost, 2, err), 1);
    assert_int_equal(task_list_beat(list, 3, 1000, err), 0);
    assert_int_equal(task_list_beat(list, 3, 1000, err), 0);
    assert_int_equal(task_list_alive(list, alive, 4, err), 0);
    assert_int_equal(task_list_delay(list, &task, 1, err), 0);
    assert_int_equal(task_list_places(list, places, 4, err), 3);
    assert_int_equal(task_list_wake(list, clock_wall(), &next, err), 1);
    assert_int_equal(task_list_bury(list, &task, "why", err), 0);
}

static void the_documented_rules_are_enough(void **state)
{
    struct vid_error err = {0};
    struct task task = some_task(1);
    struct task_report report = some_report(&task, 3);
    struct task_report heard[2];
    set_rules(DOCUMENTED_RULES);
    struct task_list *list = open_list(with_login("narrow:right"), "acl");
    assert_int_equal(task_list_push(list, &task, 1, &err), 0);
    assert_int_equal(task_list_push_end(list, 1, &err), 0);
    assert_int_equal(task_list_claim(list, 3, 100, &task, &err), 1);
    assert_int_equal(task_list_claim(list, 3, 0, &task, &err), VID_EOF);
    assert_int_equal(task_list_held(list, 3, &task, 1, &err), 1);
    run_ok("SCRIPT FLUSH%s", "");
    assert_int_equal(task_list_report(list, &task, &report, 1, &err), 0);
    assert_int_equal(task_list_wait(list, 100, heard, 2, &err), 1);
    use_the_rest(list, &err);
    assert_int_equal(task_list_remove(list, &err), 0);
    assert_int_equal(err.code, 0);
    task_list_close(&list);
}

static void what_the_rules_forbid_is_told(void **state)
{
    struct vid_error err = {0};
    struct task task;
    set_rules(DOCUMENTED_RULES " -blmove");
    struct task_list *list = open_list(with_login("narrow:right"), "acl");
    assert_int_equal(task_list_claim(list, 0, 10, &task, &err), -EPERM);
    assert_non_null(strstr(err.text, "docs/redis.md"));
    assert_non_null(strstr(err.text, "blmove"));
    task_list_close(&list);
    set_rules(DOCUMENTED_RULES " resetkeys ~other:*");
    expect_refusal(with_login("narrow:right"), -EPERM, "docs/redis.md");
    set_rules(DOCUMENTED_RULES " -hello -info");
    list = open_list(with_login("narrow:right"), "acl");
    task_list_close(&list);
}

static void a_full_memory_is_told(void **state)
{
    struct vid_error err = {0};
    struct task task = some_task(1);
    struct task_report report = some_report(&task, 0);
    struct task_report heard = {0};
    struct task_list *list = open_list(group_url, "oom");
    assert_int_equal(task_list_push(list, &task, 1, &err), 0);
    assert_int_equal(task_list_claim(list, 0, 0, &task, &err), 1);
    task_list_set_patience(list, 300);
    run_ok("CONFIG SET maxmemory %s", "1");
    assert_int_equal(task_list_push(list, &task, 1, &err), -ENOMEM);
    assert_non_null(strstr(err.text, "maxmemory"));
    assert_int_equal(task_list_report(list, &task, &report, 1, NULL), 0); /* what frees memory still works */
    run_ok("CONFIG SET maxmemory %s", "0");
    assert_int_equal(task_list_wait(list, 0, &heard, 1, NULL), 1);
    task_list_close(&list);
}

static void a_primary_may_become_a_replica(void **state)
{
    struct vid_error err = {0};
    struct task task = some_task(1);
    struct task_list *list = open_list(group_url, "ro");
    struct connection *primary = NULL;
    assert_int_equal(connection_open(group_url, NULL, &primary, &err), 0);
    redisReply *reply = raw_on(primary, "REPLICAOF 127.0.0.1 1");
    reply_free(&reply);
    assert_int_equal(task_list_push(list, &task, 1, &err), -EROFS);
    assert_non_null(strstr(err.text, "name the primary"));
    expect_refusal(group_url, -EROFS, "name the primary");
    reply = raw_on(primary, "REPLICAOF NO ONE");
    reply_free(&reply);
    connection_close(&primary);
    task_list_close(&list);
}

static void a_database_that_is_not_there_is_told(void **state)
{
    char where[300];
    (void)snprintf(where, sizeof(where), "%s?db=9", group_url);
    expect_refusal(where, -EINVAL, "no database of that number");
}

static void a_key_of_another_kind_is_told(void **state)
{
    struct vid_error err = {0};
    struct task task;
    struct task_list *list = open_list(group_url, "kind");
    run_ok("SET vidmpi:{kind}:todo %s", "x");
    assert_int_equal(task_list_claim(list, 0, 10, &task, &err), -EIO);
    assert_non_null(strstr(err.text, "WRONGTYPE"));
    task_list_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(the_second_host_is_tried),
        cmocka_unit_test(it_may_be_too_old),
        cmocka_unit_test(new_versions_and_hidden_ones_are_taken),
        cmocka_unit_test(it_may_be_a_replica),
        cmocka_unit_test(it_may_be_no_redis),
        cmocka_unit_test(it_may_be_full_or_protected),
        cmocka_unit_test(the_password_is_not_shown_even_by_the_server),
        cmocka_unit_test(a_wrong_login_is_told),
        cmocka_unit_test(the_documented_rules_are_enough),
        cmocka_unit_test(what_the_rules_forbid_is_told),
        cmocka_unit_test(a_full_memory_is_told),
        cmocka_unit_test(a_primary_may_become_a_replica),
        cmocka_unit_test(a_database_that_is_not_there_is_told),
        cmocka_unit_test(a_key_of_another_kind_is_told),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
