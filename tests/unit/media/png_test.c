#include "media_check.h"

static struct picture *first_frame(const char *clip, const char *input)
{
    struct check_run run;
    struct picture *picture;
    char line[200];

    check_make("%s %s", input, clip);
    snprintf(line, sizeof(line), "-i @%s o.nut", clip);
    check_open(&run, line);
    picture = check_next(&run);
    assert_non_null(picture);
    check_close(&run);
    return picture;
}

/* "width height pix_fmt r g b" of the file and one pixel of it, by ffmpeg. */
static char *describe(const char *name, int x, int y)
{
    return check_shell(
        "ffprobe -v error -show_entries stream=width,height,pix_fmt -of csv=p=0 %s | tr ',\n' '  '; "
        "ffmpeg -nostdin -v error -i %s -vf format=rgb24,crop=1:1:%d:%d -f rawvideo - | od -An -tu1",
        name, name, x, y);
}

static void assert_near(const char *text, int width, int height, const char *format, int r, int g, int b)
{
    char name[20];
    int w, h, c[3];

    assert_int_equal(sscanf(text, "%d %d %19s %d %d %d", &w, &h, name, &c[0], &c[1], &c[2]), 6);
    assert_int_equal(w, width);
    assert_int_equal(h, height);
    assert_string_equal(name, format);
    if (abs(c[0] - r) > 4 || abs(c[1] - g) > 4 || abs(c[2] - b) > 4)
        fail_msg("%s: expected %d %d %d", text, r, g, b);
}

static void check_colour(const char *clip, const char *make, int max_width, int width, int height,
                         const char *format)
{
    struct picture *picture = first_frame(clip, make);
    struct vid_error err = {0};
    char *text;

    if (picture_write_png(picture, max_width, check_path("out.png"), &err) < 0)
        fail_msg("%s", err.text);
    picture_unref(&picture);
    text = describe("out.png", width / 2, height / 2);
    assert_near(text, width, height, format, 200, 100, 50);
    free(text);
}

#define COLOUR "-f lavfi -i color=0xC86432:s=160x90:d=0.1,format=gbrp"

static void colours_are_right(void **state)
{
    check_colour("a.mkv", COLOUR " -c:v ffv1 -pix_fmt gbrp", 0, 160, 90, "rgb24");
    check_colour("b.mkv", COLOUR " -c:v ffv1 -pix_fmt yuv420p", 0, 160, 90, "rgb24");
    check_colour("c.mkv",
                 COLOUR " -c:v ffv1 -vf scale=out_color_matrix=bt709,format=yuv444p10 -colorspace bt709", 0,
                 160, 90, "rgb24");
    check_colour("d.mkv", COLOUR " -c:v ffv1 -vf scale=out_range=pc,format=yuv420p -color_range pc", 0, 160,
                 90, "rgb24");
    check_colour("e.mov", COLOUR " -c:v qtrle -pix_fmt argb", 0, 160, 90, "rgba");
}

static void it_is_made_smaller_not_larger(void **state)
{
    check_colour("f.mkv", COLOUR " -c:v ffv1 -pix_fmt yuv420p", 80, 80, 45, "rgb24");
    check_colour("g.mkv", COLOUR " -c:v ffv1 -pix_fmt yuv420p", 1000, 160, 90, "rgb24");
    check_colour("h.mkv", COLOUR " -c:v ffv1 -pix_fmt yuv420p", 1, 1, 1, "rgb24");
}

static void a_folder_that_is_not_there(void **state)
{
    struct picture *picture = first_frame("i.mkv", COLOUR " -c:v ffv1");
    struct vid_error err = {0};

    assert_true(picture_write_png(picture, 0, check_path("none/out.png"), &err) < 0);
    assert_non_null(strstr(err.text, "none/out.png"));
    picture_unref(&picture);
}

static void nothing_else_is_left(void **state)
{
    char *names;

    check_colour("j.mkv", COLOUR " -c:v ffv1 -pix_fmt yuv420p", 0, 160, 90, "rgb24");
    names = check_shell("ls | grep -c png");
    assert_int_equal(atoi(names), 1);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_are_right),
        cmocka_unit_test(it_is_made_smaller_not_larger),
        cmocka_unit_test(a_folder_that_is_not_there),
        cmocka_unit_test(nothing_else_is_left),
    };

    return cmocka_run_group_tests_name("png", tests, check_setup, check_teardown);
}
