/* Which streams are chosen, from made-up inputs. */
#include "media/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

struct fixture {
    AVFormatContext *in;
    struct stream_option items[4];
    struct output_options options;
    char url[8];
    struct vid_error err;
};

static AVStream *add(AVFormatContext *in, enum AVMediaType type, enum AVCodecID id, int disposition)
{
    AVStream *st = avformat_new_stream(in, NULL);
    assert_non_null(st);
    st->codecpar->codec_type = type;
    st->codecpar->codec_id = id;
    st->disposition = disposition;
    return st;
}

static AVStream *add_video(AVFormatContext *in, int width, int height, int disposition)
{
    AVStream *st = add(in, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, disposition);
    st->codecpar->width = width;
    st->codecpar->height = height;
    return st;
}

static AVStream *add_audio(AVFormatContext *in, int channels, int disposition)
{
    AVStream *st = add(in, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, disposition);
    av_channel_layout_default(&st->codecpar->ch_layout, channels);
    return st;
}

/* 0 cover art, 1 small video, 2 large video, 3 mono, 4 stereo, 5 DVD subtitles, 6 SRT, 7 font */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->in = avformat_alloc_context();
    add_video(f->in, 3000, 3000, AV_DISPOSITION_ATTACHED_PIC);
    add_video(f->in, 320, 240, 0);
    add_video(f->in, 640, 480, 0);
    AVStream *mono = add_audio(f->in, 1, 0);
    av_dict_set(&mono->metadata, "language", "deu", 0);
    add_audio(f->in, 2, 0);
    add(f->in, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_DVD_SUBTITLE, 0);
    add(f->in, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_SUBRIP, 0);
    add(f->in, AVMEDIA_TYPE_ATTACHMENT, AV_CODEC_ID_TTF, 0);
    strcpy(f->url, "out");
    f->options.url = f->url;
    f->options.streams.items = f->items;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    avformat_free_context(f->in);
    free(f);
    return 0;
}

static void option(struct fixture *f, const char *name, const char *spec, const char *value)
{
    struct stream_option *item = &f->items[f->options.streams.count++];
    *item = (struct stream_option){(char *)name, (char *)spec, (char *)value};
}

/* "1 4 6", or the error's text. */
static const char *chosen_but(struct fixture *f, const char *format, const enum AVDiscard *discard)
{
    static char text[400];
    struct mapping mapping;
    text[0] = '\0';
    vid_error_clear(&f->err);
    int code =
        mapping_choose(&f->options, f->in, discard, av_guess_format(format, NULL, NULL), &mapping, &f->err);
    f->options.streams.count = 0;
    if (code < 0) {
        assert_int_equal(code, -EINVAL);
        return f->err.text;
    }
    for (int i = 0; i < mapping.count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", i ? " " : "", mapping.inputs[i]);
    mapping_free(&mapping);
    return text;
}

static const char *chosen(struct fixture *f, const char *format)
{
    return chosen_but(f, format, NULL);
}

static const char *mapped(struct fixture *f, const char *first, const char *second)
{
    option(f, "map", "", first);
    if (second)
        option(f, "map", "", second);
    return chosen(f, "matroska");
}

static void test_best(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(chosen(f, "matroska"), "2 4 6");
    assert_string_equal(chosen(f, "mp4"), "2 4");
    assert_string_equal(chosen(f, "avi"), "2 4");
    assert_string_equal(chosen(f, "mp3"), "0 4");
    assert_string_equal(chosen(f, "wav"), "4");
    f->in->streams[1]->disposition = AV_DISPOSITION_DEFAULT;
    f->in->streams[3]->disposition = AV_DISPOSITION_DEFAULT;
    assert_string_equal(chosen(f, "matroska"), "1 3 6");
}

static void test_switched_off(void **state)
{
    struct fixture *f = *state;
    f->options.no_audio = true;
    assert_string_equal(chosen(f, "matroska"), "2 6");
    f->options.no_subtitle = true;
    assert_string_equal(chosen(f, "matroska"), "2");
    assert_string_equal(mapped(f, "0", NULL), "0 1 2 7");
    f->options.no_video = true;
    assert_string_equal(chosen(f, "matroska"), "out would contain no stream");
}

static void test_discarded(void **state)
{
    enum AVDiscard discard[8] = {[2] = AVDISCARD_ALL, [4] = AVDISCARD_ALL};
    assert_string_equal(chosen_but(*state, "matroska", discard), "1 3 6");
}

/* A subtitle encoder that is named takes the first stream; else its kind must fit. */
static void test_subtitles(void **state)
{
    struct fixture *f = *state;
    option(f, "c", "s", "copy");
    assert_string_equal(chosen(f, "matroska"), "2 4 5");
    assert_string_equal(chosen(f, "mpegts"), "2 4");
    option(f, "c", "s", "copy");
    assert_string_equal(chosen(f, "mpegts"), "2 4 5");
    f->in->streams[6]->codecpar->codec_id = AV_CODEC_ID_HDMV_PGS_SUBTITLE;
    assert_string_equal(chosen(f, "matroska"), "2 4");
}

static void test_map(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(mapped(f, "0", NULL), "0 1 2 3 4 5 6 7");
    assert_string_equal(mapped(f, "0:a", "0:v:1"), "3 4 1");
    assert_string_equal(mapped(f, "0", "-0:s"), "0 1 2 3 4 7");
    assert_string_equal(mapped(f, "0:v", "0:d?"), "0 1 2");
    assert_string_equal(mapped(f, "0:V", NULL), "1 2");
    assert_string_equal(mapped(f, "0:m:language:deu", "0:2"), "3 2");
    assert_string_equal(mapped(f, "0:1", "0:1"), "1 1");
    assert_string_equal(mapped(f, "0:9?", NULL), "2 4 6");
    assert_string_equal(mapped(f, "0:1", "-0:s"), "1");
}

static void test_map_refused(void **state)
{
    struct fixture *f = *state;
    assert_non_null(strstr(mapped(f, "0:9", NULL), "-map 0:9 matches no streams"));
    assert_non_null(strstr(mapped(f, "1:0", NULL), "there is one input file"));
    assert_non_null(strstr(mapped(f, "[out]", NULL), "-vf"));
    assert_non_null(strstr(mapped(f, "0:v", "0:x"), "not a stream specifier"));
    assert_non_null(strstr(mapped(f, "0:v", "-0:v"), "no stream"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_best, setup, teardown),
        cmocka_unit_test_setup_teardown(test_switched_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_discarded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subtitles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_map, setup, teardown),
        cmocka_unit_test_setup_teardown(test_map_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
