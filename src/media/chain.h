/* chain: the filter graph of -vf with what ffmpeg puts around it (buffer
 * source, autorotation, size and pixel format that the encoder wants, buffer
 * sink), as the workers run it. Chains hold only filters that the catalog
 * knows to be exact frame by frame or with some frames before and after. One thread. */
#ifndef VID_MEDIA_CHAIN_H
#define VID_MEDIA_CHAIN_H

#include "base/error.h"
#include "media/options.h"
#include "media/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain;
struct chain_context;
struct chain_spec;
struct media_source;
struct media_sink;

/* What a chain is built from, on any rank: graph text, the source's time base, frame rate,
 * sample aspect ratio and display matrix, the formats that the encoder takes, thread count, scaler flags.
 * Made on rank 0 from the opened source and sink; travels as bytes. Checks the graph against the catalog:
 * -ENOTSUP with the filter and the reason when it cannot run in parallel. */
int chain_spec_create(const struct media_options *options, const struct media_source *source,
                      const struct media_sink *sink, struct chain_spec **out, struct vid_error *err);
void chain_spec_free(struct chain_spec **spec); /* NULL-safe */

/* The graph's context, on any rank. */
void chain_spec_context(const struct chain_spec *spec, struct chain_context *out);

/* As text for the wire (a malloc'ed string), and back. */
char *chain_spec_encode(const struct chain_spec *spec);
int chain_spec_decode(const char *text, struct chain_spec **out, struct vid_error *err);

/* Builds nothing yet: the graph is configured by the first picture, and anew when a picture's
 * size, format or rotation differs (then scaled to the first output size, as ffmpeg does). */
int chain_open(const struct chain_spec *spec, struct chain **out, struct vid_error *err);
void chain_close(struct chain **chain); /* NULL-safe */

/* Configures for this picture without filtering it, on rank 0 before the job starts: a wrong
 * option shows here with libavfilter's own message. Also fixes in the spec (`fix`, may be NULL) the output
 * size and format of the first configuration, for the workers. */
int chain_configure(struct chain *chain, const struct picture *first, struct chain_spec *fix,
                    struct vid_error *err);

/* What the sink of the configured graph gives; the sink opens its encoder by it. */
struct chain_output {
    int width, height, format;                  /* format: enum AVPixelFormat */
    int time_base[2], frame_rate[2], aspect[2]; /* num, den */
    bool meta; /* the graph changes no pixels: the encoder keeps the decoder's bits per sample */
};
int chain_output(const struct chain *chain, struct chain_output *out, struct vid_error *err);

/* Filters frame number `frame` (0 is the first that the filters see, `n` in their expressions), of a chain
 * that is not windowed (-EINVAL). Takes the reference. `emit` gets every output picture in order and takes
 * its reference; a negative return of it ends the call with that. */
typedef int (*chain_emit)(void *opaque, struct picture **picture);
int chain_filter(struct chain *chain, uint64_t frame, struct picture **picture, chain_emit emit, void *opaque,
                 struct vid_error *err);

/* A task: frames that it owns, with the context that is there. */
struct chain_run {
    uint64_t first;            /* number of the first frame that it owns */
    unsigned count;            /* that it owns */
    unsigned before, after;    /* what chain_feed says, fewer only where the video ends */
    bool last;                 /* the last picture is the video's last */
    struct picture **pictures; /* before + count + after of them, in order; stay the caller's */
};

/* Filters a task by a graph of its own, so that nothing of another task shows: `emit` gets in order every
 * picture that belongs to an owned frame, with that frame's number, and takes its reference; a frame may have
 * none or several. Over all tasks these are exactly the pictures of one run over the whole video, however it
 * is cut. Windowed chains need frames whose times grow, and those that take frames in groups need a graph
 * that is built at a whole group when the frames' size or format changes: -ERANGE else; -EINVAL when the
 * task's first picture is not at the beginning of a group or its last one not at the end. After the call
 * nothing holds the pictures' memory but the pictures that were emitted. A chain that is not windowed keeps
 * its graph, as with chain_filter. */
typedef int (*chain_run_emit)(void *opaque, uint64_t frame, struct picture **picture);
int chain_filter_run(struct chain *chain, const struct chain_run *run, chain_run_emit emit, void *opaque,
                     struct vid_error *err);

/* The class of a filter from the catalog, with those of its options that need most: each picture follows from
 * one frame; from some frames around it; from groups of frames, which are counted from the video's first one;
 * from all frames before it. */
enum filter_class { FILTER_UNKNOWN, FILTER_FRAME, FILTER_WINDOW, FILTER_ALIGNED, FILTER_SERIAL };

/* How a graph may be cut into tasks. */
struct chain_context {
    bool parallel;          /* else it must see all frames in order, for `reason` */
    bool windowed;          /* a task is run by chain_filter_run; else each frame may be filtered by itself */
    unsigned before, after; /* frames that a task needs beside those it owns: chain_feed */
    unsigned period; /* frames are taken in groups of so many, of which a task needs whole ones; 1: not so.
                        `before` is a multiple of it */
    unsigned task_frames; /* frames that a task of such a graph should own, a multiple of the period; 1 when
                             not windowed: as you like. Any other number is right too, only dearer */
    char reason[200];
};

/* The frames that a task needs which owns `count` frames from number `first`, 0 being the video's first: from
 * *from up to and without *to, which may lie behind the video's end (then the task gets those that there are,
 * and chain_run.last is set). That is: the groups of `period` frames that it owns some of, whole, and
 * `before` frames before and `after` frames after these. *from is a multiple of the period, also where the
 * video begins. */
void chain_feed(const struct chain_context *context, uint64_t first, uint64_t count, uint64_t *from,
                uint64_t *to);

/* The most frames that a task of up to `task_frames` frames needs, wherever it begins; at most 256. */
unsigned chain_feed_most(const struct chain_context *context);

/* What the catalog knows of a graph text. A syntax error or an unknown filter gives libavfilter's message and
 * -EINVAL. */
int chain_context(const char *text, struct chain_context *out, struct vid_error *err);

/* The same, but a graph that is not parallel is -ENOTSUP with its reason; `out` may be NULL. */
int catalog_check(const char *text, struct chain_context *out, struct vid_error *err);

#endif
