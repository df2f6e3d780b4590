/* Every filter with a window, and chains of them: what tasks of any size give together is what one graph
 * gives that sees the whole video, to the byte. */
#include "windows_check.h"

#include "media/catalog.h"
#include "media/chain_private.h"

enum {
    TIGHT_BEFORE = 1, /* with one frame less before, some clip shows it */
    TIGHT_AFTER = 2,  /* with one less after, pictures are missing */
    TIGHT_PERIOD = 4, /* when tasks begin at any frame, with as much context, some clip shows it */
    TIGHT = TIGHT_BEFORE | TIGHT_AFTER,
};

struct row {
    const char *graph;
    int tight;
};

/* At least one of each row of src/media/catalog_window.c, and each of its options that matters. */
static const struct row filters[] = {
    {"amplify", TIGHT},
    {"amplify=radius=4:factor=5", TIGHT},
    {"atadenoise", TIGHT},
    {"atadenoise=s=5:a=s", TIGHT},
    {"atadenoise=s=8:0s=2:1s=2", TIGHT},
    {"atadenoise=enable='between(t,1,2)'", TIGHT_AFTER},
    {"bwdif", TIGHT},
    {"bwdif=mode=send_frame", TIGHT},
    {"dedot", TIGHT},
    {"doubleweave", TIGHT_AFTER},
    {"doubleweave=b", TIGHT_AFTER},
    {"deflicker", TIGHT},
    {"deflicker=size=3:mode=median", TIGHT_AFTER},
    {"estdif=mode=frame", TIGHT_AFTER},
    {"estdif=deint=interlaced", TIGHT_AFTER},
    {"fade=in:0:30", 0},
    {"fade=out:40:20", 0},
    {"fade=st=1:d=1", 0},
    {"fieldmatch", TIGHT},
    {"fieldmatch=mode=pcn:combmatch=full", TIGHT},
    {"fps=10", TIGHT_AFTER},
    {"fps=24:round=up", TIGHT_AFTER},
    {"fps=60:round=zero", TIGHT_AFTER},
    {"fps=7:round=down:eof_action=pass", TIGHT_AFTER},
    {"framestep=3", 0},
    {"setfield=prog,interlace", TIGHT_PERIOD},
    {"setfield=prog,interlace=scan=bff:lowpass=off", TIGHT_PERIOD},
    {"kerndeint", TIGHT_BEFORE},
    {"kerndeint=map=1", TIGHT_BEFORE},
    {"mestimate=method=ds,codecview=mv=pf", TIGHT},
    {"entropy,metadata=select:key=lavfi.entropy.normalized_entropy.normal.Y:value=0.83:function=greater", 0},
    {"minterpolate=mi_mode=blend", TIGHT},
    {"minterpolate=mi_mode=dup:fps=17", TIGHT_AFTER},
    {"noise=alls=20:allf=a", TIGHT_BEFORE},
    {"noise=alls=20:allf=a+u", TIGHT_BEFORE},
    {"normalize=smoothing=6", TIGHT_BEFORE},
    {"phase", TIGHT_BEFORE},
    {"phase=t", TIGHT_BEFORE},
    {"select='not(mod(n,3))'", 0},
    {"select='eq(pict_type,I)+gt(t,1)'", 0},
    {"separatefields", TIGHT_AFTER},
    {"sidedata=select:type=24", 0},
    {"shuffleframes=2 0 1", TIGHT_PERIOD},
    {"shuffleframes=1|-1|0|3", TIGHT_PERIOD},
    {"shuffleframes=-1 1", TIGHT_PERIOD},
    {"stereo3d=al:sbsl", TIGHT_PERIOD},
    {"stereo3d=ar:ml", TIGHT_PERIOD},
    {"stereo3d=ar:al", TIGHT_PERIOD},
    {"stereo3d=sbsl:al", TIGHT_AFTER},
    {"tblend=all_mode=average", TIGHT_BEFORE},
    {"thumbnail=5", TIGHT_PERIOD},
    {"thumbnail=26", TIGHT_PERIOD},
    {"tile=2x2", TIGHT_PERIOD},
    {"tile=3x2:nb_frames=5:padding=3:margin=2:color=red", TIGHT_PERIOD},
    {"tile=3x1:overlap=1", TIGHT | TIGHT_PERIOD},
    {"tile=3x3:overlap=7", TIGHT | TIGHT_PERIOD},
    {"tile=3x2:overlap=3", TIGHT | TIGHT_PERIOD},
    {"tile=2x2:init_padding=1", TIGHT | TIGHT_PERIOD},
    {"tile=2x2:init_padding=3:margin=1", TIGHT | TIGHT_PERIOD},
    {"tinterlace", TIGHT_PERIOD},
    {"tinterlace=drop_even", TIGHT_PERIOD},
    {"tinterlace=drop_odd", TIGHT_PERIOD},
    {"tinterlace=pad", TIGHT_AFTER},
    {"tinterlace=interleave_top:flags=vlpf", TIGHT_PERIOD},
    {"tinterlace=interleave_bottom:flags=cvlpf+exact_tb", TIGHT_PERIOD},
    {"tinterlace=interlacex2", TIGHT_AFTER},
    {"tinterlace=mergex2", TIGHT_AFTER},
    {"tlut2=c0='(x+y)/2'", TIGHT_BEFORE},
    {"tmedian", TIGHT_AFTER},
    {"tmedian=radius=3", TIGHT_AFTER},
    {"tmidequalizer=radius=2", TIGHT},
    {"tmix", TIGHT_BEFORE},
    {"tmix=frames=5", TIGHT_BEFORE},
    {"tblend=enable='between(n,5,20)'", TIGHT_BEFORE},
    {"tmedian=enable='between(n,5,20)'", TIGHT_AFTER},
    {"yadif=enable='between(n,5,20)'", TIGHT},
    {"amplify=enable='between(n,5,20)'", TIGHT},
    {"untile=2x2", 0},
    {"w3fdif", TIGHT},
    {"w3fdif=mode=frame", TIGHT},
    {"w3fdif=deint=interlaced", TIGHT},
    {"weave", TIGHT_PERIOD},
    {"weave=b", TIGHT_PERIOD},
    {"yadif", TIGHT},
    {"yadif=1", TIGHT},
    {"yadif=2", TIGHT},
    {"yadif=1:deint=interlaced", TIGHT},
    {NULL, 0},
};

