#include "vidmpi/summary.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "vidmpi/faults.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#define NAMED_MAX 10 /* substituted frames that the summary names */

static double ms(int64_t ns)
{
    return (double)ns / (double)NS_PER_MS;
}

static int write_json(const struct job *job, const char *name, struct json *json, bool sync,
                      struct vid_error *err)
{
    char path[PATH_MAX];
    int ret;

    snprintf(path, sizeof(path), "%s/%s", job->run_dir_path, name);
    ret = json->failed ? vid_fail(err, json->failed, "no memory for %s", path)
                       : io_write_file(path, json->text, json->size, sync, err);
    json_free(json);
    return ret;
}

static void add_moment(struct json *json, const char *key, int64_t wall)
{
    time_t seconds = (time_t)(wall / NS_PER_S);
    struct tm tm;
    char text[40];

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_string(json, key, text);
}

int summary_write_job(const struct job *job, int argc, char *const *argv, struct vid_error *err)
{
    struct json json = {0};

    json_object(&json, NULL);
    json_int(&json, "version", 1);
    json_string(&json, "program", "vidmpi " VID_VERSION);
    json_string(&json, "job", job->id);
    add_moment(&json, "started", clock_wall());
    json_string(&json, "input", job->options->in.url);
    json_string(&json, "output", job->options->out.url);
    json_uint(&json, "ranks", job->ranks);
    json_uint(&json, "window", job->window);
    json_array(&json, "arguments");
    for (int i = 1; i < argc; i++)
        json_string(&json, NULL, argv[i]);
    json_end(&json);
    json_end(&json);
    return write_json(job, "job.json", &json, false, err);
}

static void add_stages(struct job *job, struct json *json)
{
    json_object(json, "stages");
    for (int i = 0; i < STAGES; i++) {
        struct histogram h = stats_stage(job->stats, (enum stage)i);

        json_object(json, stage_names[i]);
        json_uint(json, "count", h.count);
        json_double(json, "mean_ms", h.count ? ms(h.sum) / (double)h.count : 0);
        json_double(json, "p50_ms", ms(histogram_percentile(&h, 50)));
        json_double(json, "p95_ms", ms(histogram_percentile(&h, 95)));
        json_double(json, "p99_ms", ms(histogram_percentile(&h, 99)));
        json_double(json, "max_ms", ms(h.max));
        json_end(json);
    }
    json_end(json);
}

static void add_ranks(struct job *job, const struct cluster *cluster, struct json *json)
{
    json_array(json, "ranks_detail");
    for (unsigned rank = 0; rank < job->ranks; rank++) {
        json_object(json, NULL);
        json_uint(json, "rank", rank);
        json_string(json, "host", cluster_node(cluster, (int)rank));
        json_uint(json, "frames", stats_frames(job->stats, rank));
        json_end(json);
    }
    json_end(json);
}

static void add_counts(struct job *job, struct json *json)
{
    struct frame_counts counts = job_counts(job);
    struct source_stats source = media_source_stats(job->source);
    struct sink_stats sink = media_sink_stats(job->sink);
    struct mishap_counts mishaps = mishaps_counts(job->mishaps);
    uint64_t now = 0, peak = 0;

    result_store_usage(job->results, &now, &peak);
    json_uint(json, "frames_in", job->frames_in);
    json_uint(json, "frames_filtered", counts.filtered);
    json_uint(json, "frames_kept", counts.kept);
    json_uint(json, "frames_sealed_before", counts.sealed);
    json_uint(json, "frames_out", sink.frames);
    json_uint(json, "frames_duplicated", sink.duplicated);
    json_uint(json, "frames_dropped", sink.dropped);
    json_uint(json, "frames_substituted", mishaps.substituted);
    json_uint(json, "results_discarded", counts.late);
    json_uint(json, "retries", mishaps.retries);
    json_uint(json, "second_copies", mishaps.copies);
    json_uint(json, "ranks_lost", mishaps.ranks_lost);
    json_uint(json, "redis_restarts", mishaps.restarts);
    json_uint(json, "resumed", job->history.starts);
    json_uint(json, "frames_filtered_again", job->history.filtered_again);
    json_uint(json, "frames_encoded_again", job->history.encoded_again);
    json_uint(json, "decode_errors", source.decode_errors);
    json_uint(json, "corrupt_frames", source.corrupt);
    json_uint(json, "bytes_out", sink.bytes);
    json_uint(json, "results_peak_bytes", peak);
    json_uint(json, "redis_round_trips", job->redis_round_trips);
}

