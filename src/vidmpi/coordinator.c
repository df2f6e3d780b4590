#include "vidmpi/coordinator.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/run_dir.h"
#include "vidmpi/exchange.h"
#include "vidmpi/interrupt.h"
#include "vidmpi/keeper.h"
#include "vidmpi/lease.h"
#include "vidmpi/progress.h"
#include "vidmpi/stages.h"
#include "vidmpi/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS (50 * NS_PER_MS)           /* between looks at the clock and at other ranks */
#define LOOK_BUSY_NS (200 * INT64_C(1000)) /* while pixels go to other nodes */
#define BUSY_FOR_NS (500 * NS_PER_MS)      /* and so long after the last */
#define GRACE_MS 3000                      /* for rank 0's own worker to end by itself */
#define GOODBYE_NS (6 * NS_PER_S)          /* for the ranks to end */
#define SERVER_NS (NS_PER_S / 2)           /* between looks at the job's own redis-server */

struct coordinator {
    struct job *job;
    struct cluster *cluster;
    struct supervisor *first;    /* rank 0's own worker, until the keeper has it; NULL: it has none */
    struct worker_config config; /* of the job, as text that all ranks have too */
    struct lease *lease;
    struct keeper *keeper;
    struct stages *stages;
    struct progress *progress;
    bool shared;         /* the ranks have the job's description */
    bool *goodbye;       /* by rank: it is ready to end */
    int64_t next_server; /* clock_now of the next look at redis-server */
    int64_t next_beat;   /* of the run directory's lock, while it compares */
    int64_t last_want;   /* clock_now of the last pixels asked for */
    struct cluster_message message;
};

/* The job as the ranks are told it, in one block. */
static int describe_job(struct coordinator *c, char **text, size_t *size, struct vid_error *err)
{
    char *chain = job_chains(c->job);
    struct worker_config config;
    char ring[64];
    int ret;

    if (!chain)
        return vid_fail(err, -ENOMEM, "no memory for the job's description");
    config = job_worker_config(c->job, chain);
    snprintf(ring, sizeof(ring), "/vidmpi-%s", c->job->id);
    config.ring = ring;
    config.host = (char *)cluster_node(c->cluster, 0);
    ret = worker_config_encode(&config, text, size, err);
    free(chain);
    return ret;
}

/* Gives the ranks, and rank 0's own worker, what they must know. */
static int share_job(struct coordinator *c, struct vid_error *err)
{
    char *text = NULL, *copy = NULL;
    size_t size = 0;
    int ret = describe_job(c, &text, &size, err);

    if (ret == 0) {
        ret = cluster_share(c->cluster, text, size, NULL, NULL, &copy, &size, err);
        c->shared = true;
    }
    if (ret == 0)
        ret = worker_config_decode(text, size, &c->config, err);
    if (ret == 0)
        ret = lease_start(&c->config, &c->lease, err);
    if (ret == 0 && c->first)
        ret = keeper_open(&c->config, c->lease, &c->first, &c->keeper, err);
    free(copy);
    free(text);
    return ret;
}

static void fail(struct coordinator *c, const char *who, const struct vid_error *why)
{
    struct vid_error err = {0};

    vid_fail(&err, why->code ? why->code : -EIO, "%s: %s", who, why->text);
    job_fail(c->job, &err);
}

/* No worker can be kept at work on the rank. What hinders every worker ends the job; else the others go on.
 */
static void lose_rank(struct coordinator *c, int rank, const struct vid_error *why)
{
    char who[NODE_NAME_MAX + 40];

    snprintf(who, sizeof(who), "rank %d on %s", rank, cluster_node(c->cluster, rank));
    ranks_give_up(c->job->rank_states, (unsigned)rank);
    mishaps_ranks_lost(c->job->mishaps, ranks_lost(c->job->rank_states));
    if (rank == 0 || why->code == JOB_CODE_NO_REDIS || run_dir_place_failed(why->code))
        fail(c, who, why);
    else
        log_warn("%s gives up: %s; what it had goes to others", who, why->text);
}

static void look_at_own_worker(struct coordinator *c)
{
    const struct control_message *message;
    struct vid_error why = {0};
    int ret;

    while (c->keeper && (ret = keeper_poll(c->keeper, 0, &message, &why)) != 0) {
        if (ret > 0)
            continue;
        keeper_stop(&c->keeper, 0);
        if (ret != VID_EOF)
            lose_rank(c, 0, &why);
    }
}

