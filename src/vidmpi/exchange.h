/* exchange: pixels for workers on other nodes. Rank 0 serves its ring; a rank
 * elsewhere keeps a small ring of its own and fills it, one task ahead of its
 * worker. Pulled Send/Recv: MPI's one-sided access fails across nodes
 * (docs/architecture.md). Main thread of each rank. */
#ifndef VID_VIDMPI_EXCHANGE_H
#define VID_VIDMPI_EXCHANGE_H

#include "base/error.h"
#include "store/frame_ring.h"
#include "vidmpi/cluster.h"
#include "vidmpi/job.h"
#include "vidmpi/keeper.h"

/* Rank 0: sends from its lane's ring the slots of the task whose text a rank sent (TAG_WANT). */
int exchange_serve(struct cluster *cluster, const struct job *job, int rank, const char *text,
                   struct vid_error *err);

/* A rank on another node. */
struct exchange;

/* Makes the rank's ring under the given name. */
int exchange_open(struct cluster *cluster, const char *ring_name, unsigned slots, size_t slot_bytes,
                  struct exchange **out, struct vid_error *err);

/* The worker wants a task's pixels (CONTROL_WANT), or is done with them (CONTROL_FREE). */
int exchange_want(struct exchange *exchange, const char *text, size_t size, struct vid_error *err);
int exchange_free(struct exchange *exchange, const char *text, size_t size, struct vid_error *err);

/* The worker is gone: nothing that it wanted is needed. What is on its way still comes. */
void exchange_forget(struct exchange *exchange);

/* Begins what has room now, and tells the worker of what has arrived. Call after cluster_poll. */
int exchange_progress(struct exchange *exchange, struct keeper *keeper, struct vid_error *err);

/* True while pixels are awaited: the caller then looks more often. */
bool exchange_waiting(const struct exchange *exchange);

void exchange_close(struct exchange **exchange); /* NULL-safe */

#endif