static void add_substituted(struct job *job, struct json *json)
{
    struct substituted one;

    json_array(json, "substituted");
    for (uint64_t i = 0; mishaps_substituted(job->mishaps, i, &one); i++) {
        json_object(json, NULL);
        json_uint(json, "frame", frame_number(one.frame));
        if (frame_lane(one.frame) > 0)
            json_uint(json, "lane", frame_lane(one.frame));
        json_string(json, "policy", faults_policy_name(job->options->on_error));
        json_string(json, "why", one.why);
        json_end(json);
    }
    json_end(json);
}

/* A job that lost ranks has the right output, and somebody should look at its nodes all the same. */
static const char *state_of(struct job *job)
{
    struct mishap_counts mishaps = mishaps_counts(job->mishaps);

    return mishaps.substituted || mishaps.ranks_lost ? "degraded" : "done";
}

int summary_write_manifest(struct job *job, const struct cluster *cluster, struct vid_error *err)
{
    struct json json = {0};
    double wall = (double)(clock_now() - job->started) / (double)NS_PER_S;

    json_object(&json, NULL);
    json_int(&json, "version", 1);
    json_string(&json, "program", "vidmpi " VID_VERSION);
    json_string(&json, "state", state_of(job));
    json_bool(&json, "exact", !mishaps_degrade(job->mishaps) && job->verified != VERIFIED_DIFFERENT);
    if (job->verified != VERIFIED_NOT)
        json_bool(&json, "verified", job->verified == VERIFIED_SAME);
    json_string(&json, "job", job->id);
    json_string(&json, "input", job->options->in.url);
    json_string(&json, "output", job->options->out.url);
    json_string(&json, "filter", job_filter(job));
    json_uint(&json, "ranks", job->ranks);
    json_uint(&json, "window", job->window);
    add_counts(job, &json);
    add_substituted(job, &json);
    add_moment(&json, "ended", clock_wall());
    json_double(&json, "wall_seconds", wall);
    json_double(&json, "first_frame_seconds",
                (double)(job->first_filtered - job->started) / (double)NS_PER_S);
    json_double(&json, "fps", (double)job_counts(job).encoded / wall);
    add_stages(job, &json);
    add_ranks(job, cluster, &json);
    json_end(&json);
    return write_json(job, "manifest.json", &json, true, err);
}

static void print_damage(struct job *job)
{
    struct source_stats source = media_source_stats(job->source);

    if (source.decode_errors || source.corrupt)
        log_warn("the input is damaged: %" PRIu64 " packets could not be decoded, %" PRIu64
                 " pictures are marked as damaged; the rest was filtered, as ffmpeg does it",
                 source.decode_errors, source.corrupt);
}

/* What was mended, and what could not be. */
static void print_mishaps(struct job *job)
{
    struct mishap_counts mishaps = mishaps_counts(job->mishaps);
    struct substituted one;

    if (mishaps.retries || mishaps.ranks_lost || mishaps.restarts)
        log_warn("%" PRIu64
                 " tasks were given out again, %u ranks are lost, redis-server was restarted %u times",
                 mishaps.retries, mishaps.ranks_lost, mishaps.restarts);
    for (uint64_t i = 0; i < NAMED_MAX && mishaps_substituted(job->mishaps, i, &one); i++)
        log_warn("frame %" PRIu64 " is not filtered (-on-error %s): %s", frame_number(one.frame),
                 faults_policy_name(job->options->on_error), one.why);
    if (mishaps.substituted > NAMED_MAX)
        log_warn("and %" PRIu64 " more; manifest.json names them", mishaps.substituted - NAMED_MAX);
}

static void print_stage(struct job *job, enum stage stage)
{
    struct histogram h = stats_stage(job->stats, stage);

    log_info("  %-8s p50 %9.3f ms   p95 %9.3f ms   p99 %9.3f ms", stage_names[stage],
             ms(histogram_percentile(&h, 50)), ms(histogram_percentile(&h, 95)),
             ms(histogram_percentile(&h, 99)));
}

void summary_print(struct job *job)
{
    struct frame_counts counts = job_counts(job);
    struct sink_stats sink = media_sink_stats(job->sink);
    double wall = (double)(clock_now() - job->started) / (double)NS_PER_S;
    char size[32];

    print_damage(job);
    print_mishaps(job);
    log_info("%" PRIu64 " frames filtered by %u %s in %.2f s: %.1f fps; %" PRIu64 " frames out (%" PRIu64
             " duplicated, %" PRIu64 " dropped), %s",
             counts.filtered, job->workers, job->workers == 1 ? "rank" : "ranks", wall,
             (double)counts.encoded / wall, sink.frames, sink.duplicated, sink.dropped,
             text_size(sink.bytes, size, sizeof(size)));
    for (int i = 0; i < STAGES; i++)
        print_stage(job, (enum stage)i);
    if (media_sink_is_file(job->sink) || job->options->run_dir)
        log_info("output %s, report %s/manifest.json", media_sink_path(job->sink), job->run_dir_path);
}
