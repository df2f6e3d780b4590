/* list: what the parts of task_list share. Internal to the room. */
#ifndef VID_TASKS_LIST_H
#define VID_TASKS_LIST_H

#include "tasks/connection.h"
#include "tasks/held.h"
#include "tasks/script.h"
#include "tasks/task_list.h"

#include <limits.h>
#include <stdbool.h>

#define JOB_NAME_MAX 100
#define KEY_MAX (JOB_NAME_MAX + 40)
#define NUMBER_MAX 24 /* room for a number in decimal */
#define END_MARK "end"

/* Keys outlive their last use by so many seconds, so that a killed job leaves
 * nothing for ever on a server of the user's. */
#define KEY_LIFE "86400"

struct task_list {
    struct connection *connection;
    struct script_hashes scripts;
    char prefix[KEY_MAX]; /* of all keys, "vidmpi:{JOB}:" */
    char todo[KEY_MAX];
    char done[KEY_MAX];
    char retry[KEY_MAX];
    char dead[KEY_MAX];
    char ranks[KEY_MAX]; /* a set: which :doing and :lease there are */

    /* for task_list_report_later */
    struct task *later; /* LATER_MAX of them, as the reports */
    struct task_report *later_reports;
    int later_count;

    /* for task_list_claim */
    struct held held;     /* what we have claimed and not reported */
    int64_t announced_at; /* `rank` was put into :ranks, over link number `link`; 0: not yet */
    unsigned rank;
    uint64_t link;
    bool unsure;          /* the server may have given us an entry that did not reach us */
    uint64_t searched;    /* number of the link after which doing was searched when all was quiet */
    int64_t lonely_since; /* only tasks that avoid us are there; 0: others too */
};

#define LATER_MAX 32

/* Adds the reports that wait to a pipeline: how many replies they give, 0 or 1. */
int list_add_later(struct task_list *list, struct pipeline *pipeline, struct vid_error *err);

/* What the server answered to them: they have gone, or are told by themselves now. */
int list_end_later(struct task_list *list, const redisReply *reply, struct vid_error *err);

void list_name_doing(const struct task_list *list, unsigned rank, char key[KEY_MAX]);

/* The first error reply among them, as reply_check. */
int list_check(const struct task_list *list, redisReply **replies, int count, struct vid_error *err);

/* Makes the round trip and frees the pipeline; error replies are failures. */
int list_call(struct task_list *list, struct pipeline *pipeline, struct vid_error *err);

/* The same for one command whose reply the caller frees. */
int list_ask(struct task_list *list, struct pipeline *pipeline, redisReply **reply, struct vid_error *err);

/* script_run over the list's connection. */
int list_run(struct task_list *list, const struct script *script, struct words *w, int keys,
             redisReply **reply, struct vid_error *err);

/* One try of a call that waits in the server for at most wait_ms: what the
 * call gives, 0 for nothing, LIST_AGAIN for another try, or a failure. */
typedef int list_try(struct task_list *list, void *call, int wait_ms, int64_t deadline,
                     struct vid_error *err);

#define LIST_AGAIN INT_MAX

/* Tries until something came, the time is over or a failure does not pass. */
int list_await(struct task_list *list, int timeout_ms, list_try *try, void *call, struct vid_error *err);

#endif
