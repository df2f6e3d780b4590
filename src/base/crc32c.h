/* crc32c: the Castagnoli CRC (RFC 3720, appendix B.4; polynomial 0x1EDC6F41
 * reflected), by the CPU's instruction where it has one. Several GB/s. */
#ifndef VID_BASE_CRC32C_H
#define VID_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to begin) over the bytes. crc32c(0, "123456789", 9) is
 * 0xE3069283. */
uint32_t crc32c(uint32_t crc, const void *mem, size_t size);

#endif
