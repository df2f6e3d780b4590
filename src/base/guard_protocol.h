/* guard_protocol: what the owner and its vidmpi-guard say to each other over
 * one socket, both ends of the same build.
 *
 * Guard to owner: one struct guard_news when its command runs or could not be
 * started (at first and after each "again"), and one when the command has ended.
 * Owner to guard: lines "file PATH", "folder PATH", "shm NAME", and "again" to
 * start the command anew; then end of file, by closing or by dying. A line
 * without its end does not count. */
#ifndef VID_BASE_GUARD_PROTOCOL_H
#define VID_BASE_GUARD_PROTOCOL_H

#include "base/error.h"

#include <stdbool.h>

#define GUARD_FD 3          /* the guard's end of the socket */
#define GUARD_LINE_MAX 4608 /* "folder ", PATH_MAX, '\n', and some */
#define GUARD_GRACE_MS 2000 /* from SIGTERM to SIGKILL for the command */

struct guard_news {
    bool running;           /* the command */
    struct vid_error error; /* code 0: all is well */
};

#endif
