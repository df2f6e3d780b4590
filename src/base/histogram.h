/* histogram: durations in bounded memory. Log-linear buckets as in
 * HdrHistogram: 32 equal steps in each power of two, so a percentile is at
 * most 3.2 % off. Not thread-safe: one owner, or the owner's lock. Plain data:
 * may be copied and merged. */
#ifndef VID_BASE_HISTOGRAM_H
#define VID_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 32
#define HISTOGRAM_POWERS 40 /* up to 2^44 ns: four hours */

struct histogram {
    uint64_t count;
    int64_t sum, min, max; /* exact; min and max are 0 while count is 0 */
    uint64_t bucket[HISTOGRAM_POWERS * HISTOGRAM_STEPS];
};

void histogram_add(struct histogram *h, int64_t ns); /* below 0 counts as 0 */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value that `percent` (0 to 100) of the values do not exceed: the upper
 * end of its bucket, never above max. 0 when empty. */
int64_t histogram_percentile(const struct histogram *h, double percent);

#endif
