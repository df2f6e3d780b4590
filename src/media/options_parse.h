/* options_parse: what the files of the command line share. Private to the room. */
#ifndef VID_MEDIA_OPTIONS_PARSE_H
#define VID_MEDIA_OPTIONS_PARSE_H

#include "media/options.h"

#include <stddef.h>

/* How a value is written. */
enum option_value {
    VALUE_TEXT,
    VALUE_NONE,      /* no word follows, and there is no -no form: -h */
    VALUE_FLAG,      /* no word follows: -vn, -novn */
    VALUE_FLAG_WORD, /* -autorotate 0, -noautorotate */
    VALUE_INT,
    VALUE_INT64,
    VALUE_FLOAT,
    VALUE_DOUBLE,
    VALUE_TIME,
    VALUE_URL, /* "-" is "pipe:" */
    VALUE_SIZE,
    VALUE_RATE,
    VALUE_ASPECT,
    VALUE_TIME_BASE,
};

/* Where an option may stand, and what becomes of it. */
enum option_flags {
    OPTION_GLOBAL = 1,
    OPTION_INPUT = 2,
    OPTION_OUTPUT = 4,
    OPTION_SPEC = 8,     /* takes a stream specifier */
    OPTION_STREAM = 16,  /* goes into the side's stream_options */
    OPTION_IGNORED = 32, /* parsed and dropped with a warning: it has nothing to act on here */
};

struct parse;
struct option_use;

struct option_def {
    const char *name;
    enum option_value value;
    unsigned flags;
    const char *stored; /* name or "name:spec" of the stream option when it is not `name` */
    size_t field[2];    /* offset in struct media_options: of the input; of the output or global */
    int (*apply)(struct parse *parse, const struct option_use *use); /* instead of storing */
};

/* One option of the command line. Points into argv. */
struct option_use {
    const struct option_def *def;
    const char *name;  /* as typed after the '-' */
    const char *spec;  /* after the first ':' of the name, or "" */
    const char *value; /* "1" or "0" for a flag */
};

/* What stands before a file's name belongs to that file. */
struct option_group {
    struct option_use *uses;
    int count;
    struct AVDictionary *codec_opts, *format_opts, *sws_opts, *swr_opts;
};

struct parse {
    int argc;
    char **argv;
    int next;    /* index of the next word */
    int literal; /* index of the word after "--", a file name whatever it looks like */
    struct media_options *options;
    struct option_group group;
    bool yes, no, level_given, debug;
    const char *vsync; /* the last -vsync, as the name of an fps_mode */
    struct vid_error *err;
};

/* options_table.c: the definition that `name` (with or without ":spec") means, or NULL; the reason why
 * ffmpeg's option of that name is not there, or NULL. */
const struct option_def *option_find(const char *name);
const char *option_refusal(const char *name);

/* Names of options for suggestions, NULL-terminated; the names themselves are not owned. Short of memory
 * the list is short. */
struct option_names {
    const char **items;
    size_t count, room;
};
void option_names_add(struct option_names *names, const char *name);
void option_names_table(struct option_names *names); /* options_table.c */
void option_names_libav(
    struct option_names *names); /* options_libav.c: every AVOption that option_libav finds */

/* options_value.c: reads the value of option `name` by kind into `to`, or only checks it when `to` is NULL.
 * -EINVAL with a sentence. VALUE_TEXT and VALUE_URL replace the char * at `to`. */
int option_read(const char *name, enum option_value kind, const char *text, void *to, struct vid_error *err);

/* options_apply.c: stores one use on its side (OPTION_GLOBAL, _INPUT or _OUTPUT). */
int option_store(struct parse *parse, const struct option_use *use, unsigned side);
int option_add_stream(struct stream_options *streams, const char *name, const char *spec, const char *value,
                      struct vid_error *err);
int option_warn(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* options_libav.c: `name` as an AVOption of codecs, formats, scaler or resampler, into the group's
 * dictionaries. 1 when it is one, 0 when not, negative when its value is wrong. */
int option_libav(struct option_group *group, const char *name, const char *value, struct vid_error *err);

/* Moves the group's dictionaries to their file; refuses an option of the other side: an encoder's before -i.
 */
int option_move_input(struct parse *parse);
int option_move_output(struct parse *parse);
void option_group_free(struct option_group *group);

#endif
