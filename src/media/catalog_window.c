#include "media/catalog.h"

#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

#define FROM_ROUND_OPTION (-1)

/* A row is what the filter needs with its default options; `adjust` looks at the others. The numbers follow
 * from libavfilter's sources; tests/unit/media/windows_test.c shows that they hold and that one less does
 * not. */
struct window_row {
    const char *filter;
    struct filter_window window;
    const char *(*adjust)(AVFilterContext *filter, struct filter_window *window);
};

static unsigned count_of(AVFilterContext *filter, const char *option)
{
    int64_t value = filter_number(filter, option);

    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : (unsigned)value;
}

/* A window of 2 * radius + 1 frames whose picture carries the time of the first. */
static void leads(struct filter_window *window, unsigned radius)
{
    window->after = 2 * radius;
    window->missing = 2 * radius;
}

static const char *amplify(AVFilterContext *filter, struct filter_window *window)
{
    leads(window, count_of(filter, "radius"));
    window->before = window->skipped = 1; /* it drops the frame with which its queue is filled */
    return NULL;
}

static const char *tmedian(AVFilterContext *filter, struct filter_window *window)
{
    leads(window, count_of(filter, "radius"));
    return NULL;
}

/* Its queue gives a picture only when one frame more than it needs has come. */
static const char *atadenoise(AVFilterContext *filter, struct filter_window *window)
{
    window->before = (count_of(filter, "s") | 1) / 2;
    window->after = window->before + 1;
    return NULL;
}

/* Pictures depend on later frames only, but at the video's end the queue must have been full. */
static const char *deflicker(AVFilterContext *filter, struct filter_window *window)
{
    window->after = count_of(filter, "size");
    window->before = window->after - 1;
    return NULL;
}

static const char *tmidequalizer(AVFilterContext *filter, struct filter_window *window)
{
    window->before = window->after = count_of(filter, "radius");
    return NULL;
}

static const char *tmix(AVFilterContext *filter, struct filter_window *window)
{
    window->before = count_of(filter, "frames") - 1;
    if (filter->enable_str && window->before)
        return "while enable is false it gives older frames, at their times";
    return NULL;
}

static const char *normalize(AVFilterContext *filter, struct filter_window *window)
{
    window->before = count_of(filter, "smoothing");
    return NULL;
}

static const char *fftdnoiz(AVFilterContext *filter, struct filter_window *window)
{
    window->before = count_of(filter, "prev");
    window->after = count_of(filter, "next");
    return NULL;
}

static const char *noise(AVFilterContext *filter, struct filter_window *window)
{
    static const char *const options[] = {"all_flags", "c0_flags", "c1_flags", "c2_flags", "c3_flags"};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (filter_has_flag(filter, options[i], "t"))
            return "noise that changes with time carries random numbers on";
        if (filter_has_flag(filter, options[i], "a"))
            window->before = 1;
    }
    return NULL;
}

static const char *mestimate(AVFilterContext *filter, struct filter_window *window)
{
    return filter_is(filter, "method", "epzs") ? "method=epzs starts from the motion of all earlier frames"
                                               : NULL;
}

static const char *minterpolate(AVFilterContext *filter, struct filter_window *window)
{
    if (!filter_is(filter, "mi_mode", "mci"))
        return NULL;
    if (filter_is(filter, "me", "epzs"))
        return "me=epzs starts from the motion of all earlier frames (me=umh, hexbs, ds and others do not)";
    if (filter_is(filter, "mc_mode", "aobmc"))
        return "with mc_mode=aobmc it reads memory that it has not written: no two runs are the same";
    if (filter_number(filter, "vsbmc"))
        return "vsbmc=1 carries blocks from frame to frame";
    return NULL;
}

static const char *yadif(AVFilterContext *filter, struct filter_window *window)
{
    window->retimes = filter_number(filter, "mode") & 1;
    return NULL;
}

/* Until it has filtered a frame it treats the next one as the first of the video. */
static const char *bwdif(AVFilterContext *filter, struct filter_window *window)
{
    if (!filter_is(filter, "deint", "all") || filter->enable_str)
        return "it remembers whether it has filtered a frame yet (deint=all without enable does not)";
    return yadif(filter, window);
}

static const char *by_field(AVFilterContext *filter, struct filter_window *window)
{
    window->retimes = filter_is(filter, "mode", "field");
    return NULL;
}

static const char *fps(AVFilterContext *filter, struct filter_window *window)
{
    double start = 0;
    const AVOption *option = av_opt_find(filter->priv, "start_time", NULL, 0, 0);

    if (!option || av_opt_get_double(filter->priv, "start_time", 0, &start) < 0 ||
        start < option->default_val.dbl)
        return "start_time moves the times of all frames";
    return NULL;
}

