/* One instance of a plugin's filter: windows, numbers, what it tells, how it fails. */
#include "media/plugin.h"
#include "media/plugin_run.h"
#include "media_check.h"

#include <errno.h>
#include <libavutil/error.h>
#include <sys/mman.h>

#define WIDTH 40
#define HEIGHT 30

static const AVRational tenths = {1, 10};

/* What came out, a line each. */
struct seen {
    FILE *out;
    char *text;
    size_t size;
};

static void begin(struct seen *seen)
{
    seen->out = open_memstream(&seen->text, &seen->size);
}

static void expect(struct seen *seen, const char *expected)
{
    fclose(seen->out);
    assert_string_equal(seen->text, expected);
    free(seen->text);
}

static int see(void *opaque, AVFrame **frame)
{
    struct seen *seen = opaque;
    const AVDictionaryEntry *window = av_dict_get((*frame)->metadata, "vidmpi.stamp.window", NULL, 0);
    const AVDictionaryEntry *at = av_dict_get((*frame)->metadata, "vidmpi.stamp.frame", NULL, 0);

    fprintf(seen->out, "%lld: %s [%s]\n", (long long)(*frame)->pts, at ? at->value : "",
            window ? window->value : "");
    av_frame_free(frame);
    return 0;
}

static AVFrame *frame_of(int64_t pts)
{
    AVFrame *frame = av_frame_alloc();

    frame->width = WIDTH;
    frame->height = HEIGHT;
    frame->format = AV_PIX_FMT_GRAY8;
    frame->pts = pts;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    memset(frame->data[0], 17, (size_t)frame->linesize[0] * HEIGHT);
    return frame;
}

static struct plugin_run *open_run(const char *name, const char *args)
{
    struct plugin_run *run;
    struct vid_error err = {0};

