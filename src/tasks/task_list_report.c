#include "tasks/list.h"

#include "base/clock.h"
#include "base/log.h"
#include "tasks/report.h"
#include "tasks/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A report counts only for a task that was still held, so a script that ran
 * although its answer was lost may run again. KEYS: :done, then :doing of each
 * report. ARGV: life, then entry and report of each. */
const char list_report_script[] = "for i = 2, #KEYS do\n"
                                  "  if redis.call('LREM', KEYS[i], 1, ARGV[2 * i - 2]) > 0 then\n"
                                  "    redis.call('RPUSH', KEYS[1], ARGV[2 * i - 1])\n"
                                  "  end\n"
                                  "end\n"
                                  "return redis.call('EXPIRE', KEYS[1], ARGV[1])\n";

static int fill_report(struct task_list *list, struct words *w, const struct task *tasks,
                       const struct task_report *reports, int count, struct vid_error *err)
{
    char *text = w->room;
    for (int i = 0; i < count; i++, text += KEY_MAX) {
        list_name_doing(list, reports[i].rank, text);
        words_add_text(w, text);
    }
    words_add_text(w, KEY_LIFE);
    for (int i = 0; i < count; i++) {
        int length = task_encode(&tasks[i], text, TASK_TEXT_MAX);
        if (length < 0)
            return vid_fail(err, length, "task list: task %llu cannot be written",
                            (unsigned long long)tasks[i].id);
        words_add(w, text, (size_t)length);
        text += length + 1;
        length = report_encode(&reports[i], text);
        words_add(w, text, (size_t)length);
        text += length + 1;
    }
    return 0;
}

/* "EVALSHA hash keys ..." as words; word 0 and 1 become EVAL and the script
 * for a server that has forgotten it. */
static int run_report(struct task_list *list, struct words *w, struct vid_error *err)
{
    redisReply *replies[PIPELINE_MAX];
    for (int round = 0;; round++) {
        struct pipeline pipeline = {0};
        pipeline_add_words(&pipeline, w->count, w->words, w->lengths);
        int rc = connection_call(list->connection, &pipeline, replies, err);
        pipeline_free(&pipeline);
        if (rc < 0)
            return rc;
        bool unknown = round == 0 && reply_is_error(replies[0], "NOSCRIPT");
        rc = unknown ? 0 : list_check(list, replies, 1, err);
        replies_free(replies, 1);
        if (!unknown)
            return rc;
        w->words[0] = "EVAL";
        w->lengths[0] = 4;
        w->words[1] = list_report_script;
        w->lengths[1] = strlen(list_report_script);
    }
}

int task_list_report(struct task_list *list, const struct task *tasks, const struct task_report *reports,
                     int count, struct vid_error *err)
{
    struct words w = {0};
    char keys[12];
    if (count <= 0)
        return 0;
    const char *hash = connection_script_hash(list->connection);
    if (words_alloc(&w, 3 * count + 5, (size_t)count * (KEY_MAX + TASK_TEXT_MAX + REPORT_TEXT_MAX)) < 0) {
        words_free(&w);
        return vid_fail(err, -ENOMEM, "task list: no memory for %d reports", count);
    }
    (void)snprintf(keys, sizeof(keys), "%d", count + 1);
    words_add_text(&w, "EVALSHA");
    words_add_text(&w, hash);
    words_add_text(&w, keys);
    words_add_text(&w, list->done);
    int rc = fill_report(list, &w, tasks, reports, count, err);
    if (rc == 0)
        rc = run_report(list, &w, err);
    for (int i = 0; i < count && rc == 0; i++)
        held_remove(&list->held, tasks[i].id);
    words_free(&w);
    return rc;
}

/* ---- rank 0 hears ---- */

static int read_report(const struct task_list *list, const redisReply *entry, struct task_report *report)
{
    if (entry->type == REDIS_REPLY_STRING && report_decode(entry->str, entry->len, report) == 0)
        return 1;
    log_warn("redis at %s: an entry in %s is no report of vidmpi: removed", connection_peer(list->connection),
             list->done);
    return 0;
}

/* One round trip: how many reports; *none: nothing at all came. */
static int wait_once(struct task_list *list, int wait_ms, int64_t deadline, struct task_report *reports,
                     int max, bool *none, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    int rest = wait_ms > 0 ? max - 1 : max;
    int got = 0;
    if (wait_ms > 0)
        pipeline_add(&pipeline, "BLPOP %s %d.%03d", list->done, wait_ms / 1000, wait_ms % 1000);
    if (rest > 0)
        pipeline_add(&pipeline, "LPOP %s %d", list->done, rest);
    int count = pipeline.count;
    int rc = connection_try(list->connection, &pipeline, deadline, replies, err);
    pipeline_free(&pipeline);
    if (rc < 0)
        return rc;
    rc = list_check(list, replies, count, err);
    for (int i = 0; i < count && rc == 0; i++) {
        /* BLPOP answers key and entry, LPOP entries */
        for (size_t k = wait_ms > 0 && i == 0 ? 1 : 0; k < replies[i]->elements; k++) {
            got += read_report(list, replies[i]->element[k], &reports[got]);
            *none = false;
        }
    }
    replies_free(replies, count);
    return rc < 0 ? rc : got;
}

int task_list_wait(struct task_list *list, int timeout_ms, struct task_report *reports, int max,
                   struct vid_error *err)
{
    int64_t until = clock_now() + timeout_ms * NS_PER_MS;
    int64_t deadline = connection_deadline(list->connection, timeout_ms);
    if (max <= 0)
        return 0;
    for (;;) {
        struct vid_error one = {0};
        bool none = true;
        int rc =
            wait_once(list, timeout_ms > 0 ? clock_ms_left(until) : 0, deadline, reports, max, &none, &one);
        if (connection_code_is_passing(rc) && clock_now() < deadline) {
            vid_error_clear(&one);
            rc = connection_restore(list->connection, deadline, &one);
            none = false;
        }
        if (rc < 0)
            return vid_fail(err, rc, "%s", one.text);
        if (rc > 0 || none)
            return rc;
    }
}
