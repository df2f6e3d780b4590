/* Tasks that failed: later again, or given up. */
#include "tasks/list.h"

#include "base/clock.h"

#define DEAD_MAX "1000" /* given up tasks that :dead keeps, the latest ones */

/* Whole milliseconds, which a Redis score holds exactly; rounded up, so that
 * a task is due when we say. */
static long long due_ms(int64_t due)
{
    return (long long)((due + NS_PER_MS - 1) / NS_PER_MS);
}

int task_list_delay(struct task_list *list, const struct task *task, int64_t due, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    struct words w = {0};
    struct task later = *task;
    later.pushed = due;
    int rc = words_alloc(&w, 4, TASK_TEXT_MAX + NUMBER_MAX, err);
    if (rc == 0) {
        words_add_text(&w, "ZADD");
        words_add_text(&w, list->retry);
        words_addf(&w, "%lld", due_ms(due));
        rc = words_add_task(&w, &later, err);
    }
    if (rc == 0)
        pipeline_add_words(&pipeline, w.count, w.words, w.lengths);
    words_free(&w);
    if (rc < 0)
        return rc;
    pipeline_add(&pipeline, "EXPIRE %s " KEY_LIFE, list->retry);
    return list_call(list, &pipeline, err);
}

/* KEYS: retry, todo. ARGV: life, now. Gives how many, and the due time of the
 * next one or "". */
static const struct script wake_script = {
    SCRIPT_WAKE, "local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])\n"
                 "for i = #due, 1, -1 do\n"
                 "  redis.call('ZREM', KEYS[1], due[i])\n"
                 "  redis.call('LPUSH', KEYS[2], due[i])\n"
                 "end\n"
                 "if #due > 0 then redis.call('EXPIRE', KEYS[2], ARGV[1]) end\n"
                 "local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')\n"
                 "return {tostring(#due), next[2] or ''}\n"};

static int run_wake(struct task_list *list, int64_t now, redisReply **reply, struct vid_error *err)
{
    struct words w = {0};
    int rc = script_words(&w, 4, NUMBER_MAX, err);
    if (rc == 0) {
        words_add_text(&w, list->retry);
        words_add_text(&w, list->todo);
        words_add_text(&w, KEY_LIFE);
        words_addf(&w, "%lld", (long long)(now / NS_PER_MS));
        rc = list_run(list, &wake_script, &w, 2, reply, err);
    }
    words_free(&w);
    return rc;
}

int task_list_wake(struct task_list *list, int64_t now, int64_t *next, struct vid_error *err)
{
    redisReply *reply = NULL;
    int woken = 0;
    int rc = run_wake(list, now, &reply, err);
    *next = INT64_MAX;
    if (rc == 0 && reply->elements == 2) {
        woken = (int)reply_number(reply->element[0]);
        if (reply->element[1]->len > 0)
            *next = (int64_t)reply_number(reply->element[1]) * NS_PER_MS;
    }
    reply_free(&reply);
    return rc < 0 ? rc : woken;
}

int task_list_bury(struct task_list *list, const struct task *task, const char *why, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    char text[TASK_TEXT_MAX];
    int length = task_encode(task, text, sizeof(text));
    if (length < 0)
        return vid_fail(err, length, "task list: task %llu cannot be written", (unsigned long long)task->id);
    pipeline_add(&pipeline, "RPUSH %s %s|%s", list->dead, text, why);
    pipeline_add(&pipeline, "LTRIM %s -" DEAD_MAX " -1", list->dead);
    pipeline_add(&pipeline, "EXPIRE %s " KEY_LIFE, list->dead);
    return list_call(list, &pipeline, err);
}
