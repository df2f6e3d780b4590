/* list: what the parts of task_list share. Internal to the room. */
#ifndef VID_TASKS_LIST_H
#define VID_TASKS_LIST_H

#include "tasks/connection.h"
#include "tasks/held.h"
#include "tasks/task_list.h"

#include <stdbool.h>

#define JOB_NAME_MAX 100
#define KEY_MAX (JOB_NAME_MAX + 40)
#define END_MARK "end"

/* Keys outlive their last use by so many seconds, so that a killed job leaves
 * nothing for ever on a server of the user's. */
#define KEY_LIFE "86400"

struct task_list {
    struct connection *connection;
    char job[JOB_NAME_MAX + 1];
    char todo[KEY_MAX];
    char done[KEY_MAX];
    char ranks[KEY_MAX]; /* a set: which :doing there are */
    struct held held;    /* what we have claimed and not reported */
    bool announced;      /* `rank` stands in :ranks, written over link number `link` */
    unsigned rank;
    uint64_t link;
};

/* For task_list_report; copied when the connection is opened. */
extern const char list_report_script[];

void list_name_doing(const struct task_list *list, unsigned rank, char key[KEY_MAX]);

/* The first error reply among them, as reply_check. */
int list_check(const struct task_list *list, redisReply **replies, int count, struct vid_error *err);

/* Makes the round trip and frees the pipeline; error replies are failures. */
int list_call(struct task_list *list, struct pipeline *pipeline, struct vid_error *err);

/* The same for one command whose reply the caller frees. */
int list_ask(struct task_list *list, struct pipeline *pipeline, redisReply **reply, struct vid_error *err);

#endif
