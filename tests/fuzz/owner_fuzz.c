/* The line of the lock file of a run directory. */
#include "fuzz.h"

#include "store/run_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run_owner owner, again;
    if (!run_owner_parse((const char *)data, size, &owner))
        return 0;
    char line[RUN_OWNER_BYTES + 1];
    run_owner_format(&owner, line);
    MUST(strlen(line) == RUN_OWNER_BYTES);
    MUST(run_owner_parse(line, RUN_OWNER_BYTES, &again));
    MUST(run_owner_same(&owner, &again) && owner.counter == again.counter && owner.made == again.made);
    run_owner_state(&owner);
    return 0;
}