static const struct row chains[] = {
    {"atadenoise,nlmeans=s=3:p=3:r=3", TIGHT},
    {"yadif,scale=96:54,eq=contrast=1.3", TIGHT},
    {"tmix=frames=3,tmix=frames=4", TIGHT_BEFORE},
    {"tblend,hue=h=n*5", TIGHT_BEFORE},
    {"tblend,framestep=3", 0},
    {"tblend,fade=in:0:20", TIGHT_BEFORE},
    {"atadenoise=s=5,fps=12", TIGHT_BEFORE},
    {"fps=12,gblur", TIGHT_AFTER},
    {"hflip,fps=12", TIGHT_AFTER},
    {"framestep=2,tmix=frames=3", TIGHT_BEFORE},
    {"yadif=1,tmix=frames=3", 0},
    {"yadif=1,fps=20", 0},
    {"split[a][b];[b]tblend[c];[a][c]overlay=x=n", TIGHT},
    {"split[a][b];[b]tblend[c];[a][c]vstack", TIGHT_BEFORE},
    {"split[a][b];[b]tmedian[c];[a][c]blend=all_mode=difference", TIGHT},
    {"split[a][b];[b]amplify[c];[a][c]hstack", TIGHT_BEFORE},
    {"split[a][b];[b]amplify[c];[a][c]overlay", TIGHT},
    {"split[a][b];[b]tmedian[c];[a][c]overlay", TIGHT},
    {"split[a][b];[b]yadif[c];[a][c]blend=all_mode=average", TIGHT},
    {"split[a][b];[a]tmix[c];[b]atadenoise=s=5[d];[c][d]blend=all_mode=average,dedot", 0},
    {"split[a][b];[a]negate[c];[b][c]framepack=frameseq", 0},
    {"tile=2x1,thumbnail=3", TIGHT_PERIOD},
    {"thumbnail=3,tile=2x1", TIGHT_PERIOD},
    {"tmix=frames=3,tile=2x2", TIGHT_BEFORE | TIGHT_PERIOD},
    {"tile=2x2,tmix=frames=3", TIGHT_BEFORE | TIGHT_PERIOD},
    {"tile=2x2,tmedian", TIGHT_AFTER | TIGHT_PERIOD},
    {"tmedian,tile=2x2", TIGHT_AFTER | TIGHT_PERIOD},
    {"tblend,tile=2x2", TIGHT_AFTER | TIGHT_PERIOD},
    {"amplify,tile=2x1", TIGHT_AFTER | TIGHT_PERIOD},
    {"tile=3x1:overlap=1,tmix", TIGHT_PERIOD},
    {"tile=2x2:init_padding=1,tmedian=radius=1", TIGHT_PERIOD},
    {"framestep=2,tile=3x1", TIGHT_PERIOD},
    {"shuffleframes=1 -1 0,tile=2x2", TIGHT_PERIOD},
    {"yadif=1,tinterlace=interleave_top", 0},
    {"yadif=1,tile=3x1", TIGHT_BEFORE | TIGHT_PERIOD},
    {"separatefields,weave", TIGHT_AFTER},
    {"separatefields,shuffleframes=3 2 1 0,weave", TIGHT_AFTER | TIGHT_PERIOD},
    {"setfield=prog,interlace,yadif=1", TIGHT_AFTER | TIGHT_PERIOD},
    {"weave,fps=12", TIGHT_BEFORE | TIGHT_AFTER},
    {"framestep=3,fps=20", 0},
    {"tmedian,yadif=1,fps=12", TIGHT_BEFORE},
    {"thumbnail=5,tinterlace=interlacex2", TIGHT_BEFORE},
    {"tinterlace=pad,amplify,shuffleframes=1 2 -1 0", 0},
    {"estdif,tile=3x1,weave,separatefields", 0},
    {"bwdif,scale=96:54,interlace", 0},
    {"tile=2x2,fps=5", TIGHT_AFTER | TIGHT_PERIOD},
    {"tile=2x2,untile=2x2", TIGHT_PERIOD},
    {"split[a][b];[a]tinterlace=pad[c];[b]pad=h=2*ih[d];[c][d]hstack", TIGHT_AFTER},
    {NULL, 0},
};

