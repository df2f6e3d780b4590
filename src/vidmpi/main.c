/* vidmpi: applies a filter graph to a video with all ranks of an MPI job.
 * Started by mpirun, srun or alone. Rank 0 coordinates, the others filter. */
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "media/catalog_list.h"
#include "media/log.h"
#include "tasks/task_list.h"
#include "vidmpi/cluster.h"
#include "vidmpi/coordinator.h"
#include "vidmpi/explain.h"
#include "vidmpi/interrupt.h"
#include "vidmpi/rank.h"
#include "vidmpi/summary.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_DIFFERS = 3,
    EXIT_DEGRADED = 4,
    EXIT_AGAIN = 75
};

/* Rank 0 opens the job on a thread of its own, so that a signal can end it while it waits for input.
 * Not while MPI starts: MPI_Init changes the environment, which this reads and passes on. */
struct opening {
    struct job *job;
    const struct media_options *options;
    struct launch launch;
    int argc;
    char **argv;
    struct vid_error err;
    int ret;
};

static void *open_job(void *opaque)
{
    struct opening *opening = opaque;
    struct launch *launch = &opening->launch;

    if (opening->ret == 0)
        opening->ret = job_open(opening->job, opening->options, (unsigned)launch->size, !launch->one_node,
                                &opening->err);
    if (opening->ret == 0)
        opening->ret = summary_write_job(opening->job, opening->argc, opening->argv, &opening->err);
    return NULL;
}

/* mpirun binds each rank to a core or two; rank 0 has decoder, encoder and
 * poller threads, and workers are to go where there is room. A binding that
 * was asked for stays. */
static void unbind(void)
{
    cpu_set_t all;

    if (getenv("OMPI_MCA_hwloc_base_binding_policy") || getenv("OMPI_MCA_rmaps_base_bind_to"))
        return;
    memset(&all, 0xff, sizeof(all));
    sched_setaffinity(0, sizeof(all), &all);
}

/* Each part's encoder asks for its hundred megabytes anew. What the one before gave back is kept for it, in
 * one arena for all threads: fresh pages, which the kernel must clear, cost 2 % of the CPU time of a cheap
 * filter's job. */
static void keep_memory(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 32 << 20); /* the largest that glibc takes */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

static void set_up_log(const struct media_options *options, const struct launch *launch)
{
    char who[64] = "vidmpi";

    if (launch->rank > 0)
        snprintf(who, sizeof(who), "vidmpi rank %d", launch->rank);
    log_setup(options->log_level, who);
    media_log_setup(options->log_level);
    for (int i = 0; launch->rank == 0 && i < options->warning_count; i++)
        log_warn("%s", options->warnings[i]);
}

static void warn_of_too_many(const struct cluster *cluster)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int workers = cluster_ranks_here(cluster) - (cluster_size(cluster) > 1);

    if (workers > cores)
        log_warn("%d ranks on this node of %ld cores, %d of them filter: more than one a core gains nothing; "
                 "take -np %ld",
                 cluster_ranks_here(cluster), cores, workers, cores + 1);
}

