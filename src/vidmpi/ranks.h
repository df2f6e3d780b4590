/* ranks: which ranks live, as their leases tell. A rank is known from its first
 * lease on, lost when it had one and has none, and back when it has one again.
 * The dispatcher's thread updates it; any thread asks. */
#ifndef VID_VIDMPI_RANKS_H
#define VID_VIDMPI_RANKS_H

#include <stdbool.h>

struct ranks;

struct ranks *ranks_create(unsigned count); /* NULL: no memory */
void ranks_destroy(struct ranks *ranks);    /* NULL-safe */

/* `alive`: for each rank, whether it has a lease now. `changed` hears of each rank that was lost or is back.
 */
typedef void (*ranks_changed)(void *opaque, unsigned rank, bool lost);
void ranks_update(struct ranks *ranks, const bool *alive, ranks_changed changed, void *opaque);

/* The rank itself says that it cannot go on: it is lost for good. */
void ranks_give_up(struct ranks *ranks, unsigned rank);

bool ranks_is_lost(struct ranks *ranks, unsigned rank);
unsigned ranks_lost(struct ranks *ranks); /* how many are */

/* Of these, the ones that have not said so themselves: nothing is to be heard of them any more. */
bool ranks_is_silent(struct ranks *ranks, unsigned rank);
unsigned ranks_silent(struct ranks *ranks);

/* Do all ranks but 0 that there are count as lost? False while one may still start. */
bool ranks_all_lost(struct ranks *ranks);

#endif
