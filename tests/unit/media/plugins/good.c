/* The plugin of the tests: filters that do as some of libavfilter's, and some that only tell. */
#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- mirror: hflip ---- */

static int mirror(void *state, const void *options, const struct vidmpi_window *window,
                  struct vidmpi_picture *out, struct vidmpi_call *call)
{
    const struct vidmpi_picture *in = window->pictures[window->before];
    int bytes = pixel_bytes(in);

    for (int p = 0; p < 4 && in->data[p]; p++)
        for (int y = 0; y < plane_height(in, p); y++)
            for (int x = 0, width = plane_width(in, p); x < width; x++)
                memcpy(row_of(out, p, y) + x * bytes, row_of(in, p, y) + (width - 1 - x) * bytes,
                       (size_t)bytes);
    return 0;
}

static const char *const planar[] = {"yuv420p", "yuv422p", "yuv444p", "gray", NULL};
static const char *const rgb[] = {"rgb24", NULL};

static const struct vidmpi_filter mirror_filter = {.name = "mirror",
                                                   .summary = "hflip",
                                                   .flags = VIDMPI_WRITES_ALL | VIDMPI_NUMBERLESS,
                                                   .formats = planar,
                                                   .process = mirror};
static const struct vidmpi_filter mirror_rgb_filter = {.name = "mirror_rgb",
                                                       .summary = "format=rgb24,hflip",
                                                       .flags = VIDMPI_WRITES_ALL,
                                                       .formats = rgb,
                                                       .process = mirror};

/* ---- mean: of so many frames before and after, and itself; outside of the video there are none ---- */

struct mean_options {
    int before, after;
};

static const struct vidmpi_option mean_options[] = {
    {"before", "frames before", VIDMPI_INT, offsetof(struct mean_options, before), "1", 0, 70, NULL},
    {"after", "frames after", VIDMPI_INT, offsetof(struct mean_options, after), "1", 0, 70, NULL},
    {0}};

static int mean_context(void *options, unsigned *before, unsigned *after, struct vidmpi_call *call)
{
    const struct mean_options *o = options;

    *before = (unsigned)o->before;
    *after = (unsigned)o->after;
    return 0;
}

static int mean(void *state, const void *options, const struct vidmpi_window *window,
                struct vidmpi_picture *out, struct vidmpi_call *call)
{
    unsigned all = window->before + 1 + window->after;

    for (int p = 0; p < 4 && out->data[p]; p++)
        for (int y = 0; y < plane_height(out, p); y++)
            for (int x = 0; x < plane_width(out, p); x++) {
                unsigned sum = 0, count = 0;

                for (unsigned i = 0; i < all; i++)
                    if (window->pictures[i]) {
                        sum += row_of(window->pictures[i], p, y)[x];
                        count++;
                    }
                row_of(out, p, y)[x] = (uint8_t)(sum / count);
            }
    return 0;
}

static const struct vidmpi_filter mean_filter = {.name = "mean",
                                                 .summary = "mean of neighbouring frames",
                                                 .options = mean_options,
                                                 .options_bytes = sizeof(struct mean_options),
                                                 .flags = VIDMPI_WRITES_ALL | VIDMPI_NUMBERLESS,
                                                 .formats = planar,
                                                 .context = mean_context,
                                                 .process = mean};

/* ---- stamp: the number, time and window of a frame, in its metadata and its first samples ---- */

static int stamp(void *state, const void *options, const struct vidmpi_window *window,
                 struct vidmpi_picture *out, struct vidmpi_call *call)
{
    const struct vidmpi_picture *in = window->pictures[window->before];
    char text[100], seen[80] = "";

    if (in->stride[0] < in->width)
        return call->fail(call, "the rows do not go from top to bottom");
    for (unsigned i = 0; i < window->before + 1 + window->after; i++) {
        const struct vidmpi_picture *picture = window->pictures[i];
        size_t used = strlen(seen);

        snprintf(seen + used, sizeof(seen) - used, i ? " %lld" : "%lld",
                 picture ? (long long)picture->number : -1);
    }
    snprintf(text, sizeof(text), "%lld at %.3f", (long long)in->number, in->time);
    call->stat(call, "frame", "older");
    call->stat(call, "frame", text);
    call->stat(call, "window", seen);
    snprintf(text, sizeof(text), "%s %s", in->matrix ? in->matrix : "-", in->range ? in->range : "-");
    call->stat(call, "color", text);
    out->data[0][0] = (uint8_t)(in->number * 5);
    out->data[0][1] = (uint8_t)out->number;
    return 0;
}

static const struct vidmpi_filter stamp_filter = {.name = "stamp",
                                                  .summary = "tells what it sees",
                                                  .options = mean_options,
                                                  .options_bytes = sizeof(struct mean_options),
                                                  .formats = planar,
                                                  .context = mean_context,
                                                  .process = stamp};