/* Seconds each: not in every run. */
static const struct row slow[] = {
    {"estdif", TIGHT_AFTER},
    {"fftdnoiz=prev=1", TIGHT_BEFORE},
    {"fftdnoiz=next=1", TIGHT_AFTER},
    {"fftdnoiz=prev=1:next=1", TIGHT},
    {"mestimate=method=umh,codecview=mv=pf+bf", TIGHT},
    {"minterpolate=me=ds:fps=40", TIGHT},
    {"minterpolate=me=umh:fps=30", TIGHT},
    {"minterpolate=me=hexbs:me_mode=bidir:fps=30", TIGHT},
    {NULL, 0},
};

static bool differs(struct window_run *w, const char *whole, unsigned size,
                    const struct chain_context *context)
{
    char *tasks = window_tasks(w, size, context);
    bool wrong = strcmp(tasks, whole) != 0;

    free(tasks);
    return wrong;
}

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

static bool differs_with_less(struct window_run *w, const char *whole, int side)
{
    struct chain_context less = w->context;
    int period = w->run.chain->spec->period;
    bool wrong;

    if (side == TIGHT_BEFORE)
        less.before -= less.period;
    if (side == TIGHT_AFTER)
        less.after--;
    if (side == TIGHT_PERIOD) {
        less.before += less.period - 1;
        less.after += less.period - 1;
        w->run.chain->spec->period = (int)(less.period = 1);
    }
    wrong = differs(w, whole, 1, &less);
    w->run.chain->spec->period = period;
    return wrong;
}

