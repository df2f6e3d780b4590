#include "vidmpi/job.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "media/log.h"
#include "tasks/task_list.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOCK_PATIENCE_MS 10000 /* three times the 3 s for which NFS may hide another node's heartbeat */

/* Pictures that the encoder's side may lag behind, and for each worker the
 * one that it filters and the one that waits for it: 16 slots or 48 made no
 * difference with two workers (docs/architecture.md). */
#define WINDOW_BASE 16
#define WINDOW_PER_WORKER 2

/* The decoder's first picture configures the chain, and the chain's output opens the sink. */
static int open_media(struct job *job, struct vid_error *err)
{
    struct chain *chain = NULL;
    struct chain_output output;
    int ret;

    if ((ret = media_source_open(job->options, &job->source, err)) < 0 ||
        (ret = media_sink_open(job->options, job->source, &job->sink, err)) < 0 ||
        (ret = chain_spec_create(job->options, job->source, job->sink, &job->spec, err)) < 0)
        return ret;
    media_source_dump(job->source);
    ret = media_source_next(job->source, &job->first, err);
    if (ret == VID_EOF) {
        job->empty = true;
        ret = media_source_blank(job->source, &job->first, err);
    }
    if (ret == 0 && (ret = chain_open(job->spec, &chain, err)) == 0 &&
        (ret = chain_configure(chain, job->first, job->spec, err)) == 0 &&
        (ret = chain_output(chain, &output, err)) == 0)
        ret = media_sink_set_video(job->sink, &output, err);
    chain_close(&chain);
    if (ret == 0)
        media_sink_dump(job->sink);
    return ret;
}

/* libav's errors are quoted in ours. */
static int open_media_quietly(struct job *job, struct vid_error *err)
{
    int ret;

    media_log_hold();
    ret = open_media(job, err);
    media_log_release(err);
    return ret;
}

/* -run-dir, or OUTPUT.vidmpi beside the output, or a folder of the temporary ones for a pipe. */
static int choose_run_dir(struct job *job, struct vid_error *err)
{
    const char *tmp = getenv("TMPDIR");
    int length;

    if (job->options->run_dir)
        length = asprintf(&job->run_dir_path, "%s", job->options->run_dir);
    else if (media_sink_is_file(job->sink))
        length = asprintf(&job->run_dir_path, "%s.vidmpi", media_sink_path(job->sink));
    else
        length = asprintf(&job->run_dir_path, "%s/vidmpi-%s", tmp ? tmp : "/tmp", job->id);
    if (length < 0) {
        job->run_dir_path = NULL;
        return vid_fail(err, -ENOMEM, "no memory for the run directory's name");
    }
    return 0;
}

static int open_run_dir(struct job *job, bool several_nodes, struct vid_error *err)
{
    const struct run_dir_wish wish = {.ranks = job->ranks, .patience_ms = LOCK_PATIENCE_MS};
    enum run_dir_state state;
    char path[PATH_MAX];
    int ret = choose_run_dir(job, err);

    if (ret == 0)
        ret = run_dir_open(job->run_dir_path, &wish, &job->dir, &state, err);
    if (ret < 0)
        return ret;
    job->shared = several_nodes || run_dir_is_shared(job->run_dir_path);
    if (job->options->results == RESULTS_PNG) {
        snprintf(path, sizeof(path), "%s/results/png", job->run_dir_path);
        ret = io_make_dirs(path, err);
    }
    return ret == 0 ? result_store_open(job->run_dir_path, job->ranks, job->shared, &job->results, err) : ret;
}

/* Connects once, so that a wrong -redis is told before any work. */
static int open_redis(struct job *job, bool several_nodes, struct vid_error *err)
{
    struct task_list *list = NULL;
    int ret;

    job->redis_url = job->options->redis_url;
    if (!job->redis_url) {
        ret = redis_server_start(several_nodes, &job->server, err);
        if (ret < 0)
            return ret;
        job->redis_url = redis_server_url(job->server);
        job->guard = redis_server_guard(job->server);
        return 0;
    }
    ret = task_list_open(job->redis_url, job->id, &list, err);
    task_list_close(&list);
    return ret == 0 ? guard_start(NULL, NULL, &job->guard, err) : ret;
}

