#include "media/plan.h"
#include "media_check.h"

#include <errno.h>
#include <string.h>

/* The pieces as one string: "s" or "p", the text, a bar. */
static void plans_for(const char *text, bool metadata, const char *expected)
{
    struct vid_error err = {0};
    struct plan *plan;
    char all[1000] = "";

    assert_int_equal(plan_make(text, metadata, &plan, &err), 0);
    for (int i = 0; i < plan->count; i++) {
        size_t used = strlen(all);

        snprintf(all + used, sizeof(all) - used, "%s%c:%s", i ? " | " : "",
                 plan->pieces[i].parallel ? 'p' : 's', plan->pieces[i].text);
        assert_int_equal(plan->pieces[i].parallel, plan->pieces[i].context.reason[0] == '\0');
    }
    assert_string_equal(all, expected);
    plan_free(&plan);
}

static void plans(const char *text, const char *expected)
{
    plans_for(text, false, expected);
}

static void test_one_piece(void **state)
{
    plans("null", "p:null");
    plans("split[a][b];[b]tblend=all_mode=average[c];[a][c]overlay",
          "p:[in]split[l0_0][l0_1];[l0_1]tblend=all_mode=average[l1_0];[l0_0][l1_0]overlay[out]");
    plans("hqdn3d", "s:hqdn3d");
    plans("hqdn3d,deshake", "s:hqdn3d,deshake");
}

static void test_pieces(void **state)
{
    plans("hqdn3d,nlmeans", "s:hqdn3d | p:nlmeans");
    plans("nlmeans=s=3,gblur,deshake", "p:nlmeans=s=3,gblur | s:deshake");
    plans("nlmeans,hqdn3d,edgedetect,deshake", "p:nlmeans | s:hqdn3d | p:edgedetect | s:deshake");
}

static void test_branches(void **state)
{
    plans("nlmeans,split[a][b];[b]lagfun[c];[a][c]blend,gblur",
          "p:nlmeans | s:[in]split[l1_0][l1_1];[l1_1]lagfun[l2_0];[l1_0][l2_0]blend[out] | p:gblur");
    plans("[in]gblur[x];[x]hqdn3d[out]", "p:gblur | s:hqdn3d");
}

/* What takes no time is not worth tasks of its own. */
static void test_light(void **state)
{
    plans("scale=64:64,hqdn3d,nlmeans,negate", "s:scale=64:64,hqdn3d | p:nlmeans,negate");
    plans("hqdn3d,negate", "s:hqdn3d,negate");
    plans("fps=11,atadenoise", "s:fps=11 | p:atadenoise");
}

/* What is dear does not work on neighbouring frames for others. */
static void test_dear(void **state)
{
    plans("atadenoise,nlmeans", "p:atadenoise | p:nlmeans");
    plans("gblur,nlmeans,gblur,atadenoise,gblur", "p:gblur,nlmeans,gblur | p:atadenoise,gblur");
    plans("nlmeans,fps=11", "p:nlmeans | s:fps=11");
    plans("gblur,atadenoise", "p:gblur,atadenoise");
    plans("minterpolate=me=umh", "p:minterpolate=me=umh");
}

static void test_metadata(void **state)
{
    plans("cropdetect,gblur", "p:cropdetect,gblur");
    plans_for("cropdetect,gblur", true, "s:cropdetect | p:gblur");
    plans("gblur,signalstats,drawtext=text=%{metadata\\\\:lavfi.signalstats.YDIF},gblur",
          "p:gblur | s:signalstats | p:drawtext=text=%{metadata\\\\:lavfi.signalstats.YDIF},gblur");
}

/* Commands reach filters of their own graph only. */
static void test_commands(void **state)
{
    plans("gblur,sendcmd=c='0.1 hue s 0',hue", "s:gblur,sendcmd=c='0.1 hue s 0',hue");
}

static void test_flags(void **state)
{
    plans("sws_flags=bilinear;hqdn3d,gblur", "s:sws_flags=bilinear;hqdn3d | p:sws_flags=bilinear;gblur");
}

static void test_refuses(void **state)
{
    static const char *const wrong[] = {"", "nosuchfilter", "split", "null,", "amix", "gblur=nosuch=1"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct vid_error err = {0};
        struct plan *plan;

        assert_int_equal(plan_make(wrong[i], false, &plan, &err), -EINVAL);
        assert_null(plan);
        assert_true(err.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_piece), cmocka_unit_test(test_pieces), cmocka_unit_test(test_branches),
        cmocka_unit_test(test_light),     cmocka_unit_test(test_dear),   cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_commands),  cmocka_unit_test(test_flags),  cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}
