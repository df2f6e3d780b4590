#include "tasks/list.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

static int forget_entry(struct task_list *list, const char *doing, const redisReply *entry,
                        struct vid_error *err)
{
    struct pipeline pipeline = {0};
    pipeline_add(&pipeline, "LREM %s 1 %b", doing, entry->str, entry->len);
    return list_call(list, &pipeline, err);
}

static bool is_end_mark(const redisReply *entry)
{
    return entry->len == strlen(END_MARK) && memcmp(entry->str, END_MARK, entry->len) == 0;
}

/* What an entry of doing is: 1: a task; VID_EOF: an end mark, 0: no task,
 * both of which are removed. */
static int take_entry(struct task_list *list, const char *doing, const redisReply *entry, struct task *task,
                      struct vid_error *err)
{
    if (is_end_mark(entry)) {
        int rc = forget_entry(list, doing, entry, err);
        return rc < 0 ? rc : VID_EOF;
    }
    if (task_decode(entry->str, entry->len, task) == 0)
        return held_add(&list->held, task->id) < 0 ? vid_fail(err, -ENOMEM, "task list: no memory") : 1;
    log_warn("redis at %s: an entry of %zu bytes in %s is no task of vidmpi: removed",
             connection_peer(list->connection), entry->len, list->todo);
    return forget_entry(list, doing, entry, err);
}

/* The server may have given us an entry whose way to us was cut: it is in
 * doing and not among those that we hold. Returns as take_entry. */
static int find_lost_entry(struct task_list *list, const char *doing, struct task *task,
                           struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *entries = NULL;
    struct held seen = {0};
    pipeline_add(&pipeline, "LRANGE %s 0 -1", doing);
    int rc = list_ask(list, &pipeline, &entries, err);
    for (size_t i = 0; rc == 0 && i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        bool known = task_decode(entry->str, entry->len, task) == 0 && held_add(&seen, task->id) == 0 &&
                     held_count(&seen, task->id) <= held_count(&list->held, task->id);
        if (!known)
            rc = take_entry(list, doing, entry, task, err);
    }
    held_free(&seen);
    reply_free(&entries);
    return rc;
}

/* Over a new link it is done again, for the server may have come back empty. */
static bool is_announced(const struct task_list *list, unsigned rank)
{
    return list->announced && list->rank == rank && list->link == task_list_reconnects(list);
}

/* Index of the reply that is the entry. */
static int add_claim(struct task_list *list, struct pipeline *pipeline, unsigned rank, const char *doing,
                     int wait_ms)
{
    int index = 0;
    if (!is_announced(list, rank)) {
        pipeline_add(pipeline, "SADD %s %u", list->ranks, rank);
        pipeline_add(pipeline, "EXPIRE %s " KEY_LIFE, list->ranks);
        index = 2;
    }
    if (wait_ms > 0)
        pipeline_add(pipeline, "BLMOVE %s %s LEFT RIGHT %d.%03d", list->todo, doing, wait_ms / 1000,
                     wait_ms % 1000);
    else
        pipeline_add(pipeline, "LMOVE %s %s LEFT RIGHT", list->todo, doing);
    pipeline_add(pipeline, "EXPIRE %s " KEY_LIFE, doing);
    return index;
}

/* One round trip. As take_entry; *none: there was no entry. */
static int claim_once(struct task_list *list, unsigned rank, const char *doing, int wait_ms, int64_t deadline,
                      struct task *task, bool *none, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    int index = add_claim(list, &pipeline, rank, doing, wait_ms);
    int count = pipeline.count;
    int rc = connection_try(list->connection, &pipeline, deadline, replies, err);
    pipeline_free(&pipeline);
    if (rc < 0)
        return rc;
    rc = list_check(list, replies, count, err);
    if (rc == 0) {
        list->announced = true;
        list->rank = rank;
        list->link = task_list_reconnects(list);
        *none = replies[index]->type != REDIS_REPLY_STRING;
        rc = *none ? 0 : take_entry(list, doing, replies[index], task, err);
    }
    replies_free(replies, count);
    return rc;
}

int task_list_claim(struct task_list *list, unsigned rank, int timeout_ms, struct task *task,
                    struct vid_error *err)
{
    int64_t until = clock_now() + timeout_ms * NS_PER_MS;
    int64_t deadline = connection_deadline(list->connection, timeout_ms);
    char doing[KEY_MAX];
    list_name_doing(list, rank, doing);
    for (;;) {
        struct vid_error one = {0};
        bool none = false;
        int rc = claim_once(list, rank, doing, timeout_ms > 0 ? clock_ms_left(until) : 0, deadline, task,
                            &none, &one);
        if (connection_code_is_passing(rc) && clock_now() < deadline) {
            vid_error_clear(&one);
            rc = connection_restore(list->connection, deadline, &one);
            if (rc == 0)
                rc = find_lost_entry(list, doing, task, &one);
        }
        if (rc < 0 && rc != VID_EOF)
            return vid_fail(err, rc, "%s", one.text);
        if (rc != 0 || none)
            return rc;
    }
}
