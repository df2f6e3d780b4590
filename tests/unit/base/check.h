/* check: what every test here includes, and small means that several use. */
#ifndef VID_TESTS_BASE_CHECK_H
#define VID_TESTS_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SOON (clock_now() + 10 * NS_PER_S) /* a deadline that a sound test never reaches */

/* cmocka state: a fresh folder, removed after the test. */
static inline int folder_make(void **state)
{
    char path[] = "/tmp/vidmpi-test-XXXXXX";
    char *copy;

    if (!mkdtemp(path) || asprintf(&copy, "%s", path) < 0)
        return -1;
    *state = copy;
    return 0;
}

static inline int folder_remove(void **state)
{
    int ret = io_remove_tree(*state, NULL);

    free(*state);
    return ret;
}

/* FOLDER/NAME in one of four buffers that are used in turn. */
static inline const char *in_folder(void *const *state, const char *name)
{
    static char paths[4][4096];
    static int turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", (const char *)*state, name);
    return path;
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

/* Asks again every few milliseconds until `condition` holds or SOON passed. */
#define assert_soon(condition)                                                                               \
    do {                                                                                                     \
        int64_t soon_ = SOON;                                                                                \
        while (!(condition) && clock_now() < soon_)                                                          \
            clock_sleep_until(clock_now() + 3 * NS_PER_MS);                                                  \
        assert_true(condition);                                                                              \
    } while (0)

#endif
