/* part: a sealed part of the encoded video: the packets of one session of the encoder, in a file of its own
 * that is safe on the disk. docs/parts.md has the bytes. */
#ifndef VID_MEDIA_PART_H
#define VID_MEDIA_PART_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* What the job's ledger keeps of it. */
struct media_part {
    unsigned number; /* from 1, without gaps */
    uint64_t first,
        end; /* the pictures in it, as media_sink_write counts them from 0; `end` is the next one's */
    uint64_t packets;
    uint64_t bytes; /* of the file */
    uint32_t crc;   /* CRC32C of the file */
};

/* "FOLDER/part-000001" into buf; returns buf. */
const char *media_part_path(const char *folder, unsigned number, char *buf, size_t size);

/* Is the file there, and is it that part, byte for byte? Reads all of it. 0; -EBADMSG when it is not, or
 * the errno of what failed, with its name. Any thread. */
int media_part_check(const char *folder, const struct media_part *part, struct vid_error *err);

/* How many whole packets the file has, sealed or not; 0 when there is none. Any thread. */
uint64_t media_part_packets(const char *folder, unsigned number);

#endif
