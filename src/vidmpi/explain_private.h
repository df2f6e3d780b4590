/* explain_private: what the files of explain share. */
#ifndef VID_VIDMPI_EXPLAIN_PRIVATE_H
#define VID_VIDMPI_EXPLAIN_PRIVATE_H

#include "media/probe.h"
#include "vidmpi/cluster.h"
#include "vidmpi/job.h"
#include "vidmpi/speedup.h"

#include <stdio.h>

struct explanation {
    struct media_options options; /* the job's, for an output that is not opened */
    const struct launch *launch;
    struct job *job;            /* looked at, not open */
    struct probe probe;         /* what was measured */
    struct vid_error blind;     /* why nothing was; code 0: it was */
    struct speedup_costs costs; /* once explain_speed has added them up */
    double frames;              /* of the video, estimated; 0: unknown */
    double *flow; /* pictures before each piece, for each frame of the video; behind the last one */
    FILE *to;
};

/* A line of a section, whose name stands before its first one only. */
void explain_line(const struct explanation *e, const char *section, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* explain_parts.c: the parts with their filters; and what could be written otherwise. */
int explain_parts(const struct explanation *e, struct vid_error *err);
int explain_advice(const struct explanation *e, struct vid_error *err);

void explain_files(const struct explanation *e); /* explain_files.c */
void explain_speed(struct explanation *e);       /* explain_speed.c */

/* The lane of a parallel piece, by the piece's number. */
const struct lane *explain_lane(const struct explanation *e, int piece);

#endif