static const char *framestep(AVFilterContext *filter, struct filter_window *window)
{
    window->step = count_of(filter, "step");
    window->retimes = window->step != 1;
    return NULL;
}

/* By frames or by time, its level follows from the frame; mixed, it keeps the frame where it began. */
static const char *fade(AVFilterContext *filter, struct filter_window *window)
{
    bool timed = filter_number(filter, "duration") > 0;

    if (timed && filter_number(filter, "start_frame") > 0)
        return "start_frame with duration remembers the time of a frame (start_time with duration does not)";
    if (!timed && filter_number(filter, "start_time") > 0)
        return "start_time with nb_frames remembers the number of a frame (with duration it does not)";
    return NULL;
}

static const char *choose(AVFilterContext *filter, struct filter_window *window)
{
    static const char *const kept[] = {
        "start_pts",       "start_t",    "prev_pts",        "prev_t", "prev_selected_pts",
        "prev_selected_t", "selected_n", "prev_selected_n", "scene",  "selected_pts"};
    uint8_t *text = NULL;
    const char *why = NULL;

    if (filter_number(filter, "outputs") != 1)
        return "it has more than one output";
    if (av_opt_get(filter, "expr", AV_OPT_SEARCH_CHILDREN, &text) < 0)
        return "its expression cannot be read";
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && !why; i++)
        if (expression_uses((const char *)text, kept[i]))
            why = "its expression looks at earlier frames";
    av_free(text);
    return why;
}

#define ROUND_NEAR .rounding = AV_ROUND_NEAR_INF

/* Sorted by name. */
static const struct window_row rows[] = {
    {"amplify", {.step = 1}, amplify},
    {"atadenoise", {.step = 1}, atadenoise},
    {"bwdif", {.before = 1, .after = 1, .step = 1, ROUND_NEAR}, bwdif},
    {"dedot", {.before = 2, .after = 2, .step = 1}, NULL},
    {"deflicker", {.step = 1}, deflicker},
    {"estdif", {.after = 1, .step = 1, ROUND_NEAR}, by_field},
    {"fade", {.step = 1, .fresh = true}, fade},
    {"fftdnoiz", {.step = 1}, fftdnoiz},
    {"fieldmatch", {.before = 1, .after = 1, .step = 1}, NULL},
    {"fps", {.after = 1, .step = 0, .retimes = true, .rounding = FROM_ROUND_OPTION}, fps},
    {"framestep", {.step = 1, ROUND_NEAR}, framestep},
    {"kerndeint", {.before = 1, .step = 1}, NULL},
    {"mestimate", {.before = 1, .after = 1, .missing = 1, .step = 1}, mestimate},
    {"minterpolate",
     {.before = 1, .after = 2, .step = 0, .retimes = true, .rounding = AV_ROUND_UP},
     minterpolate},
    {"noise", {.step = 1}, noise},
    {"normalize", {.step = 1}, normalize},
    {"phase", {.before = 1, .step = 1}, NULL},
    {"select", {.step = 0, .retimes = true, ROUND_NEAR}, choose},
    {"separatefields", {.after = 1, .step = 1, .retimes = true, ROUND_NEAR}, NULL},
    {"tblend", {.before = 1, .skipped = 1, .step = 1}, NULL},
    {"tlut2", {.before = 1, .skipped = 1, .step = 1}, NULL},
    {"tmedian", {.step = 1}, tmedian},
    {"tmidequalizer", {.step = 1}, tmidequalizer},
    {"tmix", {.step = 1}, tmix},
    {"w3fdif", {.before = 1, .after = 1, .step = 1, ROUND_NEAR}, by_field},
    {"yadif", {.before = 1, .after = 1, .step = 1, ROUND_NEAR}, yadif},
};

static int by_name(const void *key, const void *row)
{
    return strcmp(key, ((const struct window_row *)row)->filter);
}

const char *catalog_window(AVFilterContext *filter, struct filter_window *window)
{
    const struct window_row *row =
        bsearch(filter->filter->name, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]), by_name);
    const char *why;

    *window = (struct filter_window){.step = 1, ROUND_NEAR};
    if (!row)
        return NULL;
    *window = row->window;
    why = row->adjust ? row->adjust(filter, window) : NULL;
    if (!window->retimes)
        window->rounding = AV_ROUND_NEAR_INF;
    else if (window->rounding == FROM_ROUND_OPTION)
        window->rounding = (int)filter_number(filter, "round");
    return why;
}
