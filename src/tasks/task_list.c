#include "base/clock.h"
#include "tasks/list.h"
#include "tasks/redis_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void list_name_doing(const struct task_list *list, unsigned rank, char key[KEY_MAX])
{
    (void)snprintf(key, KEY_MAX, "%.*sdoing:%u", JOB_NAME_MAX + 10, list->prefix, rank);
}

static bool job_name_is_right(const char *job)
{
    size_t length = strlen(job);
    for (const char *c = job; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return length >= 1 && length <= JOB_NAME_MAX;
}

static void name_keys(struct task_list *list, const char *job)
{
    (void)snprintf(list->prefix, KEY_MAX, "vidmpi:{%s}:", job);
    (void)snprintf(list->todo, KEY_MAX, "vidmpi:{%s}:todo", job);
    (void)snprintf(list->done, KEY_MAX, "vidmpi:{%s}:done", job);
    (void)snprintf(list->retry, KEY_MAX, "vidmpi:{%s}:retry", job);
    (void)snprintf(list->dead, KEY_MAX, "vidmpi:{%s}:dead", job);
    (void)snprintf(list->ranks, KEY_MAX, "vidmpi:{%s}:ranks", job);
}

int task_list_open(const char *url, const char *job, struct task_list **out, struct vid_error *err)
{
    *out = NULL;
    if (!job_name_is_right(job))
        return vid_fail(err, -EINVAL, "the job name for Redis has 1 to %d letters, digits, dots, dashes",
                        JOB_NAME_MAX);
    struct task_list *list = calloc(1, sizeof(*list));
    if (!list)
        return vid_fail(err, -ENOMEM, "task list: no memory");
    name_keys(list, job);
    int rc = connection_open(url, list->todo, &list->connection, err);
    if (rc < 0)
        task_list_close(&list);
    *out = list;
    return rc;
}

void task_list_close(struct task_list **list)
{
    if (!*list)
        return;
    connection_close(&(*list)->connection);
    held_free(&(*list)->held);
    free((*list)->later);
    free((*list)->later_reports);
    free(*list);
    *list = NULL;
}

void task_list_set_patience(struct task_list *list, int ms)
{
    connection_set_patience(list->connection, ms);
}

uint64_t task_list_round_trips(const struct task_list *list)
{
    return connection_round_trips(list->connection);
}

uint64_t task_list_reconnects(const struct task_list *list)
{
    return connection_reconnects(list->connection);
}

int list_check(const struct task_list *list, redisReply **replies, int count, struct vid_error *err)
{
    int rc = 0;
    for (int i = 0; i < count && rc == 0; i++)
        rc = reply_check(replies[i], connection_peer(list->connection), err);
    return rc;
}

int list_call(struct task_list *list, struct pipeline *pipeline, struct vid_error *err)
{
    redisReply *replies[PIPELINE_MAX];
    int count = pipeline->count;
    int rc = connection_call(list->connection, pipeline, replies, err);
    pipeline_free(pipeline);
    if (rc < 0)
        return rc;
    rc = list_check(list, replies, count, err);
    replies_free(replies, count);
    return rc;
}

int list_ask(struct task_list *list, struct pipeline *pipeline, redisReply **reply, struct vid_error *err)
{
    redisReply *replies[PIPELINE_MAX];
    int rc = connection_call(list->connection, pipeline, replies, err);
    pipeline_free(pipeline);
    if (rc < 0)
        return rc;
    rc = list_check(list, replies, 1, err);
    if (rc < 0)
        reply_free(&replies[0]);
    *reply = replies[0];
    return rc;
}

int list_run(struct task_list *list, const struct script *script, struct words *w, int keys,
             redisReply **reply, struct vid_error *err)
{
    return script_run(list->connection, &list->scripts, script, w, keys, reply, err);
}

int list_await(struct task_list *list, int timeout_ms, list_try *try, void *call, struct vid_error *err)
{
    int64_t until = clock_now() + timeout_ms * NS_PER_MS;
    struct trouble trouble = {.deadline = connection_deadline(list->connection, timeout_ms)};
    for (;;) {
        struct vid_error one = {0};
        int wait_ms = timeout_ms > 0 ? clock_ms_left(until) : 0;
        int rc = try(list, call, wait_ms, trouble.deadline, &one);
        if (rc >= 0 || rc == VID_EOF) {
            if (rc != LIST_AGAIN)
                return rc;
            continue;
        }
        rc = connection_mend(list->connection, &trouble, rc, &one);
        if (rc < 0)
            return vid_fail(err, rc, "%s", one.text);
    }
}

int task_list_held(struct task_list *list, unsigned rank, struct task *tasks, int max, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *entries = NULL;
    char doing[KEY_MAX];
    int got = 0;
    list_name_doing(list, rank, doing);
    pipeline_add(&pipeline, "LRANGE %s 0 -1", doing);
    int rc = list_ask(list, &pipeline, &entries, err);
    for (size_t i = 0; rc == 0 && i < entries->elements && got < max; i++)
        got += task_decode(entries->element[i]->str, entries->element[i]->len, &tasks[got]) == 0;
    reply_free(&entries);
    return rc < 0 ? rc : got;
}

/* All keys that there may be, for DEL. */
static int add_remove(struct task_list *list, struct pipeline *pipeline, const redisReply *ranks,
                      struct vid_error *err)
{
    const char *fixed[] = {"DEL", list->todo, list->done, list->retry, list->dead, list->ranks};
    struct words w = {0};
    size_t nfixed = sizeof(fixed) / sizeof(fixed[0]);
    size_t count = 2 * ranks->elements;
    int rc = words_alloc(&w, (int)(nfixed + count), (count + 1) * KEY_MAX, err);
    for (size_t i = 0; rc == 0 && i < nfixed; i++)
        words_add_text(&w, fixed[i]);
    for (size_t i = 0; rc == 0 && i < ranks->elements; i++) {
        words_addf(&w, "%sdoing:%.20s", list->prefix, ranks->element[i]->str);
        words_addf(&w, "%slease:%.20s", list->prefix, ranks->element[i]->str);
    }
    if (rc == 0)
        pipeline_add_words(pipeline, w.count, w.words, w.lengths);
    words_free(&w);
    return rc;
}

int task_list_remove(struct task_list *list, struct vid_error *err)
{
    struct pipeline ask = {0};
    struct pipeline removal = {0};
    redisReply *ranks = NULL;
    pipeline_add(&ask, "SMEMBERS %s", list->ranks);
    int rc = list_ask(list, &ask, &ranks, err);
    if (rc < 0)
        return rc;
    rc = add_remove(list, &removal, ranks, err);
    reply_free(&ranks);
    return rc < 0 ? rc : list_call(list, &removal, err);
}

int task_list_check_url(const char *url, struct vid_error *err)
{
    struct redis_url parsed;
    int ret = redis_url_parse(url, &parsed, err);

    if (ret == 0)
        redis_url_free(&parsed);
    return ret;
}
