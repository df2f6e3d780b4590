/* The reader of the result store on an index of any bytes: polls, reads and
 * gives back all that it finds, as on a local and on a shared filesystem, and recovers it as a job that goes
 * on. The first byte says which records get a right checksum. The writer opens it too. */
#include "fuzz.h"

#include "base/crc32c.h"
#include "base/io.h"
#include "base/log.h"
#include "store/result_store.h"
#include "store/result_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define INDEX_MAX (256 * RESULT_RECORD_BYTES)
#define PAYLOAD_MAX 4096

static char run_dir[4096], rank_path[4200];

static void clean_up(void)
{
    io_remove_tree(run_dir, NULL);
}

static void put_file(const char *name, const void *mem, size_t size)
{
    char path[4300];
    snprintf(path, sizeof path, "%s/%s", rank_path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && io_pwrite(fd, mem, size, 0) == 0);
    close(fd);
}

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    log_setup(LOG_QUIET, "fuzz");
    snprintf(run_dir, sizeof run_dir, "%s/vid-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    MUST(mkdtemp(run_dir));
    atexit(clean_up);
    snprintf(rank_path, sizeof rank_path, "%s/results/r0000", run_dir);
    MUST(io_make_dirs(rank_path, NULL) == 0);
}

static void seal(unsigned char *index, size_t size, uint8_t which)
{
    for (size_t i = 0; (i + 1) * RESULT_RECORD_BYTES <= size; i++) {
        unsigned char *record = index + i * RESULT_RECORD_BYTES;
        uint32_t crc = crc32c(0, record, RESULT_RECORD_BYTES - 4);
        for (int k = 0; which >> i % 8 & 1 && k < 4; k++)
            record[RESULT_RECORD_BYTES - 4 + k] = (unsigned char)(crc >> (8 * k));
    }
}

static void take(struct result_store *store, const struct result_ref *ref)
{
    static unsigned char mem[PAYLOAD_MAX];
    if (ref->length <= sizeof mem)
        result_store_read(store, ref, mem, NULL);
    MUST(result_store_done(store, ref, NULL) == 0);
}

static int poll_all(bool shared)
{
    struct result_store *store;
    struct result_ref refs[7];
    int count = 0, ret;
    MUST(result_store_open(run_dir, 1, shared, &store, NULL) == 0);
    while ((ret = result_store_poll(store, 0, refs, 7, NULL)) > 0) {
        count += ret;
        for (int i = ret; i > 0; i--)
            take(store, &refs[i - 1]);
    }
    MUST(ret == 0 || ret == -EBADMSG);
    result_store_close(&store);
    return count;
}

struct found {
    struct result_ref refs[256];
    int count;
};

static int keep(void *opaque, const struct result_ref *ref)
{
    struct found *found = opaque;
    MUST(found->count < 256 && ref->length <= INDEX_MAX + 1);
    for (int i = 0; i < found->count; i++)
        MUST(found->refs[i].frame != ref->frame);
    found->refs[found->count++] = *ref;
    return 0;
}

/* As by a job that goes on: each frame once, and it can be read. */
static int recover_all(bool shared)
{
    static unsigned char mem[INDEX_MAX + 1];
    static struct found found;
    struct result_store *store;
    found.count = 0;
    MUST(result_store_open(run_dir, 1, shared, &store, NULL) == 0);
    MUST(result_store_recover(store, 1, keep, &found, NULL, NULL) == 0);
    for (int i = 0; i < found.count; i++) {
        MUST(found.refs[i].frame >= 1);
        MUST(result_store_read(store, &found.refs[i], mem, NULL) == 0);
    }
    for (int i = 0; i < found.count; i++)
        MUST(result_store_done(store, &found.refs[i], NULL) == 0);
    struct result_ref ref;
    int ret = result_store_poll(store, 0, &ref, 1, NULL);
    MUST(ret == 0 || ret == -EBADMSG);
    result_store_close(&store);
    return found.count;
}

static void go_on_writing(void)
{
    struct result_writer *writer;
    struct result_ref ref = {.frame = 1, .attempt = 1};
    MUST(result_writer_open(run_dir, 0, NULL, &writer, NULL) == 0);
    struct iovec iov = {(char[]){"payload"}, 7};
    int ret = result_writer_append(writer, &ref, &iov, 1, NULL);
    MUST(ret == 0 || ret == -EOVERFLOW);
    result_writer_close(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char index[INDEX_MAX];
    if (!*run_dir)
        set_up();
    if (size < 1 || size - 1 > sizeof index)
        return -1;
    memcpy(index, data + 1, size - 1);
    seal(index, size - 1, data[0]);
    put_file("index", index, size - 1);
    put_file("seg-000001", data, size);
    int local = poll_all(false);
    put_file("seg-000001", data, size);
    MUST(poll_all(true) == local);
    put_file("seg-000001", data, size);
    local = recover_all(false);
    put_file("seg-000001", data, size);
    MUST(recover_all(true) == local);
    go_on_writing();
    clean_up();
    MUST(io_make_dirs(rank_path, NULL) == 0);
    return 0;
}