static void take_message(struct coordinator *c)
{
    struct vid_error why = {0};

    switch (c->message.tag) {
    case TAG_WANT:
        c->last_want = clock_now();
        if (exchange_serve(c->cluster, c->job, c->message.rank, c->message.text, &why) < 0)
            fail(c, "pixels", &why);
        break;
    case TAG_TROUBLE:
        vid_error_decode(c->message.text, &why);
        lose_rank(c, c->message.rank, &why);
        break;
    case TAG_BYE:
        c->goodbye[c->message.rank] = true;
        break;
    default:
        log_warn("rank %d sent an unknown message", c->message.rank);
    }
}

static void look_at_ranks(struct coordinator *c)
{
    struct vid_error why = {0};
    int ret;

    while ((ret = cluster_poll(c->cluster, &c->message, &why)) == 1)
        take_message(c);
    if (ret < 0)
        fail(c, "the ranks", &why);
}

static int64_t look_again(const struct coordinator *c)
{
    bool busy = cluster_busy(c->cluster) || (c->last_want && clock_now() - c->last_want < BUSY_FOR_NS);

    return clock_now() + (busy ? LOOK_BUSY_NS : LOOK_NS);
}

/* The job's own server that died is started again, empty: the dispatcher fills its list anew. */
static void look_at_server(struct coordinator *c)
{
    struct vid_error why = {0};

    if (!c->job->server || clock_now() < c->next_server)
        return;
    c->next_server = clock_now() + SERVER_NS;
    if (redis_server_alive(c->job->server))
        return;
    log_warn("redis-server has died; it is started again");
    if (redis_server_restart(c->job->server, &why) < 0)
        log_warn("redis-server cannot be started again: %s", why.text);
    else
        mishaps_restart(c->job->mishaps);
}

/* When all others are lost rank 0 does their work. */
static void work_alone(struct coordinator *c)
{
    struct vid_error why = {0};

    if (c->keeper || !ranks_all_lost(c->job->rank_states) || ranks_is_lost(c->job->rank_states, 0))
        return;
    log_warn("all other ranks are lost; rank 0 filters alone");
    if (keeper_open(&c->config, c->lease, &c->first, &c->keeper, &why) < 0)
        lose_rank(c, 0, &why);
}

static const char *signal_name(int signum)
{
    return signum == SIGINT ? "Ctrl-C" : signum == SIGTERM ? "SIGTERM" : "SIGUSR1";
}

/* Ctrl-C: away with it, but parts that are sealed; the others are asked by who will start the job again (a
 * time limit, preemption). */
static void heed_signals(struct coordinator *c)
{
    struct vid_error why = {0};
    int signum = interrupt_signal();
    bool later = c->job->resumable && (signum != SIGINT || job_has_sealed(c->job));

    if (!signum)
        return;
    vid_fail(&why, later && signum != SIGINT ? JOB_CODE_DRAINED : -EINTR, "stopped by %s; %s",
             signal_name(signum),
             later ? "the same command resumes it" : "nothing is left of the unfinished output");
    job_fail(c->job, &why);
}

/* While the stages work, until the job is finished or has failed. */
static int watch(struct coordinator *c, struct vid_error *err)
{
    int ret;

    while ((ret = job_wait(c->job, look_again(c), err)) == 0) {
        look_at_ranks(c);
        look_at_own_worker(c);
        look_at_server(c);
        work_alone(c);
        heed_signals(c);
        progress_tick(c->progress);
    }
    return ret < 0 ? ret : 0;
}

/* Is a rank that lives not ready to end yet? */
static bool awaits_ranks(const struct coordinator *c)
{
    for (int rank = 1; rank < cluster_size(c->cluster); rank++) {
        if (!c->goodbye[rank] && !ranks_is_silent(c->job->rank_states, (unsigned)rank))
            return true;
    }
    return false;
}

static void tell_ranks(struct coordinator *c, const char *how)
{
    struct vid_error err = {0};

    for (int rank = 1; rank < cluster_size(c->cluster); rank++) {
        if (!ranks_is_silent(c->job->rank_states, (unsigned)rank))
            cluster_send(c->cluster, rank, TAG_STOP, how, &err);
    }
}

