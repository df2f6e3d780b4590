/* interrupt: SIGINT, SIGTERM and SIGUSR1 (a batch system's warning) end the job in
 * good order; the handler only remembers which came. */
#ifndef VID_VIDMPI_INTERRUPT_H
#define VID_VIDMPI_INTERRUPT_H

#include <pthread.h>
#include <stdbool.h>

void interrupt_setup(void);

/* The signal that came, or 0. */
int interrupt_signal(void);

/* Waits until the thread has ended (as pthread_join). When it is to end (`ends`), or a signal has come,
 * breaks the system calls in which it may block: a read of a pipe that nobody writes to looks at no flag. */
void interrupt_join(pthread_t thread, bool ends);

#endif
