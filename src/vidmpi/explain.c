#include "vidmpi/explain.h"

#include "media/describe.h"
#include "media/log.h"
#include "vidmpi/explain_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void explain_line(const struct explanation *e, const char *section, const char *format, ...)
{
    va_list args;

    fprintf(e->to, "%-10s ", section);
    va_start(args, format);
    vfprintf(e->to, format, args);
    va_end(args);
    fputc('\n', e->to);
}

const struct lane *explain_lane(const struct explanation *e, int piece)
{
    const struct job *job = e->job;

    for (unsigned i = 0; i < job->lane_count; i++)
        if (job->lanes[i].piece == &job->pieces->items[piece])
            return &job->lanes[i];
    return NULL;
}

/* ---- how much there is ---- */

static double seconds_of(int64_t time)
{
    return time == OPTION_NO_TIME ? 0 : (double)time / 1e6;
}

/* -frames:v of the output; 0: none. */
static double frames_wanted(const struct output_options *out)
{
    double wanted = 0;

    for (int i = 0; i < out->streams.count; i++) {
        const struct stream_option *option = &out->streams.items[i];

        if (strcmp(option->name, "frames") == 0 && (option->spec[0] == 'v' || !option->spec[0]))
            wanted = strtod(option->value, NULL);
    }
    return wanted;
}

/* What is read, as far as the output's own limits tell. */
static double estimate_frames(const struct explanation *e)
{
    const struct output_options *out = &e->options.out;
    struct source_info info = media_source_info(e->job->source);
    double frames = (double)info.frames, limit = 0, wanted = frames_wanted(out);
    double start = seconds_of(out->start);

    if (out->duration != OPTION_NO_TIME)
        limit = (start + seconds_of(out->duration)) * info.frames_per_second;
    else if (out->stop != OPTION_NO_TIME)
        limit = seconds_of(out->stop) * info.frames_per_second;
    if (limit > 0 && (frames <= 0 || limit < frames))
        frames = limit;
    return wanted > 0 && (frames <= 0 || wanted < frames) ? wanted : frames;
}

/* ---- the probe ---- */

/* What is read from it is gone for the job. */
static bool can_be_read_again(const char *url)
{
    struct stat st;

    if (strncmp(url, "pipe:", 5) == 0)
        return false;
    return stat(url, &st) < 0 || S_ISREG(st.st_mode);
}

static double rate_of(const struct chain_output *output)
{
    return output->frame_rate[1] > 0 ? (double)output->frame_rate[0] / output->frame_rate[1] : 0;
}

/* How many pictures a piece makes of one. A short probe says it where each stands for itself, the frame rates
 * where neighbours are needed. */
static double ratio_of(const struct explanation *e, int piece)
{
    const struct piece *items = e->job->pieces->items;
    const struct chain_context *context = &items[piece].context;
    double before =
        piece > 0 ? rate_of(&items[piece - 1].output) : media_source_info(e->job->source).frames_per_second;
    double behind = rate_of(&items[piece].output);

    if (context->before + context->after > 0 || e->blind.code)
        return before > 0 && behind > 0 ? behind / before : 1;
    return (double)e->probe.pieces[piece].out / (e->probe.pieces[piece].in ? e->probe.pieces[piece].in : 1);
}

static void set_level(enum log_level level)
{
    log_setup(level, "vidmpi");
    media_log_setup(level);
}

/* Quietly: what it would warn of has been said when the job was looked at. */
static void probe(struct explanation *e)
{
    enum log_level level = log_level();

    if (level <= LOG_WARNING)
        set_level(LOG_QUIET);
    media_log_hold();
    media_probe(&e->options, e->job->sink, e->job->pieces, &e->probe, &e->blind);
    media_log_release(&e->blind);
    set_level(level);
}

static int measure(struct explanation *e, struct vid_error *err)
{
    const struct pieces *pieces = e->job->pieces;

    if (e->job->empty)
        vid_fail(&e->blind, -ENODATA, "the input has no frame");
    else if (!can_be_read_again(e->options.in.url))
        vid_fail(&e->blind, -ESPIPE, "the input can be read only once");
    else
        probe(e);
    e->flow = calloc((size_t)pieces->count + 1, sizeof(*e->flow));
    if (!e->flow)
        return vid_fail(err, -ENOMEM, "no memory to explain the job");
    e->flow[0] = 1;
    for (int i = 0; i < pieces->count; i++)
        e->flow[i + 1] = e->flow[i] * ratio_of(e, i);
    return 0;
}

/* ---- the whole ---- */

static void print_ends(const struct explanation *e)
{
    char words[200];

    media_source_words(e->job->source, words, sizeof(words));
    if (e->frames > 0)
        explain_line(e, "input", "%s (%s), about %.0f frames", e->options.in.url, words, e->frames);
    else
        explain_line(e, "input", "%s (%s), of unknown length", e->options.in.url, words);
    media_sink_words(e->job->sink, &e->job->pieces->output, words, sizeof(words));
    explain_line(e, "output", "%s (%s)", e->options.out.url, words);
}

static int explain(struct explanation *e, struct vid_error *err)
{
    int ret;

    e->frames = estimate_frames(e);
    if ((ret = measure(e, err)) < 0)
        return ret;
    print_ends(e);
    if ((ret = explain_parts(e, err)) < 0)
        return ret;
    explain_files(e);
    explain_speed(e);
    return explain_advice(e, err);
}

int explain_job(const struct media_options *options, const struct launch *launch, FILE *to,
                struct vid_error *err)
{
    struct explanation e = {.options = *options, .launch = launch, .to = to};
    int ret;

    e.options.out.unwritten = true;
    if (options->log_level == LOG_INFO) /* what it says is said here */
        set_level(LOG_WARNING);
    e.job = calloc(1, sizeof(*e.job));
    if (!e.job)
        return vid_fail(err, -ENOMEM, "no memory to explain the job");
    ret = job_look(e.job, &e.options, (unsigned)launch->size, !launch->one_node, err);
    if (ret == 0)
        ret = explain(&e, err);
    media_probe_clear(&e.probe);
    job_close(e.job, JOB_FAILED);
    free(e.job);
    free(e.flow);
    if (ret == 0 && fflush(to) != 0)
        return vid_fail(err, -errno, "cannot print: %s", strerror(errno));
    return ret;
}
