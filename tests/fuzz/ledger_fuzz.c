/* A ledger of any bytes: what its reader takes is taken again when it is
 * written anew, and a ledger that goes on behind it keeps it. The first byte says which lines get a
 * right length and checksum. */
#include "fuzz.h"

#include "base/crc32c.h"
#include "base/io.h"
#include "base/log.h"
#include "store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define BYTES_MAX 65536

static char run_dir[4096];

static void clean_up(void)
{
    io_remove_tree(run_dir, NULL);
}

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    log_setup(LOG_QUIET, "fuzz");
    snprintf(run_dir, sizeof run_dir, "%s/vid-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    MUST(mkdtemp(run_dir));
    atexit(clean_up);
}

static void put_ledger(const char *mem, size_t size)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/ledger", run_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && io_pwrite(fd, mem, size, 0) == 0);
    close(fd);
}

/* Copies the lines, and seals those that `which` says. */
static size_t seal(const char *from, size_t size, uint8_t which, char *to)
{
    size_t at = 0, used = 0;
    for (unsigned i = 0; used < size; i++) {
        const char *line = from + used, *end = memchr(line, '\n', size - used);
        size_t length = end ? (size_t)(end - line) : size - used;
        size_t head = at;
        if (which >> i % 8 & 1) {
            at += (size_t)sprintf(to + at, "%08x %zu ", 0U, length);
            memcpy(to + at, line, length);
            at += length;
            char crc[9];
            snprintf(crc, sizeof crc, "%08x", crc32c(0, to + head + 9, at - head - 9));
            memcpy(to + head, crc, 8);
        } else {
            memcpy(to + at, line, length);
            at += length;
        }
        if (end)
            to[at++] = '\n';
        used += length + (end != NULL);
    }
    return at;
}

static int check(void *opaque, const struct ledger_record *record)
{
    char line[LEDGER_LINE_MAX + 1], copy[LEDGER_LINE_MAX + 1];
    struct ledger_record again;
    ++*(int *)opaque;
    if (record->type == LEDGER_OTHER)
        return 0;
    int size = ledger_record_format(record, line);
    MUST(size > 0 && size <= LEDGER_LINE_MAX);
    memcpy(copy, line, (size_t)size);
    MUST(ledger_record_parse(copy, (size_t)size, &again));
    char second[LEDGER_LINE_MAX + 1];
    MUST(ledger_record_format(&again, second) == size && memcmp(line, second, (size_t)size) == 0);
    return 0;
}

static int count_records(void)
{
    int count = 0;
    int ret = ledger_read(run_dir, check, &count, NULL);
    MUST(ret == count);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[BYTES_MAX * 32];
    if (!*run_dir)
        set_up();
    if (size < 1 || size - 1 > BYTES_MAX)
        return -1;
    put_ledger(bytes, seal((const char *)data + 1, size - 1, data[0], bytes));
    int before = count_records();
    struct ledger *ledger;
    MUST(ledger_open(run_dir, &ledger, NULL) == 0);
    struct ledger_record record = {.type = LEDGER_STOP, .stop.why = "done"};
    MUST(ledger_append(ledger, &record, NULL) == 0);
    ledger_close(&ledger);
    MUST(count_records() == before + 1);
    return 0;
}
