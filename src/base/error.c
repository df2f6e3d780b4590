#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

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