    if (plugin_run_open(plugin_find(name), args, &run, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    return run;
}

static int configure(struct plugin_run *run, struct vid_error *err)
{
    struct plugin_shape shape = {WIDTH, HEIGHT, AV_PIX_FMT_GRAY8};

    return plugin_run_configure(run, &shape, tenths, &shape, err);
}

static void feed(struct plugin_run *run, int64_t pts, struct seen *seen)
{
    struct vid_error err = {0};
    AVFrame *frame = frame_of(pts);

    if (plugin_run_feed(run, &frame, see, seen, &err) < 0)
        fail_msg("%s", err.text);
    assert_null(frame);
}

/* Feeds frames with these numbers and, at the end, the video's end. */
static void feed_run(struct plugin_run *run, int first, int count, bool from_start, bool last,
                     struct seen *seen)
{
    assert_int_equal(plugin_run_begin(run, first, from_start, NULL), 0);
    for (int i = 0; i < count; i++)
        feed(run, first + i, seen);
    if (last)
        assert_int_equal(plugin_run_feed(run, NULL, see, seen, NULL), 0);
}

static void windows_at_both_ends(void **state)
{
    struct plugin_run *run = open_run("stamp", "2:1");
    struct seen seen;

    assert_int_equal(configure(run, NULL), 0);
    begin(&seen);
    feed_run(run, 0, 4, true, false, &seen);
    expect(&seen, "0: 0 at 0.000 [-1 -1 0 1]\n1: 1 at 0.100 [-1 0 1 2]\n2: 2 at 0.200 [0 1 2 3]\n");
    begin(&seen);
    feed_run(run, 7, 5, false, true, &seen); /* nothing is left of the run before */
    expect(&seen, "7:  []\n8:  []\n9: 9 at 0.900 [7 8 9 10]\n10: 10 at 1.000 [8 9 10 11]\n11: 11 at 1.100 [9 "
                  "10 11 -1]\n");
    begin(&seen);
    feed_run(run, 0, 1, true, true, &seen);
    expect(&seen, "0: 0 at 0.000 [-1 -1 0 -1]\n");
    plugin_run_close(&run);
}

static void without_a_window(void **state)
{
    struct plugin_run *run = open_run("stamp", "0:0");
    struct seen seen;

    assert_int_equal(configure(run, NULL), 0);
    begin(&seen);
    feed_run(run, 12, 2, false, false, &seen);
    expect(&seen, "12: 12 at 1.200 [12]\n13: 13 at 1.300 [13]\n");
    begin(&seen);
    assert_int_equal(plugin_run_begin(run, 5, true, NULL), 0);
    feed(run, AV_NOPTS_VALUE, &seen);
    fflush(seen.out);
    assert_non_null(strstr(seen.text, "5 at nan [5]"));
    fclose(seen.out);
    free(seen.text);
    plugin_run_close(&run);
}

static int keep(void *opaque, AVFrame **frame)
{
    AVFrame **kept = opaque;

    av_frame_free(kept);
    *kept = *frame;
    *frame = NULL;
    return 0;
}

static void properties_are_kept(void **state)
{
    struct plugin_run *run = open_run("stamp", "0:0");
    AVFrame *in = frame_of(3), *out = NULL;

    in->pkt_duration = 7;
    in->sample_aspect_ratio = (AVRational){4, 3};
    in->color_range = AVCOL_RANGE_JPEG;
    in->colorspace = AVCOL_SPC_BT709;
    av_dict_set(&in->metadata, "older", "yes", 0);
    assert_non_null(av_frame_new_side_data(in, AV_FRAME_DATA_REGIONS_OF_INTEREST, 8));
    assert_int_equal(configure(run, NULL), 0);
    assert_int_equal(plugin_run_feed(run, &in, keep, &out, NULL), 0);
    assert_int_equal(out->pts, 3);
    assert_int_equal(out->pkt_duration, 7);
    assert_int_equal(out->sample_aspect_ratio.num, 4);
    assert_int_equal(out->color_range, AVCOL_RANGE_JPEG);
    assert_string_equal(av_dict_get(out->metadata, "older", NULL, 0)->value, "yes");
    assert_non_null(av_frame_get_side_data(out, AV_FRAME_DATA_REGIONS_OF_INTEREST));
    assert_string_equal(av_dict_get(out->metadata, "vidmpi.stamp.color", NULL, 0)->value, "bt709 pc");
    assert_int_equal(out->data[0][3], 17); /* begins as a copy */
    assert_int_equal((uintptr_t)out->data[0] % 64, 0);
    av_frame_free(&out);
    plugin_run_close(&run);
}

/* Pictures of tasks are mapped read-only, and some filters give them bottom up. */
static void inputs_are_only_read(void **state)
{
    size_t size = 64 * HEIGHT;
    uint8_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct plugin_run *run = open_run("stamp", "0:0");
    AVFrame *in = frame_of(0), *out = NULL;

    for (int y = 0; y < HEIGHT; y++)
        memset(page + 64 * y, y, 64);
    mprotect(page, size, PROT_READ);
    in->data[0] = page + 64 * (HEIGHT - 1);
    in->linesize[0] = -64;
    assert_int_equal(configure(run, NULL), 0);
    assert_int_equal(plugin_run_feed(run, &in, keep, &out, NULL), 0);
    assert_true(out->linesize[0] > 0);
    assert_int_equal(out->data[0][5], HEIGHT - 1);
    assert_int_equal(out->data[0][out->linesize[0] * (HEIGHT - 1) + 5], 0);
    av_frame_free(&out);
    plugin_run_close(&run);
    munmap(page, size);
}

static void another_shape(void **state)
{
    struct plugin_run *run = open_run("half", NULL);
    struct plugin_shape in = {64, 48, AV_PIX_FMT_YUV420P}, out;
    struct vid_error err = {0};

    assert_int_equal(plugin_run_configure(run, &in, tenths, &out, &err), 0);
    assert_int_equal(out.width, 32);
    assert_int_equal(out.height, 24);
    assert_int_equal(out.format, AV_PIX_FMT_GRAY8);
    in.width = 1;
    assert_int_equal(plugin_run_configure(run, &in, tenths, &out, &err), -EINVAL);
    assert_string_equal(err.text, "filter \"half\" of plugin tests 1.2: the picture is too small");
    plugin_run_close(&run);
}

static void formats_as_text(void **state)
{
    struct plugin_run *run = open_run("mirror", NULL);
    char *formats;

    assert_int_equal(plugin_run_formats(run, &formats, NULL), 0);
    assert_string_equal(formats, "yuv420p|yuv422p|yuv444p|gray");
    free(formats);
    plugin_run_close(&run);
    run = open_run("count", NULL);
    assert_int_equal(plugin_run_formats(run, &formats, NULL), 0);
    assert_null(formats);
    plugin_run_close(&run);
}

static int counted(struct plugin_run *run, int64_t number)
{
    AVFrame *in = frame_of(number), *out = NULL;
    int value;

    assert_int_equal(plugin_run_begin(run, number, number == 0, NULL), 0);
    assert_int_equal(plugin_run_feed(run, &in, keep, &out, NULL), 0);
    value = out->data[0][0];
    av_frame_free(&out);
    return value;
}

static void a_serial_filter_goes_on_in_order_only(void **state)
{
    struct plugin_run *run = open_run("count", NULL);

    assert_int_equal(configure(run, NULL), 0);
    assert_int_equal(counted(run, 0), 1);
    assert_int_equal(counted(run, 1), 2);
    assert_int_equal(counted(run, 2), 3);
    assert_int_equal(counted(run, 0), 1);
    assert_int_equal(counted(run, 1), 2);
    plugin_run_close(&run);
}

static void failures_are_told(void **state)
{
    struct plugin_run *run;
    struct vid_error err = {0};
    AVFrame *in, *out = NULL;

    assert_int_equal(plugin_run_open(plugin_find("options"), "fail=context", &run, &err), -EINVAL);
    assert_string_equal(err.text,
                        "filter \"options\" of plugin tests 1.2: the options do not fit each other");
    assert_null(run);
    vid_error_clear(&err);
    assert_int_equal(plugin_run_open(plugin_find("mean"), "40:30", &run, &err), -EINVAL);
    assert_string_equal(err.text, "filter \"mean\" asks for 40 frames before and 30 after: 64 are the limit");
    vid_error_clear(&err);
    run = open_run("options", "fail=init");
    assert_int_equal(configure(run, &err), AVERROR_EXTERNAL);
    assert_string_equal(err.text, "filter \"options\" of plugin tests 1.2: there is no model");
    plugin_run_close(&run);
    vid_error_clear(&err);
    run = open_run("options", "fail=silence");
    assert_int_equal(configure(run, &err), AVERROR_EXTERNAL);
    assert_string_equal(err.text,
                        "filter \"options\" of plugin tests 1.2: its init() failed without a reason");
    plugin_run_close(&run);
    vid_error_clear(&err);
    run = open_run("options", "fail=process");
    assert_int_equal(configure(run, &err), 0);
    assert_int_equal(plugin_run_begin(run, 3, true, &err), 0);
    in = frame_of(0);
    assert_int_equal(plugin_run_feed(run, &in, keep, &out, &err), AVERROR_EXTERNAL);
    assert_string_equal(err.text, "frame 3: filter \"options\" of plugin tests 1.2: it cannot be looked at");
    assert_null(out);
    plugin_run_close(&run);
}

static void context_may_correct_options(void **state)
{
    struct plugin_run *run = open_run("options", "number=99");
    AVFrame *in = frame_of(0), *out = NULL;

    assert_int_equal(configure(run, NULL), 0);
    assert_int_equal(plugin_run_feed(run, &in, keep, &out, NULL), 0);
    assert_string_equal(av_dict_get(out->metadata, "vidmpi.options.options", NULL, 0)->value,
                        "98 0.5 0 none good ff00007f");
    av_frame_free(&out);
    plugin_run_close(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_at_both_ends),
        cmocka_unit_test(without_a_window),
        cmocka_unit_test(properties_are_kept),
        cmocka_unit_test(inputs_are_only_read),
        cmocka_unit_test(another_shape),
        cmocka_unit_test(formats_as_text),
        cmocka_unit_test(a_serial_filter_goes_on_in_order_only),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(context_may_correct_options),
    };

    setenv("VIDMPI_PLUGIN_PATH", PLUGINS "/good", 1);
    return cmocka_run_group_tests_name("plugin_run", tests, check_setup, check_teardown);
}
