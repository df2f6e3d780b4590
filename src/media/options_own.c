#include "media/options_apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 1e9 /* seconds: nanoseconds of it fit an int64_t */

int apply_window(struct parse *parse, const struct option_use *use)
{
    return option_set_count(parse, use, 1, &parse->options->window);
}

int apply_results(struct parse *parse, const struct option_use *use)
{
    bool png = !strcmp(use->value, "png");
    parse->options->results = png ? RESULTS_PNG : RESULTS_RAW;
    if (!png && strcmp(use->value, "raw"))
        return vid_fail(parse->err, -EINVAL, "-results: '%.200s' is neither raw nor png", use->value);
    return 0;
}

static int set_seconds(struct parse *parse, const struct option_use *use, double *field)
{
    int rc = option_read(use->name, VALUE_DOUBLE, use->value, field, parse->err);
    if (rc < 0 || (*field >= 0 && *field <= LONGEST))
        return rc;
    return vid_fail(parse->err, -EINVAL, "-%.100s: '%.200s' is not a number of seconds; write 2.5", use->name,
                    use->value);
}

int apply_part(struct parse *parse, const struct option_use *use)
{
    return set_seconds(parse, use, &parse->options->part);
}

int apply_retries(struct parse *parse, const struct option_use *use)
{
    return option_set_count(parse, use, 0, &parse->options->retries);
}

int apply_retry_delay(struct parse *parse, const struct option_use *use)
{
    return set_seconds(parse, use, &parse->options->retry_delay);
}

int apply_on_error(struct parse *parse, const struct option_use *use)
{
    static const char *const names[] = {[ON_ERROR_FAIL] = "fail",
                                        [ON_ERROR_ORIGINAL] = "original",
                                        [ON_ERROR_PREVIOUS] = "previous",
                                        [ON_ERROR_BLACK] = "black"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(use->value, names[i]) != 0)
            continue;
        parse->options->on_error = (enum on_error)i;
        return 0;
    }
    return vid_fail(parse->err, -EINVAL, "-on-error: '%.200s' is none of fail, original, previous and black",
                    use->value);
}

int apply_task_timeout(struct parse *parse, const struct option_use *use)
{
    return set_seconds(parse, use, &parse->options->task_timeout);
}

int apply_filter_memory(struct parse *parse, const struct option_use *use)
{
    int64_t *field = &parse->options->filter_memory;
    int rc = option_read(use->name, VALUE_INT64, use->value, field, parse->err);
    if (rc < 0 || *field >= 0)
        return rc;
    return vid_fail(parse->err, -EINVAL, "-%.100s: '%.200s' is not a number of bytes; write 2G or 512Mi",
                    use->name, use->value);
}

int apply_redis_timeout(struct parse *parse, const struct option_use *use)
{
    return set_seconds(parse, use, &parse->options->redis_timeout);
}

int apply_safe_allow(struct parse *parse, const struct option_use *use)
{
    struct media_options *options = parse->options;
    size_t count = 0;
    char **grown;

    if (!*use->value)
        return vid_fail(parse->err, -EINVAL, "-safe-allow needs the name of a folder");
    while (options->safe_allow && options->safe_allow[count])
        count++;
    grown = realloc(options->safe_allow, (count + 2) * sizeof(*grown));
    if (!grown)
        return vid_fail(parse->err, -ENOMEM, "no memory for the command line");
    options->safe_allow = grown;
    grown[count] = strdup(use->value);
    grown[count + 1] = NULL;
    return grown[count] ? 0 : vid_fail(parse->err, -ENOMEM, "no memory for the command line");
}
