#include "media/job_key.h"

#include "base/io.h"
#include "media/options_parse.h"
#include "options_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each option of the table, before and after -i, with a value that is not its default. */
static const struct sample {
    const char *name, *before, *after;
    bool counts;
} samples[] = {
    {"loglevel", "", "-loglevel debug", false},
    {"v", "", "-v quiet", false},
    {"y", "", "-y", false},
    {"n", "", "-n", false},
    {"hide_banner", "", "-hide_banner", false},
    {"stats", "", "-nostats", false},
    {"stats_period", "", "-stats_period 3", false},
    {"progress", "", "-progress p.txt", false},
    {"filter_threads", "", "-filter_threads 3", false},
    {"copyts", "", "-copyts", true},
    {"start_at_zero", "", "-start_at_zero", true},
    {"max_error_rate", "", "-max_error_rate 0.1", false},
    {"xerror", "", "-xerror", false},
    {"stdin", "", "-nostdin", false},
    {"vsync", "", "-vsync cfr", true},
    {"redis", "", "-redis unix:///tmp/redis", false},
    {"run-dir", "", "-run-dir there", false},
    {"window", "", "-window 99", false},
    {"results", "", "-results png", false},
    {"part", "", "-part 3", true},
    {"retries", "", "-retries 9", false},
    {"retry-delay", "", "-retry-delay 9", false},
    {"on-error", "", "-on-error black", false},
    {"task-timeout", "", "-task-timeout 9", false},
    {"filter-memory", "", "-filter-memory 2000000000", false},
    {"redis-timeout", "", "-redis-timeout 9", false},
    {"restart", "", "-restart", false},
    {"verify", "", "-verify", false},
    {"explain", "", "-explain", false},
    {"safe", "", "-safe", false},
    {"safe-allow", "", "-safe -safe-allow /tmp", false},
    {"frame-stats", "", "-frame-stats s.jsonl", true},
    {"f", "", "-f matroska", true},
    {"f", "-f matroska", "", true},
    {"ss", "", "-ss 1", true},
    {"ss", "-ss 1", "", true},
    {"t", "", "-t 1", true},
    {"t", "-t 1", "", true},
    {"to", "", "-to 1", true},
    {"to", "-to 1", "", true},
    {"bitexact", "", "-bitexact", true},
    {"bitexact", "-bitexact", "", true},
    {"sseof", "-sseof -1", "", true},
    {"itsoffset", "-itsoffset 1", "", true},
    {"stream_loop", "-stream_loop 1", "", true},
    {"accurate_seek", "-noaccurate_seek", "", true},
    {"seek_timestamp", "-seek_timestamp 1", "", true},
    {"autorotate", "-autorotate 0", "", true},
    {"thread_queue_size", "-thread_queue_size 9", "", false},
    {"fs", "", "-fs 1000", true},
    {"vn", "", "-vn", true},
    {"an", "", "-an", true},
    {"sn", "", "-sn", true},
    {"dn", "", "-dn", true},
    {"map", "", "-map 0:v", true},
    {"map_metadata", "", "-map_metadata -1", true},
    {"map_metadata", "", "-map_metadata:s:v -1", true},
    {"map_chapters", "", "-map_chapters -1", true},
    {"metadata", "", "-metadata title=x", true},
    {"timecode", "", "-timecode 00:00:01:00", true},
    {"muxdelay", "", "-muxdelay 0.1", true},
    {"muxpreload", "", "-muxpreload 0.1", true},
    {"shortest", "", "-shortest", true},
    {"max_muxing_queue_size", "", "-max_muxing_queue_size 9", false},
    {"muxing_queue_data_threshold", "", "-muxing_queue_data_threshold 9", false},
    {"c", "", "-c libx264", true},
    {"c", "-c h264", "", true},
    {"codec", "", "-codec:v libx264", true},
    {"vcodec", "", "-vcodec libx264", true},
    {"acodec", "", "-acodec copy", true},
    {"scodec", "", "-scodec copy", true},
    {"dcodec", "", "-dcodec copy", true},
    {"r", "", "-r 25", true},
    {"r", "-r 25", "", true},
    {"s", "", "-s 64x64", true},
    {"pix_fmt", "", "-pix_fmt gray", true},
    {"ar", "", "-ar 44100", true},
    {"ac", "", "-ac 1", true},
    {"sample_fmt", "", "-sample_fmt s16", true},
    {"channel_layout", "", "-channel_layout mono", true},
    {"ch_layout", "", "-ch_layout mono", true},
    {"tag", "", "-tag:v XVID", true},
    {"vtag", "", "-vtag XVID", true},
    {"atag", "", "-atag XVID", true},
    {"stag", "", "-stag XVID", true},
    {"filter", "", "-filter:v null", true},
    {"vf", "", "-vf null", true},
    {"af", "", "-af anull", true},
    {"fps_mode", "", "-fps_mode vfr", true},
    {"aspect", "", "-aspect 4:3", true},
    {"frames", "", "-frames:v 9", true},
    {"vframes", "", "-vframes 9", true},
    {"aframes", "", "-aframes 9", true},
    {"dframes", "", "-dframes 9", true},
    {"q", "", "-q:v 3", true},
    {"qscale", "", "-qscale:v 3", true},
    {"aq", "", "-aq 3", true},
    {"b", "", "-b:v 1M", true},
    {"ab", "", "-ab 100k", true},
    {"profile", "", "-profile:v high", true},
    {"bsf", "", "-bsf:v null", true},
    {"vbsf", "", "-vbsf null", true},
    {"absf", "", "-absf null", true},
    {"disposition", "", "-disposition:v 0", true},
    {"pass", "", "-pass 1", true},
    {"passlogfile", "", "-passlogfile x", true},
    {"force_key_frames", "", "-force_key_frames 1", true},
    {"enc_time_base", "", "-enc_time_base 1/50", true},
    {"autoscale", "", "-autoscale 0", true},
    {"apad", "", "-apad 1", true},
};

