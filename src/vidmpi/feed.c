#include "vidmpi/feed.h"

#include "media/chain_stream.h"
#include "vidmpi/inlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct feed {
    struct job *job;
    struct lane *lane;
    struct inlet *inlet;
    struct chain_stream *before; /* NULL: pictures go in as they come */
    struct vid_error *err;       /* of the call that is under way */
};

int feed_open(struct job *job, struct lane *lane, struct feed **out, struct vid_error *err)
{
    struct feed *feed = *out = calloc(1, sizeof(*feed));
    int ret;

    if (!feed)
        return vid_fail(err, -ENOMEM, "no memory for a lane's feed");
    feed->job = job;
    feed->lane = lane;
    ret = inlet_open(job, lane, &feed->inlet, err);
    if (ret == 0 && lane->before)
        ret = chain_stream_open(lane->before->spec, &feed->before, err);
    return ret;
}

void feed_close(struct feed **feed)
{
    struct feed *gone = *feed;

    *feed = NULL;
    if (!gone)
        return;
    chain_stream_close(&gone->before);
    inlet_close(&gone->inlet);
    free(gone);
}

static int put(void *opaque, struct picture **picture)
{
    struct feed *feed = opaque;

    return inlet_put(feed->inlet, picture, feed->err);
}

/* The formats between the pieces are those of the first picture. */
static int check_format(const struct feed *feed, const struct picture *picture, struct vid_error *err)
{
    const struct piece *first = feed->lane->before ? feed->lane->before : feed->lane->piece;
    const char *wanted = picture_format_name(first->blank);

    if (feed->job->pieces->count == 1 || strcmp(picture_format_name(picture), wanted) == 0)
        return 0;
    return vid_fail(err, -ENOTSUP,
                    "the video changes from pixel format %s to %s, which a graph that is run in pieces (see "
                    "-explain) does not bear; put format=%s at the graph's beginning",
                    wanted, picture_format_name(picture), wanted);
}

int feed_put(struct feed *feed, struct picture **picture, struct vid_error *err)
{
    int ret = check_format(feed, *picture, err);

    feed->err = err;
    if (ret < 0) {
        picture_unref(picture);
        return ret;
    }
    return feed->before ? chain_stream_feed(feed->before, picture, put, feed, err) : put(feed, picture);
}

int feed_end(struct feed *feed, bool all, struct vid_error *err)
{
    int ret = 0;

    feed->err = err;
    if (all && feed->before)
        ret = chain_stream_end(feed->before, put, feed, err);
    if (ret == VID_EOF)
        ret = 0;
    if (ret < 0) {
        inlet_end(feed->inlet, false, err);
        return ret;
    }
    return inlet_end(feed->inlet, all, err);
}

int64_t feed_waited(const struct feed *feed)
{
    return inlet_waited(feed->inlet);
}
