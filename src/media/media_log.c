#include "media/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/log.h>

struct line {
    char text[2048];
    size_t length;
    int level; /* of its most severe piece */
};

/* libav's callback has no argument of ours, and a line's pieces and the calls that
 * cause them belong to one thread: this state can only live with the thread. */
static _Thread_local struct line line;
static _Thread_local int prefix_due;
static _Thread_local bool line_started;
static _Thread_local char last_error[1000], all_errors[1000];
static _Thread_local bool holding;
static _Thread_local char held[8192]; /* whole lines, each ended by a line feed */

static _Atomic int shown_level = AV_LOG_INFO;

/* The text after "[name @ 0x5581] [name @ 0x5582] ". */
static const char *after_prefix(const char *text)
{
    while (*text == '[') {
        const char *end = strstr(text, "] ");
        const char *at = strstr(text, " @ ");
        if (!end || !at || at > end)
            break;
        text = end + 2;
    }
    return text;
}

static void keep_error(const char *text)
{
    if (!*text)
        return;
    snprintf(last_error, sizeof(last_error), "%s", text);
    size_t used = strlen(all_errors);
    snprintf(all_errors + used, sizeof(all_errors) - used, "%s%s", used ? "; " : "", text);
}

/* True when the line is kept back. */
static bool hold(const char *text)
{
    size_t used = strlen(held);

    if (!holding || line.level > AV_LOG_ERROR || atomic_load(&shown_level) >= AV_LOG_VERBOSE ||
        used + line.length + 2 > sizeof(held))
        return false;
    snprintf(held + used, sizeof(held) - used, "%s\n", text);
    return true;
}

static void end_line(void)
{
    line.text[line.length] = '\0';
    if (line.level <= AV_LOG_ERROR)
        keep_error(after_prefix(line.text));
    if (line.level <= atomic_load(&shown_level) && !hold(line.text))
        log_line((enum log_level)line.level, "%s", line.text);
    line.length = 0;
    line_started = false;
}

static void add_byte(unsigned char byte)
{
    bool control = byte < 0x08 || (byte > 0x0d && byte < 0x20);
    if (line.length == sizeof(line.text) - 1)
        end_line();
    line.text[line.length++] = (char)(control ? '?' : byte);
    line_started = true;
}

static void add_piece(const char *text, int level)
{
    for (; *text; text++) {
        if (!line_started || level < line.level)
            line.level = level;
        line_started = true;
        if (*text == '\n')
            end_line();
        else if (*text != '\r')
            add_byte((unsigned char)*text);
    }
}

static void on_libav_line(void *context, int level, const char *format, va_list args)
{
    char piece[4096];

    if (level >= 0)
        level &= 0xff; /* the rest is a colour */
    if (level > AV_LOG_ERROR && level > atomic_load(&shown_level))
        return;
    if (!line_started)
        prefix_due = 1;
    if (av_log_format_line2(context, level, format, args, piece, sizeof(piece), &prefix_due) >= 0)
        add_piece(piece, level);
}

void media_log_setup(enum log_level level)
{
    atomic_store(&shown_level, (int)level);
    av_log_set_level((int)level);
    av_log_set_callback(on_libav_line);
}

void media_log_reset(void)
{
    last_error[0] = '\0';
    all_errors[0] = '\0';
}

static int give(const char *text, char *buf, size_t size)
{
    snprintf(buf, size, "%s", text);
    return (int)strlen(buf);
}

int media_log_last_error(char *buf, size_t size)
{
    return give(last_error, buf, size);
}

int media_log_errors(char *buf, size_t size)
{
    return give(all_errors, buf, size);
}

void media_log_hold(void)
{
    holding = true;
    held[0] = '\0';
}

void media_log_release(const struct vid_error *err)
{
    char *rest = held;

    holding = false;
    while (*rest) {
        char *end = strchr(rest, '\n');
        *end = '\0';
        if (LOG_ERROR <= log_level() && !(err && strstr(err->text, after_prefix(rest))))
            log_error("%s", rest);
        rest = end + 1;
    }
    held[0] = '\0';
}
