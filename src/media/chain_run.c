#include "media/catalog.h"
#include "media/chain_private.h"

#include <stdlib.h>
#include <string.h>

/* A run under way. A picture belongs to the last frame whose time, as the graph changes it, is not later than
 * the picture's: so each picture of the whole run belongs to one frame, and every task finds the same one. */
struct cutter {
    struct chain *chain;
    const struct chain_run *run;
    chain_run_emit emit;
    void *opaque;
    int64_t *times;  /* of the frames that were fed, behind the graph */
    unsigned base;   /* index of the first frame that this graph was fed */
    unsigned fed;    /* frames so far, of all graphs */
    bool from_start; /* the graph was fed the first frame that it has in the serial run */
};

static uint64_t number_of(const struct cutter *cutter, unsigned index)
{
    return cutter->run->first - cutter->run->before + index;
}

/* The index of the frame that a picture of this time belongs to, or -1: to one before the context. */
static int owner_of(const struct cutter *cutter, int64_t pts)
{
    unsigned i = cutter->fed;

    while (i > cutter->base && pts != AV_NOPTS_VALUE && cutter->times[i - 1] > pts)
        i--;
    if (i > cutter->base)
        return (int)i - 1;
    return cutter->from_start ? (int)cutter->base : -1;
}

static int hand_on(void *opaque, struct picture **picture)
{
    struct cutter *cutter = opaque;
    const struct chain_run *run = cutter->run;
    int owner = owner_of(cutter, (*picture)->frame->pts);

    if (owner < (int)run->before || owner >= (int)(run->before + run->count)) {
        picture_unref(picture);
        return 0;
    }
    (*picture)->end = chain_units_time(&cutter->chain->units, run->pictures[owner]->end);
    return cutter->emit(cutter->opaque, number_of(cutter, (unsigned)owner), picture);
}

/* Groups of frames are counted from the first one of a graph, and tasks are cut by the numbers in the video.
 */
static int check_period(const struct cutter *cutter, const struct picture *picture, struct vid_error *err)
{
    unsigned period = FFMAX((unsigned)cutter->chain->spec->period, 1);
    uint64_t number = number_of(cutter, cutter->fed);

    if (picture->graph_first % period)
        return vid_fail(
            err, -ERANGE,
            "the frames' size or format changes at frame %llu: the graph \"%s\", which takes frames in "
            "groups of %u, cannot be run in parallel on this video; run it with ffmpeg",
            (unsigned long long)picture->graph_first, cutter->chain->spec->filter, period);
    if (number % period)
        return vid_fail(err, -EINVAL,
                        "a task begins at frame %llu, but the graph \"%s\" takes frames in groups of %u",
                        (unsigned long long)number, cutter->chain->spec->filter, period);
    return 0;
}

/* ffmpeg builds its graph anew where the size or format of the frames changes, and so forgets what was
 * before. */
static int start_graph(struct cutter *cutter, const struct picture *picture, struct vid_error *err)
{
    struct chain *chain = cutter->chain;
    uint64_t number = number_of(cutter, cutter->fed);
    int rc;

    if ((rc = check_period(cutter, picture, err)) < 0 ||
        (rc = chain_units_build(&chain->units, picture, err)) < 0)
        return rc;
    cutter->base = cutter->fed;
    cutter->from_start = number == picture->graph_first;
    return chain_units_begin(&chain->units, (int64_t)(number - picture->graph_first), cutter->from_start,
                             err);
}

static int check_time(const struct cutter *cutter, const struct picture *picture,
                      const struct picture *previous, struct vid_error *err)
{
    int64_t pts = picture->frame->pts;

    if (pts != AV_NOPTS_VALUE && (cutter->fed == cutter->base || pts > previous->frame->pts))
        return 0;
    return vid_fail(err, -ERANGE,
                    "frame %llu has no time later than the frame before: the graph \"%s\", which uses "
                    "neighbouring frames, cannot be run in parallel on this video; run it with ffmpeg",
                    (unsigned long long)number_of(cutter, cutter->fed), cutter->chain->spec->filter);
}

