#include "tasks/list.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

#define AVOID_FOR (3 * NS_PER_S)      /* a task waits so long for another rank */
#define AVOID_PAUSE_MS 100            /* between tries while there is nothing else */
#define ANNOUNCE_EVERY (1 * NS_PER_S) /* :ranks is written again, for somebody may have removed it */

struct claim {
    unsigned rank;
    char doing[KEY_MAX];
    struct task *task;
};

/* ---- tasks that avoid the rank ---- */

/* The entry that avoids the rank goes back to the front, and the first one
 * that does not (an end mark too) is taken. An entry that is not in doing any
 * more has been given back already. KEYS: todo, doing. ARGV: life, entry, rank + 1. */
static const struct script swap_script = {
    SCRIPT_SWAP, "if redis.call('LREM', KEYS[2], 1, ARGV[2]) == 0 then return false end\n"
                 "redis.call('LPUSH', KEYS[1], ARGV[2])\n"
                 "redis.call('EXPIRE', KEYS[1], ARGV[1])\n"
                 "local pattern = '^' .. string.rep('%d+ ', 8) .. '(%d+) '\n"
                 "for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 1, 1000)) do\n"
                 "  if entry:match(pattern) ~= ARGV[3] then\n"
                 "    redis.call('LREM', KEYS[1], 1, entry)\n"
                 "    redis.call('RPUSH', KEYS[2], entry)\n"
                 "    redis.call('EXPIRE', KEYS[2], ARGV[1])\n"
                 "    return entry\n"
                 "  end\n"
                 "end\n"
                 "return false\n"};

/* `pushed` is another node's clock, so that it alone could be wrong for ever:
 * our own says how long nothing else has been there. */
static bool is_for_others(const struct task_list *list, unsigned rank, const struct task *task)
{
    if (task->avoid == 0 || task->avoid - 1 != rank || clock_wall() - task->pushed >= AVOID_FOR)
        return false;
    return !list->lonely_since || clock_now() - list->lonely_since < AVOID_FOR;
}

/* *other: what was taken instead, NULL when there was nothing. */
static int swap(struct task_list *list, const struct claim *claim, const redisReply *entry,
                redisReply **other, struct vid_error *err)
{
    struct words w = {0};
    int rc = script_words(&w, 5, NUMBER_MAX, err);
    *other = NULL;
    if (rc == 0) {
        words_add_text(&w, list->todo);
        words_add_text(&w, claim->doing);
        words_add_text(&w, KEY_LIFE);
        words_add(&w, entry->str, entry->len);
        words_addf(&w, "%u", claim->rank + 1);
        rc = list_run(list, &swap_script, &w, 2, other, err);
    }
    words_free(&w);
    if (rc == 0 && (*other)->type != REDIS_REPLY_STRING)
        reply_free(other);
    return rc;
}

/* A short sleep before the next try, within the time that the call may wait. */
static int rest(int wait_ms)
{
    int pause = wait_ms < AVOID_PAUSE_MS ? wait_ms : AVOID_PAUSE_MS;
    if (pause <= 0)
        return 0;
    clock_sleep_until(clock_now() + pause * NS_PER_MS);
    return LIST_AGAIN;
}

/* ---- entries ---- */

static int forget_entry(struct task_list *list, const struct claim *claim, const redisReply *entry,
                        struct vid_error *err)
{
    struct pipeline pipeline = {0};
    pipeline_add(&pipeline, "LREM %s 1 %b", claim->doing, entry->str, entry->len);
    return list_call(list, &pipeline, err);
}

static bool is_end_mark(const redisReply *entry)
{
    return entry->len == strlen(END_MARK) && memcmp(entry->str, END_MARK, entry->len) == 0;
}

static int hold(struct task_list *list, const struct task *task, struct vid_error *err)
{
    list->lonely_since = 0;
    return held_add(&list->held, task->id) < 0 ? vid_fail(err, -ENOMEM, "task list: no memory") : 1;
}

/* What is no task is removed. As take_entry. */
static int drop_entry(struct task_list *list, const struct claim *claim, const redisReply *entry,
                      struct vid_error *err)
{
    bool end = is_end_mark(entry);
    if (!end)
        log_warn("redis at %s: an entry of %zu bytes in %s is no task of vidmpi: removed",
                 connection_peer(list->connection), entry->len, list->todo);
    int rc = forget_entry(list, claim, entry, err);
    if (rc < 0)
        return rc;
    return end ? VID_EOF : LIST_AGAIN;
}

/* What an entry of doing is: 1: a task that is ours now; VID_EOF: an end mark;
 * LIST_AGAIN: no task; 0: a task for others, with nothing else to take. */
static int take_entry(struct task_list *list, const struct claim *claim, const redisReply *entry,
                      struct vid_error *err)
{
    redisReply *other = NULL;
    if (task_decode(entry->str, entry->len, claim->task) < 0)
        return drop_entry(list, claim, entry, err);
    if (!is_for_others(list, claim->rank, claim->task))
        return hold(list, claim->task, err);
    int rc = swap(list, claim, entry, &other, err);
    if (rc < 0)
        return rc;
    if (!other) {
        list->lonely_since = list->lonely_since ? list->lonely_since : clock_now();
        return 0;
    }
    if (task_decode(other->str, other->len, claim->task) == 0)
        rc = hold(list, claim->task, err);
    else
        rc = drop_entry(list, claim, other, err);
    reply_free(&other);
    return rc;
}

