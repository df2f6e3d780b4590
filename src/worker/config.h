/* config: what a worker is told by its rank before it begins. Travels from
 * rank 0 to every rank by MPI and from the rank to its child as one control message. */
#ifndef VID_WORKER_CONFIG_H
#define VID_WORKER_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct worker_config {
    char *job;       /* the job's id in Redis */
    char *redis_url; /* may hold a password */
    char *run_dir;
    char *ring;   /* rank 0's frame ring, or the rank's own on another node */
    char *chain;  /* of each lane, chain_spec_encode's text; an empty line between two */
    char *filter; /* the graph as the user gave it, for the JSON beside a PNG */
    char *host;   /* name of the node */
    int rank;
    int log_level;
    int fetch;            /* 1: the ring is the rank's own, pixels must be asked for (CONTROL_WANT) */
    int durable;          /* 1: other nodes look at the run directory */
    int png;              /* 1: results also as PNG and JSON */
    int slot_kb;          /* size of a slot of rank 0's ring, for a rank that makes its own, */
    int slots;            /* and how many that has: two tasks with their context */
    int task_timeout_ms;  /* a frame may be in the filter so long; 0: 30 s or 20 times the median */
    int filter_memory_kb; /* KiB of the memory of its own that the worker may have; 0: no limit */
    int redis_timeout_ms; /* patience with a Redis that does not answer */
};

/* Text "key=value" lines, each ended by a NUL, into a malloc'ed block. */
int worker_config_encode(const struct worker_config *config, char **text, size_t *size,
                         struct vid_error *err);

/* -EBADMSG for a missing or unknown key. */
int worker_config_decode(const char *text, size_t size, struct worker_config *config, struct vid_error *err);

void worker_config_clear(struct worker_config *config);

#endif
