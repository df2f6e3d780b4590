/* task_list: the job's task list on Redis (6.2 or later). A dispatcher, not a
 * database: rank 0's table of unfinished tasks is the truth. Keys (docs/redis.md):
 * vidmpi:{JOB}:todo, :doing:RANK, :done, :lease:RANK, :retry, :dead, :ranks; each lives
 * at most a day longer than its last use, so that a killed job leaves nothing for ever.
 *
 * An object is one connection and belongs to one thread. A call has a patience of
 * 10 s beside the time that it was asked to wait; within it a broken connection is
 * dialled again, a server that refuses for now (memory full, loading, busy, a cluster
 * that changes) is asked again at intervals of at most half a second, and the call
 * repeated. After a new connection task_list_reconnects counts up: rank 0
 * should offer its unfinished tasks again, for what Redis held may be gone
 * (a report with it). Codes: -ECONNREFUSED, -ENOENT (no such socket),
 * -ECONNRESET, -ETIMEDOUT: no server; -EACCES: password; -EPERM: ACL;
 * -EPROTONOSUPPORT: before 6.2; -EROFS: a replica; -ENOMEM: the server's or
 * our memory is full; -EAGAIN: it refused all the time; -EPROTO: no Redis;
 * -EINVAL: URL or job name. */
#ifndef VID_TASKS_TASK_LIST_H
#define VID_TASKS_TASK_LIST_H

#include "base/error.h"
#include "tasks/task.h"

#include <stdbool.h>

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
 * removed, logged and passed over.
 *
 * A task that avoids the rank stays at the front for others, and the next one
 * that does not is claimed instead. While there is nothing else the call waits
 * and looks ten times a second, and takes the task after all when it was pushed
 * 3 s ago or has been alone for 3 s: there may be no other rank. */
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

/* Worker: the same, but they go with the next claim, in its round trip; those that still wait go by
 * task_list_flush. At most a few dozen wait: more make a round trip of their own. */
int task_list_report_later(struct task_list *list, const struct task *tasks,
                           const struct task_report *reports, int count, struct vid_error *err);
int task_list_flush(struct task_list *list, struct vid_error *err);

/* Rank 0: waits for reports: how many (at most max), 0 within the timeout. */
int task_list_wait(struct task_list *list, int timeout_ms, struct task_report *reports, int max,
                   struct vid_error *err);

/* Rank 0: what the rank has claimed and not reported: how many (at most max). */
int task_list_held(struct task_list *list, unsigned rank, struct task *tasks, int max, struct vid_error *err);

/* Worker, or its rank after its death: claimed tasks go back as they are, from
 * doing:RANK to the front of todo, in their order, by one script. What is not held
 * any more is left alone: safe to repeat. */
int task_list_hand_back(struct task_list *list, unsigned rank, const struct task *tasks, int count,
                        struct vid_error *err);

/* A rank, for its worker: it lives for ttl_ms from now. Key :lease:RANK with PX.
 * One round trip, two for the first one. */
int task_list_beat(struct task_list *list, unsigned rank, int ttl_ms, struct vid_error *err);

/* Rank 0: which ranks below `ranks` have a lease now. */
int task_list_alive(struct task_list *list, bool *alive, unsigned ranks, struct vid_error *err);

/* A task that came back from a rank without a lease, and its new attempt. */
struct task_lost {
    unsigned rank;
    uint64_t id;
    uint32_t attempt;
};

/* Rank 0: what ranks without a lease hold goes back to the front of todo, the
 * first task first, with its attempt raised by one and `pushed` set to now, by one
 * script. Gives how many and which (at most max; the rest stays for the next call). A rank
 * that has claimed without ever beating has no lease either. Redis counts down
 * leases while nobody can reach it: after trouble with it ranks need the time to
 * beat again before this is called. When an answer is lost on the way some are
 * missing in `lost`: task_list_places has their attempts. */
int task_list_expire(struct task_list *list, struct task_lost *lost, int max, struct vid_error *err);

/* Rank 0: the task comes back at `due` (clock_wall; to the next millisecond),
 * which it then has as `pushed`. zset :retry. */
int task_list_delay(struct task_list *list, const struct task *task, int64_t due, struct vid_error *err);

/* Rank 0: delayed tasks whose time has come go to the front of todo, by one
 * script. Returns how many; *next: when the next is due, INT64_MAX for none. */
int task_list_wake(struct task_list *list, int64_t now, int64_t *next, struct vid_error *err);

/* Rank 0: the task is given up: :dead keeps it and why ("TASK|WHY"), for people; the
 * last thousand. */
int task_list_bury(struct task_list *list, const struct task *task, const char *why, struct vid_error *err);

/* Where a task is: a rank that holds it, or one of these. */
enum { PLACE_TODO = -1, PLACE_RETRY = -2 };

struct task_place {
    uint64_t id;
    uint32_t attempt;
    int rank;
};

/* Rank 0, for its audit: where every task in Redis is, held ones first, in one
 * round trip and as of one moment. Returns how many (at most max). A task that was
 * reported is in none of these places although its report may be unheard yet. */
int task_list_places(struct task_list *list, struct task_place *places, int max, struct vid_error *err);

/* Rank 0: removes every key of the job; also right at the start, for what an
 * earlier run under the same name has left. */
int task_list_remove(struct task_list *list, struct vid_error *err);

/* Round trips made on this connection. */
uint64_t task_list_round_trips(const struct task_list *list);

/* How often the connection was lost and made again. */
uint64_t task_list_reconnects(const struct task_list *list);

#endif
