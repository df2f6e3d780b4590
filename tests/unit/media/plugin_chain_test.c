/* Chains with filters of plugins: however they are cut into tasks the pictures are the same, and a plugin
 * that does what a filter of ffmpeg does gives ffmpeg's pictures, whatever stands around it. */
#include "windows_check.h"

#include "media/catalog.h"
#include "media/chain_pieces.h"
#include "media/plugin.h"

#include <errno.h>

struct row {
    const char *ours;
    const char *theirs; /* the same with ffmpeg's filters; NULL: there are none */
};

static const struct row windowed[] = {
    {"mirror,tmix=frames=3", "hflip,tmix=frames=3"},
    {"tmix=frames=3,mirror", "tmix=frames=3,hflip"},
    {"yadif,mirror,eq=contrast=1.3", "yadif,hflip,eq=contrast=1.3"},
    {"yadif=1,mirror", "yadif=1,hflip"},
    {"tblend,mirror,hue=h=n*9", "tblend,hflip,hue=h=n*9"},
    {"mirror,fps=12", "hflip,fps=12"},
    {"fps=12,mirror", "fps=12,hflip"},
    {"mirror,fps=50:round=up,mirror", "hflip,fps=50:round=up,hflip"},
    {"framestep=3,mirror,vflip", "framestep=3,hflip,vflip"},
    {"mirror,fade=in:0:30,mirror_rgb", "hflip,fade=in:0:30,format=rgb24,hflip"},
    {"mirror,split[a][b];[b]tblend[c];[a][c]overlay=x=n", "hflip,split[a][b];[b]tblend[c];[a][c]overlay=x=n"},
    {"split[a][b];[b]tmedian[c];[a][c]blend=all_mode=difference,mirror,amplify",
     "split[a][b];[b]tmedian[c];[a][c]blend=all_mode=difference,hflip,amplify"},
    {"mean", NULL},
    {"mean=2:0", NULL},
    {"mean=0:3", NULL},
    {"mean=3:1,hue=h=n*9", NULL},
    {"hflip,mean,stamp=1:2,scale=96:54", NULL},
    {"mean,mean=2:1", NULL},
    {"mean,tmix=frames=3", NULL},
    {"tmix=frames=3,mean=2:2", NULL},
    {"tblend,stamp=2:1,hue=h=n*9", NULL},
    {"mean,tblend,stamp,yadif", NULL},
    {"mean=4:4,split[a][b];[b]tblend[c];[a][c]overlay=x=n", NULL},
    {"mean,fps=12", NULL},
    {"framestep=3,mean", NULL},
    {"stamp=2:0,atadenoise=s=5,half", NULL},
    {NULL, NULL},
};

static const struct row plain[] = {
    {"mirror", "hflip"},
    {"mirror,mirror", "hflip,hflip"},
    {"hue=h=n*10,mirror,hue=h=n*5", "hue=h=n*10,hflip,hue=h=n*5"},
    {"mirror,drawbox=x=5:y=10:w=30:h=20:color=red@0.5:t=fill",
     "hflip,drawbox=x=5:y=10:w=30:h=20:color=red@0.5:t=fill"},
    {"mirror_rgb", "format=rgb24,hflip"},
    {"vflip,mirror_rgb,scale=96:-2,format=yuv420p", "vflip,format=rgb24,hflip,scale=96:-2,format=yuv420p"},
    {"sws_flags=neighbor;mirror_rgb,format=yuv420p", "sws_flags=neighbor;format=rgb24,hflip,format=yuv420p"},
    {"[in]split[a][b];[b]negate[c];[a][c]hstack[d];[d]mirror[e];[e]vflip[out]",
     "[in]split[a][b];[b]negate[c];[a][c]hstack[d];[d]hflip[e];[e]vflip[out]"},
    {"[x]vflip;mirror[x]", "hflip,vflip"},
    {"setsar=2/1,mirror,scale=w=iw*sar:h=ih", "setsar=2/1,hflip,scale=w=iw*sar:h=ih"},
    {"crop=80:60:n:n/2,mirror,pad=100:100", "crop=80:60:n:n/2,hflip,pad=100:100"},
    {"mirror,rotate=t", "hflip,rotate=t"},
    {"stamp=0:0,half,hue=h=n", NULL},
    {NULL, NULL},
};

