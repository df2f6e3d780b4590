#include "base/histogram.h"

#include <math.h>

#define STEP_BITS 5
#define BUCKETS (HISTOGRAM_POWERS * HISTOGRAM_STEPS)

_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "STEP_BITS belongs to HISTOGRAM_STEPS");

/* Row 0 counts 0 to 31 one by one; row r counts 2^(r+4) to 2^(r+5) in 32 steps. */
static int bucket_of(int64_t ns)
{
    int row, index;

    if (ns < HISTOGRAM_STEPS)
        return (int)ns;
    row = 63 - __builtin_clzll((uint64_t)ns) - STEP_BITS;
    if (row + 1 >= HISTOGRAM_POWERS)
        return BUCKETS - 1;
    index = (int)(ns >> row) - HISTOGRAM_STEPS;
    return (row + 1) * HISTOGRAM_STEPS + index;
}

static int64_t bucket_end(int bucket)
{
    int row = bucket / HISTOGRAM_STEPS;
    int64_t index = bucket % HISTOGRAM_STEPS;

    if (row == 0)
        return index;
    return ((index + HISTOGRAM_STEPS + 1) << (row - 1)) - 1;
}

void histogram_add(struct histogram *h, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (!h->count || ns < h->min)
        h->min = ns;
    if (ns > h->max)
        h->max = ns;
    h->count++;
    h->sum += ns;
    h->bucket[bucket_of(ns)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (!from->count)
        return;
    if (!into->count || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    for (int i = 0; i < BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
}

static uint64_t rank_of(const struct histogram *h, double percent)
{
    double rank = ceil(percent / 100 * (double)h->count);

    if (!(rank >= 1))
        return 1;
    return rank < (double)h->count ? (uint64_t)rank : h->count;
}

int64_t histogram_percentile(const struct histogram *h, double percent)
{
    uint64_t rank = rank_of(h, percent), seen = 0;
    int bucket = 0;

    if (!h->count)
        return 0;
    for (; bucket < BUCKETS - 1; bucket++) {
        seen += h->bucket[bucket];
        if (seen >= rank)
            break;
    }
    if (bucket == BUCKETS - 1 || bucket_end(bucket) > h->max)
        return h->max;
    return bucket_end(bucket);
}