/* AVOptions of all kinds are in no table. */
static const char *const libav[][2] = {
    {"", "-crf 20"},    {"", "-preset fast"},       {"", "-movflags +faststart"}, {"", "-sws_flags lanczos"},
    {"", "-threads 2"}, {"", "-resampler soxr"},    {"-threads 2", ""},           {"-err_detect careful", ""},
    {"", "-g:v 12"},    {"-probesize 1000000", ""}, {"", "-flags +ilme"},
};

static char input[] = "/tmp/vid-job-key-XXXXXX"; /* a file of 3 MiB */

static void key_of(const char *line, char *key)
{
    struct vid_error err = {0};
    struct media_options *options = parse_good(line);
    if (media_job_key(options, key, &err) < 0)
        fail_msg("%s: %s", line, err.text);
    assert_int_equal(strlen(key), JOB_KEY_BYTES - 1);
    assert_int_equal(strspn(key, "0123456789abcdef"), JOB_KEY_BYTES - 1);
    media_options_free(&options);
}

static void key_with(const char *before, const char *after, char *key)
{
    char line[1000];
    snprintf(line, sizeof(line), "%s -i %s %s out.mkv", before, input, after);
    while (line[0] == ' ')
        memmove(line, line + 1, strlen(line));
    key_of(line, key);
}

static void test_options_that_count(void **state)
{
    char plain[JOB_KEY_BYTES], key[JOB_KEY_BYTES];
    key_with("", "", plain);
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
        key_with(samples[i].before, samples[i].after, key);
        if ((strcmp(plain, key) != 0) != samples[i].counts)
            fail_msg("%s %s: must %scount", samples[i].before, samples[i].after,
                     samples[i].counts ? "" : "not ");
    }
    for (size_t i = 0; i < sizeof(libav) / sizeof(*libav); i++) {
        key_with(libav[i][0], libav[i][1], key);
        if (strcmp(plain, key) == 0)
            fail_msg("%s %s: must count", libav[i][0], libav[i][1]);
    }
}

/* Somebody must have thought about each option. */
static void test_every_option_is_tested(void **state)
{
    static const char *const no_job[] = {"i", "h", "?", "help", "-help", "version", "-version", "filters"};
    struct option_names names = {0};
    option_names_table(&names);
    for (size_t i = 0; i < names.count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < sizeof(samples) / sizeof(*samples); k++)
            found += strcmp(samples[k].name, names.items[i]) == 0;
        for (size_t k = 0; k < sizeof(no_job) / sizeof(*no_job); k++)
            found += strcmp(no_job[k], names.items[i]) == 0;
        if (!found)
            fail_msg("-%s: does it change the output? Then it belongs into job_key.c", names.items[i]);
    }
    free(names.items);
}

static void test_values_and_places_count(void **state)
{
    static const char *const lines[][2] = {
        {"-c:v libx264 -crf 20", "-c:v libx264 -crf 21"},
        {"-c:v libx264 -c:a aac", "-c:a libx264 -c:v aac"},
        {"-metadata a=bc", "-metadata ab=c"},
        {"-ss 1", "-ss 1.000001"},
        {"-muxdelay 0.1", "-muxdelay 0.1000001"},
        {"-vn", "-an"},
        {"-ss 1", "-t 1"},
    };
    char a[JOB_KEY_BYTES], b[JOB_KEY_BYTES];
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        key_with("", lines[i][0], a);
        key_with("", lines[i][1], b);
        assert_string_not_equal(a, b);
        key_with("", lines[i][0], b);
        assert_string_equal(a, b);
    }
    key_with("-ss 1", "", a);
    key_with("", "-ss 1", b);
    assert_string_not_equal(a, b);
}