static int tell_if_differs(struct window_run *w, const char *clip, const char *whole, unsigned size)
{
    char *tasks = window_tasks(w, size, &w->context), name[300];
    bool wrong = strcmp(tasks, whole) != 0;

    snprintf(name, sizeof(name), "%s: %s, tasks of %u", w->run.wish.filter, clip, size);
    if (wrong)
        check_tell_difference(name, tasks, whole);
    free(tasks);
    return wrong;
}

/* By chain_filter_run with all frames in one task; ffmpeg runs the other graph. */
static int tell_if_not_ffmpegs(const char *clip, const struct row *row, const char *whole)
{
    char in[60], line[1500], base[40], *theirs, *ours = NULL;
    size_t size;
    FILE *out = open_memstream(&ours, &size);
    int wrong;

    for (const char *at = whole, *end; *at; at = end + 1) {
        const char *from = end = strchr(at, '\n');

        for (int spaces = 0; spaces < 3; spaces += *--from == ' ')
            continue;
        fprintf(out, "%.*s\n", (int)(end - from - 1), from + 1);
    }
    fclose(out);
    snprintf(in, sizeof(in), "-i @%s", clip);
    snprintf(line, sizeof(line), "%s -vf \"%s\" o.nut", in, row->ours);
    check_time_base(line, base, sizeof(base));
    theirs = check_theirs(in, row->theirs, base);
    if ((wrong = strcmp(ours, theirs) != 0))
        check_tell_difference(line, ours, theirs);
    free(ours);
    free(theirs);
    return wrong;
}

