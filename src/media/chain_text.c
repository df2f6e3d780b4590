#include "media/chain_spec.h"
#include "media/plugin.h"

#include <libavutil/bprint.h>
#include <stdlib.h>
#include <string.h>

/* The text form: a line "name value" for each field; in texts "\n" and "\\" are escaped. */

struct number_field {
    const char *name;
    size_t offset;
};

#define NUMBER(name, field)                                                                                  \
    {                                                                                                        \
        name, offsetof(struct chain_spec, field)                                                             \
    }

static const struct number_field numbers[] = {
    NUMBER("time_base_num", time_base.num),
    NUMBER("time_base_den", time_base.den),
    NUMBER("frame_rate_num", frame_rate.num),
    NUMBER("frame_rate_den", frame_rate.den),
    NUMBER("autorotate", autorotate),
    NUMBER("rotated", rotated),
    NUMBER("matrix0", matrix[0]),
    NUMBER("matrix1", matrix[1]),
    NUMBER("matrix2", matrix[2]),
    NUMBER("matrix3", matrix[3]),
    NUMBER("matrix4", matrix[4]),
    NUMBER("matrix5", matrix[5]),
    NUMBER("matrix6", matrix[6]),
    NUMBER("matrix7", matrix[7]),
    NUMBER("matrix8", matrix[8]),
    NUMBER("keep_format", keep_format),
    NUMBER("width", width),
    NUMBER("height", height),
    NUMBER("autoscale", autoscale),
    NUMBER("threads", threads),
    NUMBER("windowed", windowed),
    NUMBER("before", before),
    NUMBER("after", after),
    NUMBER("period", period),
    NUMBER("task_frames", task_frames),
    NUMBER("fixed_width", fixed_width),
    NUMBER("fixed_height", fixed_height),
    NUMBER("fixed_format", fixed_format),
};

static const struct number_field texts[] = {
    NUMBER("filter", filter),
    NUMBER("formats", formats),
    NUMBER("sws", sws),
    NUMBER("plugins", plugins),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int *number_at(struct chain_spec *spec, const struct number_field *field)
{
    return (int *)(void *)((char *)spec + field->offset);
}

static char **text_at(struct chain_spec *spec, const struct number_field *field)
{
    return (char **)(void *)((char *)spec + field->offset);
}

static void print_escaped(AVBPrint *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            av_bprintf(out, "\\n");
        else if (*text == '\\')
            av_bprintf(out, "\\\\");
        else
            av_bprint_chars(out, *text, 1);
}

char *chain_spec_encode(const struct chain_spec *spec)
{
    /* Only read through this. */
    struct chain_spec *from = (struct chain_spec *)(uintptr_t)spec;
    AVBPrint out;
    char *text, *copy;

    av_bprint_init(&out, 0, AV_BPRINT_SIZE_UNLIMITED);
    for (size_t i = 0; i < COUNT(numbers); i++)
        av_bprintf(&out, "%s %d\n", numbers[i].name, *number_at(from, &numbers[i]));
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!*text_at(from, &texts[i]))
            continue;
        av_bprintf(&out, "%s ", texts[i].name);
        print_escaped(&out, *text_at(from, &texts[i]));
        av_bprintf(&out, "\n");
    }
    if (av_bprint_finalize(&out, &text) < 0 || !text)
        return NULL;
    copy = strdup(text);
    av_free(text);
    return copy;
}

static char *unescape(const char *text, size_t length)
{
    char *out = malloc(length + 1), *to = out;

    if (!out)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\\' || i + 1 == length)
            *to++ = text[i];
        else
            *to++ = (char)(text[++i] == 'n' ? '\n' : text[i]);
    }
    *to = 0;
    return out;
}

static bool is_named(const char *line, size_t length, const char *name)
{
    size_t n = strlen(name);

    return length > n && !memcmp(line, name, n) && line[n] == ' ';
}

/* 0, -EINVAL for a line that is none of ours, -ENOMEM. */
static int read_line(struct chain_spec *spec, const char *line, size_t length)
{
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char *end;
        long value;

        if (!is_named(line, length, numbers[i].name))
            continue;
        value = strtol(line + strlen(numbers[i].name) + 1, &end, 10);
        if (end != line + length || value < INT32_MIN || value > INT32_MAX)
            return -EINVAL;
        *number_at(spec, &numbers[i]) = (int)value;
        return 0;
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t skip = strlen(texts[i].name) + 1;

        if (!is_named(line, length, texts[i].name))
            continue;
        free(*text_at(spec, &texts[i]));
        *text_at(spec, &texts[i]) = unescape(line + skip, length - skip);
        return *text_at(spec, &texts[i]) ? 0 : -ENOMEM;
    }
    return -EINVAL;
}

/* The text comes from another process: its plugins are loaded here. */
static int use_plugins(struct chain_spec **spec, struct vid_error *err)
{
    int rc = (*spec)->plugins ? plugin_use_list((*spec)->plugins, err) : 0;

    if (rc < 0)
        chain_spec_free(spec);
    return rc;
}

int chain_spec_decode(const char *text, struct chain_spec **out, struct vid_error *err)
{
    struct chain_spec *spec = *out = calloc(1, sizeof(*spec));
    int rc = spec ? 0 : -ENOMEM;

    while (rc >= 0 && *text) {
        size_t length = strcspn(text, "\n");

        rc = read_line(spec, text, length);
        text += length;
        text += *text == '\n';
    }
    if (rc >= 0 && (!spec->filter || !spec->sws || spec->time_base.num <= 0 || spec->time_base.den <= 0))
        rc = -EINVAL;
    if (rc >= 0)
        return use_plugins(out, err);
    chain_spec_free(out);
    return vid_fail(err, rc,
                    rc == -ENOMEM ? "no memory for a filter chain" : "the text of a filter chain is damaged");
}
