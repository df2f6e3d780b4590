#include "vidmpi/explain_private.h"

#include "media/advice.h"
#include "media/describe.h"

#include <stdarg.h>

/* While the filters are told of, piece by piece. */
struct telling {
    const struct explanation *e;
    int piece;  /* the one whose filters come */
    bool begun; /* something was printed: its section has its name */
};

/* A graph that is not cut as planned is one piece. */
static int piece_of(const struct explanation *e, const struct filter_words *words)
{
    int count = e->job->pieces->count;

    return words->piece < count ? words->piece : count - 1;
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static void print_piece(const struct explanation *e, int piece)
{
    const struct lane *lane = explain_lane(e, piece);
    char section[20], tasks[160] = "serial, on rank 0, in order";

    snprintf(section, sizeof(section), "part %d", piece + 1);
    if (lane) {
        const struct chain_context *context = &lane->context;
        int length = snprintf(tasks, sizeof(tasks), "parallel, tasks of %u frame%s", context->task_frames,
                              plural(context->task_frames));

        if (context->before + context->after > 0)
            snprintf(tasks + length, sizeof(tasks) - (size_t)length, " with %u before and %u after",
                     context->before, context->after);
    }
    explain_line(e, section, "%s: %s", tasks, e->job->pieces->items[piece].text);
}

static const char *class_of(const struct filter_words *words, char *text, size_t size)
{
    if (words->class == FILTER_WINDOW)
        snprintf(text, size, "window(%u,%u)", words->before, words->after);
    else if (words->class == FILTER_ALIGNED)
        snprintf(text, size, "aligned(%u)", words->period);
    else
        snprintf(text, size, "%s", filter_class_name(words->class));
    return text;
}

static int print_filter(void *opaque, const struct filter_words *words)
{
    struct telling *telling = opaque;
    int piece = piece_of(telling->e, words);
    const struct piece *at = &telling->e->job->pieces->items[piece];
    char class[40], whole[sizeof(at->context.reason) + 40];

    if (piece != telling->piece)
        print_piece(telling->e, piece);
    telling->piece = piece;
    snprintf(whole, sizeof(whole), "the graph stays whole: %s", at->context.reason);
    explain_line(telling->e, "", "  %-16s %-12s %s", words->name, class_of(words, class, sizeof(class)),
                 words->parallel && !at->context.parallel ? whole : words->why);
    return 0;
}

int explain_parts(const struct explanation *e, struct vid_error *err)
{
    struct telling telling = {.e = e, .piece = -1};

    fputc('\n', e->to);
    return plan_describe(media_sink_filter(e->job->sink), e->job->options->frame_stats != NULL, print_filter,
                         &telling, err);
}

/* ---- advice ---- */

static void advise(struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void advise(struct telling *telling, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!telling->begun)
        fputc('\n', telling->e->to);
    explain_line(telling->e, telling->begun ? "" : "advice", "%s", text);
    telling->begun = true;
}

static int advise_filter(void *opaque, const struct filter_words *words)
{
    const struct advice *advice = advice_find(words);

    if (!advice)
        return 0;
    if (!advice->instead[0])
        advise(opaque, "%s: %s", words->name, advice->note);
    else if (!advice->instead[1])
        advise(opaque, "%s: %s runs on all ranks; %s", words->name, advice->instead[0], advice->note);
    else
        advise(opaque, "%s: %s or %s runs on all ranks; %s", words->name, advice->instead[0],
               advice->instead[1], advice->note);
    return 0;
}

/* It keeps the ranks from being of use. */
static bool encoder_is_slow(const struct explanation *e)
{
    double encode = e->flow[e->probe.count] * e->probe.encode;

    return e->blind.code == 0 && encode > 0.5 * e->costs.first && speedup_limit(&e->costs, 1) < 8;
}

static void advise_job(struct telling *telling)
{
    const struct job *job = telling->e->job;

    if (!job->lanes[0].piece)
        advise(telling, "no part runs on several ranks: ffmpeg does the same with less");
    else if (job->tail && media_sink_is_file(job->sink))
        advise(
            telling,
            "part %d, the last one, is serial: a job that goes on after an end filters from the start again",
            job->pieces->count);
    if (job->lanes[0].piece && encoder_is_slow(telling->e))
        advise(telling,
               "encoding takes more than half of rank 0's time: a faster encoder (-preset) raises the limit");
}

int explain_advice(const struct explanation *e, struct vid_error *err)
{
    struct telling telling = {.e = e, .piece = -1};
    int ret = plan_describe(media_sink_filter(e->job->sink), e->job->options->frame_stats != NULL,
                            advise_filter, &telling, err);

    if (ret == 0)
        advise_job(&telling);
    return ret;
}
