#include "media/internal.h"

#include <stdarg.h>
#include <stdio.h>

int media_fail(struct vid_error *err, int code, const char *format, ...)
{
    char what[800], why[AV_ERROR_MAX_STRING_SIZE] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    av_strerror(code, why, sizeof(why));
    return vid_fail(err, code, "%s: %s", what, why);
}
