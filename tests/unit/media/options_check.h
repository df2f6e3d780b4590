/* options_check: command lines for tests, written as one string. */
#ifndef VID_TESTS_OPTIONS_CHECK_H
#define VID_TESTS_OPTIONS_CHECK_H

#include "media/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 64

/* Splits `line` at spaces; "''" is an empty word. */
static inline int split(char *line, char **argv)
{
    int argc = 0;
    char *rest;
    argv[argc++] = (char *)"vidmpi";
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = strcmp(word, "''") ? word : (char *)"";
    argv[argc] = NULL;
    return argc;
}

static inline int parse(const char *line, struct media_options **options, struct vid_error *err)
{
    char *argv[WORDS_MAX], *words = strdup(line);
    assert_non_null(words);
    vid_error_clear(err);
    int rc = media_options_parse(split(words, argv), argv, options, err);
    free(words); /* nothing of argv is kept */
    return rc;
}

static inline struct media_options *parse_good(const char *line)
{
    struct media_options *options;
    struct vid_error err;
    if (parse(line, &options, &err) < 0)
        fail_msg("%s: %s", line, err.text);
    assert_non_null(options);
    return options;
}

static inline void assert_refused(const char *line, const char *sentence)
{
    struct media_options *options = (struct media_options *)&options;
    struct vid_error err;
    int rc = parse(line, &options, &err);
    if (rc != -EINVAL)
        fail_msg("%s: taken, rc %d", line, rc);
    assert_null(options);
    assert_int_equal(err.code, -EINVAL);
    assert_string_equal(err.text, sentence);
}

#endif
