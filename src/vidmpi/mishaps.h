/* mishaps: what went wrong in the job and was mended, for the progress, the
 * summary and the manifest. Thread-safe. */
#ifndef VID_VIDMPI_MISHAPS_H
#define VID_VIDMPI_MISHAPS_H

#include <stdbool.h>
#include <stdint.h>

#define SUBSTITUTED_MAX 10000 /* that are named; more are counted only */

struct mishaps;

/* A frame that could not be filtered, and what stands in its place. */
struct substituted {
    uint64_t frame;
    char why[200];
};

struct mishap_counts {
    uint64_t retries;     /* tasks that were given out again */
    uint64_t copies;      /* second copies of slow tasks */
    uint64_t substituted; /* frames */
    unsigned ranks_lost;  /* that did not come back */
    unsigned restarts;    /* of the embedded redis-server */
};

struct mishaps *mishaps_create(void); /* NULL: no memory */
void mishaps_destroy(struct mishaps *mishaps);

void mishaps_retry(struct mishaps *mishaps);
void mishaps_copy(struct mishaps *mishaps);
void mishaps_restart(struct mishaps *mishaps);
void mishaps_substitute(struct mishaps *mishaps, uint64_t frame, const char *why);
void mishaps_ranks_lost(struct mishaps *mishaps, unsigned count); /* at this moment */

struct mishap_counts mishaps_counts(struct mishaps *mishaps);

/* The substituted frame number `index`, in the order of their loss; false behind the last one named. */
bool mishaps_substituted(struct mishaps *mishaps, uint64_t index, struct substituted *out);

/* Is the output other than it would have been? */
bool mishaps_degrade(struct mishaps *mishaps);

#endif
