#include "check.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

/* stderr as a row of messages: each write is one of them. */
struct capture {
    int saved, end;
};

static struct capture capture_begin(void)
{
    struct capture capture = {.saved = dup(STDERR_FILENO)};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    capture.end = ends[0];
    return capture;
}

static void capture_end(struct capture *capture)
{
    dup2(capture->saved, STDERR_FILENO);
    close(capture->saved);
    close(capture->end);
}

/* The beginning of each of the next writes, or "(nothing)". */
static void take_writes(struct capture *capture, char texts[][64], int count)
{
    for (int i = 0; i < count; i++) {
        ssize_t n = recv(capture->end, texts[i], 63, MSG_DONTWAIT);
        if (n < 0)
            strcpy(texts[i], "(nothing)");
        else
            texts[i][n] = '\0';
    }
}

/* The next write, or "(nothing)". */
static const char *next_write(struct capture *capture)
{
    static char text[8192];
    ssize_t n = recv(capture->end, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (n < 0)
        return "(nothing)";
    text[n] = '\0';
    return text;
}

static void lines_have_a_name_and_one_end(void **state)
{
    struct capture c = capture_begin();
    char texts[4][64];

    log_setup(LOG_INFO, "vidmpi rank 3");
    log_info("%d frames", 7);
    log_info("with newline\n");
    log_warn("careful");
    log_setup(LOG_INFO, NULL);
    log_error("bare");
    take_writes(&c, texts, 4);
    capture_end(&c);
    assert_string_equal(texts[0], "vidmpi rank 3: 7 frames\n");
    assert_string_equal(texts[1], "vidmpi rank 3: with newline\n");
    assert_string_equal(texts[2], "vidmpi rank 3: warning: careful\n");
    assert_string_equal(texts[3], "bare\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    struct capture c = capture_begin();
    char texts[2][64];

    log_setup(LOG_WARNING, "t");
    log_info("dropped");
    log_warn("kept");
    log_setup(LOG_QUIET, "t");
    log_error("dropped");
    take_writes(&c, texts, 2);
    capture_end(&c);
    assert_string_equal(texts[0], "t: warning: kept\n");
    assert_string_equal(texts[1], "(nothing)");
    assert_int_equal(log_level(), LOG_QUIET);
}

static void long_line_is_cut_but_ends(void **state)
{
    struct capture c = capture_begin();
    size_t length;
    char last;

    log_setup(LOG_INFO, "t");
    log_info("%9000d", 1);
    length = strlen(next_write(&c));
    log_info("%9000d", 1);
    last = next_write(&c)[length - 1];
    capture_end(&c);
    assert_int_equal(length, 4096);
    assert_int_equal(last, '\n');
}

static void status_line_is_cleared_by_a_line(void **state)
{
    struct capture c = capture_begin();
    char texts[7][64];

    log_setup(LOG_INFO, "t");
    log_status("10 %");
    log_status("20 %");
    log_info("news");
    log_info("more");
    log_status(NULL);
    log_status("30 %");
    log_status("");
    take_writes(&c, texts, 7);
    capture_end(&c);
    assert_string_equal(texts[0], "\r\033[K10 %");
    assert_string_equal(texts[1], "\r\033[K20 %");
    assert_string_equal(texts[2], "\r\033[Kt: news\n");
    assert_string_equal(texts[3], "t: more\n");
    assert_string_equal(texts[4], "\r\033[K30 %");
    assert_string_equal(texts[5], "\r\033[K");
    assert_string_equal(texts[6], "(nothing)");
}

static void *say_hundred(void *word)
{
    for (int i = 0; i < 100; i++)
        log_info("%s %s", (const char *)word, (const char *)word);
    return NULL;
}

/* 300 lines fit into the socket only while somebody reads. */
static void threads_do_not_mix(void **state)
{
    struct capture c = capture_begin();
    static char words[][8] = {"one", "two", "three"};
    pthread_t threads[3];
    int whole = 0;
    char text[64];

    log_setup(LOG_INFO, "t");
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, say_hundred, words[i]);
    for (int i = 0; i < 300; i++) {
        ssize_t n = recv(c.end, text, sizeof(text) - 1, 0);
        text[n < 0 ? 0 : n] = '\0';
        whole += !strcmp(text, "t: one one\n") || !strcmp(text, "t: two two\n") ||
                 !strcmp(text, "t: three three\n");
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    capture_end(&c);
    assert_int_equal(whole, 300);
}

static void levels_are_parsed(void **state)
{
    enum log_level level = LOG_INFO;

    assert_int_equal(log_level_parse("error", &level), 0);
    assert_int_equal(level, LOG_ERROR);
    assert_int_equal(log_level_parse("quiet", &level), 0);
    assert_int_equal(level, LOG_QUIET);
    assert_int_equal(log_level_parse("48", &level), 0);
    assert_int_equal(level, LOG_DEBUG);
    assert_int_equal(log_level_parse("-8", &level), 0);
    assert_int_equal(level, LOG_QUIET);
    assert_int_equal(log_level_parse("", &level), -EINVAL);
    assert_int_equal(log_level_parse("loud", &level), -EINVAL);
    assert_int_equal(log_level_parse("48x", &level), -EINVAL);
    assert_int_equal(log_level_parse("99999999999999999999", &level), -EINVAL);
    assert_int_equal(level, LOG_QUIET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_a_name_and_one_end),
        cmocka_unit_test(lines_above_the_level_are_dropped),
        cmocka_unit_test(long_line_is_cut_but_ends),
        cmocka_unit_test(status_line_is_cleared_by_a_line),
        cmocka_unit_test(threads_do_not_mix),
        cmocka_unit_test(levels_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
