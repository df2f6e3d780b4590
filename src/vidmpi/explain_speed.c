#include "vidmpi/explain_private.h"

#include <math.h>
#include <unistd.h>

#define CORES_MORE 4 /* of rank 0, for the second column */

/* What a parallel part costs: the ranks filter and publish, rank 0 passes on. Frames that several tasks need
 * are filtered by each of them, and each builds its graph. */
static void add_parallel(const struct explanation *e, int piece, struct speedup_costs *costs, double *passing)
{
    const struct probe_piece *probe = &e->probe.pieces[piece];
    const struct chain_context *context = &explain_lane(e, piece)->context;
    double frames = e->flow[piece], task = context->task_frames;
    double needed = context->windowed ? (task + context->before + context->after) / task : 1;
    double pass = frames * probe->pack + e->flow[piece + 1] * probe->publish;

    costs->alone += frames * probe->filter;
    costs->others += frames * (probe->filter * needed + (context->windowed ? probe->build / task : 0)) +
                     e->flow[piece + 1] * probe->publish;
    costs->first += pass;
    *passing += pass;
}

static void add_serial(const struct explanation *e, int piece, struct speedup_costs *costs)
{
    double cost = e->flow[piece] * e->probe.pieces[piece].filter;

    costs->alone += cost;
    costs->first += cost;
    costs->largest = fmax(costs->largest, cost);
}

static struct speedup_costs add_up(const struct explanation *e, double *passing)
{
    double ends = e->probe.decode + e->flow[e->probe.count] * e->probe.encode;
    struct speedup_costs costs = {.alone = ends, .first = ends};

    *passing = 0;
    for (int i = 0; i < e->probe.count; i++)
        if (explain_lane(e, i))
            add_parallel(e, i, &costs, passing);
        else
            add_serial(e, i, &costs);
    return costs;
}

static void print_cost(const struct explanation *e, const char *who, const char *what, double seconds)
{
    explain_line(e, "", "%-8s %-12s %9.2f ms", who, what, seconds * 1e3);
}

static void print_parts(const struct explanation *e, bool parallel, const char *who)
{
    char part[20];

    for (int i = 0; i < e->probe.count; i++) {
        if ((explain_lane(e, i) != NULL) != parallel)
            continue;
        snprintf(part, sizeof(part), "part %d", i + 1);
        print_cost(e, who, part, e->flow[i] * e->probe.pieces[i].filter);
        who = "";
    }
}

static void print_costs(const struct explanation *e, double passing)
{
    print_cost(e, "rank 0", "decode", e->probe.decode);
    print_parts(e, false, "");
    print_cost(e, "", "encode", e->flow[e->probe.count] * e->probe.encode);
    if (passing > 0)
        print_cost(e, "", "passing on", passing);
    print_cost(e, "", "together", e->costs.first);
    print_parts(e, true, "others");
    if (passing > 0)
        print_cost(e, "", "together", e->costs.others);
}

static void print_factors(const struct explanation *e, const struct speedup_costs *costs)
{
    static const int ranks[] = {2, 8, 32};

    explain_line(
        e, "", "at most %.1f times as fast as one core while rank 0 has one: more than %d ranks gain nothing",
        speedup_limit(costs, 1), speedup_ranks(costs, 1));
    explain_line(e, "", "%5s   rank 0 has 1 core   rank 0 has %d cores", "ranks", CORES_MORE);
    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
        explain_line(e, "", "%5d   %17.1f   %18.1f", ranks[i], speedup_factor(costs, ranks[i], 1),
                     speedup_factor(costs, ranks[i], CORES_MORE));
    explain_line(e, "", "%5s   %17.1f   %18.1f", "limit", speedup_limit(costs, 1),
                 speedup_limit(costs, CORES_MORE));
}

static void print_here(const struct explanation *e, const struct speedup_costs *costs)
{
    int size = e->launch->size, cores = (int)sysconf(_SC_NPROCESSORS_ONLN);

    if (e->launch->one_node)
        explain_line(e, "", "this launch: %d rank%s on %d cores, about %.1f times as fast as one core", size,
                     size == 1 ? "" : "s", cores, speedup_here(costs, size, cores));
    else
        explain_line(e, "", "this launch: %d ranks, about %.1f times as fast as one core", size,
                     speedup_factor(costs, size, 1));
}

void explain_speed(struct explanation *e)
{
    double passing;

    fputc('\n', e->to);
    if (e->blind.code) {
        explain_line(e, "speed", "no estimate: %s", e->blind.text);
        return;
    }
    e->costs = add_up(e, &passing);
    explain_line(e, "speed",
                 "an estimate from a probe of the first %u frame%s; CPU time for one frame:", e->probe.frames,
                 e->probe.frames == 1 ? "" : "s");
    print_costs(e, passing);
    if (e->costs.others > 0)
        print_factors(e, &e->costs);
    print_here(e, &e->costs);
}
