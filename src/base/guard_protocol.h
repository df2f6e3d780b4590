/* guard_protocol: what the owner and its vidmpi-guard say to each other over
 * one socket, both ends of the same build.
 *
 * Guard to owner: one struct guard_hello, when its command runs or could not
 * be started; then end of file when the command has ended (at once when there
 * is none). Owner to guard: lines "file PATH", "folder PATH", "shm NAME"; then
 * end of file, by closing or by dying. A line without its end does not count. */
#ifndef VID_BASE_GUARD_PROTOCOL_H
#define VID_BASE_GUARD_PROTOCOL_H

#include "base/error.h"

#define GUARD_FD 3          /* the guard's end of the socket */
#define GUARD_LINE_MAX 4608 /* "folder ", PATH_MAX, '\n', and some */
#define GUARD_GRACE_MS 2000 /* from SIGTERM to SIGKILL for the command */

struct guard_hello {
    struct vid_error error; /* code 0: all is well */
};

#endif
