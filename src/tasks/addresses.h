/* addresses: under which numbers other nodes can reach this machine. Internal
 * to the room. */
#ifndef VID_TASKS_ADDRESSES_H
#define VID_TASKS_ADDRESSES_H

#include <stdio.h>

/* Writes "host:port,host:port..." as in a Redis URL: real networks first, then
 * bridges of containers, loopback last; no link-local ones; at most 24. */
void addresses_write(FILE *out, int port);

#endif
