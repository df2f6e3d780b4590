/* pacing: which pictures the encoder gets, and when: ffmpeg's -fps_mode. A
 * picture is encoded once, dropped, or repeated until the next one is due.
 * Arithmetic only, on ticks of the encoder's time base. Plain data; one thread.
 * Private to the room. */
#ifndef VID_MEDIA_PACING_H
#define VID_MEDIA_PACING_H

#include <stdbool.h>
#include <stdint.h>

enum pacing_mode {
    PACING_AUTO, /* never in a struct pacing: resolved when the output is opened */
    PACING_PASSTHROUGH,
    PACING_CFR,
    PACING_VFR,
    PACING_VSCFR, /* constant, but keeps the start that the input has */
    PACING_DROP,  /* passthrough, and the muxer makes new timestamps */
};

struct pacing {
    enum pacing_mode mode;
    int64_t next;       /* tick of the next frame that goes to the encoder */
    int64_t encoded;    /* frames that went there */
    int64_t limit;      /* -frames:v; INT64_MAX: none */
    int64_t repeats[3]; /* how often the last pictures' predecessors were repeated, newest first */
    bool withheld;      /* the last picture has not been encoded (yet) */
    int64_t duplicated, dropped;
};

/* What to do now: encode the picture before this one `previous` times, then this one up to `total`
 * times in all (previous <= total). Both 0: not now. */
struct pacing_step {
    int64_t total, previous;
};

struct pacing pacing_begin(enum pacing_mode mode, int64_t limit);

/* The picture at `time` ticks (exact, with fraction) that lasts `duration` ticks. `withheld` tells
 * whether it may still be encoded as the predecessor of the next one. -ERANGE: the gap is beyond all
 * reason and the picture is to be skipped. */
int pacing_picture(struct pacing *pacing, double time, double duration, struct pacing_step *step);

/* After the last picture: it may have to be repeated. */
struct pacing_step pacing_end(struct pacing *pacing);

/* One frame of the step went to the encoder: the tick it got. */
int64_t pacing_tick(struct pacing *pacing);

#endif
