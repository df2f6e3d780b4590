#include "media/graph_text.h"
#include "media/pieces.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that programs can still have without swapping; 0: not known. */
static uint64_t free_memory(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[200];
    uint64_t kb = 0;

    while (file && fgets(line, sizeof(line), file) && sscanf(line, "MemAvailable: %" SCNu64, &kb) != 1)
        ;
    if (file)
        fclose(file);
    return kb * 1024;
}

static bool holds(const struct piece *piece, const char *filter)
{
    struct graph_text graph;
    struct vid_error err = {0};
    bool found = false;

    if (graph_text_read(piece->text, &graph, &err) < 0)
        return false;
    for (int i = 0; i < graph.count; i++)
        found |= !strcmp(graph.filters[i].name, filter);
    graph_text_free(&graph);
    return found;
}

static int refuse(uint64_t frames, uint64_t bytes, uint64_t have, struct vid_error *err)
{
    char each[32], all[32], there[32];

    text_size(bytes, each, sizeof(each));
    text_size(frames * bytes, all, sizeof(all));
    text_size(have, there, sizeof(there));
    if (!frames)
        return vid_fail(
            err, -ENOTSUP,
            "filter \"reverse\" keeps the whole video in memory, and how long this one is is not known; say "
            "-t before -i");
    return vid_fail(
        err, -ENOTSUP,
        "filter \"reverse\" keeps the whole video in memory: %" PRIu64
        " frames of %s are %s, more than half of the %s that are free; reverse it in pieces (-ss, -t)",
        frames, each, all, there);
}

int pieces_check_memory(const struct pieces *pieces, int64_t frames, struct vid_error *err)
{
    uint64_t have = free_memory();

    for (int i = 0; i < pieces->count && have; i++) {
        const struct piece *piece = &pieces->items[i];
        uint64_t bytes = picture_packed_size(piece->blank), count = frames > 0 ? (uint64_t)frames : 0;

        if (!piece->context.parallel && holds(piece, "reverse") && (!count || count * bytes > have / 2))
            return refuse(count, bytes, have, err);
    }
    return 0;
}