static int feed(struct cutter *cutter, struct vid_error *err)
{
    const struct picture *picture = cutter->run->pictures[cutter->fed];
    const struct picture *previous = cutter->fed ? cutter->run->pictures[cutter->fed - 1] : NULL;
    int rc = 0;

    if (!previous || previous->graph_first != picture->graph_first)
        rc = start_graph(cutter, picture, err);
    if (rc < 0 || (rc = check_time(cutter, picture, previous, err)) < 0)
        return rc;
    cutter->times[cutter->fed++] = chain_units_time(&cutter->chain->units, picture->frame->pts);
    return chain_units_feed(&cutter->chain->units, number_of(cutter, cutter->fed - 1), picture->frame, true,
                            hand_on, cutter, err);
}

static int run_window(struct cutter *cutter, struct vid_error *err)
{
    const struct chain_run *run = cutter->run;
    unsigned total = run->before + run->count + run->after;
    int rc = 0;

    while (cutter->fed < total && rc >= 0)
        rc = feed(cutter, err);
    if (rc >= 0 && run->last && !chain_units_have_ended(&cutter->chain->units))
        rc = chain_units_end(&cutter->chain->units, run->pictures[total - 1]->end, hand_on, cutter, err);
    return rc;
}

/* Frame by frame: the number that chain_filter's pictures belong to. */
struct numbered {
    uint64_t frame;
    chain_run_emit emit;
    void *opaque;
};

static int emit_numbered(void *opaque, struct picture **picture)
{
    struct numbered *numbered = opaque;

    return numbered->emit(numbered->opaque, numbered->frame, picture);
}

static int run_frames(struct chain *chain, const struct chain_run *run, chain_run_emit emit, void *opaque,
                      struct vid_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < run->count && rc >= 0; i++) {
        struct numbered numbered = {run->first + i, emit, opaque};
        struct picture *picture = picture_ref(run->pictures[run->before + i]);

        if (!picture)
            return vid_fail(err, -ENOMEM, "no memory for a picture");
        rc = chain_filter(chain, numbered.frame, &picture, emit_numbered, &numbered, err);
    }
    return rc;
}

static uint64_t round_up(uint64_t value, unsigned period)
{
    return (value + period - 1) / period * period;
}

void chain_feed(const struct chain_context *context, uint64_t first, uint64_t count, uint64_t *from,
                uint64_t *to)
{
    unsigned period = FFMAX(context->period, 1);
    uint64_t begin = first - first % period;

    *from = begin - FFMIN(begin, context->before);
    *to = round_up(first + count, period) + context->after;
}

unsigned chain_feed_most(const struct chain_context *context)
{
    unsigned period = FFMAX(context->period, 1);

    return context->before + (unsigned)round_up(context->task_frames + period - 1, period) + context->after;
}

/* A group that is not whole would give no picture, and nobody would miss it. */
static int check_end(const struct chain *chain, const struct chain_run *run, struct vid_error *err)
{
    uint64_t end = run->first + run->count;

    if (run->last || end + run->after >= round_up(end, FFMAX((unsigned)chain->spec->period, 1)))
        return 0;
    return vid_fail(err, -EINVAL,
                    "a task ends at frame %llu, but the graph \"%s\" takes frames in groups of %d",
                    (unsigned long long)(end + run->after), chain->spec->filter, chain->spec->period);
}

int chain_filter_run(struct chain *chain, const struct chain_run *run, chain_run_emit emit, void *opaque,
                     struct vid_error *err)
{
    struct cutter cutter = {.chain = chain, .run = run, .emit = emit, .opaque = opaque};
    int rc;

    if (!chain->spec->windowed)
        return run_frames(chain, run, emit, opaque, err);
    if ((rc = check_end(chain, run, err)) < 0)
        return rc;
    cutter.times = calloc((size_t)run->before + run->count + run->after, sizeof(*cutter.times));
    if (!cutter.times)
        return vid_fail(err, -ENOMEM, "no memory for the times of a task's frames");
    rc = run_window(&cutter, err);
    chain_units_clear(&chain->units); /* also lets go of the pictures */
    free(cutter.times);
    return rc < 0 ? rc : 0;
}
