#include "vidmpi/rank.h"

#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "vidmpi/exchange.h"
#include "vidmpi/interrupt.h"
#include "vidmpi/keeper.h"
#include "vidmpi/lease.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_IDLE_MS 20      /* between looks when nothing is awaited */
#define LOOK_NS (200 * 1000) /* when pixels are on their way */
#define LINGER_NS (3 * NS_PER_S)
#define DEAF_NS (10 * NS_PER_S) /* for rank 0 to answer when nothing else tells whether it is alive */
#define GRACE_MS 3000           /* for a worker that has taken its end mark */

struct rank {
    struct cluster *cluster;
    struct supervisor *first; /* the worker that was started before MPI, until the keeper has it */
    struct keeper *keeper;
    struct lease *lease;
    struct worker_config config;
    struct guard *guard;       /* of the ring, on another node */
    struct exchange *exchange; /* NULL on rank 0's node */
    struct cluster_message message;
    bool worker_gone;
    bool stopped;  /* rank 0 said so */
    bool well;     /* and the job ended well */
    bool together; /* and no rank is lost */
};

static int interrupted(void *opaque)
{
    (void)opaque;
    return interrupt_signal();
}

static int open_ring(struct rank *rank, struct vid_error *err)
{
    char name[64];
    int ret;

    snprintf(name, sizeof(name), "/vidmpi-%s-%d", rank->config.job, rank->config.rank);
    free(rank->config.ring);
    rank->config.ring = strdup(name);
    rank->config.fetch = 1;
    ret = rank->config.ring ? guard_start(NULL, NULL, &rank->guard, err)
                            : vid_fail(err, -ENOMEM, "no memory for the ring's name");
    if (ret < 0)
        return ret;
    guard_add_shm(rank->guard, name);
    return exchange_open(rank->cluster, name, (unsigned)rank->config.slots,
                         (size_t)rank->config.slot_kb * 1024, &rank->exchange, err);
}

/* Learns the job from rank 0 and has the worker begin. */
static int configure(struct rank *rank, struct vid_error *err)
{
    int number = cluster_rank(rank->cluster);
    char *text = NULL;
    size_t size = 0;
    int ret = cluster_share(rank->cluster, NULL, 0, interrupted, NULL, &text, &size, err);

    if (ret == 0)
        ret = worker_config_decode(text, size, &rank->config, err);
    free(text);
    if (ret < 0)
        return ret;
    rank->config.rank = number;
    free(rank->config.host);
    rank->config.host = strdup(cluster_node(rank->cluster, number));
    if (!cluster_is_here(rank->cluster, 0))
        ret = open_ring(rank, err);
    if (ret == 0)
        ret = lease_start(&rank->config, &rank->lease, err);
    return ret == 0 ? keeper_open(&rank->config, rank->lease, &rank->first, &rank->keeper, err) : ret;
}

static int take_from_worker(struct rank *rank, const struct control_message *message, struct vid_error *err)
{
    if (message->type == CONTROL_WANT && rank->exchange)
        return exchange_want(rank->exchange, message->body, message->size, err);
    if (message->type == CONTROL_FREE && rank->exchange)
        return exchange_free(rank->exchange, message->body, message->size, err);
    return 0;
}

static int take_event(struct rank *rank, int event, const struct control_message *message,
                      struct vid_error *err)
{
    if (event == KEEPER_MESSAGE)
        return take_from_worker(rank, message, err);
    if (rank->exchange)
        exchange_forget(rank->exchange);
    return 0;
}

/* All that the worker says now; waits up to timeout_ms for the first. */
static int listen_to_worker(struct rank *rank, int timeout_ms, struct vid_error *err)
{
    const struct control_message *message = NULL;
    int ret;

    if (rank->worker_gone) {
        clock_sleep_until(clock_now() + timeout_ms * NS_PER_MS);
        return 0;
    }
    while ((ret = keeper_poll(rank->keeper, timeout_ms, &message, err)) > 0) {
        ret = take_event(rank, ret, message, err);
        if (ret < 0)
            return ret;
        timeout_ms = 0;
    }
    rank->worker_gone = ret == VID_EOF;
    return ret == VID_EOF ? 0 : ret;
}

