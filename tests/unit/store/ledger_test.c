#include "scratch.h"

#include "base/crc32c.h"
#include "store/ledger.h"

static int fsync_error;

int __wrap_fsync(int fd);
int __real_fsync(int fd);

int __wrap_fsync(int fd)
{
    if (!fsync_error)
        return __real_fsync(fd);
    errno = fsync_error;
    return -1;
}

static const char key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* One of each type, with what a text may hold. */
static const struct ledger_record examples[] = {
    {.type = LEDGER_START,
     .start = {key, LEDGER_FORMAT, "vidmpi 0.1.0", "node17", 1764000000, .ranks = 8, .window = 48}},
    {.type = LEDGER_PART,
     .part = {1, 0, 250, 250, 1234567, .crc = 0x00e3069f, .state = "pts=1 2\n%tab\t=\x7f\xc3\xa4"}},
    {.type = LEDGER_LOST, .lost = {7, "node18", "no heartbeat for 10 s"}},
    {.type = LEDGER_SUBSTITUTED, .substituted = {UINT64_MAX, "previous", ""}},
    {.type = LEDGER_STOP, .stop = {"drained", 253402300799}},
    {.type = LEDGER_AGAIN, .again = {3, UINT64_MAX}},
};

#define EXAMPLES ((int)(sizeof examples / sizeof *examples))

static void assert_same(const struct ledger_record *a, const struct ledger_record *b)
{
    assert_int_equal(a->type, b->type);
    switch (b->type) {
    case LEDGER_START:
        assert_string_equal(a->start.key, b->start.key);
        assert_int_equal(a->start.format, b->start.format);
        assert_string_equal(a->start.program, b->start.program);
        assert_string_equal(a->start.host, b->start.host);
        assert_int_equal(a->start.time, b->start.time);
        assert_int_equal(a->start.ranks, b->start.ranks);
        assert_int_equal(a->start.window, b->start.window);
        break;
    case LEDGER_PART:
        assert_int_equal(a->part.number, b->part.number);
        assert_int_equal(a->part.first, b->part.first);
        assert_int_equal(a->part.end, b->part.end);
        assert_int_equal(a->part.packets, b->part.packets);
        assert_int_equal(a->part.bytes, b->part.bytes);
        assert_int_equal(a->part.crc, b->part.crc);
        assert_string_equal(a->part.state, b->part.state);
        break;
    case LEDGER_LOST:
        assert_int_equal(a->lost.rank, b->lost.rank);
        assert_string_equal(a->lost.host, b->lost.host);
        assert_string_equal(a->lost.why, b->lost.why);
        break;
    case LEDGER_SUBSTITUTED:
        assert_int_equal(a->substituted.frame, b->substituted.frame);
        assert_string_equal(a->substituted.policy, b->substituted.policy);
        assert_string_equal(a->substituted.why, b->substituted.why);
        break;
    case LEDGER_STOP:
        assert_string_equal(a->stop.why, b->stop.why);
        assert_int_equal(a->stop.time, b->stop.time);
        break;
    case LEDGER_AGAIN:
        assert_int_equal(a->again.filtered, b->again.filtered);
        assert_int_equal(a->again.encoded, b->again.encoded);
        break;
    case LEDGER_OTHER:
        break;
    }
}

static struct ledger *open_ledger(void **state)
{
    struct vid_error err = {0};
    struct ledger *ledger;
    if (ledger_open(*state, &ledger, &err) < 0)
        fail_msg("%s", err.text);
    return ledger;
}

static void append(struct ledger *ledger, const struct ledger_record *record)
{
    struct vid_error err = {0};
    if (ledger_append(ledger, record, &err) < 0)
        fail_msg("%s", err.text);
}

static void write_examples(void **state)
{
    struct ledger *ledger = open_ledger(state);
    for (int i = 0; i < EXAMPLES; i++)
        append(ledger, &examples[i]);
    ledger_close(&ledger);
    assert_null(ledger);
}

