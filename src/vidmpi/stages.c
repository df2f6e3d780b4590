#include "vidmpi/stages.h"

#include "vidmpi/dispatch.h"
#include "vidmpi/interrupt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stages {
    pthread_t decoder, encoder;
    struct relay {
        struct job *job;
        unsigned to;
        pthread_t thread;
    } relays[LANES_MAX];
    unsigned relay_count; /* started */
    int started;
    struct dispatcher *dispatcher;
};

static void *decoder_main(void *job)
{
    decode_run(job);
    return NULL;
}

static void *encoder_main(void *job)
{
    encode_run(job);
    return NULL;
}

static void *relay_main(void *opaque)
{
    struct relay *relay = opaque;

    relay_run(relay->job, relay->to);
    return NULL;
}

static int start_relays(struct stages *stages, struct job *job)
{
    int ret = 0;

    for (unsigned to = 1; to < job->lane_count && ret == 0; to++) {
        struct relay *relay = &stages->relays[stages->relay_count];

        *relay = (struct relay){.job = job, .to = to};
        ret = -pthread_create(&relay->thread, NULL, relay_main, relay);
        stages->relay_count += ret == 0;
    }
    return ret;
}

int stages_start(struct job *job, struct stages **out, struct vid_error *err)
{
    struct stages *stages = calloc(1, sizeof(*stages));
    int ret;

    *out = stages;
    if (!stages)
        return vid_fail(err, -ENOMEM, "no memory for the stages");
    ret = dispatcher_start(job, &stages->dispatcher, err);
    if (ret < 0)
        return ret;
    ret = -pthread_create(&stages->encoder, NULL, encoder_main, job);
    if (ret == 0) {
        stages->started++;
        ret = start_relays(stages, job);
    }
    if (ret == 0) {
        ret = -pthread_create(&stages->decoder, NULL, decoder_main, job);
        stages->started += ret == 0;
    }
    return ret < 0 ? vid_fail(err, ret, "cannot start the stages' threads: %s", strerror(-ret)) : 0;
}

void stages_join(struct stages **pstages)
{
    struct stages *stages = *pstages;

    *pstages = NULL;
    if (!stages)
        return;
    if (stages->started > 1)
        interrupt_join(stages->decoder, true);
    for (unsigned i = 0; i < stages->relay_count; i++)
        pthread_join(stages->relays[i].thread, NULL);
    if (stages->started > 0)
        pthread_join(stages->encoder, NULL);
    dispatcher_stop(&stages->dispatcher);
    free(stages);
}
