/* decode: pictures from the source into the first lane. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "vidmpi/feed.h"

/* The first picture was decoded while the job opened. */
static int next_picture(struct job *job, struct picture **picture, struct vid_error *err)
{
    if (job->empty)
        return VID_EOF;
    if (job->first) {
        *picture = job->first;
        job->first = NULL;
        return 0;
    }
    return media_source_next(job->source, picture, err);
}

static int decode_one(struct job *job, struct feed *feed, struct vid_error *err)
{
    struct picture *picture = NULL;
    int64_t begun = clock_now(), waited = feed_waited(feed);
    int ret = next_picture(job, &picture, err);

    if (ret < 0)
        return ret;
    job->frames_in++;
    ret = feed_put(feed, &picture, err);
    stats_add(job->stats, STAGE_DECODE, clock_now() - begun - (feed_waited(feed) - waited));
    return ret;
}

void decode_run(struct job *job)
{
    struct feed *feed = NULL;
    struct vid_error err = {0};
    int ret = feed_open(job, &job->lanes[0], &feed, &err), rest;

    while (ret == 0)
        ret = decode_one(job, feed, &err);
    rest = feed ? feed_end(feed, ret == VID_EOF, &err) : ret;
    if (ret == VID_EOF && rest < 0)
        ret = rest;
    if (ret != VID_EOF)
        job_fail(job, &err);
    feed_close(&feed);
}
