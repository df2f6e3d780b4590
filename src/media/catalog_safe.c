#include "media/catalog_safe.h"

#include "media/catalog_safe_path.h"
#include "media/graph_text.h"

#include <errno.h>
#include <libavfilter/avfilter.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WAY_OUT "or run without -safe"

/* One filter of the graph, whose options are looked up in its class: it is never made. */
struct looked {
    const struct graph_filter *text;
    const AVFilter *filter;
    const char *const *allowed;
    bool given[SAFE_RULES_MAX]; /* by the index of the rule */
    struct vid_error *err;
};

static const char *say_access(const struct safe_rule *rule)
{
    if (rule->why)
        return rule->why;
    if (rule->access & SAFE_CODE)
        return "it runs code";
    if (rule->access & SAFE_NETWORK)
        return "it uses the network";
    return rule->access & SAFE_WRITE ? "it writes a file" : "it reads a file";
}

static int refuse_option(const struct looked *look, const char *option, const char *why)
{
    return vid_fail(look->err, -EPERM,
                    "-safe refuses the option \"%s\" of filter \"%s\": %s; leave it out, " WAY_OUT, option,
                    look->filter->name, why);
}

static int check_value(const struct looked *look, const struct safe_rule *rule, const char *value)
{
    struct vid_error why = {0};

    if (!*value)
        return 0;
    if (rule->access != SAFE_READ)
        return refuse_option(look, rule->option, say_access(rule));
    if (safe_path_check(value, look->allowed, &why) == 0)
        return 0;
    return vid_fail(look->err, -EPERM,
                    "-safe refuses the option \"%s\" of filter \"%s\": %s; allow a folder with the file by "
                    "-safe-allow DIR, " WAY_OUT,
                    rule->option, look->filter->name, why.text);
}

static const AVOption *find_option(const AVFilter *filter, const char *name)
{
    const AVClass *class = filter->priv_class;
    const AVOption *option = class ? av_opt_find(&class, name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ) : NULL;

    return option && option->type != AV_OPT_TYPE_CONST ? option : NULL;
}

unsigned catalog_access(const char *filter)
{
    const AVFilter *own = avfilter_get_by_name(filter);
    unsigned access = 0;

    for (const struct safe_rule *rule = catalog_safe_rules; own && rule->filter; rule++)
        if (!strcmp(rule->filter, filter) && (!rule->option || find_option(own, rule->option)))
            access |= rule->access;
    return access;
}

/* The options that mean the same field have its offset. */
static bool is_of(const struct looked *look, const struct safe_rule *rule, const AVOption *option)
{
    const AVOption *own = rule->option && !strcmp(rule->filter, look->filter->name)
                              ? find_option(look->filter, rule->option)
                              : NULL;

    return own && own->offset == option->offset;
}

/* An option as it is given. */
static int check_given(struct looked *look, const char *key, const char *value)
{
    const AVOption *option = find_option(look->filter, key);
    int rc = 0;

    if (*key == '/') /* later versions of libavfilter take the value from a file */
        return refuse_option(look, key, "it reads a file");
    for (int i = 0; option && catalog_safe_rules[i].filter && rc == 0; i++) {
        if (!is_of(look, &catalog_safe_rules[i], option))
            continue;
        look->given[i] = true;
        rc = check_value(look, &catalog_safe_rules[i], value);
    }
    return rc;
}

/* The next option whose name may be left out; those that mean one field count once. */
static const AVOption *next_shorthand(const AVFilter *filter, const AVOption *last, int *offset)
{
    const AVClass *class = filter->priv_class;
    const AVOption *option = last;

    while ((option = av_opt_next(&class, option)))
        if (option->type != AV_OPT_TYPE_CONST && option->offset != *offset)
            break;
    if (option)
        *offset = option->offset;
    return option;
}

static int unreadable(const struct looked *look)
{
    return vid_fail(look->err, -EPERM, "-safe refuses filter \"%s\": its options \"%s\" cannot be understood",
                    look->filter->name, look->text->args);
}

/* Takes the arguments apart as avfilter_init_str does, which is more lenient with values without a name
 * behind those with one. */
static int check_args(struct looked *look)
{
    const char *at = look->text->args;
    const AVOption *shorthand = NULL;
    bool named = false;
    int offset = -1, rc = 0;

    while (at && *at && rc == 0) {
        char *key = NULL, *value = NULL;

        if (!named)
            shorthand = next_shorthand(look->filter, shorthand, &offset);
        named |= !shorthand;
        if (av_opt_get_key_value(&at, "=", ":", named ? 0 : AV_OPT_FLAG_IMPLICIT_KEY, &key, &value) < 0)
            return unreadable(look);
        at += *at != '\0';
        named |= key != NULL;
        rc = check_given(look, key ? key : shorthand ? shorthand->name : "", value);
        av_free(key);
        av_free(value);
    }
    return rc;
}

/* Some filters use a file of their own choice when none is given. */
static int check_default(const struct looked *look, const struct safe_rule *rule)
{
    const AVOption *option = find_option(look->filter, rule->option);

    if (!option || option->type != AV_OPT_TYPE_STRING || !option->default_val.str)
        return 0;
    return check_value(look, rule, option->default_val.str);
}

static int check_rules(struct looked *look)
{
    int rc = 0;

    for (int i = 0; catalog_safe_rules[i].filter && rc == 0; i++) {
        const struct safe_rule *rule = &catalog_safe_rules[i];

        if (strcmp(rule->filter, look->filter->name) != 0)
            continue;
        if (!rule->option)
            return vid_fail(look->err, -EPERM, "-safe refuses filter \"%s\": %s; leave it out, " WAY_OUT,
                            rule->filter, say_access(rule));
        if (!look->given[i])
            rc = check_default(look, rule);
    }
    return rc;
}

static int check_filter(const struct graph_filter *text, const char *const *allowed, struct vid_error *err)
{
    struct looked look = {
        .text = text, .filter = avfilter_get_by_name(text->name), .allowed = allowed, .err = err};
    int rc;

    if (!look.filter)
        return vid_fail(err, -EPERM, "-safe refuses filter \"%s\": it is none of libavfilter's", text->name);
    rc = check_args(&look);
    return rc == 0 ? check_rules(&look) : rc;
}

int catalog_safe(const char *graph, const char *const *allowed, struct vid_error *err)
{
    struct graph_text text;
    int rc = graph_text_read(graph, &text, err);

    if (rc < 0)
        return rc;
    for (int i = 0; i < text.count && rc == 0; i++)
        rc = check_filter(&text.filters[i], allowed, err);
    graph_text_free(&text);
    return rc;
}

int media_options_safe(const struct media_options *options, struct vid_error *err)
{
    const struct stream_options *streams = &options->out.streams;
    int rc = 0;

    for (int i = 0; options->safe && i < streams->count && rc == 0; i++)
        if (!strcmp(streams->items[i].name, "filter") && *streams->items[i].value)
            rc = catalog_safe(streams->items[i].value, (const char *const *)options->safe_allow, err);
    return rc;
}
