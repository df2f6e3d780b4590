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
#include "store/frame_ring.h"
#include "store/result_store.h"
#include "store/run_dir.h"
#include "tasks/redis_server.h"
#include "vidmpi/frame_table.h"
#include "vidmpi/stats.h"
#include "worker/config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct job {
    /* set by job_open, read-only afterwards */
    const struct media_options *options;
    char id[33];
    char *run_dir_path;
    unsigned ranks;   /* of the whole job */
    unsigned workers; /* that filter: ranks - 1, or 1 */
    unsigned window;
    bool shared;     /* the run directory is on a filesystem that other nodes see */
    int64_t started; /* clock_now */
    const char *redis_url;

    struct media_source *source; /* decoder's thread */
    struct media_sink *sink;     /* encoder's thread */
    struct picture *first;       /* the picture that configured the chain, until the decoder takes it */
    bool empty;                  /* and it is a blank one: the source gave none */
    struct chain_spec *spec;
    struct run_dir *dir;         /* main thread */
    struct redis_server *server; /* NULL with -redis */
    struct guard *guard;         /* of the names below; the server's own when there is one */
    struct frame_ring *ring;
    struct result_store *results;
    struct frame_table *table;
    struct stats *stats;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* protected by lock */
    struct vid_error error; /* the first failure of any stage */
    bool finished;          /* the output is complete and renamed */
    struct picture *latest; /* newest filtered picture, for the preview */
    int64_t first_filtered; /* clock_now when the first result was seen; 0: none yet */
    uint64_t redis_round_trips;
};

/* Opens input and output, decodes the first picture, configures the chain, starts Redis, lays out the run
 * directory and the ring. `several_nodes`: Redis must be reachable from other nodes. No MPI: it may run on a
 * thread of its own while MPI starts. */
int job_open(struct job *job, const struct media_options *options, unsigned ranks, bool several_nodes,
             struct vid_error *err);

/* Lays open what a worker of this job must know; rank, ring and fetch are the rank's own matter.
 * The strings are the job's and last as long as it; clear nothing. */
struct worker_config job_worker_config(const struct job *job, const char *chain_text);

/* The graph as the user gave it; NULL: none. */
const char *job_filter(const struct job *job);

/* A stage failed: remembers the first failure and wakes all stages, which end. Any thread. */
void job_fail(struct job *job, const struct vid_error *err);

bool job_failed(struct job *job);

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

/* Gives everything back. Without a finish before, the output is removed; `keep`: the small
 * files of the run directory stay. */
void job_close(struct job *job, bool keep);

#endif
