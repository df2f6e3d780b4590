/* speedup: how many times as fast as one core a job can be, from what its steps
 * cost. An estimate (Amdahl): rank 0 does its steps while the others filter, and whoever is slower
 * sets the pace. */
#ifndef VID_VIDMPI_SPEEDUP_H
#define VID_VIDMPI_SPEEDUP_H

/* Seconds of CPU time for one frame of the video. */
struct speedup_costs {
    double alone;   /* all of it on one core, without ranks */
    double first;   /* rank 0's share: decode, serial parts, encode, passing on */
    double largest; /* the dearest of its steps that more cores make no faster; 0: none */
    double others;  /* what the other ranks share */
};

/* With so many ranks of a core each, and so many cores for rank 0. One rank does all by itself. */
double speedup_factor(const struct speedup_costs *costs, int ranks, int cores);

/* However many ranks there are. */
double speedup_limit(const struct speedup_costs *costs, int cores);

/* The fewest ranks that reach the limit. */
int speedup_ranks(const struct speedup_costs *costs, int cores);

/* With all ranks on one machine of so many cores. */
double speedup_here(const struct speedup_costs *costs, int ranks, int cores);

#endif
