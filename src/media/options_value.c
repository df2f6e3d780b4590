#include "media/options_parse.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/eval.h>
#include <libavutil/log.h>
#include <libavutil/parseutils.h>

static int read_double(const char *text, double *to)
{
    char *rest;
    *to = av_strtod(text, &rest);
    return *text && !*rest && !isnan(*to) ? 0 : -EINVAL;
}

static int read_whole(const char *text, int64_t min, int64_t max, int64_t *to)
{
    const double beyond = 0x1p63;
    double number;
    if (read_double(text, &number) < 0 || number < -beyond || number > beyond)
        return -EINVAL;
    *to = number == beyond ? INT64_MAX : (int64_t)number;
    return (double)*to == number && *to >= min && *to <= max ? 0 : -EINVAL;
}

static int read_int(const char *text, int *to)
{
    int64_t number;
    int rc = read_whole(text, INT_MIN, INT_MAX, &number);
    if (!rc)
        *to = (int)number;
    return rc;
}

static int read_flag(const char *text, bool *to)
{
    int number;
    int rc = read_int(text, &number);
    if (!rc)
        *to = number != 0;
    return rc;
}

static int read_float(const char *text, float *to)
{
    double number;
    int rc = read_double(text, &number);
    if (!rc)
        *to = (float)number;
    return rc;
}

static int read_text(const char *text, char **to)
{
    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*to);
    *to = copy;
    return 0;
}

static int check_size(const char *text)
{
    int width, height;
    return av_parse_video_size(&width, &height, text) < 0 ? -EINVAL : 0;
}

static int check_rate(const char *text)
{
    AVRational rate;
    return av_parse_video_rate(&rate, text) < 0 ? -EINVAL : 0;
}

static int check_aspect(const char *text)
{
    AVRational ratio;
    return av_parse_ratio_quiet(&ratio, text, 255) < 0 || ratio.num <= 0 || ratio.den <= 0 ? -EINVAL : 0;
}

static int check_time_base(const char *text)
{
    AVRational ratio;
    return av_parse_ratio_quiet(&ratio, text, INT_MAX) < 0 || ratio.den <= 0 ? -EINVAL : 0;
}

static int read_as(enum option_value kind, const char *text, void *to)
{
    switch (kind) {
    case VALUE_TEXT:
        return read_text(text, to);
    case VALUE_URL:
        return read_text(strcmp(text, "-") ? text : "pipe:", to);
    case VALUE_NONE:
        return 0;
    case VALUE_FLAG:
    case VALUE_FLAG_WORD:
        return read_flag(text, to);
    case VALUE_INT:
        return read_int(text, to);
    case VALUE_INT64:
        return read_whole(text, INT64_MIN, INT64_MAX, to);
    case VALUE_FLOAT:
        return read_float(text, to);
    case VALUE_DOUBLE:
        return read_double(text, to);
    case VALUE_TIME:
        return av_parse_time(to, text, 1) < 0 ? -EINVAL : 0;
    case VALUE_SIZE:
        return check_size(text);
    case VALUE_RATE:
        return check_rate(text);
    case VALUE_ASPECT:
        return check_aspect(text);
    case VALUE_TIME_BASE:
        return check_time_base(text);
    }
    return -EINVAL;
}

static const struct {
    const char *what, *example;
} wanted[] = {
    [VALUE_TEXT] = {"a text", "some"},
    [VALUE_NONE] = {"", ""},
    [VALUE_FLAG] = {"a switch", "0 or 1"},
    [VALUE_FLAG_WORD] = {"a switch", "0 or 1"},
    [VALUE_INT] = {"a whole number", "25"},
    [VALUE_INT64] = {"a whole number", "1500 or 10M"},
    [VALUE_FLOAT] = {"a number", "0.7"},
    [VALUE_DOUBLE] = {"a number", "2.5"},
    [VALUE_TIME] = {"a time", "12.5 or 0:00:12.5"},
    [VALUE_URL] = {"a file name", "some"},
    [VALUE_SIZE] = {"a frame size", "1280x720 or hd720"},
    [VALUE_RATE] = {"a frame rate", "25, 30000/1001 or ntsc"},
    [VALUE_ASPECT] = {"an aspect ratio", "16:9 or 1.7778"},
    [VALUE_TIME_BASE] = {"a time base", "1:25, 0.04, 0 (of the frame rate) or -1 (of the source)"},
};

static int check_as(enum option_value kind, const char *text)
{
    _Alignas(max_align_t) char unused[sizeof(max_align_t)];
    return kind == VALUE_TEXT || kind == VALUE_URL ? 0 : read_as(kind, text, unused);
}

int option_read(const char *name, enum option_value kind, const char *text, void *to, struct vid_error *err)
{
    int rc = to ? read_as(kind, text, to) : check_as(kind, text);
    if (rc == -ENOMEM)
        return vid_fail(err, rc, "no memory for the value of -%.100s", name);
    if (rc < 0)
        return vid_fail(err, rc, "-%.100s: '%.200s' is not %s; write %s", name, text, wanted[kind].what,
                        wanted[kind].example);
    return 0;
}
