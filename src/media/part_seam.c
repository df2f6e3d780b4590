#include "media/part_seam.h"

#include <libavutil/avutil.h>

#include <string.h>

void part_seam_begin(struct part_seam *seam)
{
    memcpy(seam->before, seam->recent, sizeof(seam->before));
    seam->before_count = seam->recent_count;
    seam->session++;
    seam->index = 0;
    seam->learned = false;
}

/* Keeps the list sorted; when it is full the oldest goes. */
static void remember(struct part_seam *seam, int64_t pts)
{
    int64_t *recent = seam->recent;
    int at = seam->recent_count;
    while (at > 0 && recent[at - 1] > pts)
        at--;
    if (seam->recent_count < SEAM_DELAY_MAX) {
        memmove(recent + at + 1, recent + at, sizeof(*recent) * (size_t)(seam->recent_count - at));
        recent[at] = pts;
        seam->recent_count++;
    } else if (at > 0) {
        memmove(recent, recent + 1, sizeof(*recent) * (size_t)(at - 1));
        recent[at - 1] = pts;
    }
}

/* The first packet that is decoded when the first one is shown tells the delay. */
static void learn_delay(struct part_seam *seam, const AVPacket *packet)
{
    if (seam->index == 0)
        seam->first = packet->pts;
    if (seam->learned || packet->dts < seam->first)
        return;
    seam->learned = true;
    if (seam->delay == 0 && seam->index <= SEAM_DELAY_MAX)
        seam->delay = (int)seam->index;
}

void part_seam_packet(struct part_seam *seam, AVPacket *packet)
{
    if (packet->pts == AV_NOPTS_VALUE || packet->dts == AV_NOPTS_VALUE)
        return;
    int64_t from = seam->before_count - (seam->delay - seam->index);
    if (seam->session > 1 && seam->index < seam->delay && from >= 0)
        packet->dts = seam->before[from];
    learn_delay(seam, packet);
    remember(seam, packet->pts);
    seam->index++;
}
