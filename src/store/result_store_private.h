/* result_store_private: what the files of the result store share. Private to the room. */
#ifndef VID_STORE_RESULT_STORE_PRIVATE_H
#define VID_STORE_RESULT_STORE_PRIVATE_H

#include "store/result_store.h"
#include "store/segments.h"

#include <stdbool.h>

/* One rank's index file. Belongs to the thread that polls the rank. */
struct rank_index {
    unsigned rank;
    char *path;
    int fd;       /* held; -1 on a shared filesystem */
    uint64_t end; /* behind the last record taken */
};

struct result_store {
    bool shared;
    unsigned ranks;
    struct rank_index *indexes;
    struct segments *segments;
};

#endif
