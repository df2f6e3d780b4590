#include "media/plugin_run.h"
#include "media/plugin_frame.h"
#include "media/plugin_options.h"

#include <errno.h>
#include <libavutil/error.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_BYTES 700

/* What a filter is given to speak to us. */
struct call {
    struct vidmpi_call base; /* first: the filter's pointer is ours */
    const char *filter;
    AVDictionary **metadata; /* of the frame at work; NULL outside of process() */
    char sentence[SENTENCE_BYTES];
};

struct plugin_run {
    const struct plugin_filter *plugin;
    const struct vidmpi_filter *filter; /* the plugin's */
    struct plugin_options options;
    unsigned before, after;

    void *state; /* init's */
    bool ready;  /* configured, and init has succeeded */
    struct plugin_shape in, out;
    AVRational time_base;
    struct frame_pool pool, upright; /* of pictures that come out; of inputs that lie bottom up */

    /* The frames at hand, oldest first; `number` is that of frames[0], and frames[at] is the next at work. */
    AVFrame *frames[VIDMPI_WINDOW_MAX + 2];
    unsigned count, at;
    int64_t number;
    int64_t next;      /* number of the frame that is fed next */
    int64_t first_own; /* below it windows are not whole, and process() is not troubled */
};

/* ---- what the filter tells ---- */

static void take_stat(struct vidmpi_call *base, const char *key, const char *value)
{
    struct call *call = (struct call *)base;
    char name[200];

    if (!call->metadata || !key || !value)
        return;
    snprintf(name, sizeof(name), "vidmpi.%s.%s", call->filter, key);
    av_dict_set(call->metadata, name, value, 0);
}

static int take_failure(struct vidmpi_call *base, const char *sentence)
{
    struct call *call = (struct call *)base;

    snprintf(call->sentence, sizeof(call->sentence), "%s", sentence ? sentence : "");
    return -1;
}

static struct call call_of(const struct plugin_run *run)
{
    return (struct call){.base = {.stat = take_stat, .fail = take_failure}, .filter = run->filter->name};
}

/* `where`: "frame 7: " or "". */
static int failed(const struct plugin_run *run, const struct call *call, const char *where, int code,
                  const char *function, struct vid_error *err)
{
    const struct vidmpi_plugin *plugin = run->plugin->plugin;

    if (*call->sentence)
        return vid_fail(err, code, "%sfilter \"%s\" of plugin %s %s: %s", where, run->filter->name,
                        plugin->name, plugin->version, call->sentence);
    return vid_fail(err, code, "%sfilter \"%s\" of plugin %s %s: its %s() failed without a reason", where,
                    run->filter->name, plugin->name, plugin->version, function);
}

/* ---- open ---- */

static int ask_window(struct plugin_run *run, struct vid_error *err)
{
    struct call call = call_of(run);
    int rc = run->filter->context
                 ? run->filter->context(run->options.values, &run->before, &run->after, &call.base)
                 : 0;

    if (rc < 0)
        return failed(run, &call, "", -EINVAL, "context", err);
    if (run->before > VIDMPI_WINDOW_MAX || run->after > VIDMPI_WINDOW_MAX - run->before)
        return vid_fail(err, -EINVAL,
                        "filter \"%s\" asks for %u frames before and %u after: %d are the limit",
                        run->filter->name, run->before, run->after, VIDMPI_WINDOW_MAX);
    return 0;
}

int plugin_run_open(const struct plugin_filter *plugin, const char *args, struct plugin_run **out,
                    struct vid_error *err)
{
    struct plugin_run *run = *out = calloc(1, sizeof(*run));
    int rc;

    if (!run)
        return vid_fail(err, -ENOMEM, "no memory for a filter of a plugin");
    run->plugin = plugin;
    run->filter = plugin->filter;
    rc = plugin_options_read(run->filter, args, &run->options, err);
    if (rc == 0)
        rc = ask_window(run, err);
    if (rc < 0)
        plugin_run_close(out);
    return rc;
}

static void end_state(struct plugin_run *run)
{
    if (run->filter->free && run->state)
        run->filter->free(run->state);
    run->state = NULL;
    run->ready = false;
}

void plugin_run_clear(struct plugin_run *run)
{
    while (run->count > 0)
        av_frame_free(&run->frames[--run->count]);
    run->at = 0;
    run->number = run->next;
}

void plugin_run_close(struct plugin_run **run)
{
    struct plugin_run *gone = *run;

    *run = NULL;
    if (!gone)
        return;
    end_state(gone);
    plugin_run_clear(gone);
    plugin_options_free(&gone->options);
    frame_pool_clear(&gone->pool);
    frame_pool_clear(&gone->upright);
    free(gone);
}

