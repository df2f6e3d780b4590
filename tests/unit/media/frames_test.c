/* Filters that work frame by frame, some of them: what a graph gives that has seen no other frame is what one
 * gives that sees the whole video, to the byte. */
#include "windows_check.h"

#include "media/chain_private.h"

/* Frame by frame: that each graph has seen no other frame shows in nothing. */
static const char *const frame_graphs[] = {
    "fifo",
    "perms=toggle",
    "perms=random",
    "metadata=add:key=a:value=b,metadata=modify:key=a:value=c",
    "sidedata=delete",
    "oscilloscope",
    "settb=1/10",
    "setpts=2*PTS+1/TB",
    "setpts='if(INTERLACED,PTS+0.01/TB,T/TB*FR/10)'",
    "setpts=0.25*PTS,hue=h=t*90",
    "split=3[a][b][c];[b]negate[d];[c]hflip[e];[a][d][e]maskedclamp",
    "split=3[a][b][c];[b]negate[d];[c]hflip[e];[a][d][e]maskedmax",
    "split=3[a][b][c];[b]negate[d];[c]hflip[e];[a][d][e]maskedmin",
    "split[a][b];[b]hflip[c];[a][c]maskedthreshold=threshold=9",
    "split[a][b];[b]hflip[c];[a][c]multiply",
    "split[a][b];[b]hflip[c];[a][c]streamselect=map=1",
    "drawtext=text='%{eif\\:n*3\\:d} %{pts}':fontsize=20",
    "stereo3d=sbsl:arcd",
    NULL,
};

static char *fresh_frames(struct window_run *w)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    struct vid_error err = {0};

    for (unsigned i = 0; i < w->count; i++) {
        struct chain_run run = {.first = i, .count = 1, .pictures = w->pictures + i};

        chain_units_clear(&w->run.chain->units);
        if (chain_filter_run(w->run.chain, &run, print_emitted, out, &err) < 0)
            fail_msg("%s: %s", w->run.wish.filter, err.text);
    }
    fclose(out);
    return text;
}

static int check_frames(const char *clip, const char *graph)
{
    struct window_run w;
    char *whole, *alone;
    int wrong;

    window_open(&w, clip, graph);
    assert_false(w.context.windowed);
    whole = window_whole(&w);
    alone = fresh_frames(&w);
    wrong = window_tell_if_not_ffmpegs(clip, graph, whole) + (strcmp(alone, whole) != 0);
    if (strcmp(alone, whole) != 0)
        check_tell_difference(graph, alone, whole);
    free(whole);
    free(alone);
    window_close(&w);
    return wrong;
}

static void frames_are_exact(void **state)
{
    int wrong = 0;

    for (size_t i = 0; frame_graphs[i]; i++)
        for (size_t k = 0; k < sizeof(window_clips) / sizeof(window_clips[0]); k++)
            wrong += check_frames(window_clips[k], frame_graphs[i]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames_are_exact)};

    return cmocka_run_group_tests_name("frames", tests, windows_setup, check_teardown);
}
