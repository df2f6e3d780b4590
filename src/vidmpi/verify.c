#include "vidmpi/verify.h"

#include "media/reference.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct verify {
    struct picture_digest *ours;
    uint64_t count, room;
    bool whole;

    /* while the reference runs */
    uint64_t seen;
    bool differs;
    void (*tick)(void *opaque);
    void *opaque;
    struct vid_error *why;
};

struct verify *verify_create(void)
{
    return calloc(1, sizeof(struct verify));
}

void verify_destroy(struct verify *verify)
{
    if (!verify)
        return;
    free(verify->ours);
    free(verify);
}

int verify_add(struct verify *verify, const struct picture *picture, struct vid_error *err)
{
    if (!verify)
        return 0;
    if (verify->count == verify->room) {
        uint64_t room = verify->room ? 2 * verify->room : 1024;
        struct picture_digest *grown = realloc(verify->ours, room * sizeof(*grown));

        if (!grown)
            return vid_fail(err, -ENOMEM, "no memory for -verify");
        verify->ours = grown;
        verify->room = room;
    }
    verify->ours[verify->count++] = picture_digest(picture);
    return 0;
}

void verify_whole(struct verify *verify)
{
    if (verify)
        verify->whole = true;
}

uint64_t verify_count(const struct verify *verify)
{
    return verify->count;
}

static bool same_time(const struct picture_digest *a, const struct picture_digest *b)
{
    return a->pts == b->pts && a->time_base[0] == b->time_base[0] && a->time_base[1] == b->time_base[1];
}

static bool same_pixels(const struct picture_digest *a, const struct picture_digest *b)
{
    return a->pixels[0] == b->pixels[0] && a->pixels[1] == b->pixels[1];
}

static double seconds(const struct picture_digest *digest)
{
    return digest->time_base[1] ? (double)digest->pts * digest->time_base[0] / digest->time_base[1] : 0;
}

static int differ(struct verify *verify, const char *what, const struct picture_digest *ours,
                  const struct picture_digest *theirs)
{
    verify->differs = true;
    vid_fail(verify->why, -EILSEQ,
             "frame %" PRIu64
             " of the output is not that of a serial run: its %s differ (at %.6f s, there at "
             "%.6f s)",
             verify->seen, what, seconds(ours), seconds(theirs));
    return VID_EOF;
}

static int compare(void *opaque, const struct picture *picture)
{
    struct verify *verify = opaque;
    struct picture_digest theirs = picture_digest(picture);
    const struct picture_digest *ours = &verify->ours[verify->seen];

    verify->tick(verify->opaque);
    if (verify->seen == verify->count) {
        if (!verify->whole)
            return VID_EOF;
        verify->differs = true;
        vid_fail(verify->why, -EILSEQ,
                 "the output ends after %" PRIu64 " frames, where a serial run has more (at %.6f s)",
                 verify->count, seconds(&theirs));
        return VID_EOF;
    }
    if (!same_pixels(ours, &theirs))
        return differ(verify, "pixels", ours, &theirs);
    if (!same_time(ours, &theirs))
        return differ(verify, "times", ours, &theirs);
    verify->seen++;
    return 0;
}

int verify_run(struct verify *verify, const struct media_options *options, void (*tick)(void *opaque),
               void *opaque, struct vid_error *why)
{
    int ret;

    verify->seen = 0;
    verify->tick = tick;
    verify->opaque = opaque;
    verify->why = why;
    ret = reference_run(options, compare, verify, why);
    if (ret < 0)
        return ret;
    if (!verify->differs && verify->seen < verify->count) {
        verify->differs = true;
        vid_fail(why, -EILSEQ, "the output has %" PRIu64 " frames, a serial run only %" PRIu64, verify->count,
                 verify->seen);
    }
    return !verify->differs;
}