const struct plugin_filter *plugin_run_filter(const struct plugin_run *run)
{
    return run->plugin;
}

void plugin_run_window(const struct plugin_run *run, unsigned *before, unsigned *after)
{
    *before = run->before;
    *after = run->after;
}

int plugin_run_formats(const struct plugin_run *run, char **out, struct vid_error *err)
{
    const char *const *format = run->filter->formats;
    size_t size;
    FILE *text;

    *out = NULL;
    if (!format)
        return 0;
    if (!(text = open_memstream(out, &size)))
        return vid_fail(err, -ENOMEM, "no memory for a filter of a plugin");
    for (int i = 0; format[i]; i++)
        fprintf(text, "%s%s", i ? "|" : "", format[i]);
    return fclose(text) == 0 ? 0 : vid_fail(err, -ENOMEM, "no memory for a filter of a plugin");
}

/* ---- configure ---- */

static bool same_shape(const struct plugin_shape *a, const struct plugin_shape *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format;
}

static struct vidmpi_picture shape_of(const struct plugin_shape *shape)
{
    return (struct vidmpi_picture){
        .width = shape->width, .height = shape->height, .format = av_get_pix_fmt_name(shape->format)};
}

static int ask_shape(struct plugin_run *run, struct vid_error *err)
{
    struct vidmpi_picture shape = shape_of(&run->in);
    struct call call = call_of(run);

    run->out = run->in;
    if (!run->filter->shape)
        return 0;
    if (run->filter->shape(run->options.values, &shape, &call.base) < 0)
        return failed(run, &call, "", -EINVAL, "shape", err);
    run->out = (struct plugin_shape){shape.width, shape.height,
                                     shape.format ? av_get_pix_fmt(shape.format) : AV_PIX_FMT_NONE};
    if (shape.width <= 0 || shape.height <= 0 || run->out.format == AV_PIX_FMT_NONE)
        return vid_fail(err, -EINVAL, "filter \"%s\" gives pictures of %dx%d in the format %s",
                        run->filter->name, shape.width, shape.height, shape.format ? shape.format : "(none)");
    return 0;
}

static int make_state(struct plugin_run *run, struct vid_error *err)
{
    struct vidmpi_picture shape = shape_of(&run->in);
    struct call call = call_of(run);

    end_state(run);
    if (run->filter->init && run->filter->init(run->options.values, &shape, &run->state, &call.base) < 0) {
        end_state(run);
        return failed(run, &call, "", AVERROR_EXTERNAL, "init", err);
    }
    run->ready = true;
    return 0;
}

int plugin_run_configure(struct plugin_run *run, const struct plugin_shape *in, AVRational time_base,
                         struct plugin_shape *out, struct vid_error *err)
{
    int rc = 0;

    plugin_run_clear(run);
    run->time_base = time_base;
    if (!run->ready || !same_shape(in, &run->in)) {
        run->ready = false;
        run->in = *in;
        if ((rc = ask_shape(run, err)) == 0)
            rc = make_state(run, err);
    }
    *out = run->out;
    return rc;
}

int plugin_run_begin(struct plugin_run *run, int64_t number, bool from_start, struct vid_error *err)
{
    bool serial = run->filter->flags & VIDMPI_SERIAL;

    if (serial && number == run->next)
        return 0;
    run->next = number;
    plugin_run_clear(run);
    run->first_own = number + (from_start ? 0 : run->before);
    return serial && run->ready ? make_state(run, err) : 0;
}

/* ---- frames ---- */

/* Rows from top to bottom, as filters are promised. */
static int turn_upright(struct plugin_run *run, AVFrame **frame)
{
    AVFrame *in = *frame, *copy;
    bool upside = false;
    int rc;

    for (int i = 0; i < 4; i++)
        upside |= in->linesize[i] < 0;
    if (!upside)
        return 0;
    if (!(copy = frame_pool_get(&run->upright, in->width, in->height, in->format)))
        return AVERROR(ENOMEM);
    if ((rc = av_frame_copy(copy, in)) < 0 || (rc = av_frame_copy_props(copy, in)) < 0) {
        av_frame_free(&copy);
        return rc;
    }
    av_frame_free(frame);
    *frame = copy;
    return 0;
}

static bool is_rgb(int format)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);

    return desc && desc->flags & AV_PIX_FMT_FLAG_RGB;
}

