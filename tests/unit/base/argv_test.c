#include "check.h"

#include "base/argv.h"

static void words_stand_in_order(void **state)
{
    struct argv argv = {0};

    argv_add(&argv, "redis-server");
    argv_add(&argv, "");
    argv_addf(&argv, "--port=%d $HOME", 6379);
    assert_int_equal(argv.count, 3);
    assert_string_equal(argv.words[0], "redis-server");
    assert_string_equal(argv.words[1], "");
    assert_string_equal(argv.words[2], "--port=6379 $HOME");
    assert_null(argv.words[3]);
    assert_false(argv.failed);
    argv_free(&argv);
    assert_int_equal(argv.count, 0);
    assert_null(argv.words);
}

static void nothing_is_added_after_a_failure(void **state)
{
    struct argv argv = {.failed = 1};

    argv_add(&argv, "word");
    assert_int_equal(argv.count, 0);
    argv_free(&argv);
    assert_false(argv.failed);
    argv_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stand_in_order),
        cmocka_unit_test(nothing_is_added_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
