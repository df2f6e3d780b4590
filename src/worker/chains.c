#include "worker/chains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int open_lane(struct chains *chains, const char *text, struct vid_error *err)
{
    struct chain_context context;
    struct lane_chain *lane;
    int ret;

    if (chains->count == LANES_MAX)
        return vid_fail(err, -EBADMSG, "the worker is to run more than %d chains", LANES_MAX);
    lane = &chains->items[chains->count++];
    ret = chain_spec_decode(text, &lane->spec, err);
    if (ret < 0)
        return ret;
    chain_spec_context(lane->spec, &context);
    lane->windowed = context.windowed;
    return chain_open(lane->spec, &lane->chain, err);
}

int chains_open(const char *text, struct chains *chains, struct vid_error *err)
{
    int ret = 0;

    *chains = (struct chains){.count = 0};
    while (*text && ret == 0) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) + 1 : strlen(text);
        char *one = strndup(text, length);

        ret = one ? open_lane(chains, one, err) : vid_fail(err, -ENOMEM, "no memory for the worker's chains");
        free(one);
        text += end ? length + 1 : length;
    }
    return ret;
}

void chains_close(struct chains *chains)
{
    for (unsigned i = 0; i < chains->count; i++) {
        chain_close(&chains->items[i].chain);
        chain_spec_free(&chains->items[i].spec);
    }
    chains->count = 0;
}

struct lane_chain *chains_of(struct chains *chains, uint64_t frame_id)
{
    unsigned lane = frame_lane(frame_id);

    return lane < chains->count ? &chains->items[lane] : NULL;
}
