#include "catalog_check.h"

#include <libavutil/opt.h>

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
    accepts("settb=1/1000,hue=h=n");
    accepts("setpts=0.5*PTS+1/TB,eq");
    accepts("setpts='if(INTERLACED,PTS,T/TB)'");
    accepts("metadata=add:key=a:value=b,perms=ro,fifo,sidedata=delete,oscilloscope");
    accepts("metadata=select:key=a");
    accepts("scdet,hflip");
}

static void state_is_refused_by_name(void **state)
{
    refuses("hqdn3d", -ENOTSUP, "filter \"hqdn3d\" cannot run in parallel yet: it carries state");
    refuses("gblur,reverse", -ENOTSUP, "filter \"reverse\" cannot run in parallel yet: it carries state");
    refuses("framerate", -ENOTSUP, "\"framerate\" cannot run in parallel yet: its pictures lie on a grid");
    refuses("zoompan", -ENOTSUP, "\"zoompan\"");
    refuses("psnr", -ENOTSUP, "\"psnr\" cannot run in parallel yet: its result is a summary");
    refuses("showinfo", -ENOTSUP, "\"showinfo\" cannot run in parallel yet: it reports of one frame");
    refuses("metadata=print", -ENOTSUP, "it reports of one frame after the other");
    refuses("realtime", -ENOTSUP, "it waits for the clock");
    refuses("bench=start", -ENOTSUP, "it measures how long");
    refuses("sendcmd=c='1 eq contrast 2',eq", -ENOTSUP, "its commands change other filters");
    refuses("graphmonitor", -EINVAL, "ffmpeg's own graph");
    refuses("hwupload", -ENOTSUP, "it needs a device");
    refuses("trim=start=1", -ENOTSUP, "the first one that it passes");
    refuses("telecine", -ENOTSUP, "how many it gave before");
    refuses("haldclutsrc=4[h];[in][h]haldclut", -ENOTSUP, "never ends");
    refuses("color=red[c];[in][c]overlay", -ENOTSUP, "\"color\" cannot run in parallel yet: it is a source");
}

struct context_case {
    const char *graph;
    bool windowed;
    unsigned before, after;
};

static void contexts_follow_from_options(void **state)
{
    static const struct context_case cases[] = {
        {"hflip", false, 0, 0},           {"tmix=frames=1", false, 0, 0},
        {"tmix=frames=5", true, 4, 0},    {"tmix=frames=7", true, 6, 0},
        {"atadenoise=s=9", true, 4, 5},   {"atadenoise=s=8", true, 4, 5}, /* libavfilter makes it odd */
        {"tmedian=radius=4", true, 0, 8}, {"amplify=radius=4", true, 1, 8},
        {"deflicker=size=7", true, 6, 7}, {"tmidequalizer=radius=3", true, 3, 3},
        {"normalize", false, 0, 0},       {"normalize=smoothing=5", true, 5, 0},
        {"fftdnoiz", false, 0, 0},        {"fftdnoiz=prev=1", true, 1, 0},
        {"fftdnoiz=next=1", true, 0, 1},  {"noise=alls=9:c1f=a", true, 1, 0},
        {"framestep=1", false, 0, 0},     {"framestep=4", true, 0, 0},
        {"fade=in:0:30", true, 0, 0},     {"setpts=2*PTS", false, 0, 0},
        {"settb=1/90000", false, 0, 0},   {"metadata=select:key=a", true, 0, 0},
        {"oscilloscope", false, 0, 0},    {NULL, false, 0, 0},
    };

    for (const struct context_case *c = cases; c->graph; c++) {
        struct chain_context context;
        struct vid_error err = {0};

        assert_int_equal(chain_context(c->graph, &context, &err), 0);
        if (!context.parallel || context.windowed != c->windowed || context.before != c->before ||
            context.after != c->after)
            fail_msg("%s: (%u,%u) %s", c->graph, context.before, context.after, context.reason);
    }
}

