#include "worker/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *encoded(size_t *size)
{
    struct worker_config config = {
        .job = (char *)"abc",
        .redis_url = (char *)"unix:///run/r.sock",
        .run_dir = (char *)"/shared/out.mkv.vidmpi",
        .ring = (char *)"/vidmpi-abc",
        .chain = (char *)"line one\nline=two\n",
        .filter = NULL,
        .host = (char *)"node1",
        .rank = 3,
        .log_level = -8,
        .fetch = 1,
        .durable = 1,
        .slot_kb = 1360,
        .task_timeout_ms = 90000,
        .filter_memory_kb = 512,
        .redis_timeout_ms = 60000,
    };
    struct vid_error err = {0};
    char *text;

    assert_int_equal(worker_config_encode(&config, &text, size, &err), 0);
    return text;
}

static void comes_back_as_it_was(void **state)
{
    struct worker_config config;
    struct vid_error err = {0};
    size_t size;
    char *text = encoded(&size);

    assert_int_equal(worker_config_decode(text, size, &config, &err), 0);
    assert_string_equal(config.job, "abc");
    assert_string_equal(config.chain, "line one\nline=two\n");
    assert_string_equal(config.filter, "");
    assert_int_equal(config.rank, 3);
    assert_int_equal(config.log_level, -8);
    assert_int_equal(config.png, 0);
    assert_int_equal(config.slot_kb, 1360);
    assert_int_equal(config.task_timeout_ms, 90000);
    assert_int_equal(config.filter_memory_kb, 512);
    assert_int_equal(config.redis_timeout_ms, 60000);
    worker_config_clear(&config);
    free(text);
}

static void refuses_what_is_cut_off(void **state)
{
    size_t size;
    char *text = encoded(&size);

    for (size_t cut = 0; cut < size; cut++) {
        struct worker_config config;
        struct vid_error err = {0};

        assert_int_equal(worker_config_decode(text, cut, &config, &err), -EBADMSG);
        assert_true(err.text[0] != '\0');
    }
    free(text);
}

static void refuses_unknown_and_repeated_keys(void **state)
{
    static const char unknown[] = "colour=red", twice[] = "job=a\0job=b";
    struct worker_config config;
    struct vid_error err = {0};

    assert_int_equal(worker_config_decode(unknown, sizeof(unknown), &config, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "colour"));
    vid_error_clear(&err);
    assert_int_equal(worker_config_decode(twice, sizeof(twice), &config, &err), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(refuses_what_is_cut_off),
        cmocka_unit_test(refuses_unknown_and_repeated_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
