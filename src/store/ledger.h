/* ledger: what a job must not forget, in the file `ledger` of its run
 * directory: records that are only ever appended, each synced before the call
 * returns. Rank 0 is the only writer. One thread. */
#ifndef VID_STORE_LEDGER_H
#define VID_STORE_LEDGER_H

#include "base/error.h"
#include "store/ledger_record.h"

struct ledger;

/* Creates the ledger, or continues it behind its last whole record: what follows that one is cut
 * off. Take the run directory's lock first. */
int ledger_open(const char *run_dir, struct ledger **out, struct vid_error *err);

/* Durable when it returns 0. When writing fails (-ENOSPC, -EDQUOT, -EIO, ...: path and bytes in the
 * sentence) the ledger is as before and the call may be tried again; after a failed sync nothing is certain
 * and every further call fails. -EMSGSIZE: the record does not fit into a line. */
int ledger_append(struct ledger *ledger, const struct ledger_record *record, struct vid_error *err);

void ledger_close(struct ledger **ledger); /* NULL-safe */

/* Gives the records in order, up to the first that is damaged or torn: what stands behind it does
 * not count, whole or not. Of an unknown type it has the name only. Texts are valid
 * during the call of `take`. `take` returns 0 to go on, negative to end with that code, and says why itself.
 * Returns how many records there are, 0 also when there is no ledger. */
int ledger_read(const char *run_dir, int (*take)(void *opaque, const struct ledger_record *record),
                void *opaque, struct vid_error *err);

#endif