static void contexts_add_up(void **state)
{
    static const struct context_case cases[] = {
        {"atadenoise,nlmeans=s=3", true, 4, 5},
        {"tmix=frames=3,hflip,tmix=frames=5", true, 6, 0},
        {"yadif,atadenoise,fps=10", true, 5, 7},
        {"split[a][b];[b]tblend[c];[a][c]overlay", true, 1, 1}, /* at the start it waits for the first one */
        {"split[a][b];[a]tmix=frames=4[c];[b]yadif[d];[c][d]blend,tmix", true, 5, 1},
        {"split[a][b];[b]tmedian[c];[a][c]overlay", true, 2, 2}, /* at the end overlay repeats an older one */
        {"tmedian", true, 0, 2},
        {"framestep=3,tmix=frames=3", true, 6, 0},
        {"yadif=1,tmix=frames=3", true, 3, 1},
        {NULL, false, 0, 0},
    };

    for (const struct context_case *c = cases; c->graph; c++) {
        struct chain_context context;
        struct vid_error err = {0};

        assert_int_equal(chain_context(c->graph, &context, &err), 0);
        if (!context.parallel || context.before != c->before || context.after != c->after)
            fail_msg("%s: (%u,%u) %s", c->graph, context.before, context.after, context.reason);
        assert_true(context.task_frames >= 2 * (context.before + context.after));
        assert_true(context.before + context.task_frames + context.after <= CONTEXT_TASK_MAX);
    }
}

struct period_case {
    const char *graph;
    unsigned period, before, after;
};

static void periods_compose(void **state)
{
    static const struct period_case cases[] = {
        {"hflip", 1, 0, 0},
        {"tmix", 1, 2, 0},
        {"thumbnail", 100, 0, 0},
        {"tile", 30, 0, 0},
        {"tile=4x4:nb_frames=5", 5, 0, 0},
        {"tile=3x1:overlap=1", 2, 2, 1},
        {"tile=3x3:overlap=7", 2, 8, 7},
        {"tile=2x2:overlap=9", 1, 4, 3}, /* libavfilter makes it 3 */
        {"tile=2x2:init_padding=1", 4, 4, 3},
        {"shuffleframes=2 0 1", 3, 0, 0},
        {"tinterlace", 2, 0, 0},
        {"tinterlace=pad", 1, 0, 1},
        {"bwdif=0,format=yuv420p,interlace", 2, 2, 1},
        {"tile=2x1,thumbnail=3", 6, 0, 0},
        {"framestep=4,tile=3x1", 12, 0, 0},
        {"tmix=frames=4,tile=2x1", 2, 4, 0}, /* a whole group before */
        {"tile=2x1,tmix=frames=4", 2, 6, 0},
        {"tblend,tile=2x1", 2, 4, 1},
        {"yadif=1,tile=3x2", 3, 3, 1},
        {"separatefields,weave", 1, 0, 1},
        {"shuffleframes=1 -1 0,tile=2x2", 6, 0, 0},
        {NULL, 0, 0, 0},
    };

    for (const struct period_case *c = cases; c->graph; c++) {
        struct chain_context context;
        struct vid_error err = {0};

        assert_int_equal(chain_context(c->graph, &context, &err), 0);
        if (!context.parallel || context.period != c->period || context.before != c->before ||
            context.after != c->after)
            fail_msg("%s: period %u (%u,%u) %s", c->graph, context.period, context.before, context.after,
                     context.reason);
        assert_int_equal(context.task_frames % context.period, 0);
        assert_true(chain_feed_most(&context) <= CONTEXT_TASK_MAX);
    }
}

static void a_task_is_fed_whole_groups(void **state)
{
    static const struct {
        unsigned period, before, after;
        uint64_t first, count, from, to;
    } cases[] = {
        {1, 2, 3, 10, 4, 8, 17}, {1, 2, 3, 1, 1, 0, 5},   {0, 0, 0, 7, 1, 7, 8},   {5, 0, 0, 10, 5, 10, 15},
        {5, 0, 0, 9, 1, 5, 10},  {5, 10, 2, 9, 3, 0, 17}, {5, 5, 0, 14, 2, 5, 20}, {5, 5, 1, 4, 1, 0, 6},
        {3, 3, 0, 8, 16, 3, 24}, {4, 0, 0, 6, 13, 4, 20},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct chain_context context = {.period = cases[i].period,
                                        .before = cases[i].before,
                                        .after = cases[i].after,
                                        .task_frames = (unsigned)cases[i].count};
        uint64_t from, to;

        chain_feed(&context, cases[i].first, cases[i].count, &from, &to);
        assert_int_equal(from, cases[i].from);
        assert_int_equal(to, cases[i].to);
        assert_true(chain_feed_most(&context) >= to - from);
    }
}

