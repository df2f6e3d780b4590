#include "vidmpi/frame_stats.h"

#include "base/io.h"
#include "media/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    char path[64], file[96], log[96], part[112];
    struct frame_stats *stats;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    strcpy(scene->path, "/tmp/vid-frame-stats.XXXXXX");
    assert_non_null(mkdtemp(scene->path));
    snprintf(scene->file, sizeof(scene->file), "%s/out.jsonl", scene->path);
    snprintf(scene->log, sizeof(scene->log), "%s/frame-stats.jsonl", scene->path);
    snprintf(scene->part, sizeof(scene->part), "%s.part", scene->file);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    frame_stats_close(&scene->stats);
    io_remove_tree(scene->path, NULL);
    free(scene);
    return 0;
}

static void opens(struct scene *scene, uint64_t sealed)
{
    struct vid_error err = {0};

    if (frame_stats_open(scene->path, scene->file, sealed, &scene->stats, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(frame_stats_part(scene->stats), scene->part);
}

static void is_text(const char *path, const char *wanted)
{
    char *text = NULL;

    assert_int_equal(io_read_file(path, 1 << 16, &text, NULL, NULL), 0);
    assert_string_equal(text, wanted);
    free(text);
}

static struct picture *picture_at(int64_t pts, const char *value)
{
    AVFrame *frame = av_frame_alloc();

    frame->pts = pts;
    frame->pict_type = AV_PICTURE_TYPE_B;
    av_dict_set(&frame->metadata, "lavfi.b", value, 0);
    av_dict_set(&frame->metadata, "lavfi.a", "\"1\"\n", 0);
    return picture_from_frame(&frame, (AVRational){1, 4});
}

static const struct payload_times times = {.claimed = 3000000, .fetched = 3000500, .filtered = 9001000};

static void add(struct scene *scene, int64_t pts, const char *value, const struct frame_entry *entry)
{
    struct picture *picture = picture_at(pts, value);

    assert_int_equal(frame_stats_add(scene->stats, picture, entry, &times, NULL), 0);
    picture_unref(&picture);
}

/* A short line, for the number alone. */
static void add_plain(struct scene *scene, const char *value)
{
    add(scene, 0, value, &(struct frame_entry){.outcome = FRAME_GIVEN_UP});
}

#define PLAIN(number, value)                                                                                 \
    "{\"frame\": " number ", \"pts\": 0, \"time\": 0, \"type\": \"B\", \"metadata\": {\"lavfi.b\": \"" value \
    "\", \"lavfi.a\": \"\\\"1\\\"\\n\"}, \"substituted\": true}\n"

static void a_line_says_all(void **state)
{
    struct scene *scene = *state;
    const struct frame_entry entry = {
        .outcome = FRAME_RESULT, .pushed = 1000000, .ref = {.rank = 2, .attempt = 3, .published = 9501000}};
    const struct frame_entry kept = {.outcome = FRAME_RESULT,
                                     .ref = {.rank = 1, .attempt = 1, .published = 9501000}};

    opens(scene, 0);
    add(scene, 6, "x", &entry);
    add(scene, AV_NOPTS_VALUE, "y", &kept);
    add_plain(scene, "z");
    add(scene, 0, "s", NULL);
    add(scene, 0, "t", &(struct frame_entry){.outcome = FRAME_STRAIGHT});
    assert_int_equal(access(scene->file, F_OK), -1);
    assert_int_equal(frame_stats_finish(scene->stats, NULL), 0);
    assert_int_equal(access(scene->file, F_OK), -1);
    assert_int_equal(frame_stats_publish(scene->stats, NULL), 0);
    is_text(
        scene->file,
        "{\"frame\": 0, \"pts\": 6, \"time\": 1.5, \"type\": \"B\", \"metadata\": {\"lavfi.b\": \"x\", "
        "\"lavfi.a\": \"\\\"1\\\"\\n\"}, \"timing\": {\"wait_ms\": 2, \"fetch_ms\": 0.001, \"filter_ms\": "
        "6.001, \"publish_ms\": 0.5}, \"rank\": 2, \"attempt\": 3}\n"
        "{\"frame\": 1, \"pts\": null, \"time\": null, \"type\": \"B\", \"metadata\": {\"lavfi.b\": \"y\", "
        "\"lavfi.a\": \"\\\"1\\\"\\n\"}, \"timing\": {\"wait_ms\": null, \"fetch_ms\": 0.001, \"filter_ms\": "
        "6.001, \"publish_ms\": 0.5}, \"rank\": 1, \"attempt\": 1}\n" PLAIN(
            "2", "z") "{\"frame\": 3, \"pts\": 0, \"time\": 0, \"type\": \"B\", \"metadata\": {\"lavfi.b\": "
                      "\"s\", \"lavfi.a\": \"\\\"1\\\"\\n\"}, \"rank\": 0}\n"
                      "{\"frame\": 4, \"pts\": 0, \"time\": 0, \"type\": \"B\", \"metadata\": {\"lavfi.b\": "
                      "\"t\", \"lavfi.a\": \"\\\"1\\\"\\n\"}, \"rank\": 0}\n");
    frame_stats_close(&scene->stats);
    assert_int_equal(access(scene->file, F_OK), 0);
    assert_int_equal(access(scene->part, F_OK), -1);
}

static void without_an_end_there_is_no_file(void **state)
{
    struct scene *scene = *state;

    opens(scene, 0);
    add_plain(scene, "a");
    assert_int_equal(frame_stats_finish(scene->stats, NULL), 0);
    frame_stats_close(&scene->stats);
    assert_int_equal(access(scene->file, F_OK), -1);
    assert_int_equal(access(scene->part, F_OK), -1);
    is_text(scene->log, PLAIN("0", "a"));
}

static void synced_lines_are_there_after_a_kill(void **state)
{
    struct scene *scene = *state;

    opens(scene, 0);
    add_plain(scene, "a");
    assert_int_equal(frame_stats_sync(scene->stats, NULL), 0);
    is_text(scene->log, PLAIN("0", "a"));
}

/* What a start that was killed has left: a line behind the sealed ones, and half of one. */
static void going_on_drops_what_is_not_sealed(void **state)
{
    struct scene *scene = *state;
    const char *left = PLAIN("0", "a") PLAIN("1", "b") PLAIN("2", "c") "{\"frame\": 3, \"pt";

    assert_int_equal(io_write_file(scene->log, left, strlen(left), false, NULL), 0);
    opens(scene, 2);
    add_plain(scene, "C");
    add_plain(scene, "D");
    assert_int_equal(frame_stats_finish(scene->stats, NULL), 0);
    assert_int_equal(frame_stats_publish(scene->stats, NULL), 0);
    is_text(scene->file, PLAIN("0", "a") PLAIN("1", "b") PLAIN("2", "C") PLAIN("3", "D"));
}

static void beginning_anew_drops_all(void **state)
{
    struct scene *scene = *state;
    const char *left = PLAIN("0", "a");

    assert_int_equal(io_write_file(scene->log, left, strlen(left), false, NULL), 0);
    opens(scene, 0);
    add_plain(scene, "A");
    assert_int_equal(frame_stats_sync(scene->stats, NULL), 0);
    is_text(scene->log, PLAIN("0", "A"));
}

static void refuses_lines(struct scene *scene, const char *left, const char *number)
{
    struct vid_error err = {0};

    assert_int_equal(io_write_file(scene->log, left, strlen(left), false, NULL), 0);
    assert_int_equal(frame_stats_open(scene->path, scene->file, 3, &scene->stats, &err), -EBADMSG);
    assert_non_null(strstr(err.text, number));
    assert_non_null(strstr(err.text, "-restart"));
    assert_null(scene->stats);
}

static void a_sealed_line_that_is_missing_is_told(void **state)
{
    struct scene *scene = *state;

    refuses_lines(scene, PLAIN("0", "a") PLAIN("1", "b"), "picture 2");
    refuses_lines(scene, PLAIN("0", "a") PLAIN("2", "b") PLAIN("3", "c"), "picture 1");
    refuses_lines(scene, PLAIN("0", "a") PLAIN("1", "b") "{\"frame\": 2, ", "picture 2");
    refuses_lines(scene, "", "picture 0");
}

static void places_that_do_not_work(void **state)
{
    struct scene *scene = *state;
    struct vid_error err = {0};

    snprintf(scene->file, sizeof(scene->file), "%s/nowhere/f", scene->path);
    assert_int_equal(frame_stats_open(scene->path, scene->file, 0, &scene->stats, &err), -ENOENT);
    assert_non_null(strstr(err.text, "nowhere"));
    vid_error_clear(&err);
    assert_int_equal(frame_stats_open(scene->path, scene->path, 0, &scene->stats, &err), -EINVAL);
    assert_non_null(strstr(err.text, "no regular file"));
}

static void nothing_is_done_for_null(void **state)
{
    struct frame_stats *stats = (struct frame_stats *)state;

    assert_int_equal(frame_stats_open("/nowhere", NULL, 0, &stats, NULL), 0);
    assert_null(stats);
    assert_int_equal(frame_stats_add(stats, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(frame_stats_sync(stats, NULL), 0);
    assert_int_equal(frame_stats_finish(stats, NULL), 0);
    assert_int_equal(frame_stats_publish(stats, NULL), 0);
    assert_string_equal(frame_stats_part(stats), "");
    frame_stats_close(&stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_says_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_an_end_there_is_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(synced_lines_are_there_after_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(going_on_drops_what_is_not_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beginning_anew_drops_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sealed_line_that_is_missing_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_that_do_not_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_done_for_null, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
