/* fault: what breaks in the programs under test. libfault.so is loaded into them by LD_PRELOAD and stands
 * between them and their libraries; it does nothing unless its environment says so, and acts in vidmpi and
 * vidmpi-worker alone, whatever else is started with it.
 *
 *   VIDMPI_FAULT       rules, with ';' between them (below)
 *   VIDMPI_FAULT_DIR   a folder on a local disk for what has happened: `log`, one line a fault, and the
 * counts that all processes share VIDMPI_FAULT_PATH  faults of the store hit files below this folder
 *   VIDMPI_FAULT_SEED  a number: the same one gives the same faults
 *
 * A rule is a room and words, with ':' between them:
 *
 *   filter:WHEN:WHAT[:times=N]      in vidmpi-worker, as a picture goes into its filter graph
 *     WHEN   any, pts=N, frame=N (from 0), every=N (each Nth frame)
 *     WHAT   crash, kill, exit, hang, error, hog=MIB (it keeps them), sleep=MS
 *     times  how often one frame meets it, over all processes: 1, or `always`
 *   store:KIND=P[:ms=N][:times=N]   with probability P
 *     KIND   short  reads and writes stop early
 *            eintr, eio, enospc, estale  they fail
 *            late   other ranks see what was written up to `ms` later: zeros or a shorter file until then
 *     times  over all processes: `always`, or a number
 *
 * A rule that cannot be understood ends the program with status 99. */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_RULES_MAX 16
#define FAULT_ALWAYS (-1)

enum fault_word {
    FAULT_ANY,
    FAULT_PTS,
    FAULT_FRAME,
    FAULT_EVERY,
    FAULT_CRASH,
    FAULT_KILL,
    FAULT_EXIT,
    FAULT_HANG,
    FAULT_ERROR,
    FAULT_HOG,
    FAULT_SLEEP,
    FAULT_SHORT,
    FAULT_EINTR,
    FAULT_EIO,
    FAULT_ENOSPC,
    FAULT_ESTALE,
    FAULT_LATE,
    FAULT_TIMES,
    FAULT_MS,
    FAULT_WORDS
};

struct fault_rule {
    unsigned number; /* its place among the rules */
    bool filter;     /* else of the store */
    enum fault_word when, what;
    double at; /* WHEN's number */
    double by; /* WHAT's number: MIB, MS, or the probability */
    int ms, times;
};

/* The rules that hold in this process; none without the environment. They live as long as it does. */
const struct fault_rule *fault_rules(int *count);

/* A rule is about to fire for the thing `key`: true as often as it may, over all processes. */
bool fault_may(const struct fault_rule *rule, const char *key);

/* One line of the log: "WHAT: ..." */
void fault_log(const struct fault_rule *rule, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* VIDMPI_FAULT_DIR/NAME, into `path`. */
void fault_file(char *path, unsigned long size, const char *name);

/* A number in [0, 1) that follows from the seed and the key alone. */
double fault_draw(uint64_t key);
uint64_t fault_mix(uint64_t a, uint64_t b);
uint64_t fault_hash(const char *text);

/* This process's rank, 0 without MPI: a worker has its rank's. */
int fault_rank(void);

#endif
