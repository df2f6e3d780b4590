#include "tasks/list.h"

#include "base/log.h"
#include "tasks/report.h"

#include <errno.h>
#include <stdlib.h>

/* A report counts only for a task that was still held, so a script that ran
 * although its answer was lost may run again. KEYS: :done, then :doing of each
 * report. ARGV: life, then entry and report of each. */
static const struct script report_script = {SCRIPT_REPORT,
                                            "for i = 2, #KEYS do\n"
                                            "  if redis.call('LREM', KEYS[i], 1, ARGV[2 * i - 2]) > 0 then\n"
                                            "    redis.call('RPUSH', KEYS[1], ARGV[2 * i - 1])\n"
                                            "  end\n"
                                            "end\n"
                                            "return redis.call('EXPIRE', KEYS[1], ARGV[1])\n"};

static int fill_report(struct task_list *list, struct words *w, const struct task *tasks,
                       const struct task_report *reports, int count, struct vid_error *err)
{
    char text[REPORT_TEXT_MAX];
    int rc = 0;
    words_add_text(w, list->done);
    for (int i = 0; i < count; i++)
        words_addf(w, "%sdoing:%u", list->prefix, reports[i].rank);
    words_add_text(w, KEY_LIFE);
    for (int i = 0; i < count && rc == 0; i++) {
        rc = words_add_task(w, &tasks[i], err);
        (void)report_encode(&reports[i], text);
        words_addf(w, "%s", text);
    }
    return rc;
}

/* The report script's words, without its head. */
static int make_words(struct task_list *list, struct words *w, const struct task *tasks,
                      const struct task_report *reports, int count, struct vid_error *err)
{
    int rc = script_words(w, 3 * count + 2, (size_t)count * (KEY_MAX + TASK_TEXT_MAX + REPORT_TEXT_MAX), err);
    return rc == 0 ? fill_report(list, w, tasks, reports, count, err) : rc;
}

static void forget_held(struct task_list *list, const struct task *tasks, int count)
{
    for (int i = 0; i < count; i++)
        held_remove(&list->held, tasks[i].id);
}

int task_list_report(struct task_list *list, const struct task *tasks, const struct task_report *reports,
                     int count, struct vid_error *err)
{
    struct words w = {0};
    if (count <= 0)
        return 0;
    int rc = make_words(list, &w, tasks, reports, count, err);
    if (rc == 0)
        rc = list_run(list, &report_script, &w, count + 1, NULL, err);
    if (rc == 0)
        forget_held(list, tasks, count);
    words_free(&w);
    return rc;
}

/* ---- reports that go with the next claim ---- */

static int make_room(struct task_list *list, struct vid_error *err)
{
    if (list->later)
        return 0;
    list->later = calloc(LATER_MAX, sizeof(*list->later));
    list->later_reports = calloc(LATER_MAX, sizeof(*list->later_reports));
    if (list->later && list->later_reports)
        return 0;
    free(list->later);
    free(list->later_reports);
    list->later = NULL;
    list->later_reports = NULL;
    return vid_fail(err, -ENOMEM, "task list: no memory");
}

int task_list_report_later(struct task_list *list, const struct task *tasks,
                           const struct task_report *reports, int count, struct vid_error *err)
{
    int rc = list->later_count + count > LATER_MAX ? task_list_flush(list, err) : 0;
    if (rc == 0 && count > LATER_MAX)
        return task_list_report(list, tasks, reports, count, err);
    if (rc == 0)
        rc = make_room(list, err);
    for (int i = 0; i < count && rc == 0; i++) {
        list->later[list->later_count] = tasks[i];
        list->later_reports[list->later_count++] = reports[i];
    }
    return rc;
}

int task_list_flush(struct task_list *list, struct vid_error *err)
{
    int rc = task_list_report(list, list->later, list->later_reports, list->later_count, err);
    if (rc == 0)
        list->later_count = 0;
    return rc;
}

int list_add_later(struct task_list *list, struct pipeline *pipeline, struct vid_error *err)
{
    struct words w = {0};
    if (list->later_count == 0)
        return 0;
    int rc = make_words(list, &w, list->later, list->later_reports, list->later_count, err);
    bool added = rc == 0 && script_add(pipeline, &list->scripts, &report_script, &w, list->later_count + 1);
    words_free(&w);
    if (rc == 0 && !added)
        rc = task_list_flush(list, err); /* which teaches the server the script */
    return rc < 0 ? rc : added;
}

int list_end_later(struct task_list *list, const redisReply *reply, struct vid_error *err)
{
    if (reply_is_error(reply, "NOSCRIPT")) {
        script_forget(&list->scripts, &report_script);
        return task_list_flush(list, err);
    }
    int rc = reply_check(reply, connection_peer(list->connection), err);
    if (rc < 0)
        return rc;
    forget_held(list, list->later, list->later_count);
    list->later_count = 0;
    return 0;
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

struct hearing {
    struct task_report *reports;
    int max;
};

/* Reads what BLPOP (key and entry) and LPOP (entries) answered: how many
 * reports, 0 when nothing at all came. */
static int read_reports(const struct task_list *list, redisReply **replies, int count, bool blocked,
                        struct task_report *reports)
{
    int got = 0;
    bool any = false;
    for (int i = 0; i < count; i++) {
        for (size_t k = blocked && i == 0 ? 1 : 0; k < replies[i]->elements; k++) {
            got += read_report(list, replies[i]->element[k], &reports[got]);
            any = true;
        }
    }
    return any && got == 0 ? LIST_AGAIN : got;
}

/* One round trip. */
static int try_to_hear(struct task_list *list, void *call, int wait_ms, int64_t deadline,
                       struct vid_error *err)
{
    const struct hearing *hearing = call;
    struct pipeline pipeline = {0};
    redisReply *replies[PIPELINE_MAX];
    int rest = wait_ms > 0 ? hearing->max - 1 : hearing->max;
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
    if (rc == 0)
        rc = read_reports(list, replies, count, wait_ms > 0, hearing->reports);
    replies_free(replies, count);
    return rc;
}

int task_list_wait(struct task_list *list, int timeout_ms, struct task_report *reports, int max,
                   struct vid_error *err)
{
    struct hearing hearing = {reports, max};
    return max > 0 ? list_await(list, timeout_ms, try_to_hear, &hearing, err) : 0;
}
