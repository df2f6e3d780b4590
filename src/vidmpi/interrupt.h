/* interrupt: SIGINT and SIGTERM end the job in good order; the handler only
 * remembers which came. */
#ifndef VID_VIDMPI_INTERRUPT_H
#define VID_VIDMPI_INTERRUPT_H

void interrupt_setup(void);

/* The signal that came, or 0. */
int interrupt_signal(void);

#endif