/* The next record must be the next example; those of unknown types are counted. */
struct expected {
    int next, others;
};

static int expect(void *opaque, const struct ledger_record *record)
{
    struct expected *expected = opaque;
    if (record->type == LEDGER_OTHER)
        return expected->others++, 0;
    assert_true(expected->next < EXAMPLES);
    assert_same(record, &examples[expected->next++]);
    return 0;
}

/* How many of the examples the ledger begins with. */
static int count_examples(void **state)
{
    struct vid_error err = {0};
    struct expected expected = {0};
    int count = ledger_read(*state, expect, &expected, &err);
    if (count < 0)
        fail_msg("%s", err.text);
    assert_int_equal(count, expected.next + expected.others);
    return expected.next;
}

static void test_what_was_appended_is_read(void **state)
{
    assert_int_equal(count_examples(state), 0); /* there is none */
    struct ledger *ledger = open_ledger(state);
    assert_int_equal(count_examples(state), 0); /* it is empty */
    for (int i = 0; i < EXAMPLES; i++) {
        append(ledger, &examples[i]);
        assert_int_equal(count_examples(state), i + 1);
        if (i % 2) { /* as by a job that goes on later */
            ledger_close(&ledger);
            ledger = open_ledger(state);
        }
    }
    ledger_close(&ledger);
    ledger_close(&ledger); /* NULL */
}

static void test_lines_are_for_people(void **state)
{
    char line[LEDGER_LINE_MAX + 1];
    int size = ledger_record_format(&examples[1], line);
    assert_int_equal(size, strlen(line));
    assert_string_equal(line + 9, "102 part number=1 first=0 end=250 packets=250 bytes=1234567 crc=00e3069f "
                                  "state=pts=1%202%0a%25tab%09=%7f\xc3\xa4\n");
}

static int stop_at_second(void *opaque, const struct ledger_record *record)
{
    return record->type == LEDGER_PART ? ++*(int *)opaque, -ECANCELED : 0;
}

static void test_reader_may_end(void **state)
{
    int parts = 0;
    write_examples(state);
    assert_int_equal(ledger_read(*state, stop_at_second, &parts, NULL), -ECANCELED);
    assert_int_equal(parts, 1);
}

static void test_torn_tail_is_cut(void **state)
{
    const char *path = in(*state, "ledger");
    write_examples(state);
    int64_t whole = file_size(path);
    char line[LEDGER_LINE_MAX + 1];
    int last = ledger_record_format(&examples[EXAMPLES - 1], line);
    for (int cut = 1; cut <= last; cut++) {
        assert_int_equal(truncate(path, (off_t)(whole - cut)), 0);
        assert_int_equal(count_examples(state), EXAMPLES - 1);
        struct ledger *ledger = open_ledger(state);
        assert_int_equal(file_size(path), whole - last);
        append(ledger, &examples[EXAMPLES - 1]);
        ledger_close(&ledger);
        assert_int_equal(count_examples(state), EXAMPLES);
        assert_int_equal(file_size(path), whole);
    }
}

/* Each byte of the second record, damaged: the records behind it do not count, and are gone after the next
 * append. */
static void test_damage_ends_the_ledger(void **state)
{
    const char *path = in(*state, "ledger");
    char first[LEDGER_LINE_MAX + 1], second[LEDGER_LINE_MAX + 1];
    int at = ledger_record_format(&examples[0], first), size = ledger_record_format(&examples[1], second);
    write_examples(state);
    for (int i = 0; i < size; i++) {
        char bad = (char)(second[i] ^ 0x01);
        write_at(path, &bad, 1, (uint64_t)at + (uint64_t)i);
        assert_int_equal(count_examples(state), 1);
        write_at(path, &second[i], 1, (uint64_t)at + (uint64_t)i);
    }
    assert_int_equal(count_examples(state), EXAMPLES);
    write_at(path, (char[64]){0}, 64, (uint64_t)at + 20); /* as a page that was lost */
    assert_int_equal(count_examples(state), 1);
    struct ledger *ledger = open_ledger(state);
    append(ledger, &examples[1]);
    ledger_close(&ledger);
    assert_int_equal(count_examples(state), 2);
    assert_int_equal(file_size(path), at + size);
}

