/* job: what rank 0 has in its hands while it runs a job. main joins the rooms
 * here; each stage takes from it what it needs. Opened top-down by job_open,
 * closed bottom-up by job_close. */
#ifndef VID_VIDMPI_JOB_H
#define VID_VIDMPI_JOB_H

#include "base/error.h"
#include "base/guard.h"
#include "media/chain.h"
#include "media/options.h"
#include "media/sink.h"
#include "media/source.h"
#include "store/ledger.h"
#include "store/result_store.h"
#include "store/run_dir.h"
#include "tasks/redis_server.h"
#include "vidmpi/frame_stats.h"
#include "vidmpi/history.h"
#include "vidmpi/lane.h"
#include "vidmpi/mishaps.h"
#include "vidmpi/picture_counts.h"
#include "vidmpi/ranks.h"
#include "vidmpi/stats.h"
#include "vidmpi/verify.h"
#include "worker/config.h"
#include "worker/redis.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cluster;

struct job {
    /* set by job_open, read-only afterwards */
    const struct media_options *options;
    char id[33];
    char *run_dir_path;
    unsigned ranks;   /* of the whole job */
    unsigned workers; /* that filter: ranks - 1, or 1 */
    unsigned window;  /* of the lane with the largest */
    bool shared;      /* the run directory is on a filesystem that other nodes see */
    int64_t started;  /* clock_now */
    const char *redis_url;

    struct media_source *source; /* decoder's thread */
    struct media_sink *sink;     /* encoder's thread */
    struct picture *first;       /* the picture that configured the graph, until the decoder takes it */
    bool empty;                  /* and it is a blank one: the source gave none */
    struct pieces *pieces;       /* of the graph */
    struct lane lanes[LANES_MAX];
    unsigned lane_count;         /* 1 or more */
    const struct piece *tail;    /* the serial piece behind the last lane; NULL: none */
    struct run_dir *dir;         /* main thread */
    bool resumable;              /* the same command can go on after an end before its time */
    bool resumed;                /* what an earlier start left is there */
    struct history history;      /* and this is it */
    struct redis_server *server; /* NULL with -redis */
    struct guard *guard;         /* of the names below; the server's own when there is one */
    struct result_store *results;
    struct stats *stats;
    struct frame_stats *frame_stats; /* NULL: not asked for */
    struct mishaps *mishaps;
    struct ranks *rank_states;
    const struct cluster *cluster; /* for the names of nodes; set when rank 0 coordinates */

    struct verify *verify; /* NULL: without -verify */
    enum { VERIFIED_NOT, VERIFIED_SAME, VERIFIED_DIFFERENT } verified;

    _Atomic uint64_t frames_in; /* pictures that have come from the source */

    pthread_mutex_t ledger_lock;
    struct ledger *ledger; /* protected by ledger_lock; NULL before the run directory is open */
    struct picture_counts *pictures;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* protected by lock */
    struct vid_error error; /* the first failure of any stage */
    bool finished;          /* the output is complete and renamed */
    struct picture *latest; /* newest filtered picture, for the preview */
    int64_t first_filtered; /* clock_now when the first result was seen; 0: none yet */
    uint64_t redis_round_trips;
    uint64_t sealed; /* frames below lie in sealed parts */
};

/* Opens input and output, decodes the first picture, configures the chain, starts Redis, lays out the run
 * directory and the ring. `several_nodes`: Redis must be reachable from other nodes. No MPI: it may run on a
 * thread of its own while MPI starts. */
int job_open(struct job *job, const struct media_options *options, unsigned ranks, bool several_nodes,
             struct vid_error *err);

/* The part of job_open that leaves no trace, for -explain: input, output, first picture, pieces, lanes with
 * their windows, the run directory's name. Then job_close with JOB_FAILED, also after a failure. */
int job_look(struct job *job, const struct media_options *options, unsigned ranks, bool several_nodes,
             struct vid_error *err);

/* Lays open what a worker of this job must know; rank, ring and fetch are the rank's own matter.
 * The strings are the job's and last as long as it; clear nothing. */
struct worker_config job_worker_config(const struct job *job, const char *chains);

/* The chains of all lanes, as worker_config has them; a malloc'ed string, NULL: no memory. */
char *job_chains(const struct job *job);

/* The graph as the user gave it; NULL: none. */
const char *job_filter(const struct job *job);

/* The lane of a frame or task; NULL: there is none. */
const struct lane *job_lane(const struct job *job, uint64_t frame_id);

/* Frames of the lane below this number need nothing more: a start that goes on will not either. Any thread.
 */
uint64_t job_released(struct job *job, const struct lane *lane);

/* Of all lanes together: what has gone into the first one, what has come out of the last one, and what was
 * filtered in all. Any thread. */
struct frame_counts job_counts(const struct job *job);

/* All frames of all lanes have come and have an outcome. Any thread. */
bool job_is_settled(const struct job *job);

/* Whoever waits in a lane gets VID_EOF. Any thread. */
void job_stop_lanes(struct job *job);

/* Has some part been sealed, by this start or an earlier one? Any thread. */
bool job_has_sealed(struct job *job);

/* Appends to the ledger. Any thread. 0 also when there is none yet. */
int job_note(struct job *job, const struct ledger_record *record, struct vid_error *err);

/* A stage failed: remembers the first failure and wakes all stages, which end. Any thread. */
void job_fail(struct job *job, const struct vid_error *err);

bool job_failed(struct job *job);

/* How the job ended, for the exit status and for what stays in the run directory. */
enum job_end {
    JOB_DONE,
    JOB_DEGRADED, /* done, with substituted frames */
    JOB_FAILED,   /* for good: a wrong input, option, ... */
    JOB_POISONED, /* a frame cannot be filtered and -on-error is fail: the work stays */
    JOB_STOPPED,  /* the same command goes on where it was: no space, no Redis, SIGTERM */
};

/* Codes of job_fail with a meaning of their own. */
#define JOB_CODE_POISON (-EILSEQ)    /* a frame that cannot be filtered */
#define JOB_CODE_DRAINED (-ERESTART) /* a signal that asks to go on later */
#define JOB_CODE_NO_REDIS REDIS_GONE

enum job_end job_end(struct job *job);

/* The encoder's thread: the newest picture (takes a reference of its own); the output is complete. */
void job_set_latest(struct job *job, struct picture *picture);
void job_set_finished(struct job *job);

/* The newest picture since the last call, or NULL; the caller's. */
struct picture *job_take_latest(struct job *job);

/* A poller: the first result was seen now. */
void job_set_first_filtered(struct job *job);

/* A stage is done with its connection: its round trips count for the summary. */
struct task_list;
void job_count_round_trips(struct job *job, const struct task_list *list);

/* Waits at most until `deadline` for the end. 1: finished; 0: not yet; negative: failed, with the text. */
int job_wait(struct job *job, int64_t deadline, struct vid_error *err);

/* Gives everything back. Without a finish before, the output is removed; what stays in the run directory is
 * as the job's end wants it. */
void job_close(struct job *job, enum job_end end);

#endif
