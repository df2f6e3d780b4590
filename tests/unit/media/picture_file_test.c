#include "media_check.h"

#include "media/picture_file.h"

#include <libavutil/imgutils.h>

#define FORMATS_MAX 400

/* A picture with noise all over its memory. */
static struct picture *make_picture(enum AVPixelFormat format, int width, int height)
{
    static unsigned state = 1;
    AVFrame *frame = av_frame_alloc();

    frame->format = format;
    frame->width = width;
    frame->height = height;
    frame->sample_aspect_ratio = (AVRational){4, 3};
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int p = 0; p < 4 && frame->buf[p]; p++) {
        for (size_t i = 0; i < frame->buf[p]->size; i++)
            frame->buf[p]->data[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    }
    frame->pts = 12345;
    return picture_from_frame(&frame, (AVRational){1001, 30000});
}

static void save(const struct picture *picture, const char *name)
{
    struct vid_error err = {0};

    if (picture_save(picture, check_path(name), &err) < 0)
        fail_msg("%s: %s", picture_format_name(picture), err.text);
}

static void assert_bytes(const struct picture *picture, const char *name)
{
    const AVFrame *frame = picture->frame;
    int size = av_image_get_buffer_size(frame->format, frame->width, frame->height, 1);
    unsigned char *wanted = malloc((size_t)size), *got = calloc(1, (size_t)size + 1);
    FILE *file = fopen(check_path(name), "re");

    assert_non_null(file);
    av_image_copy_to_buffer(wanted, size, (const uint8_t *const *)frame->data, frame->linesize, frame->format,
                            frame->width, frame->height, 1);
    if (fread(got, 1, (size_t)size + 1, file) != (size_t)size || memcmp(got, wanted, (size_t)size) != 0)
        fail_msg("%s %dx%d: ffmpeg reads other bytes", picture_format_name(picture), frame->width,
                 frame->height);
    fclose(file);
    free(wanted);
    free(got);
}

/* What ffmpeg says that the inputs are, "FORMAT WxH" a line; it writes their bytes to N.raw. */
static char *read_all(int count)
{
    return check_shell("set --; for i in $(seq 0 %d); do set -- \"$@\" -i $i.nut; done; "
                       "for i in $(seq 0 %d); do set -- \"$@\" -map $i -f rawvideo $i.raw; done; "
                       "ffmpeg -nostdin -y \"$@\" 2>&1 | "
                       "sed -n '/^Stream mapping/q; s/.*Video: rawvideo.* 0x[0-9A-F]*), "
                       "\\([a-z0-9_]*\\).*, \\([0-9]*x[0-9]*\\).*/\\1 \\2/p; $!d'",
                       count - 1, count - 1);
}

static void check_every_format(int width, int height)
{
    struct picture *pictures[FORMATS_MAX];
    const AVPixFmtDescriptor *desc = NULL;
    char *text, *line, *rest;
    int count = 0, named = 0;

    while ((desc = av_pix_fmt_desc_next(desc)) && count < FORMATS_MAX) {
        char name[20];

        if (desc->flags & AV_PIX_FMT_FLAG_HWACCEL)
            continue;
        snprintf(name, sizeof(name), "%d.nut", count);
        pictures[count] = make_picture(av_pix_fmt_desc_get_id(desc), width, height);
        save(pictures[count++], name);
    }
    text = rest = read_all(count);
    for (int i = 0; i < count; i++) {
        char name[20], wanted[80];

        line = strsep(&rest, "\n");
        snprintf(name, sizeof(name), "%d.raw", i);
        snprintf(wanted, sizeof(wanted), "%s %dx%d", picture_format_name(pictures[i]), width, height);
        assert_non_null(line);
        if (strcmp(line, wanted) == 0)
            named++;
        else if (strncmp(line, "gray ", 5) != 0 && strncmp(wanted, "yuvj", 4) != 0)
            fail_msg("%s is read as %s", wanted, line);
        assert_bytes(pictures[i], name);
        picture_unref(&pictures[i]);
    }
    assert_true(count > 150 && named > 120);
    free(text);
}

static void ffmpeg_reads_every_format(void **state)
{
    check_every_format(64, 48);
    check_every_format(37, 23);
}

static void assert_shown(const struct picture *picture, const char *wanted)
{
    char *text;

    save(picture, "a.nut");
    text = check_shell("ffprobe -v error -show_entries frame=pts_time:stream=sample_aspect_ratio "
                       "-of csv=p=0 a.nut | tr '\\n' ' '");
    assert_string_equal(text, wanted);
    free(text);
}

static void time_and_aspect_are_kept(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 64, 48);

    assert_shown(picture, "411.911500 4:3 ");
    picture->frame->pts = -7;
    assert_shown(picture, "0.000000 4:3 "); /* NUT knows no time before 0 */
    picture->frame->pts = AV_NOPTS_VALUE;
    picture->time_base = (AVRational){0, 1};
    assert_shown(picture, "0.000000 4:3 ");
    picture_unref(&picture);
}

/* The comment's command makes a picture of grey bytes again. */
static void grey_bytes_say_what_they_are(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_P010LE, 64, 48);
    char *text;

    save(picture, "b.nut");
    text = check_shell("ffprobe -v error -show_entries stream_tags=comment -of csv=p=0 b.nut");
    assert_non_null(strstr(text, "-pixel_format p010le -video_size 64x48"));
    free(text);
    text = check_shell("c=$(ffprobe -v error -show_entries stream_tags=comment -of default=nk=1:nw=1 b.nut); "
                       "c=${c#*: }; c=$(echo \"$c\" | sed 's/THIS/b.nut/'); "
                       "eval \"$c -f rawvideo b.raw\" 2>/dev/null");
    free(text);
    assert_bytes(picture, "b.raw");
    picture_unref(&picture);
}

static void a_folder_that_is_not_there(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 64, 48);
    struct vid_error err = {0};

    assert_int_equal(picture_save(picture, check_path("none/a.nut"), &err), -ENOENT);
    assert_non_null(strstr(err.text, "none/a.nut"));
    picture_unref(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ffmpeg_reads_every_format),
        cmocka_unit_test(time_and_aspect_are_kept),
        cmocka_unit_test(grey_bytes_say_what_they_are),
        cmocka_unit_test(a_folder_that_is_not_there),
    };

    return cmocka_run_group_tests_name("picture_file", tests, check_setup, check_teardown);
}