/* With a right length and checksum. */
static void put_line(void **state, const char *text)
{
    char body[LEDGER_LINE_MAX], line[LEDGER_LINE_MAX + 16];
    snprintf(body, sizeof body, "%zu %s", strlen(text), text);
    int size = snprintf(line, sizeof line, "%08x %s\n", crc32c(0, body, strlen(body)), body);
    int64_t end = file_size(in(*state, "ledger"));
    write_at(in(*state, "ledger"), line, (size_t)size, end < 0 ? 0 : (uint64_t)end);
}

static int find_name(void *opaque, const struct ledger_record *record)
{
    if (record->type == LEDGER_OTHER && strcmp(record->name, "heartbeat") == 0)
        ++*(int *)opaque;
    return 0;
}

static void test_unknown_types_are_kept(void **state)
{
    int found = 0;
    put_line(state, "heartbeat");
    put_line(state, "heartbeat of=what a later version writes");
    write_examples(state); /* continues behind them */
    put_line(state, "heartbeat x");
    assert_int_equal(count_examples(state), EXAMPLES);
    assert_int_equal(ledger_read(*state, find_name, &found, NULL), EXAMPLES + 3);
    assert_int_equal(found, 3);
}

static int take_loss(void *opaque, const struct ledger_record *record)
{
    assert_int_equal(record->type, LEDGER_LOST);
    assert_string_equal(record->lost.why, "b");
    ++*(int *)opaque;
    return 0;
}

static void test_fields(void **state)
{
    static const char *const bad[] = {
        "lost rank=1 host=a",             /* one is missing */
        "lost rank=1 host=a why",         /* is none */
        "lost rank=1 host=a why=b why=b", /* twice */
        "lost rank=01 host=a why=b",      /* not as we write it */
        "lost rank=-1 host=a why=b",
        "lost rank=4294967296 host=a why=b",
        "lost rank= host=a why=b",
        "lost rank=1 host=a why=%0",
        "lost rank=1 host=a why=%00",
        "lost rank=1 host=a why=%0A",
        "lost  rank=1 host=a why=b",
        "stop why=a time=2026-02-30T00:00:00Z",
        "stop why=a time=2026-02-03T00:00:00",
        "part number=1 first=0 end=1 packets=1 bytes=1 crc=E3069283 state=",
        "",
        " lost rank=1 host=a why=b",
    };
    int losses = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_line(state, bad[i]);
        assert_int_equal(ledger_read(*state, take_loss, &losses, NULL), 0);
        assert_int_equal(truncate(in(*state, "ledger"), 0), 0);
    }
    put_line(state, "lost new=of%20a%20later%20version rank=1 why=b host=a");
    assert_int_equal(ledger_read(*state, take_loss, &losses, NULL), 1);
    assert_int_equal(losses, 1);
}

static void test_long_records(void **state)
{
    struct vid_error err = {0};
    struct ledger *ledger = open_ledger(state);
    char *text = malloc(LEDGER_LINE_MAX + 1);
    memset(text, '\n', LEDGER_LINE_MAX);
    text[LEDGER_STATE_MAX] = '\0';
    struct ledger_record record = {
        .type = LEDGER_PART,
        .part = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX, text}};
    append(ledger, &record);
    int64_t size = file_size(in(*state, "ledger"));
    text[LEDGER_STATE_MAX] = '\n';
    text[LEDGER_LINE_MAX] = '\0';
    assert_int_equal(ledger_append(ledger, &record, &err), -EMSGSIZE);
    assert_non_null(strstr(err.text, *state));
    assert_int_equal(file_size(in(*state, "ledger")), size);
    assert_int_equal(ledger_read(*state, NULL, NULL, NULL), 1);
    assert_int_equal(ledger_append(ledger, &(struct ledger_record){.type = LEDGER_OTHER}, NULL), -EINVAL);
    record = (struct ledger_record){.type = LEDGER_STOP, .stop.time = INT64_MAX};
    assert_int_equal(ledger_append(ledger, &record, NULL), -EINVAL);
    append(ledger, &(struct ledger_record){.type = LEDGER_STOP}); /* no text is an empty one */
    assert_int_equal(ledger_read(*state, NULL, NULL, NULL), 2);
    free(text);
    ledger_close(&ledger);
}

