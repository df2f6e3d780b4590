#include "media_check.h"

#include "media/catalog.h"

#include <libavutil/opt.h>

static void accepts(const char *graph)
{
    struct vid_error err = {0};

    if (catalog_check(graph, &err) < 0)
        fail_msg("%s is refused: %s", graph, err.text);
}

static void refuses(const char *graph, int code, const char *part)
{
    struct vid_error err = {0};
    int rc = catalog_check(graph, &err);

    if (rc != code || !strstr(err.text, part))
        fail_msg("%s: %d \"%s\", expected %d \"%s\"", graph, rc, err.text, code, part);
}

static void frame_filters_are_accepted(void **state)
{
    accepts("null");
    accepts("gblur=sigma=3,edgedetect");
    accepts("[in]split[a][b];[b]negate[c];[a][c]overlay[out]");
    accepts("noise=alls=20:allf=u");
    accepts("normalize");
    accepts("vignette=dither=0");
    accepts("shufflepixels=seed=7");
    accepts("hue=h=n*3:enable='between(n,3,5)'");
    accepts("geq=lum='st(1,X);ld(1)+N'");
    accepts("crop=10:10:x=y:y=5");
    accepts("cropdetect");
    accepts("haldclutsrc=4[h];[in][h]haldclut=shortest=1");
}

static void state_is_refused_by_name(void **state)
{
    refuses("hqdn3d", -ENOTSUP, "filter \"hqdn3d\" cannot run in parallel yet: it carries state");
    refuses("gblur,tmix=frames=3", -ENOTSUP,
            "filter \"tmix\" cannot run in parallel yet: it uses neighbouring");
    refuses("fps=30", -ENOTSUP, "\"fps\" cannot run in parallel yet: it changes the number");
    refuses("fade=in:0:30", -ENOTSUP, "\"fade\"");
    refuses("zoompan", -ENOTSUP, "\"zoompan\"");
    refuses("yadif", -ENOTSUP, "\"yadif\"");
    refuses("psnr", -ENOTSUP, "\"psnr\" cannot run in parallel yet: its result is a summary");
    refuses("showinfo", -ENOTSUP, "\"showinfo\" cannot run in parallel yet: it is not in the catalog");
    refuses("haldclutsrc=4[h];[in][h]haldclut", -ENOTSUP, "never ends");
    refuses("color=red[c];[in][c]overlay", -ENOTSUP, "\"color\"");
}

static void options_with_state_are_refused(void **state)
{
    refuses("noise=alls=20:allf=t", -ENOTSUP, "noise that changes with time");
    refuses("noise=c1s=20:c1f=a+p", -ENOTSUP, "averaged noise");
    refuses("normalize=smoothing=5", -ENOTSUP, "smoothing=0");
    refuses("fftdnoiz=prev=1", -ENOTSUP, "previous frame");
    refuses("vignette", -ENOTSUP, "dither=0");
    refuses("shufflepixels", -ENOTSUP, "seed=NUMBER");
    refuses("histeq=antibanding=weak", -ENOTSUP, "antibanding");
    refuses("split[a][b];[a][b]convolve=impulse=first", -ENOTSUP, "impulse=first");
    refuses("stereo3d=sbsl:al", -ENOTSUP, "alternating");
    refuses("waveform=envelope=peak", -ENOTSUP, "peak");
}

static void expressions_with_state_are_refused(void **state)
{
    refuses("geq=lum='random(0)*255'", -ENOTSUP, "random numbers");
    refuses("geq=lum='st(0,ld(0)+1)'", -ENOTSUP, "ld()");
    refuses("hue=h='if(gt(n,3),st(0,1));ld(0)'", -ENOTSUP, "ld()");
    refuses("hue=h=10:enable='ld(3)'", -ENOTSUP, "ld()");
    refuses("hue=h=10:enable='gt(random(1),.5)'", -ENOTSUP, "random");
    refuses("split[a][b];[a][b]overlay=x='if(isnan(x),0,x+1)'", -ENOTSUP, "its place depends");
    refuses("crop=10:10:x=y+1:y=x+1", -ENOTSUP, "its place depends");
    refuses("signalstats,drawtext=text=%{metadata\\\\:lavfi.signalstats.YDIF}", -ENOTSUP, "\"signalstats\"");
}

static void tokens_are_whole_words(void **state)
{
    assert_null(expression_state("myrandom(0)+random"));
    assert_null(expression_state("old(0)+fld(1)"));
    assert_non_null(expression_state("1+random (0)"));
    assert_null(expression_state("st(2,5);ld(2)"));
    assert_non_null(expression_state("st(2,5);ld(3)"));
    assert_non_null(expression_state("(st(2,5));ld(2)"));
    assert_non_null(expression_state("ld(a)"));
    assert_null(expression_state("0x1F*1e3ld"));
    assert_true(expression_uses("max(x,2)", "x"));
    assert_false(expression_uses("max(xx,0x2)", "x"));
    assert_false(expression_uses("", "x"));
}

static void wrong_graphs_quote_libavfilter(void **state)
{
    refuses("nosuchfilter", -EINVAL, "No such filter: 'nosuchfilter'");
    refuses("scale=nosuch=1", -EINVAL, "nosuch");
    refuses("gblur=sigma=-1", -EINVAL, "sigma");
    refuses("split[a]", -EINVAL, "split");
    refuses("hflip[a", -EINVAL, "hflip");
    refuses("split", -EINVAL, "1 open inputs and 2 open outputs");
    refuses("overlay", -EINVAL, "2 open inputs and 1 open outputs");
    refuses("volume=2", -ENOTSUP, "volume");
}

static void table_is_sorted_and_known(void **state)
{
    const AVFilter *filter;
    void *at = NULL;
    int known = 0;

    while ((filter = av_filter_iterate(&at))) {
        const struct catalog_entry *entry = catalog_find(filter->name);

        if (!entry)
            continue;
        assert_string_equal(entry->name, filter->name);
        assert_true((entry->class == FILTER_FRAME) == !entry->reason);
        known++;
    }
    assert_true(known > 230);
    for (const struct catalog_rule *rule = catalog_rules; rule->filter; rule++) {
        AVFilterGraph *graph = avfilter_graph_alloc();
        AVFilterContext *context =
            avfilter_graph_alloc_filter(graph, avfilter_get_by_name(rule->filter), rule->filter);

        assert_non_null(catalog_find(rule->filter));
        assert_non_null(av_opt_find(context, rule->option, NULL, 0, AV_OPT_SEARCH_CHILDREN));
        avfilter_graph_free(&graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_filters_are_accepted),
        cmocka_unit_test(state_is_refused_by_name),
        cmocka_unit_test(options_with_state_are_refused),
        cmocka_unit_test(expressions_with_state_are_refused),
        cmocka_unit_test(tokens_are_whole_words),
        cmocka_unit_test(wrong_graphs_quote_libavfilter),
        cmocka_unit_test(table_is_sorted_and_known),
    };

    return cmocka_run_group_tests_name("catalog", tests, check_setup, check_teardown);
}