/* The picture that process() is to fill. */
static AVFrame *begin_output(struct plugin_run *run, const AVFrame *in)
{
    const struct plugin_shape *shape = &run->out;
    AVFrame *out = frame_pool_get(&run->pool, shape->width, shape->height, shape->format);
    bool copies = !run->filter->shape && !(run->filter->flags & VIDMPI_WRITES_ALL);

    if (!out || av_frame_copy_props(out, in) < 0 || (copies && av_frame_copy(out, in) < 0)) {
        av_frame_free(&out);
        return NULL;
    }
    if (is_rgb(shape->format) != is_rgb(run->in.format)) {
        out->colorspace = AVCOL_SPC_UNSPECIFIED;
        out->color_range = AVCOL_RANGE_UNSPECIFIED;
    }
    return out;
}

static void look_around(const struct plugin_run *run, struct vidmpi_picture *pictures,
                        const struct vidmpi_picture **places)
{
    for (unsigned i = 0; i < run->before + 1 + run->after; i++) {
        int64_t index = (int64_t)run->at - run->before + i;

        places[i] = NULL;
        if (index < 0 || index >= run->count)
            continue;
        plugin_picture(run->frames[index], run->number + index, run->time_base, &pictures[i]);
        places[i] = &pictures[i];
    }
}

static int process(struct plugin_run *run, AVFrame *out, struct vid_error *err)
{
    struct vidmpi_picture pictures[VIDMPI_WINDOW_MAX + 1], made;
    const struct vidmpi_picture *places[VIDMPI_WINDOW_MAX + 1];
    const struct vidmpi_window window = {places, run->before, run->after};
    struct call call = call_of(run);
    char where[40];

    look_around(run, pictures, places);
    call.metadata = &out->metadata;
    plugin_picture(out, run->number + run->at, run->time_base, &made);
    if (run->filter->process(run->state, run->options.values, &window, &made, &call.base) >= 0)
        return 0;
    snprintf(where, sizeof(where), "frame %lld: ", (long long)run->number + run->at);
    return failed(run, &call, where, AVERROR_EXTERNAL, "process", err);
}

static int emit_one(struct plugin_run *run, plugin_emit emit, void *opaque, struct vid_error *err)
{
    const AVFrame *in = run->frames[run->at];
    bool whole = run->number + run->at >= run->first_own;
    AVFrame *out = whole || !same_shape(&run->in, &run->out) ? begin_output(run, in) : av_frame_clone(in);
    int rc = out ? 0 : vid_fail(err, -ENOMEM, "no memory for a picture of filter \"%s\"", run->filter->name);

    if (rc == 0 && whole)
        rc = process(run, out, err);
    if (rc == 0)
        rc = emit(opaque, &out);
    av_frame_free(&out);
    return rc;
}

/* Lets go of what no later window needs. */
static void drop_old(struct plugin_run *run)
{
    while (run->at > run->before) {
        av_frame_free(&run->frames[0]);
        memmove(run->frames, run->frames + 1, --run->count * sizeof(run->frames[0]));
        run->at--;
        run->number++;
    }
}

/* Makes the pictures that have `after` frames behind them. */
static int advance(struct plugin_run *run, unsigned after, plugin_emit emit, void *opaque,
                   struct vid_error *err)
{
    int rc = 0;

    while (rc >= 0 && run->at + after < run->count) {
        rc = emit_one(run, emit, opaque, err);
        run->at++;
        drop_old(run);
    }
    return rc < 0 ? rc : 0;
}

static int check_frame(const struct plugin_run *run, const AVFrame *frame, struct vid_error *err)
{
    const struct plugin_shape shape = {frame->width, frame->height, frame->format};

    if (run->ready && same_shape(&shape, &run->in))
        return 0;
    return vid_fail(err, -EINVAL,
                    "frame %lld: filter \"%s\" of plugin %s cannot take pictures that change their size",
                    (long long)run->next, run->filter->name, run->plugin->plugin->name);
}

int plugin_run_feed(struct plugin_run *run, AVFrame **frame, plugin_emit emit, void *opaque,
                    struct vid_error *err)
{
    AVFrame *in = frame ? *frame : NULL;
    int rc;

    if (!in)
        return advance(run, 0, emit, opaque, err);
    *frame = NULL;
    rc = check_frame(run, in, err);
    if (rc == 0 && turn_upright(run, &in) < 0)
        rc = vid_fail(err, -ENOMEM, "no memory for a picture of filter \"%s\"", run->filter->name);
    if (rc < 0) {
        av_frame_free(&in);
        return rc;
    }
    run->frames[run->count++] = in;
    run->next++;
    return advance(run, run->after, emit, opaque, err);
}