/* The server may have given us an entry whose way to us was cut: it is in
 * doing and not among those that we hold. As take_entry; LIST_AGAIN: none. */
static int find_lost_entry(struct task_list *list, const struct claim *claim, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *entries = NULL;
    struct held seen = {0};
    struct task *task = claim->task;
    pipeline_add(&pipeline, "LRANGE %s 0 -1", claim->doing);
    int rc = list_ask(list, &pipeline, &entries, err);
    rc = rc == 0 ? LIST_AGAIN : rc;
    for (size_t i = 0; rc == LIST_AGAIN && i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        bool known = task_decode(entry->str, entry->len, task) == 0 && held_add(&seen, task->id) == 0 &&
                     held_count(&seen, task->id) <= held_count(&list->held, task->id);
        if (!known)
            rc = take_entry(list, claim, entry, err);
    }
    held_free(&seen);
    reply_free(&entries);
    return rc;
}

/* ---- claiming ---- */

/* Now and then it is done again, for the server may have come back empty. */
static bool is_announced(const struct task_list *list, unsigned rank)
{
    return list->announced_at && list->rank == rank && list->link == task_list_reconnects(list) &&
           clock_now() - list->announced_at < ANNOUNCE_EVERY;
}

static void note_announced(struct task_list *list, unsigned rank)
{
    list->announced_at = clock_now();
    list->rank = rank;
    list->link = task_list_reconnects(list);
}

/* Index of the reply that is the entry. */
static int add_claim(struct task_list *list, struct pipeline *pipeline, const struct claim *claim,
                     int wait_ms)
{
    if (!is_announced(list, claim->rank)) {
        pipeline_add(pipeline, "SADD %s %u", list->ranks, claim->rank);
        pipeline_add(pipeline, "EXPIRE %s " KEY_LIFE, list->ranks);
    }
    int index = pipeline->count;
    if (wait_ms > 0)
        pipeline_add(pipeline, "BLMOVE %s %s LEFT RIGHT %d.%03d", list->todo, claim->doing, wait_ms / 1000,
                     wait_ms % 1000);
    else
        pipeline_add(pipeline, "LMOVE %s %s LEFT RIGHT", list->todo, claim->doing);
    pipeline_add(pipeline, "EXPIRE %s " KEY_LIFE, claim->doing);
    return index;
}

/* Replies to a claim: those to the reports that went with it, and from `index` on those to the claim. */
static int take_replies(struct task_list *list, const struct claim *claim, redisReply **replies, int count,
                        int reported, int index, bool *none, struct vid_error *err)
{
    int rc = reported ? list_end_later(list, replies[0], err) : 0;
    if (rc == 0)
        rc = list_check(list, replies + reported, count - reported, err);
    if (rc < 0)
        return rc;
    list->unsure = false;
    if (index > reported)
        note_announced(list, claim->rank);
    *none = replies[index]->type != REDIS_REPLY_STRING;
    return *none ? 0 : take_entry(list, claim, replies[index], err);
}

/* One round trip. As take_entry; *none: there was no entry. */
static int claim_once(struct task_list *list, const struct claim *claim, int wait_ms, int64_t deadline,
                      bool *none, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    int reported = list_add_later(list, &pipeline, err);
    if (reported < 0)
        return reported;
    int index = add_claim(list, &pipeline, claim, wait_ms);
    int count = pipeline.count;
    list->unsure = true;
    int rc = connection_try(list->connection, &pipeline, deadline, replies, err);
    pipeline_free(&pipeline);
    if (rc < 0)
        return rc;
    rc = take_replies(list, claim, replies, count, reported, index, none, err);
    replies_free(replies, count);
    return rc;
}

/* After a link was made again. The request that was waiting over the old one
 * may still be served, so doing is searched once more when all is quiet. */
static int search_in_peace(struct task_list *list, const struct claim *claim, struct vid_error *err)
{
    uint64_t link = task_list_reconnects(list);
    if (list->searched == link)
        return LIST_AGAIN;
    list->searched = link;
    return find_lost_entry(list, claim, err);
}

static int try_to_claim(struct task_list *list, void *call, int wait_ms, int64_t deadline,
                        struct vid_error *err)
{
    const struct claim *claim = call;
    bool none = false;
    if (list->unsure) {
        int rc = find_lost_entry(list, claim, err);
        list->unsure = rc < 0 && rc != VID_EOF;
        if (rc != LIST_AGAIN)
            return rc;
    }
    int rc = claim_once(list, claim, wait_ms, deadline, &none, err);
    if (rc != 0)
        return rc;
    if (none)
        list->lonely_since = 0;
    rc = search_in_peace(list, claim, err);
    if (rc != LIST_AGAIN)
        return rc;
    return none ? 0 : rest(wait_ms);
}

int task_list_claim(struct task_list *list, unsigned rank, int timeout_ms, struct task *task,
                    struct vid_error *err)
{
    struct claim claim = {.rank = rank, .task = task};
    list_name_doing(list, rank, claim.doing);
    return list_await(list, timeout_ms, try_to_claim, &claim, err);
}
