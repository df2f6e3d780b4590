/* crc32c_paths: the ways to the same CRC, so that a test can compare them. */
#ifndef VID_BASE_CRC32C_PATHS_H
#define VID_BASE_CRC32C_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Eight bytes a step by tables; on any CPU. */
uint32_t crc32c_portable(uint32_t crc, const void *mem, size_t size);

/* The CPU's instruction; to be called only where it is there. */
bool crc32c_has_instruction(void);
uint32_t crc32c_instruction(uint32_t crc, const void *mem, size_t size);

#endif