static int listen_to_rank_0(struct rank *rank, struct vid_error *err)
{
    int ret;

    while ((ret = cluster_poll(rank->cluster, &rank->message, err)) == 1) {
        if (rank->message.tag == TAG_STOP) {
            rank->stopped = true;
            rank->well = rank->message.text[0] != '0';
            rank->together = rank->message.text[0] != '2';
        }
    }
    return ret;
}

static int look(struct rank *rank, struct vid_error *err)
{
    bool waiting = exchange_waiting(rank->exchange);
    int ret = lease_check(rank->lease, err);

    if (ret == 0)
        ret = listen_to_worker(rank, waiting ? 0 : LOOK_IDLE_MS, err);
    if (ret == 0)
        ret = listen_to_rank_0(rank, err);
    if (ret == 0 && rank->exchange && !rank->worker_gone)
        ret = exchange_progress(rank->exchange, rank->keeper, err);
    if (waiting)
        clock_sleep_until(clock_now() + LOOK_NS);
    return ret;
}

/* Whether rank 0 may still have something to say: without a lease nobody tells when it is gone. */
static bool may_hear(struct rank *rank, int64_t begun)
{
    struct vid_error err = {0};

    return rank->lease && lease_check(rank->lease, &err) == 0 ? true : clock_now() - begun < DEAF_NS;
}

/* Tells rank 0 what happened here and waits until it has ended the job. */
static void give_up(struct rank *rank, const struct vid_error *why)
{
    struct vid_error err = {0};
    int64_t begun = clock_now();
    char text[sizeof(why->text) + 16];

    rank->worker_gone = true;
    keeper_stop(&rank->keeper, 0);
    if (cluster_send(rank->cluster, 0, TAG_TROUBLE, vid_error_encode(why, text, sizeof(text)), &err) < 0)
        return;
    while (!rank->stopped && !interrupt_signal() && may_hear(rank, begun) &&
           listen_to_rank_0(rank, &err) >= 0)
        clock_sleep_until(clock_now() + LOOK_IDLE_MS * NS_PER_MS);
    rank->together &= rank->stopped;
}

/* Pixels that were asked for still come, since MPI cannot take them back. */
static void drain(struct rank *rank)
{
    struct vid_error err = {0};
    int64_t deadline = clock_now() + 5 * NS_PER_S;

    while (cluster_busy(rank->cluster) && clock_now() < deadline && listen_to_rank_0(rank, &err) >= 0)
        clock_sleep_until(clock_now() + LOOK_NS);
}

/* Rank 0 ends MPI when all have said goodbye. */
static void say_goodbye(struct rank *rank)
{
    struct vid_error err = {0};

    drain(rank);
    if (cluster_send(rank->cluster, 0, TAG_BYE, "", &err) == 0)
        drain(rank);
}

/* mpirun kills all ranks as soon as one has left after a signal: rank 0, which has the most to
 * clean up, is to be the first. It takes this rank with it; else this ends by itself. */
static void let_rank_0_go_first(void)
{
    int64_t deadline = clock_now() + LINGER_NS;

    while (clock_now() < deadline)
        clock_sleep_until(deadline);
}

static void close_rank(struct rank *rank)
{
    supervisor_stop(&rank->first, 0);
    keeper_stop(&rank->keeper, rank->well ? GRACE_MS : 0);
    lease_stop(&rank->lease);
    if (rank->stopped)
        say_goodbye(rank);
    exchange_close(&rank->exchange);
    guard_stop(&rank->guard);
    worker_config_clear(&rank->config);
    free(rank);
}

int rank_run(struct cluster *cluster, struct supervisor **worker, bool *together, struct vid_error *err)
{
    struct rank *rank = calloc(1, sizeof(*rank));
    int ret;

    *together = true;
    if (!rank)
        return vid_fail(err, -ENOMEM, "no memory for the rank");
    rank->cluster = cluster;
    rank->together = true;
    rank->first = *worker;
    *worker = NULL;
    ret = configure(rank, err);
    while (ret == 0 && !rank->stopped && !interrupt_signal())
        ret = look(rank, err);
    if (ret == -EOWNERDEAD)
        rank->together = false;
    else if (ret < 0 && ret != -ECANCELED && ret != -EINTR)
        give_up(rank, err);
    *together = rank->together;
    close_rank(rank);
    if (interrupt_signal())
        let_rank_0_go_first();
    return interrupt_signal() ? -EINTR : ret;
}
