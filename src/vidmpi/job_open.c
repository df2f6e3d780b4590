/* The opening of a job, and its end. */
#include "vidmpi/job.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "media/catalog_safe.h"
#include "media/job_key.h"
#include "media/log.h"
#include "tasks/task_list.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_PATIENCE_MS 10000 /* three times the 3 s for which NFS may hide another node's heartbeat */

static struct lane *add_lane(struct job *job)
{
    struct lane *lane = &job->lanes[job->lane_count];

    lane->number = job->lane_count++;
    lane->before = job->tail;
    job->tail = NULL;
    return lane;
}

/* Each parallel piece is a lane's; a serial one comes before it, or is the tail. */
static int lay_out_lanes(struct job *job, struct vid_error *err)
{
    for (int i = 0; i < job->pieces->count; i++) {
        const struct piece *piece = &job->pieces->items[i];

        if (!piece->context.parallel) {
            job->tail = piece;
            continue;
        }
        if (job->lane_count == LANES_MAX)
            return vid_fail(
                err, -ENOTSUP,
                "the filter graph falls into more than %d parts that run on all ranks, with others "
                "between them; run it in several commands",
                LANES_MAX);
        add_lane(job)->piece = piece;
    }
    if (job->lane_count == 0) {
        struct lane *lane = add_lane(job);

        lane->context.task_frames = lane->context.period = 1;
        log_line(
            job->options->explain ? LOG_VERBOSE : LOG_WARNING,
            "no part of the filter graph can run on several ranks (vidmpi -explain says why): it runs on "
            "rank 0");
    }
    for (unsigned i = 0; i < job->lane_count; i++)
        if (job->lanes[i].piece)
            job->lanes[i].context = job->lanes[i].piece->context;
    job->lanes[job->lane_count - 1].last = true;
    return 0;
}

