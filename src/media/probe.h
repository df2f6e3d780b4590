/* probe: what each step of a job costs, measured on its first frames: decoding,
 * the pieces of its graph, the encoder. One step after the other, on the calling thread; reads the input
 * through a source of its own, and writes nothing. */
#ifndef VID_MEDIA_PROBE_H
#define VID_MEDIA_PROBE_H

#include "media/options.h"
#include "media/pieces.h"
#include "media/sink.h"

/* All times are seconds of CPU time of this process. */
struct probe_piece {
    unsigned in, out; /* frames that went in, pictures that came out with the end of the input */
    double build;     /* to configure its graph once */
    double filter;    /* of one frame */
    double pack;      /* one frame that goes in, into its packed form */
    double publish;   /* one picture that comes out: packed form and checksum */
};

struct probe {
    unsigned frames;            /* that were decoded */
    double decode;              /* of one frame */
    struct probe_piece *pieces; /* as many as the graph has */
    int count;
    unsigned encoded; /* pictures */
    double encode;    /* of one picture */
};

/* At most 16 frames and about 3 seconds, but one frame of each step at least, and what the encoder holds
 * back. `sink` (with the job's own options, before its first picture) and `pieces` are looked at only.
 * -ENODATA when a step gives no picture, so that the next one cannot be measured. media_probe_clear also
 * after a failure. */
int media_probe(const struct media_options *options, const struct media_sink *sink,
                const struct pieces *pieces, struct probe *out, struct vid_error *err);
void media_probe_clear(struct probe *probe);

#endif