/* What is asked for, or the default, but not more than half of the shared memory that is free. */
static unsigned choose_window(const struct job *job, size_t slot_bytes)
{
    unsigned window = WINDOW_BASE + WINDOW_PER_WORKER * job->workers, least = 2 * job->workers + 2;
    struct statvfs shm;

    if (job->options->window > 0)
        return (unsigned)job->options->window;
    if (statvfs("/dev/shm", &shm) == 0) {
        uint64_t fits = (uint64_t)shm.f_bavail * shm.f_frsize / 2 / slot_bytes;
        if (fits < window)
            window = fits > least ? (unsigned)fits : least;
    }
    return window;
}

static int open_ring(struct job *job, struct vid_error *err)
{
    size_t bytes = picture_packed_size(job->first);
    char name[64];
    int ret;

    job->window = choose_window(job, bytes);
    snprintf(name, sizeof(name), "/vidmpi-%s", job->id);
    guard_add_shm(job->guard, name);
    ret = frame_ring_create(name, job->window, bytes, &job->ring, err);
    if (ret < 0)
        return ret;
    job->table = frame_table_create(job->window);
    job->stats = stats_create(job->ranks);
    if (!job->table || !job->stats)
        return vid_fail(err, -ENOMEM, "no memory for the table of frames");
    return 0;
}

/* The unfinished output goes even when this process is killed. */
static void guard_output(struct job *job)
{
    char part[PATH_MAX];

    if (!media_sink_is_file(job->sink))
        return;
    snprintf(part, sizeof(part), "%s.part", media_sink_path(job->sink));
    guard_add_file(job->guard, part);
}

int job_open(struct job *job, const struct media_options *options, unsigned ranks, bool several_nodes,
             struct vid_error *err)
{
    int ret;

    memset(job, 0, sizeof(*job));
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    job->options = options;
    job->ranks = ranks;
    job->workers = ranks > 1 ? ranks - 1 : 1;
    job->started = clock_now();
    ret = text_random_hex(job->id, 8);
    if (ret < 0)
        return vid_fail(err, ret, "cannot get random bytes for the job's id: %s", strerror(-ret));
    if ((ret = open_media_quietly(job, err)) < 0 || (ret = open_redis(job, several_nodes, err)) < 0 ||
        (ret = open_run_dir(job, several_nodes, err)) < 0 || (ret = open_ring(job, err)) < 0)
        return ret;
    guard_output(job);
    return 0;
}

const char *job_filter(const struct job *job)
{
    const struct stream_options *streams = &job->options->out.streams;
    const char *filter = NULL;

    for (int i = 0; i < streams->count; i++) {
        if (strcmp(streams->items[i].name, "filter") == 0 && streams->items[i].spec[0] != 'a')
            filter = streams->items[i].value;
    }
    return filter;
}

struct worker_config job_worker_config(const struct job *job, const char *chain_text)
{
    struct worker_config config = {
        .job = (char *)job->id,
        .redis_url = (char *)job->redis_url,
        .run_dir = job->run_dir_path,
        .chain = (char *)chain_text,
        .filter = (char *)job_filter(job),
        .log_level = job->options->log_level,
        .durable = job->shared,
        .png = job->options->results == RESULTS_PNG,
        .slot_kb = (int)(frame_ring_slot_bytes(job->ring) / 1024),
        .redis_timeout_ms = 60000,
    };

    return config;
}

void job_fail(struct job *job, const struct vid_error *err)
{
    pthread_mutex_lock(&job->lock);
    if (!job->finished)
        vid_fail(&job->error, err->code ? err->code : -EIO, "%s", err->text);
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    if (job->source)
        media_source_stop(job->source);
    if (job->table)
        frame_table_stop(job->table);
}