/* Ends the workers: well, they have taken their end marks; else at once. */
static void dismiss(struct coordinator *c, bool well)
{
    int64_t deadline = clock_now() + GOODBYE_NS;

    well = well && job_is_settled(c->job);
    if (c->shared)
        tell_ranks(c, ranks_silent(c->job->rank_states) ? "2" : well ? "1" : "0");
    supervisor_stop(&c->first, 0);
    keeper_stop(&c->keeper, well ? GRACE_MS : 0);
    while (c->shared && clock_now() < deadline && !interrupt_signal() &&
           (awaits_ranks(c) || (cluster_busy(c->cluster) && !ranks_silent(c->job->rank_states)))) {
        look_at_ranks(c);
        clock_sleep_until(clock_now() + NS_PER_MS);
    }
}

static int run(struct coordinator *c, struct vid_error *err)
{
    int ret = progress_open(c->job, &c->progress, err);

    if (ret == 0)
        ret = share_job(c, err);
    if (ret == 0)
        ret = stages_start(c->job, &c->stages, err);
    if (ret < 0) {
        job_fail(c->job, err);
        return ret;
    }
    return watch(c, err);
}

/* Tells the ranks that wait for the job's description that there is none. */
static void share_nothing(struct coordinator *c)
{
    char *nothing;
    size_t size;

    cluster_share(c->cluster, NULL, 0, NULL, NULL, &nothing, &size, NULL);
}

/* For the next start, and for people. */
static void note_stop(struct job *job, const char *why)
{
    const struct ledger_record record = {.type = LEDGER_STOP, .stop = {why, clock_wall() / NS_PER_S}};
    struct vid_error err = {0};

    if (job_note(job, &record, &err) < 0)
        log_debug("%s", err.text);
}

static const char *state_name(struct job *job, enum job_end end)
{
    static const char *const names[] = {
        [JOB_DONE] = "done",       [JOB_DEGRADED] = "degraded", [JOB_FAILED] = "failed",
        [JOB_POISONED] = "failed", [JOB_STOPPED] = "stopped",
    };

    return end == JOB_DONE && ranks_lost(job->rank_states) ? names[JOB_DEGRADED] : names[end];
}

/* The run directory stays ours while the serial run goes on. */
static void beat(void *opaque)
{
    struct coordinator *c = opaque;
    struct vid_error err = {0};

    if (clock_now() < c->next_beat)
        return;
    c->next_beat = clock_now() + NS_PER_S;
    if (run_dir_beat(c->job->dir, &err) < 0)
        log_warn("%s", err.text);
}

/* The output stays, whatever comes of this. */
static int verify(struct coordinator *c, struct vid_error *err)
{
    struct job *job = c->job;
    struct vid_error why = {0};
    int same;

    if (!job->verify)
        return 0;
    log_info("comparing with a serial run");
    same = verify_run(job->verify, job->options, beat, c, &why);
    if (same < 0)
        return vid_fail(err, same, "the output could not be compared with a serial run: %s", why.text);
    job->verified = same ? VERIFIED_SAME : VERIFIED_DIFFERENT;
    if (same)
        log_info("verified: %" PRIu64 " frames are those of a serial run", verify_count(job->verify));
    else
        log_error("%s", why.text);
    return 0;
}

static int finish(struct coordinator *c, int ret, struct vid_error *err)
{
    enum job_end end = ret == 0 ? job_end(c->job) : JOB_FAILED;

    if (ret < 0 && c->job->ledger)
        end = job_end(c->job);
    progress_close(&c->progress, state_name(c->job, end));
    if (end == JOB_STOPPED || end == JOB_POISONED)
        note_stop(c->job, err->text);
    if (ret == 0)
        ret = verify(c, err);
    if (ret == 0)
        ret = summary_write_manifest(c->job, c->cluster, err);
    if (ret == 0)
        summary_print(c->job);
    return ret;
}

int coordinate(struct job *job, int opened, struct cluster *cluster, struct supervisor **worker,
               struct vid_error *err)
{
    struct coordinator *c = calloc(1, sizeof(*c));
    int ret;

    if (!c || !(c->goodbye = calloc((size_t)cluster_size(cluster), sizeof(*c->goodbye)))) {
        free(c);
        return vid_fail(err, -ENOMEM, "no memory for rank 0");
    }
    c->job = job;
    job->cluster = c->cluster = cluster;
    c->first = *worker;
    *worker = NULL;
    if (opened < 0)
        job_fail(job, err);
    ret = opened < 0 ? opened : run(c, err);
    if (!c->shared)
        share_nothing(c);
    dismiss(c, ret == 0);
    stages_join(&c->stages);
    lease_stop(&c->lease);
    worker_config_clear(&c->config);
    ret = finish(c, ret, err);
    free(c->goodbye);
    free(c);
    return ret;
}
