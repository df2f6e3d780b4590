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

/* Two pictures for each frame, unless some are left alone. */
static void by_fields(AVFilterContext *filter, struct filter_window *window, bool fields)
{
    window->retimes = window->between = fields;
    window->gives = filter_is(filter, "deint", "all") && !filter->enable_str ? 2 : 0;
}

static const char *yadif(AVFilterContext *filter, struct filter_window *window)
{
    by_fields(filter, window, filter_number(filter, "mode") & 1);
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
    by_fields(filter, window, filter_is(filter, "mode", "field"));
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
    window->gives = !filter->enable_str;
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

/* NULL, or that its option expr uses one of the names. */
static const char *check_names(AVFilterContext *filter, const char *names, const char *reason)
{
    uint8_t *text = NULL;
    const char *why;

    if (av_opt_get(filter, "expr", AV_OPT_SEARCH_CHILDREN, &text) < 0)
        return "its expression cannot be read";
    why = expression_uses_any((const char *)text, names) ? reason : NULL;
    av_free(text);
    return why;
}

static const char *choose(AVFilterContext *filter, struct filter_window *window)
{
    static const char *const kept = "start_pts start_t prev_pts prev_t prev_selected_pts prev_selected_t "
                                    "selected_n prev_selected_n scene "
                                    "selected_pts";

    if (filter_number(filter, "outputs") != 1)
        return "it has more than one output";
    return check_names(filter, kept, "its expression looks at earlier frames");
}

/* N is a number of its own, which nobody can tell it. */
static const char *setpts(AVFilterContext *filter, struct filter_window *window)
{
    const char *why = check_names(filter, "RTCTIME RTCSTART", "its expression looks at the clock");

    if (!why)
        why = check_names(filter, "STARTPTS STARTT PREV_INPTS PREV_INT PREV_OUTPTS PREV_OUTT",
                          "its expression looks at earlier frames");
    return why ? why
               : check_names(filter, "N", "its expression uses N, which it counts from the first frame");
}

/* Frames that it lets through by what they carry. */
static const char *metadata(AVFilterContext *filter, struct filter_window *window)
{
    if (filter_is(filter, "mode", "print"))
        return "it reports of one frame after the other";
    window->retimes = filter_is(filter, "mode", "select");
    window->step = !window->retimes;
    return NULL;
}

static const char *sidedata(AVFilterContext *filter, struct filter_window *window)
{
    window->retimes = filter_is(filter, "mode", "select");
    window->step = !window->retimes;
    return NULL;
}

/* One picture for each group of so many frames. */
static void one_of(struct filter_window *window, unsigned frames)
{
    window->period = window->step = frames;
    window->retimes = frames > 1;
    window->gives = 1;
}

static const char *thumbnail(AVFilterContext *filter, struct filter_window *window)
{
    one_of(window, count_of(filter, "n"));
    return NULL;
}

/* The tiles at a picture's end are those at the next one's beginning, whose time is that of the first frame
 * that is new to it; only the very first picture has the time of its first tile. */
static void overlap_tiles(struct filter_window *window, unsigned tiles, unsigned overlap)
{
    one_of(window, tiles - overlap);
    window->retimes = true;
    window->gives = 0;
    window->before = window->period + overlap / window->period * window->period;
    window->after = overlap;
}

/* The first picture begins with empty tiles, so that all others begin so many frames before a group does. */
static void pad_tiles(struct filter_window *window, unsigned empty)
{
    window->gives = 0;
    window->before = window->period;
    window->after = window->period - empty;
}

static const char *tile(AVFilterContext *filter, struct filter_window *window)
{
    unsigned tiles = count_of(filter, "nb_frames"), overlap = count_of(filter, "overlap");
    unsigned empty = count_of(filter, "init_padding");
    int width = 0, height = 0;

    if (av_opt_get_image_size(filter, "layout", AV_OPT_SEARCH_CHILDREN, &width, &height) < 0)
        return "its layout cannot be read";
    if (!tiles)
        tiles = (unsigned)width * (unsigned)height;
    if (overlap && empty)
        return "overlap with init_padding shifts its pictures against each other";
    if (empty >= tiles && empty)
        return "init_padding leaves no room for frames";
    one_of(window, tiles);
    if (overlap)
        overlap_tiles(window, tiles, FFMIN(overlap, tiles - 1));
    else if (empty)
        pad_tiles(window, empty);
    return NULL;
}

/* Whether a filter before this link says of all frames that they are not interlaced. */
static bool are_progressive(const AVFilterLink *link)
{
    static const char *const indifferent = "scale format null crop pad hflip setsar setdar eq hue unsharp";

    for (; link; link = link->src->inputs[0]) {
        const char *name = link->src->filter->name;

        if (!strcmp(name, "yadif") || !strcmp(name, "bwdif"))
            return filter_is(link->src, "deint", "all") && !link->src->enable_str;
        if (!strcmp(name, "setfield"))
            return filter_is(link->src, "mode", "prog");
        if (!link->src->nb_inputs || !has_word(indifferent, name))
            return false;
    }
    return false;
}

/* A frame that is interlaced already is let through by itself. */
static const char *interlace(AVFilterContext *filter, struct filter_window *window)
{
    one_of(window, 2);
    return are_progressive(filter->inputs[0]) ? NULL
                                              : "frames that are interlaced already are in none of its pairs "
                                                "(setfield=prog before it says that "
                                                "there are none)";
}

/* Fields of two frames, once or for each frame. */
static const char *tinterlace(AVFilterContext *filter, struct filter_window *window)
{
    if (filter_has_flag(filter, "flags", "bypass_il"))
        return "with bypass_il frames that are interlaced already are in none of its pairs";
    if (filter_is(filter, "mode", "interlacex2"))
        *window = (struct filter_window){
            .after = 1, .missing = 1, .step = 1, .gives = 2, .retimes = true, .between = true};
    else if (filter_is(filter, "mode", "pad") || filter_is(filter, "mode", "mergex2"))
        *window = (struct filter_window){.after = 1, .missing = 1, .step = 1};
    else
        one_of(window, 2);
    if (filter_is(filter, "mode", "drop_odd"))
        window->before = 2; /* at the time of its second frame, which the next one may have too */
    window->rounding = AV_ROUND_NEAR_INF;
    return NULL;
}

static const char *shuffleframes(AVFilterContext *filter, struct filter_window *window)
{
    uint8_t *text = NULL;
    unsigned count = 0;

    if (av_opt_get(filter, "mapping", AV_OPT_SEARCH_CHILDREN, &text) < 0 || !text)
        return "its mapping cannot be read";
    window->gives = 0;
    for (const char *at = (const char *)text; *at; count++) {
        at += strspn(at, " |");
        window->gives += *at && *at != '-';
        at += strcspn(at, " |");
    }
    av_free(text);
    window->period = window->step = count;
    window->retimes = true;
    return NULL;
}

/* Whether of two frames only the second one is shown, at its time. */
static bool shows_second(AVFilterContext *filter)
{
    return (filter_is(filter, "in", "al") && filter_is(filter, "out", "mr")) ||
           (filter_is(filter, "in", "ar") && filter_is(filter, "out", "ml"));
}

/* Left and right pictures in turn: two frames are one. */
static const char *stereo3d(AVFilterContext *filter, struct filter_window *window)
{
    bool in = filter_is(filter, "in", "al") || filter_is(filter, "in", "ar");
    bool out = filter_is(filter, "out", "al") || filter_is(filter, "out", "ar");

    if (filter_number(filter, "in") == filter_number(filter, "out"))
        return NULL;
    if (in) {
        one_of(window, 2);
        window->gives = out ? 2 : 1;
        window->rounding = shows_second(filter) ? AV_ROUND_UP : AV_ROUND_ZERO;
    } else if (out) {
        *window = (struct filter_window){.after = 1,
                                         .missing = 1,
                                         .step = 1,
                                         .gives = 2,
                                         .retimes = true,
                                         .between = true,
                                         .rounding = AV_ROUND_NEAR_INF};
    }
    return NULL;
}

static const char *framepack(AVFilterContext *filter, struct filter_window *window)
{
    window->retimes = window->between = filter_is(filter, "format", "frameseq");
    window->gives = 2;
    return NULL;
}

#define ROUND_NEAR .rounding = AV_ROUND_NEAR_INF

/* Sorted by name. */
static const struct window_row rows[] = {
    {"amplify", {.step = 1}, amplify},
    {"atadenoise", {.step = 1}, atadenoise},
    {"bwdif", {.before = 1, .after = 1, .step = 1, ROUND_NEAR}, bwdif},
    {"dedot", {.before = 2, .after = 2, .step = 1}, NULL},
    {"deflicker", {.step = 1}, deflicker},
    {"doubleweave", {.after = 1, .missing = 1, .step = 1}, NULL},
    {"estdif", {.after = 1, .step = 1, ROUND_NEAR}, by_field},
    {"fade", {.step = 1, .fresh = true}, fade},
    {"fftdnoiz", {.step = 1}, fftdnoiz},
    {"fieldmatch", {.before = 1, .after = 1, .step = 1}, NULL},
    {"fps", {.after = 1, .step = 0, .retimes = true, .between = true, .rounding = FROM_ROUND_OPTION}, fps},
    {"framepack", {.step = 1, ROUND_NEAR}, framepack},
    {"framestep", {.step = 1, ROUND_NEAR}, framestep},
    {"interlace", {ROUND_NEAR}, interlace},
    {"kerndeint", {.before = 1, .step = 1}, NULL},
    {"mestimate", {.before = 1, .after = 1, .missing = 1, .step = 1}, mestimate},
    {"metadata", {ROUND_NEAR}, metadata},
    {"minterpolate",
     {.before = 1, .after = 2, .step = 0, .retimes = true, .between = true, .rounding = AV_ROUND_UP},
     minterpolate},
    {"noise", {.step = 1}, noise},
    {"normalize", {.step = 1}, normalize},
    {"phase", {.before = 1, .step = 1}, NULL},
    {"select", {.step = 0, .retimes = true, ROUND_NEAR}, choose},
    {"separatefields",
     {.after = 1, .step = 1, .gives = 2, .retimes = true, .between = true, ROUND_NEAR},
     NULL},
    {"setpts", {.step = 1, .gives = 1, .retimes = true, .warps = true, ROUND_NEAR}, setpts},
    {"settb", {.step = 1, .gives = 1, .retimes = true, .warps = true, ROUND_NEAR}, NULL},
    {"shuffleframes", {ROUND_NEAR}, shuffleframes},
    {"sidedata", {ROUND_NEAR}, sidedata},
    {"stereo3d", {.step = 1, ROUND_NEAR}, stereo3d},
    {"tblend", {.before = 1, .skipped = 1, .step = 1}, NULL},
    {"thumbnail", {ROUND_NEAR}, thumbnail},
    {"tile", {ROUND_NEAR}, tile},
    {"tinterlace", {ROUND_NEAR}, tinterlace},
    {"tlut2", {.before = 1, .skipped = 1, .step = 1}, NULL},
    {"tmedian", {.step = 1}, tmedian},
    {"tmidequalizer", {.step = 1}, tmidequalizer},
    {"tmix", {.step = 1}, tmix},
    {"untile", {.step = 0, .retimes = true, .between = true, ROUND_NEAR}, NULL},
    {"w3fdif", {.before = 1, .after = 1, .step = 1, ROUND_NEAR}, by_field},
    {"weave", {.period = 2, .step = 2, .gives = 1, .retimes = true, .rounding = AV_ROUND_UP}, NULL},
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
    if (!why && window->period > 1 && filter->enable_str)
        why = "while enable is false frames are in none of its groups";
    if (!window->retimes)
        window->rounding = AV_ROUND_NEAR_INF;
    else if (window->rounding == FROM_ROUND_OPTION)
        window->rounding = (int)filter_number(filter, "round");
    return why;
}