bool job_failed(struct job *job)
{
    bool failed;

    pthread_mutex_lock(&job->lock);
    failed = job->error.code != 0;
    pthread_mutex_unlock(&job->lock);
    return failed;
}

void job_set_latest(struct job *job, struct picture *picture)
{
    struct picture *old;

    pthread_mutex_lock(&job->lock);
    old = job->latest;
    job->latest = picture_ref(picture);
    pthread_mutex_unlock(&job->lock);
    picture_unref(&old);
}

struct picture *job_take_latest(struct job *job)
{
    struct picture *latest;

    pthread_mutex_lock(&job->lock);
    latest = job->latest;
    job->latest = NULL;
    pthread_mutex_unlock(&job->lock);
    return latest;
}

void job_set_finished(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    job->finished = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

void job_set_first_filtered(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    if (!job->first_filtered)
        job->first_filtered = clock_now();
    pthread_mutex_unlock(&job->lock);
}

void job_count_round_trips(struct job *job, const struct task_list *list)
{
    if (!list)
        return;
    pthread_mutex_lock(&job->lock);
    job->redis_round_trips += task_list_round_trips(list);
    pthread_mutex_unlock(&job->lock);
}

int job_wait(struct job *job, int64_t deadline, struct vid_error *err)
{
    struct timespec until = clock_timespec(deadline);
    int ret;

    pthread_mutex_lock(&job->lock);
    if (!job->finished && !job->error.code)
        pthread_cond_clockwait(&job->changed, &job->lock, CLOCK_MONOTONIC, &until);
    ret = job->finished ? 1 : 0;
    if (job->error.code)
        ret = vid_fail(err, job->error.code, "%s", job->error.text);
    pthread_mutex_unlock(&job->lock);
    return ret;
}

/* An external server keeps nothing of this job. */
static void remove_keys(struct job *job)
{
    struct task_list *list = NULL;
    struct vid_error err = {0};

    if (job->server || !job->redis_url)
        return;
    if (task_list_open(job->redis_url, job->id, &list, &err) == 0)
        task_list_remove(list, &err);
    if (err.code)
        log_warn("the job's keys vidmpi:{%s}:* may be left in Redis: %s", job->id, err.text);
    task_list_close(&list);
}

/* Workers filter ahead of the output's end: pictures that are not in it go. */
static void remove_unused_files(const struct job *job)
{
    struct frame_counts counts = frame_table_counts(job->table);
    static const char *const endings[] = {"png", "json"};
    char path[PATH_MAX];

    for (uint64_t frame = counts.encoded; frame < counts.decoded; frame++) {
        for (size_t i = 0; i < 2; i++) {
            snprintf(path, sizeof(path), "%s/results/png/frame_%06" PRIu64 ".%s", job->run_dir_path, frame,
                     endings[i]);
            unlink(path);
        }
    }
}

void job_close(struct job *job, bool keep)
{
    /* A folder in a temporary place that nobody named is not looked for either. */
    keep = keep && (job->options->run_dir || media_sink_is_file(job->sink));
    if (keep && job->options->results == RESULTS_PNG)
        remove_unused_files(job);
    picture_unref(&job->first);
    picture_unref(&job->latest);
    media_sink_close(&job->sink);
    media_source_close(&job->source);
    chain_spec_free(&job->spec);
    result_store_close(&job->results);
    run_dir_close(&job->dir, keep ? RUN_DIR_KEEP_REPORT : RUN_DIR_KEEP_NOTHING);
    frame_table_destroy(job->table);
    stats_destroy(job->stats);
    frame_ring_destroy(&job->ring);
    remove_keys(job);
    if (!job->server)
        guard_stop(&job->guard);
    redis_server_stop(&job->server);
    free(job->run_dir_path);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
}
