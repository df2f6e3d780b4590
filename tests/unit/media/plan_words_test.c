#include "media/advice.h"
#include "media/plan.h"
#include "media/plan_words.h"
#include "media_check.h"

#include <errno.h>
#include <string.h>

/* Every filter as "PIECEp NAME CLASS(before,after): why", a line each. */
static int add_line(void *opaque, const struct filter_words *words)
{
    char *all = opaque;
    size_t used = strlen(all);

    snprintf(all + used, 2000 - used, "%d%c %s %s(%u,%u): %s\n", words->piece, words->parallel ? 'p' : 's',
             words->name, filter_class_name(words->class), words->before, words->after, words->why);
    return 0;
}

static void describes_for(const char *text, bool metadata, const char *expected)
{
    struct vid_error err = {0};
    char all[2000] = "";

    assert_int_equal(plan_describe(text, metadata, add_line, all, &err), 0);
    assert_string_equal(all, expected);
}

static void describes(const char *text, const char *expected)
{
    describes_for(text, false, expected);
}

static void test_classes(void **state)
{
    describes("gblur,tmix=frames=3,hqdn3d,nlmeans",
              "0p gblur frame(0,0): looks at one frame at a time\n"
              "0p tmix window(2,0): looks at 2 before\n"
              "1s hqdn3d serial(0,0): it carries state from frame to frame\n"
              "2p nlmeans frame(0,0): looks at one frame at a time\n");
    describes("trim=1:2",
              "0s trim serial(0,0): it counts frames and time from the first one that it passes\n");
    describes("metadata=mode=delete:key=x", "0p metadata frame(0,0): looks at one frame at a time\n");
    describes("tmix,tile=2x2", "0p tmix window(2,0): looks at 2 before\n"
                               "0p tile aligned(0,0): takes frames in groups of 4\n");
}

static void test_options(void **state)
{
    describes("vignette",
              "0s vignette serial(0,0): its dither carries random numbers on (dither=0 does not)\n");
    describes("vignette=dither=0", "0p vignette frame(0,0): looks at one frame at a time\n");
    describes("fade=in:0:30", "0p fade frame(0,0): looks at one frame at a time\n");
}

static void test_neighbours(void **state)
{
    describes("scale=64:64,hqdn3d,nlmeans",
              "0s scale frame(0,0): runs with its neighbour: it takes little time\n"
              "0s hqdn3d serial(0,0): it carries state from frame to frame\n"
              "1p nlmeans frame(0,0): looks at one frame at a time\n");
    describes("fps=11,atadenoise", "0s fps window(0,1): runs on rank 0: it takes little time\n"
                                   "1p atadenoise window(4,5): looks at 4 before and 5 after\n");
}

/* A filter that is serial for where it stands, and those that must stay with it. */
static void test_branches(void **state)
{
    describes("split[a][b];[b]fps=5[c];[a][c]overlay",
              "0s split frame(0,0): runs with fps: their branches are joined\n"
              "0s fps serial(0,1): it changes the number or the times of frames before streams are joined\n"
              "0s overlay frame(0,0): runs with fps: their branches are joined\n");
    describes("split[a][b];[b]lagfun[c];[a][c]blend",
              "0s split frame(0,0): runs with lagfun: their branches are joined\n"
              "0s lagfun serial(0,0): it carries state from frame to frame\n"
              "0s blend frame(0,0): runs with lagfun: their branches are joined\n");
}

static void test_metadata(void **state)
{
    describes("cropdetect,gblur", "0p cropdetect frame(0,0): looks at one frame at a time\n"
                                  "0p gblur frame(0,0): looks at one frame at a time\n");
    describes_for("cropdetect,gblur", true,
                  "0s cropdetect serial(0,0): what it finds out by comparing with earlier frames is used\n"
                  "1p gblur frame(0,0): looks at one frame at a time\n");
}

static int stop(void *opaque, const struct filter_words *words)
{
    ++*(int *)opaque;
    return -ECANCELED;
}

static void test_ends(void **state)
{
    struct vid_error err = {0};
    int calls = 0;

    assert_int_equal(plan_describe("gblur,hflip", false, stop, &calls, &err), -ECANCELED);
    assert_int_equal(calls, 1);
    assert_int_equal(plan_describe("nosuchfilter", false, stop, &calls, &err), -EINVAL);
    assert_non_null(strstr(err.text, "nosuchfilter"));
}

struct applying {
    const struct advice *row;
    bool found;
};

static int look_for_row(void *opaque, const struct filter_words *words)
{
    struct applying *applying = opaque;

    applying->found |= advice_find(words) == applying->row;
    return 0;
}

/* Each row applies to its sample. */
static void test_advice_applies(void **state)
{
    for (const struct advice *row = advice_rows; row->filter; row++) {
        struct applying applying = {.row = row};
        struct vid_error err = {0};

        assert_int_equal(plan_describe(row->sample, false, look_for_row, &applying, &err), 0);
        if (!applying.found)
            fail_msg("the advice for %s (%s) does not apply to %s", row->filter, row->reason, row->sample);
    }
}

/* What is advised runs in parallel, whole. */
static void test_advice_is_true(void **state)
{
    for (const struct advice *row = advice_rows; row->filter; row++)
        for (int i = 0; i < 2 && row->instead[i]; i++) {
            struct vid_error err = {0};
            struct plan *plan;

            assert_int_equal(plan_make(row->instead[i], false, &plan, &err), 0);
            if (plan->count != 1 || !plan->pieces[0].parallel)
                fail_msg("%s does not run in parallel: %s", row->instead[i], plan->pieces[0].context.reason);
            plan_free(&plan);
        }
}

static void test_no_advice(void **state)
{
    struct filter_words words = {.name = "hqdn3d", .text = "hqdn3d", .why = "", .class = FILTER_FRAME};

    assert_null(advice_find(&words));
    words.class = FILTER_SERIAL;
    assert_non_null(advice_find(&words));
    words.name = "deshake";
    assert_null(advice_find(&words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),        cmocka_unit_test(test_options),
        cmocka_unit_test(test_neighbours),     cmocka_unit_test(test_branches),
        cmocka_unit_test(test_metadata),       cmocka_unit_test(test_ends),
        cmocka_unit_test(test_advice_applies), cmocka_unit_test(test_advice_is_true),
        cmocka_unit_test(test_no_advice),
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}