/* ffmpeg asks before it overwrites; where there is nobody to ask, that is a no. */
static int ask_to_overwrite(struct media_options *options, struct vid_error *err)
{
    struct stat st;
    char answer[16];

    if (options->overwrite != OVERWRITE_ASK || stat(options->out.url, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    if (!options->interactive || !isatty(STDIN_FILENO))
        return vid_fail(err, -EEXIST, "%s exists; say -y to overwrite it", options->out.url);
    fprintf(stderr, "File '%s' already exists. Overwrite? [y/N] ", options->out.url);
    if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
        return vid_fail(err, -EEXIST, "%s exists and is not overwritten", options->out.url);
    options->overwrite = OVERWRITE_YES;
    return 0;
}

static enum exit_status status_of(enum job_end end)
{
    switch (end) {
    case JOB_DONE:
        return EXIT_DONE;
    case JOB_DEGRADED:
        return EXIT_DEGRADED;
    case JOB_STOPPED:
        return EXIT_AGAIN;
    default:
        return interrupt_signal() ? 128 + interrupt_signal() : EXIT_FAILED;
    }
}

/* Rank 0's whole life. `together`: no rank is lost, so that MPI can be ended. */
static enum exit_status run_rank_0(struct media_options *options, const struct launch *launch, int argc,
                                   char **argv, struct supervisor **worker, struct cluster **cluster,
                                   bool *together, struct vid_error *err)
{
    static struct job job; /* large */
    struct opening opening = {&job, options, *launch, argc, argv, {0}, 0};
    enum job_end end;
    bool differs;
    pthread_t thread;
    int ret;

    if (cluster_open(launch, cluster, err) < 0)
        return EXIT_FAILED;
    opening.ret = ask_to_overwrite(options, &opening.err);
    ret = -pthread_create(&thread, NULL, open_job, &opening);
    if (ret < 0) {
        vid_fail(err, ret, "cannot start a thread: %s", strerror(-ret));
        return EXIT_FAILED;
    }
    interrupt_join(thread, false);
    if (interrupt_signal())
        vid_fail(err, -EINTR, "stopped by a signal before the first frame");
    if (opening.ret < 0)
        vid_fail(err, opening.ret, "%s", opening.err.text);
    warn_of_too_many(*cluster);
    ret = coordinate(&job, opening.ret, *cluster, worker, err);
    end = job_end(&job);
    *together = !job.rank_states || ranks_silent(job.rank_states) == 0;
    differs = job.verified == VERIFIED_DIFFERENT;
    job_close(&job, end);
    if (ret == 0 && differs)
        return EXIT_DIFFERS;
    return ret < 0 && end <= JOB_DEGRADED ? EXIT_FAILED : status_of(end);
}

/* For a launcher whose own exit status says nothing (mpirun --enable-recovery): VIDMPI_STATUS_FILE. */
static int tell_status(const struct launch *launch, int status)
{
    const char *path = getenv("VIDMPI_STATUS_FILE");
    struct vid_error err = {0};
    char text[16];

    if (!path || launch->rank > 0)
        return status;
    if (io_write_file(path, text, (size_t)snprintf(text, sizeof(text), "%d\n", status), false, &err) < 0)
        log_warn("%s", err.text);
    return status;
}

/* Rank 0 tells, the others have nothing to do: no MPI, no worker. */
static int explain(const struct media_options *options, const struct launch *launch)
{
    struct vid_error err = {0};

    if (launch->rank > 0 || explain_job(options, launch, stdout, &err) == 0)
        return interrupt_signal() ? 128 + interrupt_signal() : EXIT_DONE;
    log_error("%s", err.text);
    return interrupt_signal() ? 128 + interrupt_signal() : EXIT_FAILED;
}

static int run(struct media_options *options, const struct launch *launch, int argc, char **argv)
{
    struct supervisor *worker = NULL;
    struct cluster *cluster = NULL;
    struct vid_error err = {0};
    bool together = true;
    int ret = 0, status;

    if (launch->rank > 0 || launch->size == 1)
        ret = supervisor_start(&worker, &err);
    status = launch->rank == 0 ? EXIT_FAILED : EXIT_DONE;
    if (ret == 0 && launch->rank == 0) {
        status = run_rank_0(options, launch, argc, argv, &worker, &cluster, &together, &err);
    } else if (ret == 0 && cluster_open(launch, &cluster, &err) == 0) {
        if (rank_run(cluster, &worker, &together, &err) == -EOWNERDEAD)
            status = EXIT_AGAIN;
    }
    if (err.code && launch->rank == 0)
        log_error("%s", err.text);
    supervisor_stop(&worker, 0);
    cluster_close(&cluster, together && !interrupt_signal());
    if (!together)
        _exit(tell_status(launch, status)); /* MPI_Finalize would wait for ranks that are gone */
    return status;
}

static void print(enum print_what what)
{
    if (what == PRINT_HELP)
        media_options_help(stdout);
    else if (what == PRINT_FILTERS)
        media_filters_print(stdout);
    else
        media_options_version(stdout);
}

int main(int argc, char **argv)
{
    struct launch launch = cluster_launch();
    struct media_options *options = NULL;
    struct vid_error err = {0};
    int status;

    interrupt_setup();
    if (media_options_parse(argc, argv, &options, &err) < 0 ||
        (options->redis_url && task_list_check_url(options->redis_url, &err) < 0)) {
        if (launch.rank == 0)
            fprintf(stderr, "vidmpi: %s\n", err.text);
        media_options_free(&options);
        return tell_status(&launch, EXIT_USAGE);
    }
    if (options->print != PRINT_NOTHING) {
        if (launch.rank == 0)
            print(options->print);
        media_options_free(&options);
        return tell_status(&launch, EXIT_DONE);
    }
    options->interrupted = interrupt_signal;
    set_up_log(options, &launch);
    unbind();
    if (launch.rank == 0)
        keep_memory();
    status = options->explain ? explain(options, &launch) : run(options, &launch, argc, argv);
    status = tell_status(&launch, status);
    media_options_free(&options);
    if (interrupt_signal())
        _exit(status);
    return status;
}
