#include "media/catalog.h"
#include "media/internal.h"
#include "media/log.h"
#include "media/stand_in.h"

#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <string.h>

#define REFUSAL_BEGIN "filter \""
#define REFUSAL_MIDDLE "\" cannot run in parallel yet: "
#define REFUSAL_END "; leave it out"

int filter_refuse(const AVFilterContext *filter, const char *reason, struct vid_error *err)
{
    return vid_fail(err, -ENOTSUP,
                    REFUSAL_BEGIN "%s" REFUSAL_MIDDLE "%s" REFUSAL_END ", or run this graph with ffmpeg",
                    stand_in_name(filter), reason);
}

bool filter_refusal_read(const char *text, struct filter_refusal *out)
{
    const char *name = text + strlen(REFUSAL_BEGIN), *middle = strstr(text, REFUSAL_MIDDLE), *reason, *end;

    if (strncmp(text, REFUSAL_BEGIN, strlen(REFUSAL_BEGIN)) != 0 || !middle)
        return false;
    reason = middle + strlen(REFUSAL_MIDDLE);
    end = strstr(reason, REFUSAL_END);
    snprintf(out->filter, sizeof(out->filter), "%.*s", (int)(middle - name), name);
    snprintf(out->reason, sizeof(out->reason), "%.*s", (int)(end ? end - reason : (long)strlen(reason)),
             reason);
    return true;
}

bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; length && (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

int64_t filter_number(AVFilterContext *filter, const char *option)
{
    int64_t value = 0;

    (void)av_opt_get_int(filter, option, AV_OPT_SEARCH_CHILDREN, &value);
    return value;
}

/* The option's named constant, or NULL. */
static const AVOption *constant(AVFilterContext *filter, const char *option, const char *name)
{
    void *target = NULL;
    const AVOption *o = av_opt_find2(filter, option, NULL, 0, AV_OPT_SEARCH_CHILDREN, &target);

    return o && o->unit ? av_opt_find(target, name, o->unit, 0, 0) : NULL;
}

bool filter_has_flag(AVFilterContext *filter, const char *option, const char *flag)
{
    const AVOption *c = constant(filter, option, flag);

    return c && filter_number(filter, option) & c->default_val.i64;
}

bool filter_is(AVFilterContext *filter, const char *option, const char *name)
{
    const AVOption *c = constant(filter, option, name);

    return c && filter_number(filter, option) == c->default_val.i64;
}

static bool text_passes(AVFilterContext *filter, const struct catalog_rule *rule)
{
    uint8_t *text = NULL;
    bool passes = false;

    if (av_opt_get(filter, rule->option, AV_OPT_SEARCH_CHILDREN, &text) < 0)
        return true;
    if (rule->test == RULE_UNSET)
        passes = !text || !*text;
    else
        passes = text && has_word(rule->text, (const char *)text);
    av_free(text);
    return passes;
}

static bool rule_passes(AVFilterContext *filter, const struct catalog_rule *rule)
{
    int64_t value;

    if (rule->test == RULE_UNSET || rule->test == RULE_ONE_OF)
        return text_passes(filter, rule);
    if (av_opt_get_int(filter, rule->option, AV_OPT_SEARCH_CHILDREN, &value) < 0)
        return true;
    switch (rule->test) {
    case RULE_IS:
        return value == rule->value;
    case RULE_IS_NOT:
        return value != rule->value;
    default:
        return value >= rule->value;
    }
}

/* x and y may use each other, but not the value that they had in the frame before. */
static bool remembers_place(const char *option, const char *value, AVFilterContext *filter)
{
    static const char *const movers[] = {"crop", "overlay", "drawtext", NULL};
    uint8_t *other = NULL;
    bool both = false;
    bool is_x = !strcmp(option, "x");

    if ((!is_x && strcmp(option, "y") != 0))
        return false;
    for (int i = 0; movers[i]; i++)
        both |= !strcmp(filter->filter->name, movers[i]);
    if (!both)
        return false;
    if (expression_uses(value, option))
        return true;
    if (!expression_uses(value, is_x ? "y" : "x") ||
        av_opt_get(filter, is_x ? "y" : "x", AV_OPT_SEARCH_CHILDREN, &other) < 0)
        return false;
    both = other && expression_uses((const char *)other, option);
    av_free(other);
    return both;
}

static bool uses_frame_number(const char *text)
{
    return expression_uses_any(text, "n N on");
}

/* drawtext has texts that are no expressions. */
static bool is_expression(const AVFilterContext *filter, const char *option)
{
    return strcmp(filter->filter->name, "drawtext") != 0 || has_word("x y alpha fontsize", option);
}

static int check_expression(AVFilterContext *filter, const char *text, struct vid_error *err)
{
    const char *why = expression_state(text);

    if (why)
        return filter_refuse(filter, why, err);
    return 0;
}

/* Each text option may be an expression. A name of a file that looks like one with state is refused too: no
 * harm. */
static int check_texts(AVFilterContext *filter, void *object, struct vid_error *err)
{
    const AVOption *o = NULL;

    while (object && (o = av_opt_next(object, o))) {
        const char *value;
        int rc;

        if (o->type != AV_OPT_TYPE_STRING || !(value = *(char **)((char *)object + o->offset)) ||
            !is_expression(filter, o->name))
            continue;
        if ((rc = check_expression(filter, value, err)) < 0)
            return rc;
        if (remembers_place(o->name, value, filter))
            return filter_refuse(filter, "its place depends on that in the frame before", err);
    }
    return 0;
}

static bool draws_frame_number(AVFilterContext *filter)
{
    struct text_use use = {0};

    if (!strcmp(filter->filter->name, "drawtext"))
        drawtext_use(filter, &use);
    return use.counts;
}

bool filter_counts(AVFilterContext *filter)
{
    static const char *const names =
        "datascope doubleweave fade framestep oscilloscope perspective"; /* they look at it by themselves */
    const AVOption *o = NULL;
    struct stand_in plugin;

    if (stand_in_read(filter, &plugin))
        return !(plugin.plugin->filter->flags & VIDMPI_NUMBERLESS);
    if (!strcmp(filter->filter->name, "tinterlace"))
        return filter_is(filter, "mode", "pad") || filter_is(filter, "mode", "mergex2");
    if (has_word(names, filter->filter->name) ||
        (filter->enable_str && uses_frame_number(filter->enable_str)))
        return true;
    if (draws_frame_number(filter))
        return true;
    while (filter->filter->priv_class && (o = av_opt_next(filter->priv, o))) {
        const char *text =
            o->type == AV_OPT_TYPE_STRING ? *(char **)((char *)filter->priv + o->offset) : NULL;

        if (text && is_expression(filter, o->name) && uses_frame_number(text))
            return true;
    }
    return false;
}

bool filter_renumbers(const struct filter_window *window)
{
    return window->retimes && (window->step != 1 || window->gives != 1);
}

bool filter_tells_of_earlier(const AVFilterContext *filter)
{
    static const char *const names = "cropdetect freezedetect scdet signalstats siti vmafmotion blackdetect";

    return has_word(names, filter->filter->name);
}

bool filter_reads_metadata(AVFilterContext *filter)
{
    struct text_use use = {0};

    if (!strcmp(filter->filter->name, "metadata"))
        return filter_is(filter, "mode", "select") || filter_is(filter, "mode", "print");
    if (!strcmp(filter->filter->name, "drawtext"))
        drawtext_use(filter, &use);
    return use.metadata || has_word("cover_rect drawgraph graphmonitor", filter->filter->name);
}

bool filter_wants_one_thread(const AVFilterContext *filter)
{
    static const char *const names = "bm3d fftdnoiz greyedge pseudocolor";

    return has_word(names, filter->filter->name);
}

static int check_plugin(const AVFilterContext *filter, const struct stand_in *plugin,
                        struct filter_window *window, struct vid_error *err)
{
    if (plugin->plugin->filter->flags & VIDMPI_SERIAL)
        return filter_refuse(filter, "it must see every frame in order (it says so itself)", err);
    *window = (struct filter_window){
        .before = plugin->before, .after = plugin->after, .step = 1, .rounding = AV_ROUND_NEAR_INF};
    return 0;
}

int catalog_check_filter(AVFilterContext *filter, struct filter_window *window, struct vid_error *err)
{
    const char *name = filter->filter->name, *why;
    int rc;
    const struct catalog_entry *entry = catalog_find(name);
    struct stand_in plugin;

    if (stand_in_read(filter, &plugin))
        return check_plugin(filter, &plugin, window, err);
    if (!entry)
        return filter_refuse(
            filter, "it is not in the catalog of filters that are known to be exact frame by frame", err);
    if (!strcmp(name, "graphmonitor"))
        return vid_fail(err, -EINVAL,
                        "filter \"graphmonitor\" draws the state of ffmpeg's own graph: run it with ffmpeg");
    if (entry->class == FILTER_SERIAL)
        return filter_refuse(filter, entry->reason, err);
    if ((why = catalog_window(filter, window)))
        return filter_refuse(filter, why, err);
    if (!FRAME_NUMBERS_CAN_BE_SET && filter_counts(filter))
        return filter_refuse(
            filter, "with this version of libavfilter the number of a frame cannot be told to it", err);
    for (const struct catalog_rule *rule = catalog_rules; rule->filter; rule++)
        if (!strcmp(rule->filter, name) && !rule_passes(filter, rule))
            return filter_refuse(filter, rule->reason, err);
    if (filter->enable_str && (rc = check_expression(filter, filter->enable_str, err)) < 0)
        return rc;
    if (!strcmp(name, "drawtext")) {
        struct text_use use = {0};

        drawtext_use(filter, &use);
        if (use.state)
            return filter_refuse(filter, use.state, err);
    }
    return filter->filter->priv_class ? check_texts(filter, filter->priv, err) : 0;
}
