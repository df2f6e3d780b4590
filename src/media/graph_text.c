#include "media/graph_text.h"

#include <libavutil/avstring.h>
#include <libavutil/mem.h>
#include <stdlib.h>
#include <string.h>

#define SPACE " \n\t\r"

static const char *skip_space(const char *at)
{
    return at + strspn(at, SPACE);
}

/* Takes what stands before one of the ends, quotes and escapes undone, as a malloc'ed string. */
static char *take_token(const char **at, const char *ends)
{
    char *token = av_get_token(at, ends);
    char *copy = token ? strdup(token) : NULL;

    av_free(token);
    return copy;
}

static char *copy_span(const char *from, const char *to)
{
    while (to > from && strchr(SPACE, to[-1]))
        to--;
    return strndup(from, (size_t)(to - from));
}

/* Labels in a row: "[a] [b]". */
static int take_labels(const char **at, char **labels, const char *whole, struct vid_error *err)
{
    const char *from = *at;

    while (**at == '[') {
        char *name;

        ++*at;
        name = take_token(at, "]");
        if (!name)
            return vid_fail(err, -ENOMEM, "no memory for a filter graph");
        if (!*name || **at != ']') {
            free(name);
            return vid_fail(err, -EINVAL, "filter graph \"%s\": a label has no name or no \"]\"", whole);
        }
        free(name);
        *at = skip_space(*at + 1);
    }
    *labels = copy_span(from, *at);
    return *labels ? 0 : vid_fail(err, -ENOMEM, "no memory for a filter graph");
}

static int split_instance(struct graph_filter *filter)
{
    char *at = strchr(filter->name, '@');

    if (!at)
        return 0;
    *at = '\0';
    filter->instance = strdup(at + 1);
    return filter->instance ? 0 : -ENOMEM;
}

static int take_name(const char **at, struct graph_filter *filter, const char *whole, struct vid_error *err)
{
    const char *from = *at;

    filter->name = take_token(at, "=,;[");
    if (filter->name && !*filter->name)
        return vid_fail(err, -EINVAL, "filter graph \"%s\": a filter has no name", whole);
    if (filter->name && **at == '=') {
        ++*at;
        filter->args = take_token(at, "[],;");
        if (!filter->args)
            return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    }
    filter->text = copy_span(from, *at);
    if (!filter->name || !filter->text || split_instance(filter) < 0)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    *at = skip_space(*at);
    return 0;
}

static int take_filter(const char **at, struct graph_filter *filter, const char *whole, struct vid_error *err)
{
    int rc = take_labels(at, &filter->inputs, whole, err);

    if (rc == 0)
        rc = take_name(at, filter, whole, err);
    if (rc == 0)
        rc = take_labels(at, &filter->outputs, whole, err);
    if (rc < 0)
        return rc;
    filter->separator = **at;
    if (!filter->separator)
        return 0;
    if (filter->separator != ',' && filter->separator != ';')
        return vid_fail(err, -EINVAL, "filter graph \"%s\": \"%s\" stands where \",\" or \";\" should", whole,
                        *at);
    *at = skip_space(*at + 1);
    return 0;
}

/* Room for one more, all zero. */
static struct graph_filter *add_filter(struct graph_text *graph)
{
    struct graph_filter *grown =
        realloc(graph->filters, (size_t)(graph->count + 1) * sizeof(*graph->filters));

    if (!grown)
        return NULL;
    graph->filters = grown;
    memset(&grown[graph->count], 0, sizeof(*grown));
    return &grown[graph->count++];
}

static int take_flags(const char **at, struct graph_text *out, const char *whole, struct vid_error *err)
{
    static const char word[] = "sws_flags=";
    const char *end;

    if (strncmp(*at, word, strlen(word)) != 0)
        return 0;
    *at += strlen(word);
    end = strchr(*at, ';');
    if (!end)
        return vid_fail(err, -EINVAL, "filter graph \"%s\": sws_flags needs a \";\" behind it", whole);
    out->sws_flags = copy_span(*at, end);
    *at = skip_space(end + 1);
    return out->sws_flags ? 0 : vid_fail(err, -ENOMEM, "no memory for a filter graph");
}

int graph_text_read(const char *text, struct graph_text *out, struct vid_error *err)
{
    const char *at = skip_space(text);
    int rc;

    *out = (struct graph_text){0};
    rc = take_flags(&at, out, text, err);
    while (rc == 0) {
        struct graph_filter *filter = add_filter(out);

        rc = filter ? take_filter(&at, filter, text, err)
                    : vid_fail(err, -ENOMEM, "no memory for a filter graph");
        if (rc == 0 && !filter->separator)
            return 0;
    }
    graph_text_free(out);
    return rc;
}

void graph_text_free(struct graph_text *graph)
{
    for (int i = 0; i < graph->count; i++) {
        struct graph_filter *filter = &graph->filters[i];

        free(filter->inputs);
        free(filter->outputs);
        free(filter->text);
        free(filter->name);
        free(filter->instance);
        free(filter->args);
    }
    free(graph->filters);
    free(graph->sws_flags);
    *graph = (struct graph_text){0};
}
