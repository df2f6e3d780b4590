/* task_list: the job's task list on Redis (6.2 or later). A dispatcher, not a
 * database: rank 0's table of unfinished tasks is the truth. Keys (design,
 * section 6): vidmpi:{JOB}:todo, :doing:RANK, :done, :ranks; each lives at most a day
 * longer than its last use, so that a killed job leaves nothing for ever.
 *
 * An object is one connection and belongs to one thread. A call has 10 s beside
 * the time that it was asked to wait; within them a broken connection is dialled
 * again and the call repeated. task_list_reconnects then counts up: rank 0
 * should offer its unfinished tasks again, for what Redis held may be gone
 * (a report with it). Codes: -ECONNREFUSED, -ENOENT (no such socket),
 * -ECONNRESET, -ETIMEDOUT: no server; -EACCES: password; -EPERM: ACL;
 * -EPROTONOSUPPORT: before 6.2; -EROFS: a replica; -ENOMEM: the server's or
 * our memory is full; -EPROTO: no Redis; -EINVAL: URL or job name. */
#ifndef VID_TASKS_TASK_LIST_H
#define VID_TASKS_TASK_LIST_H

#include "base/error.h"
#include "tasks/task.h"

struct task_list;

/* url: redis://[user:pass@]host[:port][/db], several hosts separated by commas are tried
 * in turn (an IPv6 address stands in brackets); unix://[user:pass@]/path[?db=N].
 * rediss:// is refused with the way out (a tunnel). Checks the version.
 * Errors never show the password. */
int task_list_open(const char *url, const char *job, struct task_list **out, struct vid_error *err);
void task_list_close(struct task_list **list); /* NULL-safe */

/* Whether the text is such a URL, without connecting: 0, or -EINVAL or -EPROTONOSUPPORT and why. */
int task_list_check_url(const char *url, struct vid_error *err);

/* How long a call goes on beside the time that it was asked to wait: 10 s at
 * first. For a program that is about to stop. */
void task_list_set_patience(struct task_list *list, int ms);

/* Rank 0: puts tasks into the list, in one round trip: a first attempt at its
 * end, a further one at its front, for the encoder waits for that. After a
 * broken connection a task may be in the list twice, which is harmless. */
int task_list_push(struct task_list *list, const struct task *tasks, int count, struct vid_error *err);

/* Rank 0: tells `workers` claimants that the list has ended: each takes one end mark. */
int task_list_push_end(struct task_list *list, unsigned workers, struct vid_error *err);

/* Worker: BLMOVE todo -> doing:RANK. 1: claimed; 0: none within timeout_ms
 * (0 does not wait at all); VID_EOF: an end mark was taken. What is no task is
 * removed, logged and passed over. */
int task_list_claim(struct task_list *list, unsigned rank, int timeout_ms, struct task *task,
                    struct vid_error *err);

/* What a worker tells rank 0: a hint that a task's results are in its index,
 * or that the task failed and why. The index is the truth for results. */
enum task_outcome { TASK_DONE = 0, TASK_FAILED = 1 };

#define TASK_REPORT_TEXT 600

struct task_report {
    enum task_outcome outcome;
    unsigned rank;
    uint64_t id;
    uint64_t frame; /* at fault, for TASK_FAILED */
    uint32_t attempt;
    char text[TASK_REPORT_TEXT]; /* why, for TASK_FAILED; "" otherwise */
};

/* Worker: the tasks leave doing:RANK (of each report's rank) and the reports go
 * to :done, by one script, in one round trip. A task that was not there any
 * more (reported before, taken away) gives no report: safe to repeat. */
int task_list_report(struct task_list *list, const struct task *tasks, const struct task_report *reports,
                     int count, struct vid_error *err);

/* Rank 0: waits for reports: how many (at most max), 0 within the timeout. */
int task_list_wait(struct task_list *list, int timeout_ms, struct task_report *reports, int max,
                   struct vid_error *err);

/* Rank 0: what the rank has claimed and not reported: how many (at most max). */
int task_list_held(struct task_list *list, unsigned rank, struct task *tasks, int max, struct vid_error *err);

/* Rank 0: removes every key of the job; also right at the start, for what an
 * earlier run under the same name has left. */
int task_list_remove(struct task_list *list, struct vid_error *err);

/* Round trips made on this connection. */
uint64_t task_list_round_trips(const struct task_list *list);

/* How often the connection was lost and made again. */
uint64_t task_list_reconnects(const struct task_list *list);

#endif
