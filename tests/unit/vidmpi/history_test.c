#include "vidmpi/history.h"

#include "base/io.h"
#include "store/ledger.h"
#include "store/result_writer.h"
#include "store/run_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A run directory with what a start and its two ranks have left. */
struct scene {
    char path[64];
    struct run_dir *dir;
    struct ledger *ledger;
};

static int set_up(void **state)
{
    const struct run_dir_wish wish = {.ranks = 2, .key = "key"};
    struct scene *scene = calloc(1, sizeof(*scene));
    enum run_dir_state fresh;

    strcpy(scene->path, "/tmp/vid-history.XXXXXX");
    assert_non_null(mkdtemp(scene->path));
    assert_int_equal(run_dir_open(scene->path, &wish, &scene->dir, &fresh, NULL), 0);
    assert_int_equal(ledger_open(scene->path, &scene->ledger, NULL), 0);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    ledger_close(&scene->ledger);
    run_dir_close(&scene->dir, RUN_DIR_KEEP_NOTHING);
    io_remove_tree(scene->path, NULL);
    free(scene);
    return 0;
}

static void note(struct scene *scene, struct ledger_record record)
{
    assert_int_equal(ledger_append(scene->ledger, &record, NULL), 0);
}

static void note_start(struct scene *scene)
{
    note(scene, (struct ledger_record){.type = LEDGER_START,
                                       .start = {.key = "key", .format = 1, .program = "p", .host = "h"}});
}

static void publish(struct scene *scene, unsigned rank, uint64_t frame)
{
    struct result_writer *writer = NULL;
    struct result_ref ref = {.frame = frame, .attempt = 1};
    struct iovec iov = {(char[]){"pixels"}, 6};

    assert_int_equal(result_writer_open(scene->path, rank, NULL, &writer, NULL), 0);
    assert_int_equal(result_writer_append(writer, &ref, &iov, 1, NULL), 0);
    result_writer_close(&writer);
}

static void a_fresh_folder_has_none(void **state)
{
    struct scene *scene = *state;
    struct history history = {0};

    assert_int_equal(history_read(scene->path, &history, NULL), 0);
    assert_int_equal(history.starts, 0);
    assert_int_equal(history.end, 0);
    assert_null(history_result(&history, 0));
    history_free(&history);
}

static void a_part_that_is_not_there_does_not_count(void **state)
{
    struct scene *scene = *state;
    struct history history = {0};

    note_start(scene);
    note(scene,
         (struct ledger_record){.type = LEDGER_PART,
                                .part = {.number = 1, .end = 40, .bytes = 9, .state = "frame 40 skip 0"}});
    note(scene,
         (struct ledger_record){.type = LEDGER_PART,
                                .part = {.number = 2, .first = 40, .end = 80, .state = "frame 80 skip 0"}});
    note(scene, (struct ledger_record){.type = LEDGER_SUBSTITUTED, .substituted = {7, "black", "it hung"}});
    note_start(scene);
    assert_int_equal(history_read(scene->path, &history, NULL), 0);
    assert_int_equal(history.starts, 2);
    assert_int_equal(history.part_count, 0);
    assert_int_equal(history.end, 0);
    assert_int_equal(history.substituted_count, 0); /* behind the sealed parts it is tried again */
    history_free(&history);
}

static void results_of_all_ranks_are_kept_once(void **state)
{
    struct scene *scene = *state;
    struct result_store *results = NULL;
    struct history history = {0};

    publish(scene, 1, 5);
    publish(scene, 0, 3);
    publish(scene, 0, 5);
    assert_int_equal(result_store_open(scene->path, 2, false, &results, NULL), 0);
    assert_int_equal(history_recover(&history, scene->path, results, NULL), 0);
    assert_int_equal(history.kept_count, 2);
    assert_non_null(history_result(&history, 3));
    assert_int_equal(history_result(&history, 5)->frame, 5);
    assert_null(history_result(&history, 4));
    history_free(&history);
    result_store_close(&results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fresh_folder_has_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_that_is_not_there_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(results_of_all_ranks_are_kept_once, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
