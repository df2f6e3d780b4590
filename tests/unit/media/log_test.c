#include "media/log.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/log.h>

static const AVClass some_class = {.class_name = "some", .item_name = av_default_item_name};
static const struct {
    const AVClass *class;
} some = {&some_class};

/* What `run` writes to stderr, malloc'ed. */
static char *stderr_of(void (*run)(void))
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_true(file && saved >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    run();
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);

    long size = lseek(fileno(file), 0, SEEK_END);
    char *text = calloc((size_t)size + 1, 1);
    assert_non_null(text);
    assert_int_equal(pread(fileno(file), text, (size_t)size, 0), size);
    fclose(file);
    return text;
}

static void assert_written(void (*run)(void), const char *expected)
{
    char *text = stderr_of(run);
    assert_string_equal(text, expected);
    free(text);
}

static void in_pieces(void)
{
    av_log(NULL, AV_LOG_INFO, "one ");
    av_log(NULL, AV_LOG_INFO, "line\ntwo\r\nlines");
    av_log(NULL, AV_LOG_INFO, "\n");
    av_log(NULL, AV_LOG_VERBOSE, "not shown\n");
    av_log(NULL, AV_LOG_INFO | 0x8000, "a \x1b[31mcolour\n");
}

static void pieces_become_lines(void **state)
{
    media_log_setup(LOG_INFO);
    assert_written(in_pieces, "t: one line\nt: two\nt: lines\nt: a ?[31mcolour\n");
}

static void long_line(void)
{
    for (int i = 0; i < 500; i++)
        av_log(NULL, AV_LOG_WARNING, "0123456789");
    av_log(NULL, AV_LOG_WARNING, "\n");
}

static void a_long_line_is_broken(void **state)
{
    char *text = stderr_of(long_line);
    size_t digits = 0;
    for (const char *c = text; *c; c++)
        digits += *c >= '0' && *c <= '9';
    assert_int_equal(digits, 5000);
    free(text);
}

static void errors(void)
{
    av_log((void *)&some, AV_LOG_ERROR, "the cause\n");
    av_log((void *)&some, AV_LOG_WARNING, "by the way\n");
    av_log((void *)&some, AV_LOG_FATAL, "the ");
    av_log((void *)&some, AV_LOG_FATAL, "end.\n");
}

static void errors_are_kept_without_prefix(void **state)
{
    char text[100], small[5];
    media_log_setup(LOG_QUIET);
    media_log_reset();
    assert_int_equal(media_log_last_error(text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_written(errors, "");
    assert_int_equal(media_log_last_error(text, sizeof(text)), 8);
    assert_string_equal(text, "the end.");
    assert_int_equal(media_log_errors(text, sizeof(text)), 19);
    assert_string_equal(text, "the cause; the end.");
    media_log_last_error(small, sizeof(small));
    assert_string_equal(small, "the ");
    for (int i = 0; i < 500; i++)
        av_log(NULL, AV_LOG_ERROR, "again %d\n", i);
    media_log_last_error(text, sizeof(text));
    assert_string_equal(text, "again 499");
    media_log_reset();
    assert_int_equal(media_log_errors(text, sizeof(text)), 0);
}

static void *complain(void *arg)
{
    char text[100], expected[20];
    int number = *(int *)arg;
    snprintf(expected, sizeof(expected), "thread %d", number);
    for (int i = 0; i < 200; i++) {
        media_log_reset();
        av_log(NULL, AV_LOG_ERROR, "thread ");
        av_log(NULL, AV_LOG_ERROR, "%d\n", number);
        media_log_last_error(text, sizeof(text));
        if (strcmp(text, expected))
            return arg;
    }
    return NULL;
}

static void at_once(void)
{
    pthread_t threads[4];
    int numbers[4] = {0, 1, 2, 3};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, complain, &numbers[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void threads_do_not_mix(void **state)
{
    char text[100];
    media_log_setup(LOG_ERROR);
    media_log_reset();
    char *written = stderr_of(at_once);
    int lines = 0;
    for (char *line = strtok(written, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        assert_int_equal(strlen(line), strlen("t: thread 0"));
        assert_true(!strncmp(line, "t: thread ", 10));
    }
    assert_int_equal(lines, 800);
    free(written);
    assert_int_equal(media_log_last_error(text, sizeof(text)), 0); /* theirs, not ours */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_become_lines),
        cmocka_unit_test(a_long_line_is_broken),
        cmocka_unit_test(errors_are_kept_without_prefix),
        cmocka_unit_test(threads_do_not_mix),
    };
    log_setup(LOG_TRACE, "t");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
