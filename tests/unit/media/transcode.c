/* media_transcode ARGS...: source, chain and sink, with the options of vidmpi: what the tests compare with
 * ffmpeg. In one thread; with TRANSCODE_THREADS in the environment the source runs ahead in its own. With
 * TRANSCODE_PARTS=FOLDER the video is encoded in parts there, and goes on after those that FOLDER/ledger
 * lists. TRANSCODE_STOP=N gives up before picture N, as if killed. */
#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "media/chain.h"
#include "media/log.h"
#include "media/options.h"
#include "media/sink.h"
#include "media/source.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 1000

struct run {
    struct media_options *options;
    struct media_source *source;
    struct media_sink *sink;
    struct chain_spec *spec;
    struct chain *chain;
    struct vid_error *err;
    uint64_t frames;

    struct media_part sealed[MANY]; /* of an earlier run */
    int sealed_count;
    uint64_t pictures, skipped; /* given to the sink; the first `skipped` of them are sealed */
    const char *stop;
};

/* ---- parts ---- */

static const char *ledger_path(void)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/ledger", getenv("TRANSCODE_PARTS"));
    return path;
}

static int note_part(void *opaque, const struct media_part *part, struct vid_error *err)
{
    FILE *ledger = fopen(ledger_path(), "a");
    if (!ledger)
        return vid_fail(err, -errno, "cannot write %s: %s", ledger_path(), strerror(errno));
    fprintf(ledger, "%u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", part->number,
            part->first, part->end, part->packets, part->bytes, part->crc);
    return fclose(ledger) == 0 ? 0 : vid_fail(err, -EIO, "cannot write %s", ledger_path());
}

static void read_ledger(struct run *run)
{
    FILE *ledger = fopen(ledger_path(), "r");
    struct media_part *part = run->sealed;
    while (ledger && run->sealed_count < MANY &&
           fscanf(ledger, "%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu32, &part->number,
                  &part->first, &part->end, &part->packets, &part->bytes, &part->crc) == 6) {
        run->skipped = part->end;
        run->sealed_count++;
        part++;
    }
    if (ledger)
        fclose(ledger);
}

static int want_parts(struct run *run)
{
    struct sink_parts parts = {.folder = getenv("TRANSCODE_PARTS"), .sealed_one = note_part};
    if (!parts.folder)
        return 0;
    read_ledger(run);
    parts.sealed = run->sealed;
    parts.sealed_count = run->sealed_count;
    return media_sink_set_parts(run->sink, &parts, run->err);
}

static int emit(void *opaque, struct picture **picture)
{
    struct run *run = opaque;
    if (run->stop && run->pictures == strtoull(run->stop, NULL, 10)) {
        picture_unref(picture);
        return vid_fail(run->err, -EINTR, "stopped");
    }
    if (run->pictures++ >= run->skipped)
        return media_sink_write(run->sink, picture, run->err);
    picture_unref(picture);
    return media_sink_skip(run->sink, run->err);
}

static int open_all(struct run *run, int argc, char **argv)
{
    int code = media_options_parse(argc, argv, &run->options, run->err);
    if (code < 0)
        return code;
    log_setup(run->options->log_level, "media_transcode");
    media_log_setup(run->options->log_level);
    code = media_source_open(run->options, &run->source, run->err);
    if (code >= 0)
        code = media_sink_open(run->options, run->source, &run->sink, run->err);
    if (code >= 0)
        code = want_parts(run);
    if (code >= 0)
        media_sink_dump(run->sink);
    if (code >= 0)
        code = chain_spec_create(run->options, run->source, run->sink, &run->spec, run->err);
    if (code >= 0)
        code = chain_open(run->spec, &run->chain, run->err);
    return code;
}

static int configure(struct run *run, const struct picture *first)
{
    struct chain_output output;
    int code = chain_configure(run->chain, first, NULL, run->err);
    if (code >= 0)
        code = chain_output(run->chain, &output, run->err);
    if (code >= 0)
        code = media_sink_set_video(run->sink, &output, run->err);
    return code;
}

static int use_picture(struct run *run, struct picture **picture)
{
    int code = run->frames == 0 ? configure(run, *picture) : 0;
    if (code >= 0)
        code = chain_filter(run->chain, run->frames++, picture, emit, run, run->err);
    picture_unref(picture);
    return code;
}

static int transcode(struct run *run)
{
    struct picture *picture = NULL;
    int code = 0;
    while (code >= 0 && (code = media_source_next(run->source, &picture, run->err)) >= 0)
        code = use_picture(run, &picture);
    if (code != VID_EOF)
        return code;
    media_source_stop(run->source);
    return media_sink_finish(run->sink, run->err);
}

/* ---- with threads ---- */

#define AHEAD 32
#define LIMIT (60 * NS_PER_S)

struct reader {
    struct media_source *source;
    struct queue *pictures;
    int code;
    struct vid_error err;
};

static void *read_ahead(void *opaque)
{
    struct reader *reader = opaque;
    struct picture *picture = NULL;
    while ((reader->code = media_source_next(reader->source, &picture, &reader->err)) >= 0) {
        reader->code = queue_put(reader->pictures, picture, clock_now() + LIMIT);
        if (reader->code < 0) {
            picture_unref(&picture);
            break;
        }
    }
    queue_close_put(reader->pictures);
    return NULL;
}

static int take_pictures(struct run *run, struct queue *pictures)
{
    void *item;
    int code = 0;
    while (code >= 0 && (code = queue_get(pictures, &item, clock_now() + LIMIT)) >= 0) {
        struct picture *picture = item;
        code = use_picture(run, &picture);
    }
    media_source_stop(run->source);
    queue_close_get(pictures);
    return code;
}

static int transcode_threads(struct run *run)
{
    struct reader reader = {.source = run->source, .pictures = queue_create(AHEAD)};
    pthread_t thread;
    if (!reader.pictures || pthread_create(&thread, NULL, read_ahead, &reader) != 0)
        return vid_fail(run->err, -ENOMEM, "cannot start a thread");
    int code = take_pictures(run, reader.pictures);
    pthread_join(thread, NULL);
    for (struct picture *left; (left = queue_drain(reader.pictures));)
        picture_unref(&left);
    queue_destroy(reader.pictures);
    if (code != VID_EOF)
        return code;
    if (reader.code < 0 && reader.code != VID_EOF)
        return vid_fail(run->err, reader.code, "%s", reader.err.text);
    return media_sink_finish(run->sink, run->err);
}

static void print_stats(struct media_sink *sink)
{
    struct sink_stats stats = media_sink_stats(sink);
    printf("frames=%llu dup=%llu drop=%llu bytes=%llu out_time_us=%lld\n", (unsigned long long)stats.frames,
           (unsigned long long)stats.duplicated, (unsigned long long)stats.dropped,
           (unsigned long long)stats.bytes, (long long)stats.out_time_us);
}

int main(int argc, char **argv)
{
    struct vid_error err = {0};
    static struct run run;
    run.err = &err;
    run.stop = getenv("TRANSCODE_STOP");
    int code = open_all(&run, argc, argv);
    if (code >= 0)
        code = getenv("TRANSCODE_THREADS") ? transcode_threads(&run) : transcode(&run);
    if (code < 0)
        fprintf(stderr, "media_transcode: %s (%d)\n", err.text, code);
    else if (getenv("TRANSCODE_STATS"))
        print_stats(run.sink);
    chain_close(&run.chain);
    chain_spec_free(&run.spec);
    media_sink_close(&run.sink);
    media_source_close(&run.source);
    media_options_free(&run.options);
    return code < 0;
}