static void windows_that_do_not_combine_are_refused(void **state)
{
    refuses("thumbnail=129", -ENOTSUP, "too many neighbouring frames");
    refuses("tile=10x10,thumbnail=2", -ENOTSUP, "too many neighbouring frames");
    refuses("fps=10,tile", -ENOTSUP, "before a filter that takes them in groups");
    refuses("yadif=1:deint=interlaced,weave", -ENOTSUP, "before a filter that takes them in groups");
    refuses("tile=3x1:overlap=1,tinterlace", -ENOTSUP, "before a filter that takes them in groups");
    refuses("tile=2x2,drawtext=text=%{n}", -ENOTSUP, "before a filter that counts them");
    accepts("thumbnail=128");
    refuses("tmix=frames=1000", -ENOTSUP, "too many neighbouring frames");
    refuses("framestep=100,tmix=frames=3", -ENOTSUP, "too many neighbouring frames");
    refuses("fps=10,tmix", -ENOTSUP,
            "\"fps\" cannot run in parallel yet: it changes the number of frames before a "
            "filter that uses neighbouring ones");
    refuses("fps=10,hue=h=n", -ENOTSUP, "that counts them");
    refuses("yadif=1,framestep=2", -ENOTSUP, "that counts them");
    refuses("split[a][b];[b]fps=10[c];[a][c]overlay", -ENOTSUP, "before streams are joined");
    refuses("haldclutsrc=4[h];[in]tmix[t];[t][h]haldclut=shortest=1", -ENOTSUP, "a source beside the video");
    accepts("hue=h=n,fps=10");
    accepts("split[a][b];[a][b]blend,fps=10");
}

static void a_serial_graph_has_a_reason(void **state)
{
    struct chain_context context = {.parallel = true};
    struct vid_error err = {0};

    assert_int_equal(chain_context("tmix,hqdn3d", &context, &err), 0);
    assert_false(context.parallel);
    assert_non_null(strstr(context.reason, "\"hqdn3d\""));
    assert_int_equal(chain_context("nosuchfilter", &context, &err), -EINVAL);
    assert_non_null(strstr(err.text, "nosuchfilter"));
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

/* Not one that has sound among its inputs or outputs. Of those with none that are known in advance the names
 * of the ones for sound begin with an "a". */
static bool is_for_video(const AVFilter *filter)
{
    unsigned ins = avfilter_filter_pad_count(filter, 0), outs = avfilter_filter_pad_count(filter, 1);

    for (unsigned i = 0; i < ins; i++)
        if (avfilter_pad_get_type(filter->inputs, (int)i) != AVMEDIA_TYPE_VIDEO)
            return false;
    for (unsigned i = 0; i < outs; i++)
        if (avfilter_pad_get_type(filter->outputs, (int)i) != AVMEDIA_TYPE_VIDEO)
            return false;
    return ins + outs > 0 || filter->name[0] != 'a';
}

/* What a new FFmpeg has shows here: look how it works, and give it a row. */
static void every_video_filter_has_a_row(void **state)
{
    const AVFilter *filter;
    void *at = NULL;
    int missing = 0;

    while ((filter = av_filter_iterate(&at)))
        if (is_for_video(filter) && !catalog_find(filter->name)) {
            print_error("%s: no row in src/media/catalog_table.c\n", filter->name);
            missing++;
        }
    assert_int_equal(missing, 0);
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
        assert_true((entry->class == FILTER_SERIAL) == !!entry->reason);
        known++;
    }
    assert_true(known > 330);
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
        cmocka_unit_test(contexts_follow_from_options),
        cmocka_unit_test(contexts_add_up),
        cmocka_unit_test(periods_compose),
        cmocka_unit_test(a_task_is_fed_whole_groups),
        cmocka_unit_test(windows_that_do_not_combine_are_refused),
        cmocka_unit_test(a_serial_graph_has_a_reason),
        cmocka_unit_test(wrong_graphs_quote_libavfilter),
        cmocka_unit_test(every_video_filter_has_a_row),
        cmocka_unit_test(table_is_sorted_and_known),
    };

    return cmocka_run_group_tests_name("catalog", tests, check_setup, check_teardown);
}
