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
 * b:v stays an AVOption). */
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
    char *url;    /* "-" is "pipe:" */
    char *format; /* -f before -i, or NULL */
    int64_t start, duration, stop; /* -ss, -t, -to in microseconds; OPTION_NO_TIME */
    int64_t offset;                /* -itsoffset, microseconds, 0 */
    bool accurate_seek, autorotate, seek_timestamp; /* defaults true, true, false */
    struct stream_options streams;           /* c, r, s, pix_fmt, ac, ar, ... before -i */
    struct AVDictionary *format_opts;        /* demuxer and protocol AVOptions */
    struct AVDictionary *codec_opts;         /* decoder AVOptions; keys may end in ":spec" */
};

struct output_options {
    char *url;    /* "-" is "pipe:" */
    char *format; /* -f, or NULL */
    int64_t start, duration, stop; /* -ss, -t, -to after -i */
    int64_t limit_bytes;           /* -fs; INT64_MAX */
    bool no_video, no_audio, no_subtitle, no_data; /* -vn -an -sn -dn */
    struct stream_options streams; /* map, c, filter, r, fps_mode, s, aspect, pix_fmt, frames, q, ar, ac,
                                      sample_fmt, tag, bsf, metadata (value "k=v"), disposition, pass,
                                      passlogfile, force_key_frames, enc_time_base, channel_layout, apad, ... */
    char *map_metadata, *map_chapters; /* as given, or NULL */
    float mux_delay, mux_preload;      /* -muxdelay 0.7, -muxpreload 0.5 */
    bool shortest;
    bool bitexact;                     /* -bitexact: of muxer and codecs */
    struct AVDictionary *format_opts;  /* muxer and protocol AVOptions */
    struct AVDictionary *codec_opts;   /* encoder AVOptions; keys may end in ":spec" */
    struct AVDictionary *sws_opts;     /* -sws_flags ...; flags=bicubic by default */
    struct AVDictionary *swr_opts;
};

enum overwrite { OVERWRITE_ASK, OVERWRITE_YES, OVERWRITE_NO };
enum results_kind { RESULTS_RAW, RESULTS_PNG };
enum print_what { PRINT_NOTHING, PRINT_HELP, PRINT_VERSION };

struct media_options {
    struct input_options in;
    struct output_options out;
    enum overwrite overwrite; /* -y, -n */
    enum log_level log_level; /* -loglevel, -v; default info */
    bool hide_banner;
    int stats;                /* -stats 1, -nostats 0, -1 not given */
    double stats_period;      /* seconds, 0.5 */
    char *progress_url;       /* -progress, or NULL */
    int filter_threads;       /* -filter_threads; 0 = not given */
    bool copy_ts, start_at_zero;
    int max_error_rate_percent; /* -max_error_rate, default 66 */
    bool exit_on_error;         /* -xerror */
    enum print_what print;    /* -h, -version: print and leave */

    /* our own */
    char *redis_url; /* -redis, else VIDMPI_REDIS, else NULL: embedded */
    char *run_dir;   /* -run-dir, or NULL */
    int window;      /* -window FRAMES; 0: from the number of ranks */
    enum results_kind results; /* -results raw|png */
};

/* Parses argv[1..]. 0; -EINVAL for a wrong command line (exit status 2), with
 * the option's name and the nearest one in the text. */
int media_options_parse(int argc, char **argv, struct media_options **out, struct vid_error *err);
void media_options_free(struct media_options **options); /* NULL-safe */

/* The help of -h: short and useful, fits a screen or two. */
void media_options_help(FILE *to);

/* "vidmpi 0.1.0" and the versions of the libraries, a line each. */
void media_options_version(FILE *to);

#endif