/* Over all clips; *seen gathers which sides a frame less shows on. */
static int check_clip(const char *clip, const struct row *row, int *seen)
{
    static const unsigned sizes[] = {1, 4, 7, 16};
    struct window_run w;
    char *whole;
    int wrong;

    window_open(&w, clip, row->graph);
    assert_true(w.context.windowed);
    whole = window_whole(&w);
    wrong = window_tell_if_not_ffmpegs(clip, row->graph, whole);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        wrong += tell_if_differs(&w, clip, whole, sizes[i]);
    for (int side = TIGHT_BEFORE; side <= TIGHT_PERIOD; side *= 2)
        if (row->tight & ~*seen & side && differs_with_less(&w, whole, side))
            *seen |= side;
    free(whole);
    window_close(&w);
    return wrong;
}

static void check_rows(const struct row *rows)
{
    int wrong = 0;

    for (const struct row *row = rows; row->graph; row++) {
        int seen = 0;

        for (size_t i = 0; i < sizeof(window_clips) / sizeof(window_clips[0]); i++)
            wrong += check_clip(window_clips[i], row, &seen);
        if ((seen & row->tight) != row->tight) {
            print_error("%s: a frame less of context shows on side %d only, not %d\n", row->graph, seen,
                        row->tight);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void filters_are_exact(void **state)
{
    check_rows(filters);
}

static void chains_are_exact(void **state)
{
    check_rows(chains);
}

static void slow_filters_are_exact(void **state)
{
    check_rows(slow);
}

static bool is_tested(const char *filter, const struct row *rows)
{
    size_t length = strlen(filter);

    for (; rows->graph; rows++)
        for (const char *at = rows->graph; (at = strstr(at, filter)); at += length)
            if ((at == rows->graph || strchr(",]", at[-1])) && strchr("=,[", at[length]))
                return true;
    return false;
}

/* A filter of the catalog that is in no row was never shown to be exact. */
static void no_filter_is_left_out(void **state)
{
    const AVFilter *filter;
    void *at = NULL;

    while ((filter = av_filter_iterate(&at))) {
        const struct catalog_entry *entry = catalog_find(filter->name);

        if (entry && (entry->class == FILTER_WINDOW || entry->class == FILTER_ALIGNED) &&
            !is_tested(filter->name, filters) && !is_tested(filter->name, chains) &&
            !is_tested(filter->name, slow))
            fail_msg("%s needs other frames and has no row in this test", filter->name);
    }
}

static int drop_emitted(void *opaque, uint64_t frame, struct picture **picture)
{
    picture_unref(picture);
    return 0;
}

static void times_must_grow(void **state)
{
    struct window_run w;
    struct vid_error err = {0};

    window_open(&w, "even.mkv", "tmix");
    w.pictures[5]->frame->pts = w.pictures[4]->frame->pts;
    struct chain_run run = {.first = 4, .count = 4, .before = 2, .pictures = w.pictures + 2};
    assert_int_equal(chain_filter_run(w.run.chain, &run, drop_emitted, NULL, &err), -ERANGE);
    assert_non_null(strstr(err.text, "frame 5 has no time later than the frame before"));
    window_close(&w);
}

static void tasks_begin_with_a_group(void **state)
{
    struct window_run w;
    struct vid_error err = {0};

    window_open(&w, "even.mkv", "tile=3x1");
    struct chain_run run = {.first = 4, .count = 5, .pictures = w.pictures + 4};
    assert_int_equal(chain_filter_run(w.run.chain, &run, drop_emitted, NULL, &err), -EINVAL);
    assert_non_null(strstr(err.text, "a task begins at frame 4"));
    run = (struct chain_run){.first = 3, .count = 1, .after = 1, .pictures = w.pictures + 3};
    vid_error_clear(&err);
    assert_int_equal(chain_filter_run(w.run.chain, &run, drop_emitted, NULL, &err), -EINVAL);
    assert_non_null(strstr(err.text, "a task ends at frame 5"));
    for (unsigned i = 4; i < w.count; i++)
        w.pictures[i]->graph_first = 4;
    run = (struct chain_run){.first = 3, .count = 3, .pictures = w.pictures + 3};
    vid_error_clear(&err);
    assert_int_equal(chain_filter_run(w.run.chain, &run, drop_emitted, NULL, &err), -ERANGE);
    assert_non_null(strstr(err.text, "the frames' size or format changes at frame 4"));
    window_close(&w);
}

static void a_frame_alone_is_refused(void **state)
{
    struct window_run w;
    struct vid_error err = {0};
    struct picture *picture;

    window_open(&w, "even.mkv", "tmix");
    picture = picture_ref(w.pictures[0]);
    assert_int_equal(chain_filter(w.run.chain, 0, &picture, check_emit, stderr, &err), -EINVAL);
    assert_null(picture);
    window_close(&w);
}

/* Frame by frame the same call works too, and keeps its graph. */
static void other_graphs_run_the_same_way(void **state)
{
    struct window_run w;
    char *whole;

    window_open(&w, "even.mkv", "hue=h=n*10,negate");
    assert_false(w.context.windowed);
    whole = window_whole(&w);
    assert_false(differs(&w, whole, 7, &w.context));
    assert_int_equal(window_tell_if_not_ffmpegs("even.mkv", "hue=h=n*10,negate", whole), 0);
    free(whole);
    window_close(&w);
}

/* Where the size of the frames changes ffmpeg builds its graph anew: nothing before that counts. */
static void a_new_size_begins_anew(void **state)
{
    static const char *const graphs[] = {"tmix=frames=4", "yadif", "fps=20", "tblend,hue=h=n*9", NULL};
    int wrong = 0;

    check_make("-i even.mkv -frames:v 20 -c:v mpeg2video -q:v 3 -r 25 -f mpegts a.part");
    check_make("-i even.mkv -frames:v 20 -vf scale=160:90 -c:v mpeg2video -q:v 3 -r 25 -output_ts_offset 1 "
               "-f mpegts b.part");
    free(check_shell("cat a.part b.part >sizes.ts && rm a.part b.part"));
    for (int i = 0; graphs[i]; i++) {
        struct row row = {graphs[i], 0};
        int seen = 0;

        wrong += check_clip("sizes.ts", &row, &seen);
    }
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_filter_is_left_out),    cmocka_unit_test(times_must_grow),
        cmocka_unit_test(tasks_begin_with_a_group), cmocka_unit_test(a_frame_alone_is_refused),
        cmocka_unit_test(a_new_size_begins_anew),   cmocka_unit_test(other_graphs_run_the_same_way),
        cmocka_unit_test(filters_are_exact),
    };
    const struct CMUnitTest chain_tests[] = {cmocka_unit_test(chains_are_exact)};
    const struct CMUnitTest slow_tests[] = {cmocka_unit_test(slow_filters_are_exact)};
    const char *which = argc > 1 ? argv[1] : "";

    if (!strcmp(which, "slow"))
        return cmocka_run_group_tests_name("windows.slow", slow_tests, windows_setup, check_teardown);
    if (!strcmp(which, "chains"))
        return cmocka_run_group_tests_name("windows.chains", chain_tests, windows_setup, check_teardown);
    return cmocka_run_group_tests_name("windows", tests, windows_setup, check_teardown);
}
