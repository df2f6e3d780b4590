/* result: the byte layout that the segment writer and the reader share.
 * docs/result-store.md describes it. All integers are little-endian.
 *
 * A rank appends payloads to results/rNNNN/seg-NNNNNN and, after each, one
 * record to results/rNNNN/index. A record counts when its own CRC32C matches; a
 * payload counts when its length and CRC32C match. Zeros or a short tail mean
 * "not yet" (sharedfs facts: a reader can see the length before the bytes). */
#ifndef VID_STORE_RESULT_H
#define VID_STORE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#define RESULT_RECORD_BYTES 64
#define RESULT_RECORD_MAGIC UINT32_C(0x52444956) /* "VIDR" */
#define RESULT_RECORD_VERSION 1
#define RESULT_PAYLOAD_ALIGN 64 /* payloads begin at multiples of this */

/* Where one frame's result lies. Plain data. */
struct result_ref {
    uint64_t frame;       /* number of the input frame, from 0 */
    uint32_t attempt;     /* which try of its task made it, from 1 */
    uint32_t rank;        /* whose segment */
    uint32_t segment;     /* number of the segment file, from 1 */
    uint32_t payload_crc; /* CRC32C of the payload */
    uint64_t offset;      /* of the payload in the segment, a multiple of 64 */
    uint64_t length;      /* of the payload in bytes */
    int64_t published;    /* clock_wall when the record was written */
};

void result_record_encode(const struct result_ref *ref, unsigned char record[RESULT_RECORD_BYTES]);

/* False for anything but a whole record of this version. */
bool result_record_decode(const unsigned char record[RESULT_RECORD_BYTES], struct result_ref *ref);

#endif
