/* cluster: what of MPI this program uses, and the only place that includes
 * mpi.h. One thread (MPI_THREAD_FUNNELED). Collectives only while starting
 * and ending; in between no call blocks, because Open MPI spins where it
 * waits and takes the core that should filter. */
#ifndef VID_VIDMPI_CLUSTER_H
#define VID_VIDMPI_CLUSTER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODE_NAME_MAX 256

/* What ranks say to each other; the numbers are MPI tags. */
enum cluster_tag {
    TAG_WANT = 1,    /* rank to 0: a task (task_encode's text) whose pixels it needs */
    TAG_PIXELS = 2,  /* 0 to rank: the slots of the oldest unanswered want, one message each, in order */
    TAG_TROUBLE = 3, /* rank to 0: vid_error_encode's text: no worker can be kept at work there */
    TAG_STOP = 4,    /* 0 to rank: the job has ended, well ("1") or not ("0"); "2": well, but ranks were
                        lost, so that MPI cannot be ended together */
    TAG_BYE = 5,     /* rank to 0: its worker is gone, it is ready to end */
};

struct cluster;

/* The place that the launcher gave this process, from its environment, before MPI_Init: 0 and 1 when
 * there is no launcher, and no MPI is then used at all. */
struct launch {
    int rank, size;
    bool one_node; /* as far as the launcher tells */
};
struct launch cluster_launch(void);

int cluster_open(const struct launch *launch, struct cluster **out, struct vid_error *err);
int cluster_rank(const struct cluster *cluster);
int cluster_size(const struct cluster *cluster);

/* Name of a rank's node: host name, or VIDMPI_NODE where a rank pretends to be elsewhere. */
const char *cluster_node(const struct cluster *cluster, int rank);
bool cluster_is_here(const struct cluster *cluster, int rank); /* on the same node as this rank */
int cluster_ranks_here(const struct cluster *cluster);
bool cluster_several_nodes(const struct cluster *cluster);

/* Rank 0's text for all, at the start. Every rank calls it; the others sleep
 * between looks. `idle` (may be NULL) is called at each look; a non-zero return gives up with that.
 * The result is malloc'ed on every rank. -ECANCELED when rank 0 passes NULL (it failed). */
int cluster_share(struct cluster *cluster, const char *text, size_t size, int (*idle)(void *opaque),
                  void *opaque, char **out, size_t *out_size, struct vid_error *err);

/* Sends a copy of the text; never waits. */
int cluster_send(struct cluster *cluster, int rank, enum cluster_tag tag, const char *text,
                 struct vid_error *err);

/* Sends bytes in place: they must stay until *busy is 0 again (cluster_progress sets it). */
int cluster_send_pixels(struct cluster *cluster, int rank, const void *mem, size_t size, int *busy,
                        struct vid_error *err);

/* Begins to receive the next TAG_PIXELS of rank 0; *busy is set to 1 and back to 0 when it is here. */
int cluster_receive_pixels(struct cluster *cluster, void *mem, size_t size, int *busy, struct vid_error *err);

/* Moves transfers on and gives one text message, if there is one: 1, else 0. */
struct cluster_message {
    enum cluster_tag tag;
    int rank; /* from */
    char text[64 * 1024];
};
int cluster_poll(struct cluster *cluster, struct cluster_message *message, struct vid_error *err);

/* Transfers under way. */
int cluster_busy(const struct cluster *cluster);

/* Ends MPI. `together`: all ranks do; otherwise some rank is lost and MPI_Finalize would hang: the caller
 * must leave by _exit after it. NULL-safe. */
void cluster_close(struct cluster **cluster, bool together);

#endif
