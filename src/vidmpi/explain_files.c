#include "vidmpi/explain_private.h"

#include "base/text.h"
#include "media/describe.h"
#include "store/result.h"
#include "store/result_writer.h"
#include "worker/payload.h"

#include <math.h>

#define SIZE_TEXT 32

/* Of the result of one frame: its header, and the pictures with a head each. */
static double result_bytes(const struct explanation *e, int piece)
{
    double pictures = e->flow[piece] > 0 ? e->flow[piece + 1] / e->flow[piece] : 1;

    return PAYLOAD_ALIGN +
           pictures * (double)(PAYLOAD_ALIGN + chain_output_bytes(&e->job->pieces->items[piece].output));
}

/* Frames of the lane whose results are there at once: the window, and one part of the video behind the last
 * lane, whose results stay until the part is safe. */
static double frames_at_once(const struct explanation *e, const struct lane *lane, int piece)
{
    const struct job *job = e->job;
    bool kept = lane->last && !job->tail && media_sink_will_cut(job->sink);
    double rate = media_source_info(job->source).frames_per_second * e->flow[piece];
    double frames = lane->window + (kept ? job->options->part * rate : 0);
    double all = e->frames * e->flow[piece];

    return all > 0 && all < frames ? all : frames;
}

static const char *size_of(double bytes, char text[SIZE_TEXT])
{
    return text_size((uint64_t)bytes, text, SIZE_TEXT);
}

static void print_results(const struct explanation *e, const struct lane *lane, int piece, double bytes)
{
    char one[SIZE_TEXT], all[SIZE_TEXT], most[SIZE_TEXT];
    double frames = e->frames * e->flow[piece];

    size_of(bytes, one);
    size_of(frames_at_once(e, lane, piece) * bytes, most);
    if (frames > 0)
        explain_line(e, "", "results of part %d: %s a frame, %s in all, about %s at once", piece + 1, one,
                     size_of(frames * bytes, all), most);
    else
        explain_line(e, "", "results of part %d: %s a frame, about %s at once", piece + 1, one, most);
}

static void print_segments(const struct explanation *e, double all, double largest)
{
    const struct job *job = e->job;
    char size[SIZE_TEXT];
    double segment = (double)result_writer_segment_bytes((uint64_t)largest);
    double count = fmax(ceil(all / segment), job->workers);

    if (!job->shared)
        explain_line(e, "", "files: %u segment%s, whose bytes are written again, and %u index%s",
                     job->workers, job->workers == 1 ? "" : "s", job->workers, job->workers == 1 ? "" : "es");
    else if (all > 0)
        explain_line(e, "", "files: about %.0f segments of %s, removed once done, and %u index%s", count,
                     size_of(segment, size), job->workers, job->workers == 1 ? "" : "es");
    else
        explain_line(e, "", "files: segments of %s, removed once done, and %u index%s",
                     size_of(segment, size), job->workers, job->workers == 1 ? "" : "es");
}

static void print_ring(const struct explanation *e, const struct lane *lane, int piece)
{
    double bytes = (double)lane_picture_bytes(lane);
    char one[SIZE_TEXT], all[SIZE_TEXT];

    explain_line(e, "", "shared memory for part %d: %s, %u frames of %s", piece + 1,
                 size_of(bytes * lane->window, all), lane->window, size_of(bytes, one));
}

void explain_files(const struct explanation *e)
{
    const struct job *job = e->job;
    double all = 0, largest = 0;

    fputc('\n', e->to);
    explain_line(e, "files", "run directory %s, on a %s filesystem", job->run_dir_path,
                 job->shared ? "shared" : "local");
    for (int i = 0; i < job->pieces->count; i++) {
        const struct lane *lane = explain_lane(e, i);
        double bytes = result_bytes(e, i);

        if (!lane)
            continue;
        print_results(e, lane, i, bytes);
        all += e->frames * e->flow[i] * bytes;
        largest = fmax(largest, bytes);
    }
    if (largest > 0)
        print_segments(e, all, largest);
    if (job->options->results == RESULTS_PNG)
        explain_line(e, "", "a PNG file and a note of each frame in results/png/");
    if (media_sink_will_cut(job->sink))
        explain_line(e, "", "encoded parts of %g s in parts/, until the job is done", job->options->part);
    for (int i = 0; i < job->pieces->count; i++)
        if (explain_lane(e, i))
            print_ring(e, explain_lane(e, i), i);
}