static void test_full_disk(void **state)
{
    mount_small(*state, "size=8k,nr_inodes=8"); /* two pages */
    struct vid_error err = {0};
    struct ledger *ledger = open_ledger(state);
    char text[2600];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    struct ledger_record record = {.type = LEDGER_PART, .part.state = text};
    int count = 0, ret;
    while ((ret = ledger_append(ledger, &record, &err)) == 0)
        count++;
    assert_int_equal(ret, -ENOSPC);
    assert_int_equal(count, 3);
    assert_non_null(strstr(err.text, in(*state, "ledger")));
    assert_non_null(strstr(err.text, "bytes"));
    assert_int_equal(ledger_read(*state, NULL, NULL, NULL), count);
    assert_int_equal(ledger_append(ledger, &examples[4], NULL), 0); /* a short one has room */
    ledger_close(&ledger);
    assert_int_equal(ledger_read(*state, NULL, NULL, NULL), count + 1);
}

static void test_failed_sync_is_the_end(void **state)
{
    struct vid_error err = {0};
    struct ledger *ledger = open_ledger(state);
    append(ledger, &examples[0]);
    fsync_error = EIO;
    assert_int_equal(ledger_append(ledger, &examples[1], &err), -EIO);
    assert_non_null(strstr(err.text, in(*state, "ledger")));
    fsync_error = 0;
    assert_int_equal(ledger_append(ledger, &examples[1], NULL), -EIO);
    ledger_close(&ledger);
    fsync_error = EIO;
    assert_int_equal(ledger_open(*state, &ledger, NULL), -EIO); /* of the folder */
    assert_null(ledger);
    fsync_error = 0;
}

static void test_no_folder(void **state)
{
    struct vid_error err = {0};
    struct ledger *ledger;
    assert_int_equal(ledger_open(in(*state, "none"), &ledger, &err), -ENOENT);
    assert_non_null(strstr(err.text, "none/ledger"));
    assert_int_equal(mkdir(in(*state, "ledger"), 0777), 0);
    assert_int_equal(ledger_read(*state, NULL, NULL, NULL), -EISDIR);
}

/* The lines in the document are whole records. */
static void test_the_document_shows_records(void **state)
{
    char *text;
    int count = 0;
    assert_int_equal(io_read_file(DOC, 1 << 20, &text, NULL, NULL), 0);
    char *at = strstr(text, "```ledger\n");
    assert_non_null(at);
    for (at = strchr(at, '\n') + 1; strncmp(at, "```", 3) != 0; count++) {
        size_t size = strcspn(at, "\n") + 1;
        struct ledger_record record;
        char line[LEDGER_LINE_MAX];
        memcpy(line, at, size);
        assert_true(ledger_record_parse(line, size, &record));
        assert_int_equal(record.type, count);
        at += size;
    }
    assert_int_equal(count, LEDGER_OTHER);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_appended_is_read),
        TEST(test_lines_are_for_people),
        TEST(test_reader_may_end),
        TEST(test_torn_tail_is_cut),
        TEST(test_damage_ends_the_ledger),
        TEST(test_unknown_types_are_kept),
        TEST(test_fields),
        TEST(test_long_records),
        TEST(test_full_disk),
        TEST(test_failed_sync_is_the_end),
        TEST(test_no_folder),
        TEST(test_the_document_shows_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
