#include "vidmpi/last_words.h"

#include "standin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void put(int fd, const char *text, size_t size)
{
    assert_int_equal(write(fd, text, size), size);
}

/* What comes out on stderr is what went in, byte for byte, whatever the sizes. */
static void passes_everything_on(void **state)
{
    static const size_t sizes[] = {1, 100, LAST_WORDS_MAX - 1, LAST_WORDS_MAX, LAST_WORDS_MAX + 1, 60000};
    char *sent = calloc(1, 200000), *got;
    struct last_words *words;
    size_t total = 0, size;
    int fd, kept;

    assert_int_equal(last_words_open(&words, &fd, NULL), 0);
    kept = standin_stderr_away();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            sent[total + k] = k % 50 == 49 && i != 4 ? '\n' : (char)('a' + (k + i) % 26);
        put(fd, sent + total, sizes[i]);
        total += sizes[i];
        last_words_pass(words);
    }
    close(fd);
    last_words_close(&words);
    got = standin_stderr_back(kept, &size);
    assert_int_equal(size, total);
    assert_memory_equal(got, sent, total);
    free(got);
    free(sent);
}

static void holds_a_line_until_it_is_whole(void **state)
{
    struct last_words *words;
    char *got;
    size_t size;
    int fd, kept;

    assert_int_equal(last_words_open(&words, &fd, NULL), 0);
    kept = standin_stderr_away();
    put(fd, "whole\nhalf", 10);
    last_words_pass(words);
    got = standin_stderr_back(kept, &size);
    assert_string_equal(got, "whole\n");
    free(got);
    kept = standin_stderr_away();
    put(fd, " and half\n", 10);
    last_words_pass(words);
    put(fd, "no end", 6);
    assert_string_equal(last_words_take(words), "whole\nhalf and half\nno end");
    got = standin_stderr_back(kept, &size);
    assert_string_equal(got, "half and half\nno end");
    free(got);
    close(fd);
    last_words_close(&words);
    last_words_close(&words); /* harmless */
}

static void keeps_the_end(void **state)
{
    static const char last[] = "line 999 of a talkative filter\na?b";
    struct last_words *words;
    char line[100];
    const char *end;
    size_t size;
    int fd, kept;

    assert_int_equal(last_words_open(&words, &fd, NULL), 0);
    kept = standin_stderr_away();
    for (int i = 0; i < 1000; i++) {
        put(fd, line, (size_t)snprintf(line, sizeof(line), "line %d of a talkative filter\n", i));
        if (i % 100 == 0)
            last_words_pass(words);
    }
    put(fd, "a\0b", 3);
    end = last_words_take(words);
    free(standin_stderr_back(kept, &size));
    assert_int_equal(strlen(end), LAST_WORDS_MAX);
    assert_string_equal(end + LAST_WORDS_MAX - strlen(last), last);
    close(fd);
    last_words_close(&words);
}

/* A worker that has gone, and one that says nothing, are never waited for. */
static void never_waits(void **state)
{
    struct last_words *words;
    int64_t begun = clock_now();
    int fd;

    assert_int_equal(last_words_open(&words, &fd, NULL), 0);
    last_words_pass(words);
    assert_true(last_words_fd(words) >= 0);
    close(fd);
    last_words_pass(words);
    assert_int_equal(last_words_fd(words), -1);
    last_words_pass(words);
    assert_string_equal(last_words_take(words), "");
    assert_true(clock_now() - begun < NS_PER_S);
    last_words_close(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_everything_on),
        cmocka_unit_test(holds_a_line_until_it_is_whole),
        cmocka_unit_test(keeps_the_end),
        cmocka_unit_test(never_waits),
    };

    return cmocka_run_group_tests(tests, standin_set_up, standin_tear_down);
}
