#include "tasks/list.h"

static bool goes_to_front(const struct task *task)
{
    return task->attempt > 1;
}

/* Adds "RPUSH todo ..." of the first attempts or "LPUSH todo ..." of the
 * others, these last to first, so that the list keeps their order. */
static int add_push(struct task_list *list, struct pipeline *pipeline, const struct task *tasks, int count,
                    bool front, struct vid_error *err)
{
    struct words w = {0};
    int rc = words_alloc(&w, count + 2, (size_t)count * TASK_TEXT_MAX, err);
    if (rc == 0) {
        words_add_text(&w, front ? "LPUSH" : "RPUSH");
        words_add_text(&w, list->todo);
    }
    for (int i = 0; i < count && rc == 0; i++) {
        const struct task *task = &tasks[front ? count - 1 - i : i];
        if (goes_to_front(task) == front)
            rc = words_add_task(&w, task, err);
    }
    if (rc == 0 && w.count > 2)
        pipeline_add_words(pipeline, w.count, w.words, w.lengths);
    words_free(&w);
    return rc;
}

int task_list_push(struct task_list *list, const struct task *tasks, int count, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    if (count <= 0)
        return 0;
    int rc = add_push(list, &pipeline, tasks, count, true, err);
    if (rc == 0)
        rc = add_push(list, &pipeline, tasks, count, false, err);
    if (rc < 0) {
        pipeline_free(&pipeline);
        return rc;
    }
    pipeline_add(&pipeline, "EXPIRE %s " KEY_LIFE, list->todo);
    pipeline_add(&pipeline, "EXPIRE %s " KEY_LIFE, list->ranks);
    return list_call(list, &pipeline, err);
}

int task_list_push_end(struct task_list *list, unsigned workers, struct vid_error *err)
{
    struct pipeline pipeline = {0};
    struct words w = {0};
    if (workers == 0)
        return 0;
    int rc = words_alloc(&w, (int)workers + 2, 1, err);
    if (rc < 0) {
        words_free(&w);
        return rc;
    }
    words_add_text(&w, "RPUSH");
    words_add_text(&w, list->todo);
    for (unsigned i = 0; i < workers; i++)
        words_add_text(&w, END_MARK);
    pipeline_add_words(&pipeline, w.count, w.words, w.lengths);
    words_free(&w);
    pipeline_add(&pipeline, "EXPIRE %s " KEY_LIFE, list->todo);
    return list_call(list, &pipeline, err);
}
