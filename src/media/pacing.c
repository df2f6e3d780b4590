#include "media/pacing.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define GAP_LIMIT (3600 * 30) /* frames: a longer gap is a broken timestamp */

struct pacing pacing_begin(enum pacing_mode mode, int64_t limit)
{
    return (struct pacing){.mode = mode, .limit = limit};
}

static int64_t median(const int64_t v[3])
{
    int64_t low = v[0] < v[1] ? v[0] : v[1];
    int64_t high = v[0] < v[1] ? v[1] : v[0];
    return v[2] < low ? low : v[2] > high ? high : v[2];
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How a constant rate fills the time up to the end of the picture: `late` is where it begins and
 * `end` where it ends, both seen from the next tick. */
static struct pacing_step constant(double late, double end)
{
    struct pacing_step step = {1, 0};
    if (end < -1.1) {
        step.total = 0;
    } else if (end > 1.1) {
        step.total = llrintf((float)end);
        if (late > 1.1)
            step.previous = llrintf((float)(late - 0.6));
    }
    return step;
}

static struct pacing_step decide(struct pacing *p, double time, double duration)
{
    double late = time - (double)p->next;
    double end = late + duration;
    bool free_running = p->mode == PACING_PASSTHROUGH || p->mode == PACING_DROP;

    if (late < 0 && end > 0 && !free_running) {
        time = (double)p->next;
        duration += late;
        late = 0;
    }
    switch (p->mode) {
    case PACING_VSCFR:
        if (p->encoded == 0 && late >= 0.5) {
            end = duration;
            late = 0;
            p->next = llrint(time);
        }
        return constant(late, end);
    case PACING_CFR:
        return constant(late, end);
    case PACING_VFR:
        if (end <= -0.6)
            return (struct pacing_step){0, 0};
        if (end > 0.6)
            p->next = llrint(time);
        return (struct pacing_step){1, 0};
    default:
        p->next = llrint(time);
        return (struct pacing_step){1, 0};
    }
}

/* Bounds the step, keeps the history and the counts. */
static int settle(struct pacing *p, struct pacing_step *step, bool picture)
{
    step->total = smaller(step->total, p->limit - p->encoded);
    step->previous = smaller(step->previous, step->total);

    p->repeats[2] = p->repeats[1];
    p->repeats[1] = p->repeats[0];
    p->repeats[0] = step->previous;

    if (step->previous == 0 && p->withheld)
        p->dropped++;
    int64_t once = (step->previous && p->withheld) + (step->total > step->previous);
    if (step->total > once) {
        if (step->total > GAP_LIMIT) {
            p->dropped++;
            return -ERANGE;
        }
        p->duplicated += step->total - once;
    }
    p->withheld = picture && step->total == step->previous;
    return 0;
}

int pacing_picture(struct pacing *pacing, double time, double duration, struct pacing_step *step)
{
    *step = decide(pacing, time, duration);
    return settle(pacing, step, true);
}

struct pacing_step pacing_end(struct pacing *pacing)
{
    int64_t repeat = median(pacing->repeats);
    struct pacing_step step = {repeat, repeat};
    return settle(pacing, &step, false) < 0 ? (struct pacing_step){0, 0} : step;
}

int64_t pacing_tick(struct pacing *pacing)
{
    pacing->encoded++;
    return pacing->next++;
}
