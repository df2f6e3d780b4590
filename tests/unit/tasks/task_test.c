#include "helpers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int decode(const char *text)
{
    static struct task task;
    return task_decode(text, strlen(text), &task);
}

static struct task largest(void)
{
    struct task task = {.id = UINT64_MAX,
                        .first = UINT64_MAX,
                        .count = 200,
                        .before = 28,
                        .after = 28,
                        .attempt = UINT32_MAX,
                        .pushed = INT64_MAX,
                        .released = UINT64_MAX,
                        .avoid = UINT32_MAX,
                        .last = UINT32_MAX};
    for (int i = 0; i < TASK_FRAMES_MAX; i++)
        task.slots[i] = (struct task_slot){UINT64_MAX, UINT64_MAX};
    return task;
}

static void writes_the_documented_line(void **state)
{
    struct task task = {.id = 7,
                        .first = 40,
                        .count = 2,
                        .before = 1,
                        .after = 0,
                        .attempt = 3,
                        .pushed = 99,
                        .released = 38,
                        .avoid = 6,
                        .last = 1};
    char text[200];
    for (uint64_t i = 0; i < 3; i++)
        task.slots[i] = (struct task_slot){i * 100, 50 + i};
    const char *expected = "7 40 2 1 0 3 99 38 6 1 0:50,100:51,200:52";
    assert_int_equal(task_encode(&task, text, sizeof(text)), (int)strlen(expected));
    assert_string_equal(text, expected);
}

static void reads_what_it_writes(void **state)
{
    struct task tasks[] = {some_task(0), largest()};
    char text[TASK_TEXT_MAX];
    char again[TASK_TEXT_MAX];
    for (size_t i = 0; i < 2; i++) {
        struct task back;
        int length = task_encode(&tasks[i], text, sizeof(text));
        assert_true(length > 0);
        assert_int_equal(task_decode(text, (size_t)length, &back), 0);
        assert_int_equal(task_encode(&back, again, sizeof(again)), length);
        assert_string_equal(text, again);
        assert_true(back.id == tasks[i].id && back.pushed == tasks[i].pushed && back.after == tasks[i].after);
        assert_true(back.released == tasks[i].released && back.avoid == tasks[i].avoid &&
                    back.last == tasks[i].last);
    }
}

static void refuses_every_truncation(void **state)
{
    struct task task = {.id = 1, .first = 2, .count = 2, .before = 1, .after = 1, .attempt = 1, .pushed = 5};
    struct task back;
    char text[300];
    for (int i = 0; i < 4; i++)
        task.slots[i] = (struct task_slot){1, 5};
    int length = task_encode(&task, text, sizeof(text));
    for (int i = 0; i < length; i++) {
        char *exact = malloc((size_t)i + 1); /* a reader past the end is seen by ASan */
        memcpy(exact, text, (size_t)i);
        assert_int_equal(task_decode(exact, (size_t)i, &back), -EBADMSG);
        free(exact);
    }
}

static void refuses_a_small_buffer(void **state)
{
    struct task task = some_task(123);
    char text[200];
    int length = task_encode(&task, text, sizeof(text));
    for (int i = 0; i <= length; i++)
        assert_int_equal(task_encode(&task, text, (size_t)i), -EMSGSIZE);
    assert_int_equal(task_encode(&task, text, (size_t)length + 1), length);
}

static void refuses_rubbish(void **state)
{
    static const char *const lines[] = {
        "",
        "end",
        "rubbish",
        "-1 0 1 0 0 1 5 0 0 0 0:1",
        "0 -1 1 0 0 1 5 0 0 0 0:1",
        "0 0 1 0 0 1 -5 0 0 0 0:1",
        "0 0 1 0 0 1 5 0 0 0 0:-1",
        "+0 0 1 0 0 1 5 0 0 0 0:1",
        " 0 0 1 0 0 1 5 0 0 0:1",
        "0  0 1 0 0 1 5 0 0 0:1",
        "00 0 1 0 0 1 5 0 0 0 0:1",
        "0x1 0 1 0 0 1 5 0 0 0 0:1",
        "0 0 1 0 0 1 5 0 0 0 0:1 ",
        "0 0 1 0 0 1 5 0 0 0 0:1\n",
        "0 0 1 0 0 1 5 0 0 0 0:1,",
        "0 0 1 0 0 1 5 0 0 0 0:1,2:3",
        "0 0 2 0 0 1 5 0 0 0 0:1",
        "0 0 0 0 0 1 5 0 0 ",
        "0 0 0 1 0 1 5 0 0 0 0:1",
        "0 0 1 0 0 0 5 0 0 0 0:1",
        "18446744073709551616 0 1 0 0 1 5 0 0 0 0:1",
        "99999999999999999999999999 0 1 0 0 1 5 0 0 0 0:1",
        "0 0 4294967296 0 0 1 5 0 0 0 0:1",
        "0 0 4294967297 0 0 1 5 0 0 0 0:1",
        "0 0 1 4294967295 1 1 5 0 0 0 0:1",
        "0 0 4294967295 4294967295 4294967295 1 5 0 0 0 0:1",
        "0 0 257 0 0 1 5 0 0 0 0:1",
        "0 0 1 0 0 1 9223372036854775808 0 0 0 0:1",
        "0 0 1 0 0 1 5 0:1",
        "0 0 1 0 0 1 5 0 0:1",
        "0 0 1 0 0 1 5 -1 0 0 0:1",
        "0 0 1 0 0 1 5 18446744073709551616 0 0 0:1",
        "0 0 1 0 0 1 5 0 4294967296 0 0:1",
    };
    assert_int_equal(decode("0 0 1 0 0 1 5 0 0 0 0:1"), 0);
    assert_int_equal(decode("18446744073709551615 0 1 0 0 1 5 0 0 0 0:1"), 0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (decode(lines[i]) != -EBADMSG)
            fail_msg("taken: \"%s\"", lines[i]);
}

static void refuses_a_nul_inside(void **state)
{
    static const char text[] = "0 0 1 0 0 1 5 0 0 0 0:1\0002";
    struct task task;
    assert_int_equal(task_decode(text, sizeof(text) - 1, &task), -EBADMSG);
}

static void refuses_to_write_what_is_no_task(void **state)
{
    char text[TASK_TEXT_MAX];
    struct task task = some_task(1);
    task.count = 0;
    assert_int_equal(task_encode(&task, text, sizeof(text)), -EINVAL);
    task.count = TASK_FRAMES_MAX;
    assert_true(task_encode(&task, text, sizeof(text)) > 0);
    task.after = 1;
    assert_int_equal(task_encode(&task, text, sizeof(text)), -EINVAL);
    task.after = UINT32_MAX;
    assert_int_equal(task_encode(&task, text, sizeof(text)), -EINVAL);
    task = some_task(1);
    task.attempt = 0;
    assert_int_equal(task_encode(&task, text, sizeof(text)), -EINVAL);
    task = some_task(1);
    task.pushed = -1;
    assert_int_equal(task_encode(&task, text, sizeof(text)), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_documented_line),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_a_small_buffer),
        cmocka_unit_test(refuses_rubbish),
        cmocka_unit_test(refuses_a_nul_inside),
        cmocka_unit_test(refuses_to_write_what_is_no_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
