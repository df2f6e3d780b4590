#include "vidmpi/speedup.h"

#include <math.h>

/* Of what rank 0 does for one frame. */
static double first_pace(const struct speedup_costs *costs, int cores)
{
    return fmax(costs->first / cores, costs->largest);
}

static double times(const struct speedup_costs *costs, double pace)
{
    return pace > 0 ? costs->alone / pace : 1;
}

double speedup_limit(const struct speedup_costs *costs, int cores)
{
    return times(costs, first_pace(costs, cores));
}

double speedup_factor(const struct speedup_costs *costs, int ranks, int cores)
{
    if (ranks == 1)
        return times(costs,
                     fmax((costs->first + costs->others) / cores, fmax(costs->largest, costs->others)));
    return times(costs, fmax(first_pace(costs, cores), costs->others / (ranks - 1)));
}

int speedup_ranks(const struct speedup_costs *costs, int cores)
{
    double pace = first_pace(costs, cores);

    if (costs->others <= 0 || pace <= 0)
        return 1;
    return 1 + (int)fmin(ceil(costs->others / pace), 1e6);
}

double speedup_here(const struct speedup_costs *costs, int ranks, int cores)
{
    double together = (costs->first + costs->others) / cores;

    return fmin(speedup_factor(costs, ranks, cores), times(costs, together));
}
