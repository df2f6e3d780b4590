/* chain_private: what chain.c and chain_run.c share. */
#ifndef VID_MEDIA_CHAIN_PRIVATE_H
#define VID_MEDIA_CHAIN_PRIVATE_H

#include "media/chain_unit.h"

/* What the graph was configured for. */
struct shape {
    int width, height, format;
    bool rotated, rebuilt;
    int32_t matrix[9];
    AVRational aspect;
};

struct chain {
    struct chain_spec *spec;
    struct chain_units units;
    struct shape shape;
};

#endif