static int check_clip(const char *clip, const struct row *row, bool is_windowed)
{
    static const unsigned sizes[] = {1, 7};
    struct window_run w;
    char *whole;
    int wrong;

    window_open(&w, clip, row->ours);
    assert_int_equal(w.context.windowed, is_windowed);
    whole = window_whole(&w);
    wrong = !*whole + (row->theirs && tell_if_not_ffmpegs(clip, row, whole));
    for (size_t i = !is_windowed; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        wrong += tell_if_differs(&w, clip, whole, sizes[i]);
    free(whole);
    window_close(&w);
    return wrong;
}

static void check_rows(const struct row *rows, bool is_windowed)
{
    int wrong = 0;

    for (; rows->ours; rows++)
        for (size_t i = 0; i < sizeof(window_clips) / sizeof(window_clips[0]); i++)
            wrong += check_clip(window_clips[i], rows, is_windowed);
    assert_int_equal(wrong, 0);
}

static void windows_are_exact(void **state)
{
    check_rows(windowed, true);
}

static void frames_are_exact(void **state)
{
    check_rows(plain, false);
}

/* With a frame less of context it shows: the window that the filter asks for is what a task gets. */
static void no_less_will_do(void **state)
{
    static const char *const graphs[] = {"mean=2:2", "tmix=frames=3,mean=2:2", "mean,tmix=frames=3,mean",
                                         NULL};

    for (int i = 0; graphs[i]; i++) {
        struct window_run w;
        char *whole, *less_before, *less_after;

        window_open(&w, "even.mkv", graphs[i]);
        whole = window_whole(&w);
        w.context.before--;
        less_before = window_tasks(&w, 4, &w.context);
        w.context.before++;
        w.context.after--;
        less_after = window_tasks(&w, 4, &w.context);
        assert_string_not_equal(whole, less_before);
        assert_string_not_equal(whole, less_after);
        free(whole);
        free(less_before);
        free(less_after);
        window_close(&w);
    }
}

/* ---- frame by frame, in any order, as another process has it ---- */

static void same_from_text(void **state)
{
    struct window_run w;
    struct chain_spec *spec;
    struct chain *chain = NULL;
    struct vid_error err = {0};
    char *text, *whole, *again;

    window_open(&w, "even.mkv", "hue=h=n*10,stamp=0:0,mirror,hue=h=n*5");
    whole = window_whole(&w);
    text = chain_spec_encode(w.run.spec);
    assert_non_null(strstr(text, "plugins " PLUGINS "/good/good.so\ttests\t1.2\n"));
    if (chain_spec_decode(text, &spec, &err) < 0 || chain_open(spec, &chain, &err) < 0)
        fail_msg("%s", err.text);
    chain_close(&w.run.chain);
    w.run.chain = chain;
    again = window_tasks(&w, 3, &w.context);
    assert_string_equal(whole, again);
    chain_spec_free(&spec);
    free(whole);
    free(again);
    *strstr(text, "1.2") = '2';
    assert_int_equal(chain_spec_decode(text, &spec, &err), -EINVAL);
    assert_non_null(strstr(err.text, "is tests 1.2 on"));
    assert_null(spec);
    free(text);
    window_close(&w);
}

static void a_new_size_begins_anew(void **state)
{
    static const struct row rows[] = {{"mirror,tmix=frames=4", "hflip,tmix=frames=4"},
                                      {"tblend,mirror,hue=h=n*9", "tblend,hflip,hue=h=n*9"},
                                      {"mean=2:0,hue=h=n*9", NULL},
                                      {"mean,stamp,fps=20", NULL},
                                      {NULL, NULL}};
    int wrong = 0;

    check_make("-i even.mkv -frames:v 20 -c:v mpeg2video -q:v 3 -r 25 -f mpegts a.part");
    check_make("-i even.mkv -frames:v 20 -vf scale=160:90 -c:v mpeg2video -q:v 3 -r 25 -output_ts_offset 1 "
               "-f mpegts b.part");
    free(check_shell("cat a.part b.part >sizes.ts && rm a.part b.part"));
    for (int i = 0; rows[i].ours; i++)
        wrong += check_clip("sizes.ts", &rows[i], true);
    assert_int_equal(wrong, 0);
}

static void the_output_is_the_last_graphs(void **state)
{
    struct window_run w;
    struct chain_output output;

    window_open(&w, "even.mkv", "mirror,half,setsar=2/1");
    assert_int_equal(chain_output(w.run.chain, &output, NULL), 0);
    assert_int_equal(output.width, 96);
    assert_int_equal(output.height, 54);
    assert_int_equal(output.format, AV_PIX_FMT_GRAY8);
    assert_int_equal(output.aspect[0], 2);
    assert_true(output.frame_rate[0] > 0);
    assert_false(output.meta);
    window_close(&w);
    window_open(&w, "even.mkv", "setsar=2/1");
    assert_int_equal(chain_output(w.run.chain, &output, NULL), 0);
    assert_true(output.meta);
    window_close(&w);
}

/* ---- what the catalog says ---- */

static void context_is(const char *graph, bool is_windowed, unsigned before, unsigned after)
{
    struct chain_context context;
    struct vid_error err = {0};

    if (chain_context(graph, &context, &err) < 0)
        fail_msg("%s: %s", graph, err.text);
    assert_true(context.parallel);
    assert_int_equal(context.windowed, is_windowed);
    assert_int_equal(context.before, before);
    assert_int_equal(context.after, after);
}

static void contexts(void **state)
{
    context_is("mirror", false, 0, 0);
    context_is("mean", true, 1, 1);
    context_is("mean=3:0,hflip,mean=2:4", true, 5, 4);
    context_is("mean=0:0", false, 0, 0);
    context_is("framestep=2,mean", true, 2, 2);
    context_is("tmix=frames=3,mean", true, 3, 1);
}

static void is_serial(const char *graph, const char *why)
{
    struct chain_context context;
    struct vid_error err = {0};

    assert_int_equal(chain_context(graph, &context, &err), 0);
    assert_false(context.parallel);
    if (!strstr(context.reason, why))
        fail_msg("%s: \"%s\" is not in \"%s\"", graph, why, context.reason);
}

static void serial(void **state)
{
    is_serial("hflip,count",
              "filter \"count\" cannot run in parallel yet: it must see every frame in order (it "
              "says so itself)");
    is_serial("fps=10,stamp=0:0", "it changes the number of frames before a filter that counts them");
    is_serial("fps=10,mean", "it changes the number of frames before a filter that uses neighbouring ones");
    is_serial("mean=30:30,mean=30:30,mean=5:5", "a picture depends on too many neighbouring frames");
}

static void is_wrong(const char *graph, const char *why)
{
    struct chain_context context;
    struct vid_error err = {0};

    if (chain_context(graph, &context, &err) != -EINVAL)
        fail_msg("%s is not wrong: %s", graph, context.reason);
    if (!strstr(err.text, why))
        fail_msg("%s: \"%s\" is not in \"%s\"", graph, why, err.text);
}

static void wrong_graphs(void **state)
{
    is_wrong("split[a][b];[a]mirror[c];[b][c]hstack",
             "filter \"mirror\" is a plugin's and stands in a branch of the graph");
    is_wrong("split[a][b];[a]mirror[c];[b]mean[d];[c][d]hstack", "stands in a branch of the graph");
    is_wrong("color=s=192x108[a];[a]mirror[b];[in][b]overlay=shortest=1",
             "\"mirror\" is a plugin's and stands in a");
    is_wrong("[a][b]mirror", "filter \"mirror\" of plugin tests has one input and one output");
    is_wrong("mean=befor=2", "filter \"mean\" has no option \"befor\": did you mean \"before\"?");
    is_wrong("options=fail=context", "the options do not fit each other");
    is_wrong("hflip,mirrr",
             "No such filter: 'mirrr': did you mean 'mirror'?; libavfilter has none of that name, nor "
             "has a plugin in " PLUGINS "/good, ");
    is_wrong("faces,hflip",
             "No such filter: 'faces': the package vidmpi-opencv brings it (build option VID_OPENCV); "
             "plugins are looked for in " PLUGINS "/good, ");
}

/* ---- the cut itself ---- */

static void cuts(const char *graph, const char *expected)
{
    struct chain_pieces pieces;
    struct vid_error err = {0};
    char all[600] = "";

    if (chain_pieces_cut(graph, &pieces, &err) < 0)
        fail_msg("%s: %s", graph, err.text);
    for (int i = 0; i <= pieces.count; i++) {
        size_t used = strlen(all);

        snprintf(all + used, sizeof(all) - used, "%s", pieces.graphs[i]);
        used = strlen(all);
        if (i < pieces.count)
            snprintf(all + used, sizeof(all) - used, " |%s(%s)| ", pieces.plugins[i].filter->filter->name,
                     pieces.plugins[i].args ? pieces.plugins[i].args : "");
    }
    assert_string_equal(all, expected);
    chain_pieces_free(&pieces);
}

static void pieces(void **state)
{
    cuts("hflip", "hflip");
    cuts("mirror", "null |mirror()| null");
    cuts("hflip,mirror,vflip", "hflip |mirror()| vflip");
    cuts("mirror,mean=2:1", "null |mirror()| null |mean(2:1)| null");
    cuts("scale=10:10,hflip,options='text=a\\:b',vflip,null",
         "scale=10:10,hflip |options(text=a\\:b)| vflip,null");
    cuts("[in]split[a][b];[a][b]hstack[c];[c]mirror[d];[d]vflip[out]",
         "[in]split[l0_0][l0_1];[l0_0][l0_1]hstack[out] |mirror()| vflip");
    cuts("[x]vflip;mirror[x]", "null |mirror()| vflip");
    cuts("sws_flags=neighbor;hflip,mirror", "sws_flags=neighbor;hflip |mirror()| sws_flags=neighbor;null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(contexts),
        cmocka_unit_test(serial),
        cmocka_unit_test(wrong_graphs),
        cmocka_unit_test(the_output_is_the_last_graphs),
        cmocka_unit_test(same_from_text),
        cmocka_unit_test(no_less_will_do),
        cmocka_unit_test(frames_are_exact),
        cmocka_unit_test(windows_are_exact),
        cmocka_unit_test(a_new_size_begins_anew),
    };

    setenv("VIDMPI_PLUGIN_PATH", PLUGINS "/good", 1);
    return cmocka_run_group_tests_name("plugin_chain", tests, windows_setup, check_teardown);
}
