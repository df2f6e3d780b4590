/* parts_private: what the two files of parts share. */
#ifndef VID_MEDIA_PARTS_PRIVATE_H
#define VID_MEDIA_PARTS_PRIVATE_H

#include "media/part_seam.h"
#include "media/parts.h"

#include <pthread.h>

struct parts {
    struct sink_parts wanted; /* folder and sealed are our own copies */
    int64_t length;           /* of a part, microseconds */
    parts_emit emit;
    void *opaque;

    struct part_header header; /* of the part that is written, or was last */
    bool header_known;         /* what all parts have in common is in it */
    struct part_writer *writer;
    int64_t start;   /* tick of its first frame */
    uint64_t frames; /* that its session got */
    bool fresh;      /* and it has given no packet */

    /* The drain's while it runs. */
    struct part_seam seam;
    AVPacket **held; /* drained, and not passed on */
    int held_count, held_room;
    struct {
        AVCodecContext *enc;
        struct part_writer *writer;
        struct parts_rest rest;
        uint64_t end;
        bool fresh;
        int code;
        struct vid_error err;
    } drain;
    pthread_t thread;
    bool draining;

    int at; /* the next of the sealed parts that is not passed on to its end */
    struct part_reader *reader;
};

int parts_keep_header(struct parts *parts, const struct part_header *header, struct vid_error *err);

/* Both take the packet's contents. */
int parts_hold(struct parts *parts, AVPacket *packet, struct vid_error *err);
int parts_pass_on(struct parts *parts, AVPacket *packet, struct vid_error *err);

#endif
