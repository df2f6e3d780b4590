#include "vidmpi/progress.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "media/text_out.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_NS NS_PER_S
#define LINE_NS (10 * NS_PER_S)   /* between lines where no terminal is */
#define AT_WORK_NS (5 * NS_PER_S) /* a rank is at work that gave a result within this time */
#define PREVIEW_NS (3 * NS_PER_S) /* between previews: each costs some milliseconds */
#define PREVIEW_WIDTH 640
#define BAR 20
#define GONE_MAX 3 /* progress files in a row that the run directory was not there for */

/* What is known at one moment. */
struct view {
    struct frame_counts counts;
    struct sink_stats sink;
    uint64_t total;                    /* frames of the source as far as is known; 0: unknown */
    double elapsed, fps, percent, eta; /* percent and eta: NAN when unknown */
    unsigned at_work;
    struct mishap_counts mishaps;
};

struct progress {
    struct job *job;
    struct text_out *text; /* -progress */
    bool terminal, lines;
    int gone; /* times in a row that progress.json found no folder */
    int64_t period;
    int64_t next_status, next_text, next_files, next_preview;
};

int progress_open(struct job *job, struct progress **out, struct vid_error *err)
{
    const struct media_options *options = job->options;
    struct progress *progress = calloc(1, sizeof(*progress));
    int ret = 0;

    if (!progress)
        return vid_fail(err, -ENOMEM, "no memory for the progress");
    progress->job = job;
    progress->period = (int64_t)(options->stats_period * (double)NS_PER_S);
    progress->lines = options->stats == 1 || (options->stats < 0 && options->log_level >= LOG_INFO);
    progress->terminal = progress->lines && isatty(STDERR_FILENO);
    progress->next_status = clock_now() + (progress->terminal ? progress->period : LINE_NS);
    if (options->progress_url)
        ret = text_out_open(options->progress_url, &progress->text, err);
    if (ret < 0) {
        free(progress);
        return ret;
    }
    *out = progress;
    return 0;
}

static void estimate(struct view *view, const struct source_info *info)
{
    uint64_t total = view->counts.ended ? view->counts.decoded : (uint64_t)info->frames;

    view->total = total;
    view->percent = view->eta = NAN;
    if (total == 0)
        return;
    view->percent = 100.0 * (double)view->counts.encoded / (double)total;
    if (view->percent > 100)
        view->percent = 100;
    if (view->fps > 0 && total >= view->counts.encoded)
        view->eta = (double)(total - view->counts.encoded) / view->fps;
}

static struct view look(struct progress *progress)
{
    struct job *job = progress->job;
    struct source_info info = media_source_info(job->source);
    struct view view = {
        .counts = job_counts(job),
        .sink = media_sink_stats(job->sink),
        .elapsed = (double)(clock_now() - job->started) / (double)NS_PER_S,
        .at_work = stats_ranks_at_work(job->stats, AT_WORK_NS),
        .mishaps = mishaps_counts(job->mishaps),
    };

    view.fps = view.elapsed > 0 ? (double)(view.counts.encoded - view.counts.sealed) / view.elapsed : 0;
    estimate(&view, &info);
    return view;
}

static void format_bar(const struct view *view, char bar[BAR + 1])
{
    int done = isnan(view->percent) ? 0 : (int)(view->percent * BAR / 100);

    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)done);
    bar[BAR] = '\0';
}

static void show_line(struct progress *progress, const struct view *view)
{
    char line[256], bar[BAR + 1], eta[32] = "?", of[32] = "", percent[16] = " ?";

    format_bar(view, bar);
    if (!isnan(view->eta))
        text_duration(view->eta, eta, sizeof(eta));
    if (view->total)
        snprintf(of, sizeof(of), "/%" PRIu64, view->total);
    if (!isnan(view->percent))
        snprintf(percent, sizeof(percent), "%3.0f%%", view->percent);
    snprintf(line, sizeof(line),
             "[%s] %s frame %" PRIu64 "%s, %.1f fps, ETA %s, %u of %u ranks at work, %" PRIu64 " retries",
             bar, percent, view->counts.encoded, of, view->fps, eta, view->at_work, progress->job->workers,
             view->mishaps.retries);
    if (progress->terminal)
        log_status(line);
    else
        log_info("%s", line);
}

static void format_time(int64_t us, char *text, size_t size)
{
    int64_t s = llabs(us) / 1000000;

    snprintf(text, size, "%s%02" PRId64 ":%02d:%02d.%06d", us < 0 ? "-" : "", s / 3600, (int)(s / 60 % 60),
             (int)(s % 60), (int)(llabs(us) % 1000000));
}

