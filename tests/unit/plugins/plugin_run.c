/* plugin_run PLUGIN.so FILTER OPTIONS FORMAT WIDTHxHEIGHT [MATRIX RANGE]: runs one filter of a plugin over
 * raw pictures, from stdin to stdout, as filter.h promises it: the window, what `out` begins as, rows with
 * room behind them. On stderr a line "NUMBER KEY VALUE" for each thing told. OPTIONS: name=value:name=value,
 * "" for none; colours as RRGGBBAA.
 *
 * Ends with 1 and the filter's sentence when the filter fails, with 3 when it wrote where it must not. */
#include "media/filter.h"

#include <libavutil/common.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { room = 32, guard_value = 0xA5 }; /* bytes behind each row */

struct call {
    struct vidmpi_call base;
    int64_t frame;
    char why[1024];
};

struct frame {
    struct vidmpi_picture picture;
    size_t sizes[4]; /* of the planes, with their rooms */
    int rows[4], row[4];
};

__attribute__((noreturn, format(printf, 2, 3))) static void die(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(code);
}

static void take_stat(struct vidmpi_call *base, const char *key, const char *value)
{
    fprintf(stderr, "%lld %s %s\n", (long long)((struct call *)base)->frame, key, value);
}

static int take_failure(struct vidmpi_call *base, const char *sentence)
{
    struct call *call = (struct call *)base;
    snprintf(call->why, sizeof call->why, "%s", sentence);
    return -1;
}

/* ---- options */

static void take_choice(const struct vidmpi_option *option, const char *value, int *to)
{
    for (*to = 0; option->choices[*to]; ++*to)
        if (!strcmp(option->choices[*to], value))
            return;
    die(2, "option %s: no choice %s", option->name, value);
}

static void take_value(const struct vidmpi_option *option, const char *value, void *to)
{
    unsigned long color;
    if (option->type == VIDMPI_DOUBLE)
        *(double *)to = strtod(value, NULL);
    else if (option->type == VIDMPI_TEXT || option->type == VIDMPI_FILE)
        *(const char **)to = value;
    else if (option->type == VIDMPI_CHOICE)
        take_choice(option, value, to);
    else if (option->type != VIDMPI_COLOR)
        *(int *)to = (int)strtol(value, NULL, 10);
    else {
        color = strtoul(value, NULL, 16);
        if (strlen(value) <= strlen("0x") + 6)
            color = color << 8 | 0xff;
        for (int i = 0; i < 4; i++)
            ((uint8_t *)to)[i] = (uint8_t)(color >> (24 - 8 * i));
    }
}

static void *make_options(const struct vidmpi_filter *filter, char *text)
{
    char *options = calloc(1, filter->options_bytes), *save = NULL;
    const struct vidmpi_option *option;
    if (!options)
        die(2, "no memory");
    for (option = filter->options; option->name; option++)
        take_value(option, option->preset, options + option->offset);
    for (char *name = strtok_r(text, ":", &save); name; name = strtok_r(NULL, ":", &save)) {
        char *value = strchr(name, '=');
        if (!value)
            die(2, "no value: %s", name);
        *value++ = '\0';
        for (option = filter->options; option->name && strcmp(option->name, name); option++)
            continue;
        if (!option->name)
            die(2, "no such option: %s", name);
        take_value(option, value, options + option->offset);
    }
    return options;
}

/* ---- pictures */

static void frame_alloc(struct frame *frame, const char *format, int width, int height)
{
    enum AVPixelFormat pixels = av_get_pix_fmt(format);
    const AVPixFmtDescriptor *is = av_pix_fmt_desc_get(pixels);
    *frame = (struct frame){.picture = {.width = width, .height = height, .format = format}};
    if (!is || av_image_fill_linesizes(frame->row, pixels, width) < 0)
        die(2, "no such format: %s", format);
    for (int i = 0; i < 4 && frame->row[i]; i++) {
        bool chroma = (i == 1 || i == 2) && !(is->flags & AV_PIX_FMT_FLAG_RGB);
        frame->rows[i] = chroma ? AV_CEIL_RSHIFT(height, is->log2_chroma_h) : height;
        frame->picture.stride[i] = frame->row[i] + room;
        frame->sizes[i] = (size_t)frame->rows[i] * (size_t)frame->picture.stride[i];
        frame->picture.data[i] = malloc(frame->sizes[i]);
        if (!frame->picture.data[i])
            die(2, "no memory");
        memset(frame->picture.data[i], guard_value, frame->sizes[i]);
    }
}

static void frame_free(struct frame *frame)
{
    for (int i = 0; i < 4; i++)
        free(frame->picture.data[i]);
}

static void frame_copy(struct frame *to, const struct frame *from)
{
    for (int i = 0; i < 4 && from->picture.data[i]; i++)
        memcpy(to->picture.data[i], from->picture.data[i], from->sizes[i]);
}

static bool frame_same(const struct frame *a, const struct frame *b)
{
    for (int i = 0; i < 4 && a->picture.data[i]; i++)
        if (memcmp(a->picture.data[i], b->picture.data[i], a->sizes[i]))
            return false;
    return true;
}

