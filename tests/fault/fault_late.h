/* fault_late: bytes that other ranks do not see yet. A table in VIDMPI_FAULT_DIR that all processes map; the
 * writer puts a range into it before it writes, readers look there. A rank sees its own bytes at once, as on
 * a real filesystem its node does. Any thread. */
#ifndef FAULT_LATE_H
#define FAULT_LATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The range is hidden for `ms` from now. cut: as if the file ended before it; else it reads as zeros. */
void late_add(const char *path, uint64_t offset, uint64_t size, int ms, bool cut);

/* What of `got` bytes, read at `offset`, is in sight: clears what is not and returns how many to give. */
ssize_t late_hide(const char *path, uint64_t offset, void *mem, ssize_t got);

/* The size that the file of `size` bytes seems to have. */
uint64_t late_size(const char *path, uint64_t size);

#endif
