/* options: vidmpi's command line, which is ffmpeg's for one input and one
 * output. Same names, meaning and defaults; an option that does not exist here
 * is refused by name with the nearest one that does. */
#ifndef VID_MEDIA_OPTIONS_H
#define VID_MEDIA_OPTIONS_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define OPTION_NO_TIME INT64_MIN /* a time that was not given */

/* An option that may stand several times with a stream specifier:
 * -c:v libx264 is {"c", "v", "libx264"}. In the order given; the last one that
 * matches a stream counts. Aliases are resolved (vcodec -> c:v, vf -> filter:v,
 * b:v stays an AVOption). Values that have a syntax of their own (numbers, sizes, rates,
 * ratios) are known to parse; names of codecs and formats are not looked up. */
struct stream_option {
    char *name;
    char *spec; /* "" when none */
    char *value;
};

struct stream_options {
    struct stream_option *items;
    int count;
};

struct AVDictionary;

struct input_options {
    char *url;                     /* "-" is "pipe:" */
    char *format;                  /* -f before -i, or NULL */
    int64_t start, duration, stop; /* -ss, -t, -to in microseconds; OPTION_NO_TIME. Never duration
                                      and stop; stop is later than start */
    int64_t start_from_end;        /* -sseof, negative microseconds; OPTION_NO_TIME. Never with start */
    int64_t offset;                /* -itsoffset, microseconds, 0 */
    int stream_loop;               /* -stream_loop: times more, 0; -1: for ever */
    bool accurate_seek, autorotate, seek_timestamp; /* defaults true, true, false */
    bool bitexact;                                  /* -bitexact before -i: of demuxer and decoders */
    struct stream_options streams;    /* c, r, s, pix_fmt, ac, ar, channel_layout, sample_fmt, tag */
    struct AVDictionary *format_opts; /* demuxer and protocol AVOptions */
    struct AVDictionary *codec_opts;  /* decoder AVOptions; keys may end in ":spec" */
};

struct output_options {
    char *url;                                     /* "-" is "pipe:" */
    char *format;                                  /* -f, or NULL */
    int64_t start, duration, stop;                 /* -ss, -t, -to after -i, as for the input */
    int64_t limit_bytes;                           /* -fs; INT64_MAX */
    bool no_video, no_audio, no_subtitle, no_data; /* -vn -an -sn -dn */
    struct stream_options streams; /* map, c, filter, r, fps_mode (by name; -vsync is one with the spec ""),
                                      s, aspect, pix_fmt, frames, q, ar, ac, sample_fmt, tag, bsf, metadata
                                      (value "k=v"), map_metadata, disposition, pass, passlogfile,
                                      force_key_frames, enc_time_base, channel_layout, apad, autoscale */
    char *map_metadata;            /* the last -map_metadata without a specifier, or NULL */
    char *map_chapters;            /* "0", "-1", or NULL */
    float mux_delay, mux_preload;  /* -muxdelay 0.7, -muxpreload 0.5 */
    bool shortest;
    bool bitexact;                    /* -bitexact: of muxer and codecs */
    bool unwritten;                   /* set by the caller: nothing is opened for it, not even a pipe */
    struct AVDictionary *format_opts; /* muxer and protocol AVOptions */
    struct AVDictionary *codec_opts;  /* encoder AVOptions; keys may end in ":spec" */
    struct AVDictionary *sws_opts;    /* -sws_flags ...; flags=bicubic by default */
    struct AVDictionary *swr_opts;
};

enum overwrite { OVERWRITE_ASK, OVERWRITE_YES, OVERWRITE_NO };
enum results_kind { RESULTS_RAW, RESULTS_PNG };
enum on_error { ON_ERROR_FAIL, ON_ERROR_ORIGINAL, ON_ERROR_PREVIOUS, ON_ERROR_BLACK };
enum print_what { PRINT_NOTHING, PRINT_HELP, PRINT_VERSION, PRINT_FILTERS };

struct media_options {
    struct input_options in;
    struct output_options out;
    enum overwrite overwrite; /* -y, -n */
    enum log_level log_level; /* -loglevel, -v; default info */
    bool hide_banner;
    int stats;           /* -stats 1, -nostats 0, -1 not given */
    double stats_period; /* seconds, 0.5 */
    char *progress_url;  /* -progress, or NULL */
    int filter_threads;  /* -filter_threads; 0 = not given */
    bool copy_ts, start_at_zero;
    double max_error_rate; /* -max_error_rate, default 2/3 */
    bool exit_on_error;    /* -xerror */
    bool interactive;      /* true; -nostdin: nobody is asked whether to overwrite */
    enum print_what print; /* -h, -version, -filters: print and leave */

    /* Set by the caller, NULL otherwise: non-zero makes blocking reads of the input give up. Any thread. */
    int (*interrupted)(void);

    /* our own */
    char *redis_url;           /* -redis, else VIDMPI_REDIS, else NULL: embedded */
    char *run_dir;             /* -run-dir, or NULL */
    int window;                /* -window FRAMES; 0: from the number of ranks */
    enum results_kind results; /* -results raw|png */
    double part;               /* -part SECONDS of video in one session of the encoder, 10; 0: one session */
    int retries;               /* -retries, 3: how often a task is tried again */
    double retry_delay;        /* -retry-delay, seconds before the first retry, 1; doubles each time */
    enum on_error on_error;    /* -on-error: what becomes of a frame that cannot be filtered */
    double task_timeout;       /* -task-timeout, seconds for one task; 0: automatic */
    int64_t filter_memory;     /* -filter-memory, bytes of one worker; 0: no limit */
    double redis_timeout;      /* -redis-timeout, seconds that a dead Redis is waited for, 60 */
    bool verify;               /* -verify: the pictures are compared with a serial run's; begins anew */
    bool restart;              /* -restart: what an unfinished run left is thrown away */
    bool safe;                 /* -safe: filters may not reach outside */
    char **safe_allow;         /* -safe-allow DIR: folders that they may read; NULL at the end, or NULL */
    char *frame_stats;         /* -frame-stats FILE, or NULL */
    bool explain;              /* -explain: tell how the job would be run, and leave */

    /* What ffmpeg would have warned of: for the caller to log once its log is set up. */
    char **warnings;
    int warning_count;
};

/* Parses argv[1..argc-1], which it does not keep. 0; -EINVAL for a wrong command line (exit status 2), with
 * the option's name and the nearest one in the text; -ENOMEM. `*out` is NULL on failure. With -h or
 * -version `print` says so and nothing else is checked. Prints nothing. */
int media_options_parse(int argc, char **argv, struct media_options **out, struct vid_error *err);
void media_options_free(struct media_options **options); /* NULL-safe */

/* The help of -h: short and useful, fits a screen or two. */
void media_options_help(FILE *to);

/* "vidmpi 0.1.0" and the versions of the libraries, a line each. */
void media_options_version(FILE *to);

#endif