/* The decoder's first picture configures the graph, and the graph's output opens the sink. */
static int open_media(struct job *job, struct vid_error *err)
{
    int ret;

    if ((ret = media_options_safe(job->options, err)) < 0 ||
        (ret = media_source_open(job->options, &job->source, err)) < 0 ||
        (ret = media_sink_open(job->options, job->source, &job->sink, err)) < 0)
        return ret;
    media_source_dump(job->source);
    ret = media_source_next(job->source, &job->first, err);
    if (ret == VID_EOF) {
        job->empty = true;
        ret = media_source_blank(job->source, &job->first, err);
    }
    if (ret == 0 &&
        (ret = pieces_create(job->options, job->source, job->sink, job->first,
                             job->options->frame_stats != NULL, &job->pieces, err)) == 0 &&
        (ret = pieces_check_memory(job->pieces, media_source_info(job->source).frames, err)) == 0 &&
        (ret = lay_out_lanes(job, err)) == 0)
        ret = media_sink_set_video(job->sink, &job->pieces->output, err);
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

/* A job whose output is a file can go on after an end before its time, if its input will be known again. */
static int find_key(struct job *job, char key[JOB_KEY_BYTES], bool *known, struct vid_error *err)
{
    struct vid_error why = {0};
    int ret;

    *known = false;
    if (!media_sink_is_file(job->sink))
        return 0;
    ret = media_job_key(job->options, key, &why);
    if (ret == -ENOTSUP)
        log_debug("%s: the job cannot be resumed", why.text);
    else if (ret < 0)
        return vid_fail(err, ret, "%s", why.text);
    *known = ret == 0;
    return 0;
}

/* For the windows and one part of the video. */
static int check_space(const struct job *job, struct vid_error *err)
{
    double rate = media_source_info(job->source).frames_per_second;
    double bytes = 0;

    for (unsigned i = 0; i < job->lane_count; i++) {
        const struct lane *lane = &job->lanes[i];
        bool kept = lane->last && !job->tail && media_sink_in_parts(job->sink);
        double frames = lane_window(lane, job->workers, 1, 1, job->options->window) +
                        (kept ? job->options->part * rate : 0);

        bytes += lane->piece ? frames * (double)lane_picture_bytes(lane) : 0;
    }
    return run_dir_check_space(job->run_dir_path, (uint64_t)bytes, err);
}

static int note_start(struct job *job, const char *key, struct vid_error *err)
{
    char host[HOST_NAME_MAX + 1] = "";
    struct ledger_record record = {.type = LEDGER_START};

    gethostname(host, sizeof(host) - 1);
    record.start = (struct ledger_start){
        .key = key,
        .format = LEDGER_FORMAT,
        .program = "vidmpi " VID_VERSION,
        .host = host,
        .time = clock_wall() / NS_PER_S,
        .ranks = job->ranks,
        .window = job->window,
    };
    return job_note(job, &record, err);
}

/* On a thread of the sink's. */
static int part_sealed(void *opaque, const struct media_part *part, struct vid_error *err)
{
    struct job *job = opaque;
    struct picture_place end = {.skip = part->end}; /* a serial piece makes all of them again, to pass on */
    char state[64];
    struct ledger_record record = {.type = LEDGER_PART};
    int ret;

    if (!job->tail)
        end = picture_counts_find(job->pictures, part->end);
    record.part = (struct ledger_part){part->number,
                                       part->first,
                                       part->end,
                                       part->packets,
                                       part->bytes,
                                       part->crc,
                                       history_format_place(end, state, sizeof(state))};
    ret = frame_stats_sync(job->frame_stats, err);
    if (ret == 0)
        ret = job_note(job, &record, err);

    pthread_mutex_lock(&job->lock);
    if (ret == 0)
        job->sealed = end.frame;
    pthread_mutex_unlock(&job->lock);
    return ret;
}

static int open_parts(struct job *job, struct vid_error *err)
{
    char folder[PATH_MAX];
    struct sink_parts parts = {
        .folder = folder,
        .sealed = job->history.parts,
        .sealed_count = job->history.part_count,
        .sealed_one = part_sealed,
        .opaque = job,
    };

    snprintf(folder, sizeof(folder), "%s/parts", job->run_dir_path);
    job->sealed = job->lanes[job->lane_count - 1].sealed = job->history.end;
    job->pictures = picture_counts_create(
        job->history.end, job->history.part_count
                              ? job->history.parts[job->history.part_count - 1].end - job->history.skip
                              : 0);
    if (!job->pictures)
        return vid_fail(err, -ENOMEM, "no memory for the parts");
    return job->resumable ? media_sink_set_parts(job->sink, &parts, err) : 0;
}

static int open_frame_stats(struct job *job, struct vid_error *err)
{
    const struct history *history = &job->history;
    uint64_t sealed = history->part_count ? history->parts[history->part_count - 1].end : 0;
    int ret = frame_stats_open(job->run_dir_path, job->options->frame_stats, sealed, &job->frame_stats, err);

    if (job->frame_stats)
        guard_add_file(job->guard, frame_stats_part(job->frame_stats));
    return ret;
}

static int open_results(struct job *job, bool several_nodes, struct vid_error *err)
{
    char path[PATH_MAX];
    int ret = 0;

    job->shared = several_nodes || run_dir_is_shared(job->run_dir_path);
    if (job->options->results == RESULTS_PNG) {
        snprintf(path, sizeof(path), "%s/results/png", job->run_dir_path);
        ret = io_make_dirs(path, err);
    }
    return ret < 0 ? ret
                   : result_store_open(job->run_dir_path, run_dir_ranks(job->dir), job->shared, &job->results,
                                       err);
}

/* What earlier starts have left, told in one line. */
static int read_history(struct job *job, struct vid_error *err)
{
    struct history *history = &job->history;
    int ret;

    history->lane = job->lane_count - 1;
    if (!job->resumed)
        return 0;
    if ((ret = history_read(job->run_dir_path, history, err)) < 0 ||
        (ret = history_recover(history, job->run_dir_path, job->results, err)) < 0)
        return ret;
    log_info("going on where the job ended before (start %u): %" PRIu64
             " frames are encoded in %d parts, %zu more are filtered",
             history->starts + 1, history->end, history->part_count, history->kept_count);
    for (size_t i = 0; i < history->substituted_count; i++)
        mishaps_substitute(job->mishaps, history->substituted[i].frame, history->substituted[i].why);
    return 0;
}

static int open_ledger(struct job *job, const char *key, struct vid_error *err)
{
    const struct ledger_record again = {.type = LEDGER_AGAIN, .again = job->history.again};
    int ret = ledger_open(job->run_dir_path, &job->ledger, err);

    if (ret == 0)
        ret = note_start(job, key, err);
    return ret == 0 && job->resumed ? job_note(job, &again, err) : ret;
}

static int open_run_dir(struct job *job, bool several_nodes, struct vid_error *err)
{
    char key[JOB_KEY_BYTES] = "";
    struct run_dir_wish wish = {.ranks = job->ranks,
                                .patience_ms = LOCK_PATIENCE_MS,
                                .restart = job->options->restart || job->options->verify};
    enum run_dir_state state;
    bool known;
    int ret = choose_run_dir(job, err);

    if (ret == 0)
        ret = find_key(job, key, &known, err);
    if (ret < 0)
        return ret;
    wish.key = known ? key : NULL;
    if ((ret = run_dir_open(job->run_dir_path, &wish, &job->dir, &state, err)) < 0)
        return ret;
    job->resumed = state == RUN_DIR_RESUMED;
    job->resumable = known;
    if ((ret = open_results(job, several_nodes, err)) < 0 || (ret = read_history(job, err)) < 0 ||
        (ret = open_frame_stats(job, err)) < 0 || (ret = open_parts(job, err)) < 0 ||
        (ret = open_ledger(job, known ? key : "", err)) < 0)
        return ret;
    return check_space(job, err);
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

static unsigned wanted_window(const struct job *job, const struct lane *lane)
{
    return lane_window(lane, job->workers, lane_picture_bytes(lane), job->lane_count,
                       (unsigned)job->options->window);
}

static int open_lanes(struct job *job, struct vid_error *err)
{
    char first[64], name[FRAME_RING_NAME_MAX];
    int ret = 0;

    snprintf(first, sizeof(first), "/vidmpi-%s", job->id);
    for (unsigned i = 0; i < job->lane_count && ret == 0; i++) {
        struct lane *lane = &job->lanes[i];
        unsigned window = wanted_window(job, lane);

        guard_add_shm(job->guard, frame_ring_name(first, i, name));
        ret = lane_open(lane, first, window, err);
        if (lane->window > job->window)
            job->window = lane->window;
    }
    return ret;
}

static int open_tables(struct job *job, struct vid_error *err)
{
    job->stats = stats_create(job->ranks);
    job->mishaps = mishaps_create();
    job->rank_states = ranks_create(job->ranks);
    if (job->options->verify && !(job->verify = verify_create()))
        return vid_fail(err, -ENOMEM, "no memory for -verify");
    if (job->stats && job->mishaps && job->rank_states)
        return 0;
    return vid_fail(err, -ENOMEM, "no memory for the job's tables");
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

static void begin(struct job *job, const struct media_options *options, unsigned ranks)
{
    memset(job, 0, sizeof(*job));
    pthread_mutex_init(&job->lock, NULL);
    pthread_mutex_init(&job->ledger_lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    job->options = options;
    job->ranks = ranks;
    job->workers = ranks > 1 ? ranks - 1 : 1;
    job->started = clock_now();
}

int job_look(struct job *job, const struct media_options *options, unsigned ranks, bool several_nodes,
             struct vid_error *err)
{
    int ret;

    begin(job, options, ranks);
    snprintf(job->id, sizeof(job->id), "ID"); /* the folder that has it in its name is never made */
    if ((ret = open_media_quietly(job, err)) < 0 || (ret = choose_run_dir(job, err)) < 0)
        return ret;
    job->shared = several_nodes || run_dir_is_shared(job->run_dir_path);
    for (unsigned i = 0; i < job->lane_count; i++)
        if (job->lanes[i].piece)
            lane_set_window(&job->lanes[i], wanted_window(job, &job->lanes[i]));
    return 0;
}

int job_open(struct job *job, const struct media_options *options, unsigned ranks, bool several_nodes,
             struct vid_error *err)
{
    int ret;

    begin(job, options, ranks);
    ret = text_random_hex(job->id, 8);
    if (ret < 0)
        return vid_fail(err, ret, "cannot get random bytes for the job's id: %s", strerror(-ret));
    if ((ret = open_tables(job, err)) < 0 || (ret = open_media_quietly(job, err)) < 0 ||
        (ret = open_redis(job, several_nodes, err)) < 0 ||
        (ret = open_run_dir(job, several_nodes, err)) < 0 || (ret = open_lanes(job, err)) < 0)
        return ret;
    guard_output(job);
    return 0;
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
    struct frame_counts counts = frame_table_counts(job->lanes[job->lane_count - 1].table);
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

static enum run_dir_keep keep_of(const struct job *job, enum job_end end)
{
    switch (end) {
    case JOB_DONE:
    case JOB_DEGRADED:
        /* A folder in a temporary place that nobody named is not looked for either. */
        return job->options->run_dir || media_sink_is_file(job->sink) ? RUN_DIR_KEEP_REPORT
                                                                      : RUN_DIR_KEEP_NOTHING;
    case JOB_POISONED:
    case JOB_STOPPED:
        return RUN_DIR_KEEP_ALL;
    default:
        return job->resumed || job->sealed > 0 ? RUN_DIR_KEEP_ALL : RUN_DIR_KEEP_NOTHING;
    }
}

void job_close(struct job *job, enum job_end end)
{
    enum run_dir_keep keep = job->sink ? keep_of(job, end) : RUN_DIR_KEEP_ALL;

    if (keep == RUN_DIR_KEEP_REPORT && job->options->results == RESULTS_PNG)
        remove_unused_files(job);
    picture_unref(&job->first);
    picture_unref(&job->latest);
    media_sink_close(&job->sink);
    media_source_close(&job->source);
    result_store_close(&job->results);
    ledger_close(&job->ledger);
    frame_stats_close(&job->frame_stats);
    run_dir_close(&job->dir, keep);
    history_free(&job->history);
    for (unsigned i = 0; i < job->lane_count; i++)
        lane_close(&job->lanes[i]);
    pieces_free(&job->pieces);
    stats_destroy(job->stats);
    picture_counts_destroy(job->pictures);
    mishaps_destroy(job->mishaps);
    verify_destroy(job->verify);
    ranks_destroy(job->rank_states);
    remove_keys(job);
    if (!job->server)
        guard_stop(&job->guard);
    redis_server_stop(&job->server);
    free(job->run_dir_path);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->ledger_lock);
    pthread_mutex_destroy(&job->lock);
}
