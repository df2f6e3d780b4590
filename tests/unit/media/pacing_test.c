/* What goes to the encoder, against tables that ffmpeg 5.1.9 gave for the same timestamps (in ms) with
 * -r 25 -vf null and the mode: "tick:picture" for each frame. */
#include "media/pacing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#define PICTURES 12
#define RATE 25.0

struct table {
    enum pacing_mode mode;
    double rate; /* that the container tells */
    int pts[PICTURES];
    const char *frames;
};

#define STEADY                                                                                               \
    {                                                                                                        \
        0, 40, 80, 120, 160, 200, 240, 280, 320, 360, 400, 440                                               \
    }
#define GAP                                                                                                  \
    {                                                                                                        \
        0, 40, 80, 120, 160, 300, 340, 380, 420, 460, 500, 540                                               \
    }
#define FAST                                                                                                 \
    {                                                                                                        \
        0, 17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 187                                                  \
    }
#define SLOW                                                                                                 \
    {                                                                                                        \
        0, 90, 180, 270, 360, 450, 540, 630, 720, 810, 900, 990                                              \
    }
#define CHANGING                                                                                             \
    {                                                                                                        \
        0, 40, 80, 120, 160, 200, 240, 253, 266, 279, 292, 305                                               \
    }
#define SHAKY                                                                                                \
    {                                                                                                        \
        0, 49, 98, 120, 169, 218, 240, 289, 338, 360, 409, 458                                               \
    }
#define ONE_BY_ONE "0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10 11:11"

static const struct table tables[] = {
    {PACING_CFR, 25, STEADY, ONE_BY_ONE},
    {PACING_VFR, 25, STEADY, ONE_BY_ONE},
    {PACING_PASSTHROUGH, 25, STEADY, ONE_BY_ONE},
    {PACING_CFR, 50, GAP, "0:0 1:1 2:2 3:3 4:4 5:4 6:4 7:5 8:6 9:7 10:8 11:9 12:10 13:11"},
    {PACING_VFR, 50, GAP, "0:0 1:1 2:2 3:3 4:4 8:5 9:6 10:7 11:8 12:9 13:10 14:11"},
    {PACING_PASSTHROUGH, 50, GAP, "0:0 1:1 2:2 3:3 4:4 8:5 9:6 10:7 11:8 12:9 13:10 14:11"},
    {PACING_CFR, 59, FAST, "0:0 1:1 2:2 3:4 4:6 5:9 6:11"},
    {PACING_VFR, 59, FAST, "0:0 1:1 2:3 3:5 4:8 5:10"},
    {PACING_PASSTHROUGH, 59, FAST, "0:0 0:1 1:2 1:3 2:4 2:5 3:6 3:7 3:8 4:9 4:10 5:11"},
    {PACING_CFR, 22.25, SLOW,
     "0:0 1:0 2:1 3:1 4:2 5:2 6:3 7:3 8:4 9:4 10:4 11:5 12:5 13:6 14:6 15:7 16:7 17:8 18:8 19:8 20:9 21:9 "
     "22:10 "
     "23:10 24:11 25:11 26:11"},
    {PACING_VFR, 22.25, SLOW, "0:0 2:1 5:2 7:3 9:4 11:5 14:6 16:7 18:8 20:9 23:10 25:11"},
    {PACING_DROP, 22.25, SLOW, "0:0 2:1 5:2 7:3 9:4 11:5 14:6 16:7 18:8 20:9 23:10 25:11"},
    {PACING_CFR, 1000, CHANGING, "0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:9"},
    {PACING_VFR, 1000, CHANGING, "0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:8 8:11"},
    {PACING_PASSTHROUGH, 1000, CHANGING, "0:0 1:1 2:2 3:3 4:4 5:5 6:6 6:7 7:8 7:9 7:10 8:11"},
    {PACING_CFR, 42, SHAKY, ONE_BY_ONE},
    {PACING_VFR, 42, SHAKY, ONE_BY_ONE},
};

struct log {
    char text[600];
    int last; /* the picture before */
};

static void take(struct pacing *pacing, struct pacing_step step, int picture, struct log *log)
{
    for (int64_t i = 0; i < step.total; i++) {
        int source = i < step.previous && log->last >= 0 ? log->last : picture;
        if (source < 0)
            return;
        size_t used = strlen(log->text);
        snprintf(log->text + used, sizeof(log->text) - used, "%s%lld:%d", used ? " " : "",
                 (long long)pacing_tick(pacing), source);
    }
    log->last = picture;
}

static void run(struct pacing *pacing, const struct table *table, struct log *log)
{
    double duration = table->rate < RATE ? 1 : RATE / table->rate;
    for (int i = 0; i < PICTURES; i++) {
        double time = table->pts[i] * RATE / 1000;
        struct pacing_step step;
        assert_int_equal(pacing_picture(pacing, time + (time > 0) * 1.0 / (1 << 17), duration, &step), 0);
        take(pacing, step, i, log);
    }
    take(pacing, pacing_end(pacing), -1, log);
}

static void test_tables(void **state)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct pacing pacing = pacing_begin(tables[i].mode, INT64_MAX);
        struct log log = {.last = -1};
        run(&pacing, &tables[i], &log);
        assert_string_equal(log.text, tables[i].frames);
    }
}

/* ffmpeg said "dup=2 drop=0" of GAP and "dup=0 drop=5" of FAST. */
static void test_counts(void **state)
{
    struct pacing gap = pacing_begin(PACING_CFR, INT64_MAX), fast = gap;
    struct log log = {.last = -1};
    run(&gap, &tables[3], &log);
    assert_int_equal(gap.duplicated, 2);
    assert_int_equal(gap.dropped, 0);
    run(&fast, &tables[6], &(struct log){.last = -1});
    assert_int_equal(fast.duplicated, 0);
    assert_int_equal(fast.dropped, 5);
    assert_int_equal(fast.encoded, 7);
}

static void test_limit(void **state)
{
    struct pacing pacing = pacing_begin(PACING_CFR, 6);
    struct log log = {.last = -1};
    run(&pacing, &tables[3], &log);
    assert_string_equal(log.text, "0:0 1:1 2:2 3:3 4:4 5:4");
    assert_int_equal(pacing.encoded, 6);
}

/* A late start is filled at a constant rate, and kept by VSCFR. */
static void test_late_start(void **state)
{
    struct pacing filled = pacing_begin(PACING_CFR, INT64_MAX), kept = pacing_begin(PACING_VSCFR, INT64_MAX);
    struct pacing_step step;
    assert_int_equal(pacing_picture(&filled, 5, 1, &step), 0);
    assert_int_equal(step.total, 6);
    assert_int_equal(step.previous, 4);
    assert_int_equal(pacing_picture(&kept, 5, 1, &step), 0);
    assert_int_equal(step.total, 1);
    assert_int_equal(pacing_tick(&kept), 5);
}

static void test_endless_gap(void **state)
{
    struct pacing pacing = pacing_begin(PACING_CFR, INT64_MAX);
    struct pacing_step step;
    assert_int_equal(pacing_picture(&pacing, 0, 1, &step), 0);
    pacing_tick(&pacing);
    assert_int_equal(pacing_picture(&pacing, 200000, 1, &step), -ERANGE);
    assert_int_equal(pacing.dropped, 1);
    assert_int_equal(pacing_picture(&pacing, 1, 1, &step), 0);
    assert_int_equal(step.total, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),     cmocka_unit_test(test_counts),      cmocka_unit_test(test_limit),
        cmocka_unit_test(test_late_start), cmocka_unit_test(test_endless_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
