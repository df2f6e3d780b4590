#include "base/clock.h"

#include <limits.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

struct timespec clock_timespec(int64_t deadline)
{
    if (deadline < 0)
        deadline = 0;
    return (struct timespec){.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
}

void clock_sleep_until(int64_t deadline)
{
    struct timespec moment = clock_timespec(deadline);

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
}

int clock_ms_left(int64_t deadline)
{
    int64_t now = clock_now();
    int64_t ms;

    if (deadline <= now)
        return 0;
    ms = (deadline - now) / NS_PER_MS;
    if (ms >= INT_MAX)
        return INT_MAX;
    return (int)ms + ((deadline - now) % NS_PER_MS != 0);
}