/* The keys and their forms are those of ffmpeg's -progress. */
static void write_text(struct progress *progress, const struct view *view, bool end)
{
    const struct sink_stats *sink = &view->sink;
    char text[1024], time[32] = "N/A", bitrate[32] = "N/A", speed[32] = "N/A";
    int length;

    format_time(sink->out_time_us, time, sizeof(time));
    if (sink->bitrate > 0)
        snprintf(bitrate, sizeof(bitrate), "%6.1fkbits/s", sink->bitrate / 1000);
    if (view->elapsed > 0)
        snprintf(speed, sizeof(speed), "%4.3gx", (double)sink->out_time_us / 1e6 / view->elapsed);
    length =
        snprintf(text, sizeof(text),
                 "frame=%" PRIu64 "\nfps=%.2f\nstream_0_0_q=%.1f\nbitrate=%s\ntotal_size=%" PRIu64
                 "\nout_time_us=%" PRId64 "\nout_time_ms=%" PRId64 "\nout_time=%s\ndup_frames=%" PRIu64
                 "\ndrop_frames=%" PRIu64 "\nspeed=%s\nprogress=%s\n",
                 sink->frames, view->fps, sink->quality, bitrate, sink->bytes, sink->out_time_us,
                 sink->out_time_us, time, sink->duplicated, sink->dropped, speed, end ? "end" : "continue");
    text_out_write(progress->text, text, (size_t)length);
}

static void add_number(struct json *json, const char *key, double value)
{
    json_double(json, key, value); /* NAN becomes null */
}

static void write_json(struct progress *progress, const struct view *view, const char *state)
{
    struct json json = {0};
    struct vid_error err = {0};
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/progress.json", progress->job->run_dir_path);
    json_object(&json, NULL);
    json_int(&json, "version", 1);
    json_string(&json, "state", state);
    json_uint(&json, "frames_decoded", view->counts.decoded);
    json_uint(&json, "frames_filtered", view->counts.filtered);
    json_uint(&json, "frames_encoded", view->counts.encoded);
    json_uint(&json, "frames_total", view->total);
    add_number(&json, "percent", view->percent);
    add_number(&json, "fps", view->fps);
    add_number(&json, "eta_seconds", view->eta);
    json_uint(&json, "ranks", progress->job->ranks);
    json_uint(&json, "ranks_working", view->at_work);
    json_uint(&json, "ranks_lost", view->mishaps.ranks_lost);
    json_uint(&json, "retries", view->mishaps.retries);
    json_uint(&json, "frames_substituted", view->mishaps.substituted);
    json_uint(&json, "frames_sealed", view->counts.sealed);
    json_uint(&json, "resumed", progress->job->history.starts);
    json_double(&json, "elapsed_seconds", view->elapsed);
    json_end(&json);
    if (json.failed || io_write_file(path, json.text, json.size, false, &err) < 0)
        log_debug("progress.json is not written: %s", err.text);
    progress->gone = err.code == -ENOENT ? progress->gone + 1 : 0;
    json_free(&json);
}

/* Descriptors that are held work on, but nothing of the job could be found again. */
static void check_folder(struct progress *progress)
{
    struct vid_error err = {0};

    if (progress->gone < GONE_MAX)
        return;
    vid_fail(&err, -ENOENT, "the run directory %s is gone", progress->job->run_dir_path);
    job_fail(progress->job, &err);
}

static void write_preview(struct progress *progress)
{
    struct picture *picture = job_take_latest(progress->job);
    struct vid_error err = {0};
    char path[PATH_MAX];

    if (!picture)
        return;
    snprintf(path, sizeof(path), "%s/preview/latest.png", progress->job->run_dir_path);
    if (picture_write_png(picture, PREVIEW_WIDTH, path, &err) < 0)
        log_debug("the preview is not written: %s", err.text);
    picture_unref(&picture);
}

static void write_files(struct progress *progress, const struct view *view, const char *state, bool ended)
{
    struct vid_error err = {0};

    write_json(progress, view, state);
    check_folder(progress);
    if (ended || clock_now() >= progress->next_preview) {
        write_preview(progress);
        progress->next_preview = clock_now() + PREVIEW_NS;
    }
    if (run_dir_beat(progress->job->dir, &err) == -ESTALE)
        job_fail(progress->job, &err); /* another job has taken the folder */
    else if (err.code)
        log_warn("%s", err.text);
}

void progress_tick(struct progress *progress)
{
    int64_t now = clock_now();
    bool status = progress->lines && now >= progress->next_status;
    bool text = progress->text && now >= progress->next_text;
    bool files = now >= progress->next_files;
    struct view view;

    if (!status && !text && !files)
        return;
    view = look(progress);
    if (status) {
        show_line(progress, &view);
        progress->next_status = now + (progress->terminal ? progress->period : LINE_NS);
    }
    if (text) {
        write_text(progress, &view, false);
        progress->next_text = now + progress->period;
    }
    if (files) {
        write_files(progress, &view, "running", false);
        progress->next_files = now + FILES_NS;
    }
}

void progress_close(struct progress **pprogress, const char *state)
{
    struct progress *progress = *pprogress;
    struct view view;

    *pprogress = NULL;
    if (!progress)
        return;
    view = look(progress);
    if (progress->terminal)
        show_line(progress, &view);
    if (progress->text)
        write_text(progress, &view, true);
    write_files(progress, &view, state, true);
    text_out_close(&progress->text);
    free(progress);
}
