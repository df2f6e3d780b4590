#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#undef vid_fail

int vid_fail(struct vid_error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err || err->code)
        return code;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    return code;
}

void vid_error_clear(struct vid_error *err)
{
    if (!err)
        return;
    err->code = 0;
    err->text[0] = '\0';
}

char *vid_error_encode(const struct vid_error *err, char *text, size_t size)
{
    snprintf(text, size, "%d %s", err->code, err->text);
    return text;
}

void vid_error_decode(const char *text, struct vid_error *err)
{
    char *end;
    long code = strtol(text, &end, 10);
    int has_code = end != text && *end == ' ' && code < 0;

    err->code = has_code ? (int)code : -EIO;
    snprintf(err->text, sizeof(err->text), "%s", has_code ? end + 1 : text);
}
