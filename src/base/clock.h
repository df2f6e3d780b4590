/* clock: time in nanoseconds, and deadlines. Every wait has one. */
#ifndef VID_BASE_CLOCK_H
#define VID_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Monotonic time of this node: for durations and deadlines. */
int64_t clock_now(void);

/* Wall-clock time, comparable between nodes as far as their clocks agree. */
int64_t clock_wall(void);

/* CLOCK_MONOTONIC moment `deadline` as a timespec, for
 * pthread_cond_clockwait and clock_nanosleep. */
struct timespec clock_timespec(int64_t deadline);

/* Sleeps until the moment or a signal. */
void clock_sleep_until(int64_t deadline);

/* Whole milliseconds left until the deadline, at least 0, rounded up and
 * capped at INT_MAX, for poll(2). */
int clock_ms_left(int64_t deadline);

#endif
