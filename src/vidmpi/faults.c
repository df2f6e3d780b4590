#include "vidmpi/faults.h"

#include "base/log.h"
#include "media/picture_file.h"
#include "vidmpi/cluster.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

const char *faults_lane(uint64_t frame, char *buf, size_t size)
{
    if (frame_lane(frame) > 0)
        snprintf(buf, size, ".lane%u", frame_lane(frame));
    else
        buf[0] = '\0';
    return buf;
}

static void ring_owns_it(void *opaque, void *mem)
{
    (void)opaque;
    (void)mem;
}

void faults_keep_input(struct job *job, uint64_t frame)
{
    struct picture *picture = NULL;
    struct vid_error err = {0};
    char path[PATH_MAX], of[16];
    const struct lane *lane = job_lane(job, frame);
    int ret = picture_wrap(frame_ring_at(lane->ring, frame_number(frame)), frame_ring_slot_bytes(lane->ring),
                           ring_owns_it, NULL, &picture, &err);

    snprintf(path, sizeof(path), "%s/faults/frame_%06" PRIu64 "%s.nut", job->run_dir_path,
             frame_number(frame), faults_lane(frame, of, sizeof(of)));
    if (ret == 0)
        ret = picture_save(picture, path, &err);
    if (ret < 0)
        log_warn("the input of frame %" PRIu64 " is not kept: %s", frame_number(frame), err.text);
    picture_unref(&picture);
}

const char *faults_policy_name(enum on_error policy)
{
    static const char *const names[] = {
        [ON_ERROR_FAIL] = "fail",
        [ON_ERROR_ORIGINAL] = "original",
        [ON_ERROR_PREVIOUS] = "previous",
        [ON_ERROR_BLACK] = "black",
    };

    return names[policy];
}

int faults_note_substitute(struct job *job, uint64_t frame, const char *why, struct vid_error *err)
{
    const struct ledger_record record = {
        .type = LEDGER_SUBSTITUTED,
        .substituted = {frame, faults_policy_name(job->options->on_error), why},
    };

    return job_note(job, &record, err);
}

void faults_note_lost(struct job *job, unsigned rank)
{
    const struct ledger_record record = {
        .type = LEDGER_LOST,
        .lost = {rank, cluster_node(job->cluster, (int)rank), "its lease ran out"},
    };
    struct vid_error err = {0};

    if (job_note(job, &record, &err) < 0)
        log_warn("%s", err.text);
}
