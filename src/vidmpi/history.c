#include "vidmpi/history.h"

#include "base/frame_id.h"
#include "base/log.h"
#include "store/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more; -ENOMEM. */
static int make_room(void **items, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? 2 * *room : 16;
    void *grown;

    if (count < *room)
        return 0;
    grown = realloc(*items, wanted * size);
    if (!grown)
        return -ENOMEM;
    *items = grown;
    *room = wanted;
    return 0;
}

const char *history_format_place(struct picture_place place, char *buf, size_t size)
{
    snprintf(buf, size, "frame %" PRIu64 " skip %" PRIu64, place.frame, place.skip);
    return buf;
}

/* Where a part ends among the frames; false when its record does not say so. */
static bool parse_place(const char *text, struct picture_place *place)
{
    int length = 0;

    return sscanf(text, "frame %" SCNu64 " skip %" SCNu64 "%n", &place->frame, &place->skip, &length) == 2 &&
           text[length] == '\0';
}

static int make_part_room(struct history *history)
{
    size_t parts_room = (size_t)history->part_room, ends_room = parts_room;
    void *parts = history->parts, *ends = history->ends;
    int ret = make_room(&parts, (size_t)history->part_count, &parts_room, sizeof(*history->parts));

    history->parts = parts;
    if (ret == 0)
        ret = make_room(&ends, (size_t)history->part_count, &ends_room, sizeof(*history->ends));
    history->ends = ends;
    if (ret == 0)
        history->part_room = (int)parts_room;
    return ret;
}

/* A start that found a part damaged makes it, and those after it, anew: the last record of a number
 * counts. */
static int take_part(struct history *history, const struct ledger_part *record)
{
    int number = (int)record->number;
    struct picture_place end;

    if (number < 1 || number > history->part_count + 1 || !parse_place(record->state, &end))
        return 0;
    history->part_count = number - 1;
    if (make_part_room(history) < 0)
        return -ENOMEM;
    history->ends[number - 1] = end;
    history->parts[history->part_count++] = (struct media_part){
        .number = (unsigned)number,
        .first = record->first,
        .end = record->end,
        .packets = record->packets,
        .bytes = record->bytes,
        .crc = record->crc,
    };
    return 0;
}

static int take_substituted(struct history *history, const struct ledger_substituted *record)
{
    void *items = history->substituted;
    struct substituted *one;

    if (make_room(&items, history->substituted_count, &history->substituted_room, sizeof(*one)) < 0)
        return -ENOMEM;
    history->substituted = items;
    one = &history->substituted[history->substituted_count++];
    one->frame = record->frame;
    snprintf(one->why, sizeof(one->why), "%s", record->why);
    return 0;
}

static int take_record(void *opaque, const struct ledger_record *record)
{
    struct history *history = opaque;

    switch (record->type) {
    case LEDGER_START:
        history->starts++;
        return 0;
    case LEDGER_PART:
        return take_part(history, &record->part);
    case LEDGER_SUBSTITUTED:
        return take_substituted(history, &record->substituted);
    case LEDGER_AGAIN:
        history->filtered_again += record->again.filtered;
        history->encoded_again += record->again.encoded;
        return 0;
    default:
        return 0;
    }
}

/* Up to the first part that is not what the ledger says. */
static void check_parts(struct history *history, const char *run_dir)
{
    char folder[PATH_MAX];
    struct vid_error why = {0};
    int good = 0;

    snprintf(folder, sizeof(folder), "%s/parts", run_dir);
    while (good < history->part_count && media_part_check(folder, &history->parts[good], &why) == 0)
        good++;
    if (good < history->part_count)
        log_warn("%s; this part of the video and those after it are made again", why.text);
    history->part_count = good;
    history->end = good > 0 ? history->ends[good - 1].frame : 0;
    history->skip = good > 0 ? history->ends[good - 1].skip : 0;
}

/* Whether a serial piece stands between the frame and the parts: then no place in them tells what it is in.
 */
static bool is_mixed_in(const struct history *history, uint64_t frame)
{
    return history->part_count > 0 && (frame_lane(frame) < history->lane || history->end == 0);
}

/* A frame behind the sealed parts is tried again; one that failed in several starts counts once. */
static void forget_substituted(struct history *history)
{
    size_t kept = 0;

    for (size_t i = 0; i < history->substituted_count; i++) {
        const struct substituted *one = &history->substituted[i];
        bool again = !is_mixed_in(history, one->frame) &&
                     !frame_before(one->frame, frame_id(history->lane, history->end));

        for (size_t k = 0; k < kept && !again; k++)
            again = history->substituted[k].frame == one->frame;
        if (!again)
            history->substituted[kept++] = *one;
    }
    history->substituted_count = kept;
}

int history_read(const char *run_dir, struct history *history, struct vid_error *err)
{
    int ret = ledger_read(run_dir, take_record, history, err);

    if (ret < 0)
        return vid_fail(err, ret, "the ledger of %s cannot be read: %s", run_dir, strerror(-ret));
    check_parts(history, run_dir);
    forget_substituted(history);
    return 0;
}

static int keep(void *opaque, const struct result_ref *ref)
{
    struct history *history = opaque;
    void *items = history->kept;

    if (make_room(&items, history->kept_count, &history->kept_room, sizeof(*ref)) < 0)
        return -ENOMEM;
    history->kept = items;
    history->kept[history->kept_count++] = *ref;
    return 0;
}

static int by_frame(const void *a, const void *b)
{
    const struct result_ref *x = a, *y = b;

    return (x->frame > y->frame) - (x->frame < y->frame);
}

/* The parts behind the sealed ones: one that was being written, and one that was being drained. */
static uint64_t count_unsealed(const struct history *history, const char *run_dir)
{
    unsigned next = (unsigned)history->part_count + 1;
    char folder[PATH_MAX];

    snprintf(folder, sizeof(folder), "%s/parts", run_dir);
    return media_part_packets(folder, next) + media_part_packets(folder, next + 1);
}

int history_recover(struct history *history, const char *run_dir, struct result_store *results,
                    struct vid_error *err)
{
    int ret = result_store_recover(results, frame_id(history->lane, history->end), keep, history,
                                   &history->again.filtered, err);

    if (ret < 0)
        return ret;
    if (history->kept_count > 0)
        qsort(history->kept, history->kept_count, sizeof(*history->kept), by_frame);
    history->again.encoded = count_unsealed(history, run_dir);
    history->filtered_again += history->again.filtered;
    history->encoded_again += history->again.encoded;
    return 0;
}

uint64_t history_sealed_pictures(const struct history *history, uint64_t frame)
{
    uint64_t all = history->part_count > 0 ? history->parts[history->part_count - 1].end : 0;

    if (frame < history->end)
        return picture_counts_share(frame, history->end, all - history->skip);
    return frame == history->end ? history->skip : 0;
}

const struct result_ref *history_result(const struct history *history, uint64_t frame_id)
{
    const struct result_ref wanted = {.frame = frame_id};

    if (history->kept_count == 0)
        return NULL;
    return bsearch(&wanted, history->kept, history->kept_count, sizeof(wanted), by_frame);
}

void history_free(struct history *history)
{
    free(history->parts);
    free(history->ends);
    free(history->kept);
    free(history->substituted);
    memset(history, 0, sizeof(*history));
}
