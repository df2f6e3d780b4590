#include "media/describe.h"
#include "media/probe.h"
#include "media_check.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* A job that is looked at, as -explain does. */
struct look {
    struct media_options *options;
    struct media_source *source;
    struct media_sink *sink;
    struct picture *first;
    struct pieces *pieces;
    struct probe probe;
    struct vid_error err;
};

static void look_open(struct look *look, const char *const *args)
{
    const char *argv[40] = {"vidmpi", "-i", check_path("in.mkv")};
    int argc = 3;

    *look = (struct look){0};
    for (; *args; args++)
        argv[argc++] = *args;
    argv[argc++] = check_path("out.mkv");
    assert_int_equal(media_options_parse(argc, (char **)argv, &look->options, &look->err), 0);
    look->options->out.unwritten = true;
    assert_int_equal(media_source_open(look->options, &look->source, &look->err), 0);
    assert_int_equal(media_sink_open(look->options, look->source, &look->sink, &look->err), 0);
    assert_int_equal(media_source_next(look->source, &look->first, &look->err), 0);
    assert_int_equal(
        pieces_create(look->options, look->source, look->sink, look->first, false, &look->pieces, &look->err),
        0);
}

static int look_probe(struct look *look)
{
    return media_probe(look->options, look->sink, look->pieces, &look->probe, &look->err);
}

static void look_close(struct look *look)
{
    media_probe_clear(&look->probe);
    pieces_free(&look->pieces);
    picture_unref(&look->first);
    media_sink_close(&look->sink);
    media_source_close(&look->source);
    media_options_free(&look->options);
}

static int count_files(void)
{
    DIR *dir = opendir(check_dir);
    int count = 0;

    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void test_measures_every_step(void **state)
{
    const char *const args[] = {"-vf", "gblur=sigma=9,hqdn3d,edgedetect", "-c:v", "ffv1", NULL};
    struct look look;

    look_open(&look, args);
    assert_int_equal(look_probe(&look), 0);
    assert_int_equal(look.probe.frames, 16);
    assert_int_equal(look.probe.encoded, 16);
    assert_int_equal(look.probe.count, 3);
    assert_true(look.probe.decode > 0 && look.probe.encode > 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look.probe.pieces[i].in, 16);
        assert_int_equal(look.probe.pieces[i].out, 16);
        assert_true(look.probe.pieces[i].filter > 0 && look.probe.pieces[i].pack > 0);
        assert_true(look.probe.pieces[i].publish > 0 && look.probe.pieces[i].build > 0);
    }
    look_close(&look);
}

/* The pieces stay usable, and nothing is written: no output, no log of the first pass. */
static void test_leaves_nothing(void **state)
{
    const char *const args[] = {
        "-vf", "gblur",           "-map",    "0", "-c:a", "copy", "-c:v", "libx264", "-b:v", "100k", "-pass",
        "1",   "-metadata:s:a:0", "title=x", NULL};
    int before = count_files();
    struct look look;

    look_open(&look, args);
    assert_int_equal(look_probe(&look), 0);
    assert_int_equal(look.probe.encoded, 16);
    media_probe_clear(&look.probe);
    assert_int_equal(look_probe(&look), 0);
    look_close(&look);
    assert_int_equal(count_files(), before);
    assert_int_equal(access("ffmpeg2pass-0.log", F_OK), -1);
}

/* An input without an end comes to one. */
static void test_ends(void **state)
{
    const char *const args[] = {"-vf", "loop=-1:3", "-c:v", "ffv1", NULL};
    struct look look;

    look_open(&look, args);
    assert_int_equal(look_probe(&look), 0);
    assert_true(look.probe.pieces[0].out <= 32);
    look_close(&look);
}

static void test_no_picture(void **state)
{
    const char *const args[] = {"-vf", "select=gt(n\\,30)", "-c:v", "ffv1", NULL};
    struct look look;

    look_open(&look, args);
    assert_int_equal(look_probe(&look), -ENODATA);
    assert_non_null(strstr(look.err.text, "gives no picture"));
    look_close(&look);
}

static void test_words(void **state)
{
    const char *const args[] = {"-vf", "scale=32:16", "-c:v", "ffv1", NULL};
    char text[200];
    struct look look;

    look_open(&look, args);
    media_source_words(look.source, text, sizeof(text));
    assert_string_equal(text, "mpeg4, 64x48, yuv420p, 25 frames/s");
    media_sink_words(look.sink, &look.pieces->output, text, sizeof(text));
    assert_string_equal(text, "ffv1, 32x16, yuv420p, 25 frames/s");
    assert_string_equal(media_sink_filter(look.sink), "scale=32:16");
    assert_true(media_sink_will_cut(look.sink));
    assert_true(media_sink_will_cut(look.sink));
    assert_int_equal(chain_output_bytes(&look.pieces->output) / 64 * 64,
                     chain_output_bytes(&look.pieces->output));
    assert_in_range(chain_output_bytes(&look.pieces->output), 32 * 16 * 3 / 2, 8192);
    look_close(&look);
}

static int setup(void **state)
{
    if (check_setup(state) < 0)
        return -1;
    free(check_shell("ffmpeg -v error -f lavfi -i testsrc2=s=64x48:r=25 -f lavfi -i sine -t 1 -c:v mpeg4 "
                     "-c:a pcm_s16le -shortest in.mkv"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures_every_step),
        cmocka_unit_test(test_leaves_nothing),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_no_picture),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, setup, check_teardown);
}