/* ---- half: every other sample, in gray ---- */

static int half_shape(const void *options, struct vidmpi_picture *shape, struct vidmpi_call *call)
{
    if (shape->width < 2 || shape->height < 2)
        return call->fail(call, "the picture is too small");
    shape->width /= 2;
    shape->height /= 2;
    shape->format = "gray";
    return 0;
}

static int half(void *state, const void *options, const struct vidmpi_window *window,
                struct vidmpi_picture *out, struct vidmpi_call *call)
{
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++)
            row_of(out, 0, y)[x] = row_of(window->pictures[window->before], 0, 2 * y)[2 * x];
    return 0;
}

static const struct vidmpi_filter half_filter = {
    .name = "half", .summary = "half the size", .formats = planar, .shape = half_shape, .process = half};

/* ---- count: numbers the frames that it has seen; so it must see all ---- */

static int count_init(const void *options, const struct vidmpi_picture *shape, void **state,
                      struct vidmpi_call *call)
{
    *state = calloc(1, sizeof(int));
    return *state ? 0 : call->fail(call, "no memory");
}

static int count(void *state, const void *options, const struct vidmpi_window *window,
                 struct vidmpi_picture *out, struct vidmpi_call *call)
{
    int *seen = state;

    out->data[0][0] = (uint8_t)++ * seen;
    return 0;
}

static const struct vidmpi_filter count_filter = {.name = "count",
                                                  .summary = "counts",
                                                  .flags = VIDMPI_SERIAL,
                                                  .init = count_init,
                                                  .process = count,
                                                  .free = free};

/* ---- options: one of each type, told; it fails where it is told to ---- */

struct all_options {
    int number, flag, choice;
    double ratio;
    const char *text;
    uint8_t color[4];
    const char *fail, *file;
};

#define AT(field) offsetof(struct all_options, field)

static const char *const choices[] = {"fast", "good", "best", NULL};
static const struct vidmpi_option all_options[] = {
    {"number", "a whole number", VIDMPI_INT, AT(number), "7", -10, 100, NULL},
    {"ratio", "a number", VIDMPI_DOUBLE, AT(ratio), "0.5", 0, 1, NULL},
    {"flag", "yes or no", VIDMPI_BOOL, AT(flag), "no", 0, 0, NULL},
    {"text", "any text", VIDMPI_TEXT, AT(text), "none", 0, 0, NULL},
    {"choice", "one of three", VIDMPI_CHOICE, AT(choice), "good", 0, 0, choices},
    {"color", "a color", VIDMPI_COLOR, AT(color), "red@0.5", 0, 0, NULL},
    {"fail", "a function that fails", VIDMPI_TEXT, AT(fail), "", 0, 0, NULL},
    {"file", "a file that is read", VIDMPI_FILE, AT(file), "/its/own", 0, 0, NULL},
    {0}};

static int all_context(void *options, unsigned *before, unsigned *after, struct vidmpi_call *call)
{
    struct all_options *o = options;

    if (!strcmp(o->fail, "context"))
        return call->fail(call, "the options do not fit each other");
    if (o->number == 99)
        o->number = 98;
    return 0;
}

static int all_init(const void *options, const struct vidmpi_picture *shape, void **state,
                    struct vidmpi_call *call)
{
    const struct all_options *o = options;

    if (!strcmp(o->fail, "init"))
        return call->fail(call, "there is no model");
    return strcmp(o->fail, "silence") ? 0 : -1;
}

static int all_process(void *state, const void *options, const struct vidmpi_window *window,
                       struct vidmpi_picture *out, struct vidmpi_call *call)
{
    const struct all_options *o = options;
    char text[200];

    if (!strcmp(o->fail, "process") && window->pictures[0]->number == 3)
        return call->fail(call, "it cannot be looked at");
    snprintf(text, sizeof(text), "%d %g %d %s %s %02x%02x%02x%02x", o->number, o->ratio, o->flag, o->text,
             choices[o->choice], o->color[0], o->color[1], o->color[2], o->color[3]);
    call->stat(call, "options", text);
    return 0;
}

static const struct vidmpi_filter all_filter = {.name = "options",
                                                .summary = "one of each",
                                                .options = all_options,
                                                .options_bytes = sizeof(struct all_options),
                                                .context = all_context,
                                                .init = all_init,
                                                .process = all_process};

static const struct vidmpi_filter *const filters[] = {
    &mirror_filter, &mirror_rgb_filter, &mean_filter, &stamp_filter,
    &half_filter,   &count_filter,      &all_filter,  NULL};
static const struct vidmpi_plugin plugin = {VIDMPI_FILTER_ABI, "tests", "1.2", filters};

const struct vidmpi_plugin *vidmpi_plugin(void)
{
    return &plugin;
}