static void test_output_counts(void **state)
{
    char line[1000], a[JOB_KEY_BYTES], b[JOB_KEY_BYTES];
    key_with("", "", a);
    snprintf(line, sizeof(line), "-i %s out.mp4", input);
    key_of(line, b);
    assert_string_not_equal(a, b);
}

static void put(const char *path, const void *mem, size_t size, uint64_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(io_pwrite(fd, mem, size, at), 0);
    close(fd);
}

static void set_time(const char *path, const struct stat *st)
{
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_touched_input(void **state)
{
    char plain[JOB_KEY_BYTES], key[JOB_KEY_BYTES];
    struct stat st, later;
    assert_int_equal(stat(input, &st), 0);
    key_with("", "", plain);
    static const uint64_t places[] = {0, (1 << 20) - 1, 2 << 20,
                                      (3 << 20) - 1}; /* in the first and last MiB */
    for (size_t i = 0; i < 4; i++) {
        put(input, "x", 1, places[i]);
        set_time(input, &st);
        key_with("", "", key);
        assert_string_not_equal(plain, key);
        put(input, "", 1, places[i]);
        set_time(input, &st);
        key_with("", "", key);
        assert_string_equal(plain, key);
    }
    later = st;
    later.st_mtim.tv_nsec = (st.st_mtim.tv_nsec + 1000000) % 1000000000;
    set_time(input, &later);
    key_with("", "", key);
    assert_string_not_equal(plain, key);
    put(input, "", 1, 3 << 20); /* longer */
    set_time(input, &st);
    key_with("", "", key);
    assert_string_not_equal(plain, key);
    assert_int_equal(truncate(input, 3 << 20), 0);
    set_time(input, &st);
    key_with("", "", key);
    assert_string_equal(plain, key);
}

static void test_input_by_other_names(void **state)
{
    char line[1000], link[100], plain[JOB_KEY_BYTES], key[JOB_KEY_BYTES];
    key_with("", "", plain);
    snprintf(line, sizeof(line), "-i file:%s out.mkv", input);
    key_of(line, key);
    assert_string_equal(plain, key);
    snprintf(line, sizeof(line), "-i /tmp/../tmp/%s out.mkv", strrchr(input, '/') + 1);
    key_of(line, key);
    assert_string_equal(plain, key);
    snprintf(link, sizeof(link), "%s.link", input);
    assert_int_equal(symlink(input, link), 0);
    snprintf(line, sizeof(line), "-i %s out.mkv", link);
    key_of(line, key);
    assert_string_equal(plain, key);
    unlink(link);
}

static void refuse(const char *line, int code, const char *word)
{
    char key[JOB_KEY_BYTES];
    struct vid_error err = {0};
    struct media_options *options = parse_good(line);
    int ret = media_job_key(options, key, &err);
    if (ret != code || !strstr(err.text, word))
        fail_msg("%s: %d, \"%s\"", line, ret, err.text);
    media_options_free(&options);
}

static void test_inputs_without_identity(void **state)
{
    static const char *const lists[] = {
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n",
        "ffconcat version 1.0\nfile a.mkv\n"};
    char line[1000], name[100];
    refuse("-i - out.mkv", -ENOTSUP, "pipe:");
    refuse("-i http://localhost:1/a.mkv out.mkv", -ENOTSUP, "it is no file");
    refuse("-f lavfi -i testsrc out.mkv", -ENOTSUP, "testsrc");
    refuse("-i /tmp/none-%03d.png out.mkv", -ENOTSUP, "no file of this name");
    refuse("-i /dev/null out.mkv", -ENOTSUP, "no regular file");
    refuse("-i /tmp out.mkv", -ENOTSUP, "no regular file");
    snprintf(name, sizeof(name), "%s.other", input);
    snprintf(line, sizeof(line), "-i %s out.mkv", name);
    assert_int_equal(mkfifo(name, 0600), 0);
    refuse(line, -ENOTSUP, "no regular file"); /* and does not wait for a writer */
    unlink(name);
    for (size_t i = 0; i < 2; i++) {
        put(name, lists[i], strlen(lists[i]), 0);
        refuse(line, -ENOTSUP, "list of other files");
        unlink(name);
    }
    snprintf(line, sizeof(line), "-f concat -i %s out.mkv", input);
    refuse(line, -ENOTSUP, "list of other files");
}

static int make_input(void **state)
{
    int fd = mkstemp(input);
    return fd < 0 || ftruncate(fd, 3 << 20) < 0 || close(fd) < 0 ? -1 : 0;
}

static int remove_input(void **state)
{
    return unlink(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_that_count),      cmocka_unit_test(test_every_option_is_tested),
        cmocka_unit_test(test_values_and_places_count), cmocka_unit_test(test_output_counts),
        cmocka_unit_test(test_touched_input),           cmocka_unit_test(test_input_by_other_names),
        cmocka_unit_test(test_inputs_without_identity),
    };
    return cmocka_run_group_tests(tests, make_input, remove_input);
}
