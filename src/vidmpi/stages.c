#include "vidmpi/stages.h"

#include "vidmpi/dispatch.h"
#include "vidmpi/interrupt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stages {
    pthread_t decoder, encoder;
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
    if (stages->started > 0)
        pthread_join(stages->encoder, NULL);
    dispatcher_stop(&stages->dispatcher);
    free(stages);
}
