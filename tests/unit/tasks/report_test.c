#include "helpers.h"

#include "tasks/report.h"

#include <errno.h>
#include <string.h>

static int decode(const char *text)
{
    struct task_report report;
    return report_decode(text, strlen(text), &report);
}

static void reads_what_it_writes(void **state)
{
    struct task_report report = {
        .outcome = TASK_FAILED, .rank = 3, .id = UINT64_MAX, .frame = UINT64_MAX, .attempt = UINT32_MAX};
    struct task_report back;
    char text[REPORT_TEXT_MAX];
    strcpy(report.text, "frame 12: \"nlmeans\"\n ran out of memory, \xc3\xa4");
    int length = report_encode(&report, text);
    assert_int_equal(report_decode(text, (size_t)length, &back), 0);
    assert_string_equal(back.text, report.text);
    assert_true(back.outcome == TASK_FAILED && back.rank == 3 && back.id == UINT64_MAX &&
                back.attempt == UINT32_MAX);
}

static void the_longest_text_fits(void **state)
{
    struct task_report report = {.outcome = TASK_FAILED,
                                 .rank = UINT32_MAX,
                                 .id = UINT64_MAX,
                                 .frame = UINT64_MAX,
                                 .attempt = UINT32_MAX};
    struct task_report back;
    char text[REPORT_TEXT_MAX];
    memset(report.text, 'x', sizeof(report.text)); /* no NUL: cut, not overrun */
    int length = report_encode(&report, text);
    assert_true(length < REPORT_TEXT_MAX);
    assert_int_equal(report_decode(text, (size_t)length, &back), 0);
    assert_int_equal(strlen(back.text), TASK_REPORT_TEXT - 1);
}

static void refuses_rubbish(void **state)
{
    static const char *const lines[] = {
        "",
        "x",
        "0 1 2 3 4 0",
        "0 1 2 3 4 1 ",
        "0 1 2 3 4 0 x",
        "2 1 2 3 4 0 ",
        "-1 1 2 3 4 0 ",
        "0 1 2 3 4 18446744073709551615 x",
        "0 4294967296 2 3 4 0 ",
        "0 1 2 3 4 5 four",
    };
    assert_int_equal(decode("0 1 2 3 4 0 "), 0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (decode(lines[i]) != -EBADMSG)
            fail_msg("taken: \"%s\"", lines[i]);
}

static void refuses_every_truncation(void **state)
{
    struct task_report report = {.outcome = TASK_DONE, .text = "hello"};
    char text[REPORT_TEXT_MAX];
    int length = report_encode(&report, text);
    for (int i = 0; i < length; i++)
        assert_int_equal(report_decode(text, (size_t)i, &report), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(the_longest_text_fits),
        cmocka_unit_test(refuses_rubbish),
        cmocka_unit_test(refuses_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
