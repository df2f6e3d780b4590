/* relay: pictures that come out of one lane into the next. */
#include "vidmpi/stages.h"

#include "vidmpi/feed.h"
#include "vidmpi/outlet.h"

static int pass_on(struct feed *feed, struct outlet_frame *frame, struct vid_error *err)
{
    int ret = 0;

    for (int i = 0; i < frame->count; i++) {
        if (ret == 0)
            ret = feed_put(feed, &frame->pictures[i], err);
        picture_unref(&frame->pictures[i]);
    }
    return ret;
}

static int relay_one(struct outlet *outlet, struct feed *feed, struct vid_error *err)
{
    struct outlet_frame frame;
    int ret = outlet_next(outlet, &frame, err);

    if (ret == 0)
        ret = pass_on(feed, &frame, err);
    return ret < 0 ? ret : outlet_release(outlet, err);
}

void relay_run(struct job *job, unsigned to)
{
    struct lane *from = &job->lanes[to - 1];
    struct outlet *outlet = NULL;
    struct feed *feed = NULL;
    struct vid_error err = {0};
    int ret = outlet_open(job, from, &outlet, &err), rest;

    if (ret == 0)
        ret = feed_open(job, &job->lanes[to], &feed, &err);
    while (ret == 0)
        ret = relay_one(outlet, feed, &err);
    rest = feed ? feed_end(feed, ret == VID_EOF, &err) : ret;
    if (ret == VID_EOF && rest < 0)
        ret = rest;
    if (ret != VID_EOF)
        job_fail(job, &err);
    frame_table_stop(from->table); /* when the pieces behind want no more */
    feed_close(&feed);
    outlet_close(&outlet);
}
