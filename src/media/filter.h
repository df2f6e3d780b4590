/* filter: all that a filter of your own includes. It is built as a shared
 * object, found in the folders of VIDMPI_PLUGIN_PATH and in the installed one,
 * and named in -vf like any other filter. docs/writing-a-filter.md has a whole
 * one. C99 and C++.
 *
 * vidmpi gives the frames of one video to many processes. So what process() makes
 * of a frame may depend on that frame, those around it that the filter asks for, their
 * times and numbers, and the options; on nothing that an earlier call has left in the state. A
 * filter that cannot keep to this says VIDMPI_SERIAL and sees every frame in order.
 *
 * One instance is used by one thread at a time; several may live in one process. */
#ifndef VIDMPI_FILTER_H
#define VIDMPI_FILTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes when a struct below does; a plugin built for another one is not loaded. */
#define VIDMPI_FILTER_ABI 1

/* The window that a filter may ask for, before and after together. */
#define VIDMPI_WINDOW_MAX 64

/* A picture: plane i has stride[i] bytes from row to row (at least the row's length, maybe more). Rows and
 * samples of each plane are those of ffmpeg's pixel format of that name. */
struct vidmpi_picture {
    int width, height;  /* in pixels, of the picture; chroma planes may be smaller */
    const char *format; /* "yuv420p", "gray", "rgb24", ...: ffmpeg -pix_fmts */
    uint8_t *data[4];   /* NULL behind the last plane */
    ptrdiff_t stride[4];
    int64_t number; /* of the frame among those that the filter sees, from 0 */
    double time;    /* in seconds; not a number (NaN) when it has none */
};

/* The frames that process() may look at. */
struct vidmpi_window {
    const struct vidmpi_picture *const *pictures; /* before + 1 + after, in order: read only. NULL in the
                                                     places before the video's first frame and behind its
                                                     last; pictures[before] is the frame at work, never
                                                     NULL. All have one size and format */
    unsigned before, after;
};

/* What a filter may tell while one of its functions runs: `call` is vidmpi's, pass it on. */
struct vidmpi_call {
    /* Something found out about the frame at work: becomes its metadata "vidmpi.FILTER.KEY", for filters that
     * follow and for -frame-stats. A key that is told again replaces the older value. Both are copied. */
    void (*stat)(struct vidmpi_call *call, const char *key, const char *value);

    /* Why the function is about to return a failure, in one sentence. Returns -1, so that it can be returned
     * itself. */
    int (*fail)(struct vidmpi_call *call, const char *sentence);
};

/* How an option's text is read, and what its place in the options' struct is. */
enum vidmpi_option_type {
    VIDMPI_INT,    /* int */
    VIDMPI_DOUBLE, /* double */
    VIDMPI_BOOL,   /* int, 0 or 1: "1", "true", "yes", "0", ... */
    VIDMPI_TEXT,   /* const char *, valid as long as the instance; never NULL */
    VIDMPI_CHOICE, /* int, the index in `choices` */
    VIDMPI_COLOR,  /* uint8_t[4], R G B A: "red", "#ff0000", "0xff0000@0.5" as in ffmpeg */
};

/* One option; described here once, for reading, -h filter=NAME and messages. */
struct vidmpi_option {
    const char *name; /* lower case; NULL ends the list */
    const char *help; /* one line */
    enum vidmpi_option_type type;
    size_t offset;              /* in the options' struct */
    const char *preset;         /* the default, as text */
    double min, max;            /* of INT and DOUBLE, both allowed */
    const char *const *choices; /* of CHOICE: names, NULL ends */
};

enum vidmpi_filter_flags {
    VIDMPI_SERIAL = 1,     /* it must see every frame in order, on one rank */
    VIDMPI_WRITES_ALL = 2, /* process() writes every sample of `out`, which need not begin as a copy */
};

/* One filter. Functions that can fail return 0, or negative after call->fail. Those that may be NULL say so.
 */
struct vidmpi_filter {
    const char *name;                    /* in -vf; lower case letters, digits and _ */
    const char *summary;                 /* one line for -filters */
    const struct vidmpi_option *options; /* in the order in which values without a name are taken */
    size_t options_bytes;                /* of the options' struct */
    unsigned flags;                      /* enum vidmpi_filter_flags */

    /* The pixel formats that process() takes, best first, NULL ends. A picture in another one is converted
     * as ffmpeg would. NULL instead of the list: any. */
    const char *const *formats;

    /* Checks options against each other (each is in its range) and may correct them, and tells how many
     * frames before and after the one at work process() looks at: both are 0 already. NULL: none. */
    int (*context)(void *options, unsigned *before, unsigned *after, struct vidmpi_call *call);

    /* The size and format of `out` where they differ from the input's: `shape` has the input's width, height
     * and format and is changed; its other fields are not used. NULL: they do not differ. */
    int (*shape)(const void *options, struct vidmpi_picture *shape, struct vidmpi_call *call);

    /* Makes what process() needs every time (a model, tables, buffers), for pictures of this size and format.
     * NULL: nothing. */
    int (*init)(const void *options, const struct vidmpi_picture *shape, void **state,
                struct vidmpi_call *call);

    /* Makes `out` of the window. `out` has its number and time, and begins as a copy of the frame at work
     * where shape is NULL and not VIDMPI_WRITES_ALL; otherwise with any bytes. */
    int (*process)(void *state, const void *options, const struct vidmpi_window *window,
                   struct vidmpi_picture *out, struct vidmpi_call *call);

    /* Frees what init made; also after an init that failed with *state set. NULL: nothing. */
    void (*free)(void *state);
};

/* What the shared object exports, by the function `vidmpi_plugin`. Lives as long as the process. */
struct vidmpi_plugin {
    unsigned abi;                               /* VIDMPI_FILTER_ABI; looked at first */
    const char *name, *version;                 /* "opencv", "1.0" */
    const struct vidmpi_filter *const *filters; /* NULL ends */
};

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const struct vidmpi_plugin *
vidmpi_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
