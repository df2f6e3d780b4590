#include "media/text_out.h"

#include <errno.h>
#include <libavformat/avio.h>
#include <libavutil/error.h>
#include <stdlib.h>
#include <string.h>

struct text_out {
    AVIOContext *io;
};

int text_out_open(const char *url, struct text_out **out, struct vid_error *err)
{
    struct text_out *text = calloc(1, sizeof(*text));
    char why[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    if (!text)
        return vid_fail(err, -ENOMEM, "no memory for -progress");
    ret = avio_open2(&text->io, strcmp(url, "-") == 0 ? "pipe:" : url, AVIO_FLAG_WRITE, NULL, NULL);
    if (ret < 0) {
        free(text);
        return vid_fail(err, ret, "-progress %s: %s", url, av_make_error_string(why, sizeof(why), ret));
    }
    *out = text;
    return 0;
}

void text_out_write(struct text_out *out, const char *text, size_t size)
{
    avio_write(out->io, (const unsigned char *)text, (int)size);
    avio_flush(out->io);
}

void text_out_close(struct text_out **out)
{
    struct text_out *text = *out;

    *out = NULL;
    if (!text)
        return;
    avio_closep(&text->io);
    free(text);
}
