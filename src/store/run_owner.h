/* run_owner: who holds a run directory, as the one line of the file `owner`.
 * Private to the room. Plain data. */
#ifndef VID_STORE_RUN_OWNER_H
#define VID_STORE_RUN_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_owner {
    char host[65];
    char boot[37];   /* boot id of the kernel; "-" when not known */
    uint64_t pid_ns; /* inode of the pid namespace: pids of another container mean nothing here */
    int pid;
    uint64_t started; /* of the process, in clock ticks after boot: a pid is used again */
    uint64_t counter; /* moves while the job lives */
    unsigned made;    /* how many folders at the end of the path the job has made */
};

#define RUN_OWNER_BYTES 202 /* the line, whatever the values are */

/* This process. */
void run_owner_self(struct run_owner *owner);

void run_owner_format(const struct run_owner *owner, char line[RUN_OWNER_BYTES + 1]);
bool run_owner_parse(const char *line, size_t size, struct run_owner *owner);

/* Whether both lines were written by the same process. */
bool run_owner_same(const struct run_owner *a, const struct run_owner *b);

/* OWNER_AWAY: of another host, boot or container; only its counter tells. */
enum owner_state { OWNER_LIVES, OWNER_DEAD, OWNER_AWAY };
enum owner_state run_owner_state(const struct run_owner *owner);

#endif
