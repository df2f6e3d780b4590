#include "vidmpi/interrupt.h"

#include "base/clock.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#define WAKE_SIGNAL SIGUSR2
#define WAKE_NS (20 * NS_PER_MS)

static volatile sig_atomic_t caught;

/* Ctrl-C is the stronger wish. Under mpirun, which has the terminal, it comes as SIGTERM. */
static void on_signal(int signum)
{
    if (caught != SIGINT)
        caught = signum;
}

static void on_wake(int signum)
{
    (void)signum; /* what counts is that a blocked call returns */
}

void interrupt_setup(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction wake = {.sa_handler = on_wake};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&wake.sa_mask);
    sigaction(WAKE_SIGNAL, &wake, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int interrupt_signal(void)
{
    return caught;
}

void interrupt_join(pthread_t thread, bool ends)
{
    struct timespec until = clock_timespec(clock_wall() + WAKE_NS);

    /* By the wall clock: the thread sanitizer does not know pthread_clockjoin_np. */
    while (pthread_timedjoin_np(thread, NULL, &until) != 0) {
        if (ends || caught)
            pthread_kill(thread, WAKE_SIGNAL);
        until = clock_timespec(clock_wall() + WAKE_NS);
    }
}
