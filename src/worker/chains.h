/* chains: the chains that a worker runs, one for each lane of its job. */
#ifndef VID_WORKER_CHAINS_H
#define VID_WORKER_CHAINS_H

#include "base/frame_id.h"
#include "media/chain.h"

struct chains {
    struct lane_chain {
        struct chain_spec *spec;
        struct chain *chain;
        bool windowed; /* its tasks are run as a whole */
    } items[LANES_MAX];
    unsigned count;
};

/* From chain_spec_encode's text of each, an empty line between two. chains_close also after a failure. */
int chains_open(const char *text, struct chains *chains, struct vid_error *err);
void chains_close(struct chains *chains);

/* The lane of a frame; NULL: there is none. */
struct lane_chain *chains_of(struct chains *chains, uint64_t frame_id);

#endif