static bool guards_are_whole(const struct frame *frame)
{
    for (int i = 0; i < 4 && frame->picture.data[i]; i++)
        for (int y = 0; y < frame->rows[i]; y++)
            for (int x = frame->row[i]; x < frame->picture.stride[i]; x++)
                if (frame->picture.data[i][y * frame->picture.stride[i] + x] != guard_value)
                    return false;
    return true;
}

/* Each row of each plane. False: the stream ends here. */
static bool frame_read(struct frame *frame)
{
    for (int i = 0; i < 4 && frame->picture.data[i]; i++)
        for (int y = 0; y < frame->rows[i]; y++)
            if (fread(frame->picture.data[i] + y * frame->picture.stride[i], (size_t)frame->row[i], 1,
                      stdin) != 1)
                return false;
    return true;
}

static void frame_write(const struct frame *frame)
{
    for (int i = 0; i < 4 && frame->picture.data[i]; i++)
        for (int y = 0; y < frame->rows[i]; y++)
            if (fwrite(frame->picture.data[i] + y * frame->picture.stride[i], (size_t)frame->row[i], 1,
                       stdout) != 1)
                die(2, "cannot write");
}

/* ---- the run */

struct run {
    const struct vidmpi_filter *filter;
    void *options, *state;
    unsigned before, after;
    struct call call;
    struct frame *frames; /* all of the clip */
    int count;
};

static const struct vidmpi_filter *find_filter(const char *path, const char *name)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct vidmpi_plugin *(*get)(void);
    if (!library)
        die(2, "%s", dlerror());
    *(void **)&get = dlsym(library, "vidmpi_plugin");
    if (!get || get()->abi != VIDMPI_FILTER_ABI)
        die(2, "%s is no plugin, or one for another ABI", path);
    for (const struct vidmpi_filter *const *filter = get()->filters; *filter; filter++)
        if (!strcmp((*filter)->name, name))
            return *filter;
    die(2, "no filter %s in %s", name, path);
}

static void must(struct run *run, int rc)
{
    if (rc < 0)
        die(1, "%s", run->call.why[0] ? run->call.why : "failed without a reason");
}

static void read_clip(struct run *run, const char *format, int width, int height)
{
    for (;; run->count++) {
        run->frames = realloc(run->frames, sizeof *run->frames * (size_t)(run->count + 1));
        if (!run->frames)
            die(2, "no memory");
        frame_alloc(&run->frames[run->count], format, width, height);
        if (!frame_read(&run->frames[run->count]))
            break;
        run->frames[run->count].picture.number = run->count;
        run->frames[run->count].picture.time = run->count / 25.;
    }
    frame_free(&run->frames[run->count]);
}

static void run_frame(struct run *run, int at, struct frame *out, struct frame *kept)
{
    const struct vidmpi_picture *pictures[VIDMPI_WINDOW_MAX + 1];
    struct frame *in = &run->frames[at];
    for (unsigned i = 0; i <= run->before + run->after; i++) {
        int frame = at - (int)run->before + (int)i;
        pictures[i] = frame >= 0 && frame < run->count ? &run->frames[frame].picture : NULL;
    }
    frame_copy(kept, in);
    if (!(run->filter->flags & VIDMPI_WRITES_ALL))
        frame_copy(out, in);
    run->call.frame = out->picture.number = at;
    out->picture.time = in->picture.time;
    must(run, run->filter->process(run->state, run->options,
                                   &(struct vidmpi_window){pictures, run->before, run->after}, &out->picture,
                                   &run->call.base));
    if (!frame_same(kept, in))
        die(3, "frame %d: process() has changed its input", at);
    if (!guards_are_whole(out))
        die(3, "frame %d: process() has written behind a row", at);
    frame_write(out);
}

static void run_all(struct run *run, const char *format, int width, int height, const char *matrix,
                    const char *range)
{
    struct vidmpi_picture shape = {.width = width, .height = height, .format = format};
    struct frame out, kept;
    must(run, run->filter->context
                  ? run->filter->context(run->options, &run->before, &run->after, &run->call.base)
                  : 0);
    must(run, run->filter->init ? run->filter->init(run->options, &shape, &run->state, &run->call.base) : 0);
    frame_alloc(&out, format, width, height);
    out.picture.matrix = matrix;
    out.picture.range = range;
    frame_alloc(&kept, format, width, height);
    for (int i = 0; i < run->count; i++)
        run_frame(run, i, &out, &kept);
    if (run->filter->free)
        run->filter->free(run->state);
    frame_free(&out);
    frame_free(&kept);
}

int main(int argc, char **argv)
{
    int width, height;
    if ((argc != 6 && argc != 8) || sscanf(argv[5], "%dx%d", &width, &height) != 2)
        die(2, "usage: plugin_run PLUGIN.so FILTER OPTIONS FORMAT WIDTHxHEIGHT [MATRIX RANGE]");
    struct run run = {.filter = find_filter(argv[1], argv[2]),
                      .call = {.base = {.stat = take_stat, .fail = take_failure}}};
    run.options = make_options(run.filter, argv[3]);
    read_clip(&run, argv[4], width, height);
    run_all(&run, argv[4], width, height, argc == 8 ? argv[6] : NULL, argc == 8 ? argv[7] : NULL);
    for (int i = 0; i < run.count; i++)
        frame_free(&run.frames[i]);
    free(run.frames);
    free(run.options);
    return fflush(stdout) ? 2 : 0;
}
