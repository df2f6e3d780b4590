/* part_seam: decoding times over the seam between two sessions of an encoder. One that reorders frames
 * (B-frames) decodes each packet at the time of the frame shown `delay` frames before; for a session's first
 * packets it guesses, since it has not seen these frames. Here they get the times that one session would have
 * given. Arithmetic only; plain data; one thread at a time. Private to the room. */
#ifndef VID_MEDIA_PART_SEAM_H
#define VID_MEDIA_PART_SEAM_H

#include <libavcodec/packet.h>
#include <stdbool.h>
#include <stdint.h>

#define SEAM_DELAY_MAX 16 /* H.264's and HEVC's largest */

struct part_seam {
    int delay;                      /* in frames; 0: none, or none seen so far */
    int session;                    /* from 1 */
    int64_t index;                  /* of the next packet in its session */
    int64_t first;                  /* pts of the session's first packet */
    int64_t recent[SEAM_DELAY_MAX]; /* the latest presentation times of all, rising */
    int64_t before[SEAM_DELAY_MAX]; /* the same when the session began */
    int recent_count, before_count;
    bool learned; /* what this session says of the delay */
};

/* A session begins. All zeros before the first. */
void part_seam_begin(struct part_seam *seam);

/* Its next packet, in the order of decoding. One that has been here in an earlier run stays as it is. */
void part_seam_packet(struct part_seam *seam, AVPacket *packet);

#endif
