#include "options_check.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/dict.h>

static void assert_warned(const char *line, const char *sentence)
{
    struct media_options *o = parse_good(line);
    assert_int_equal(o->warning_count, 1);
    assert_string_equal(o->warnings[0], sentence);
    media_options_free(&o);
}

static void assert_entry(const struct AVDictionary *dict, const char *key, const char *value)
{
    const AVDictionaryEntry *entry = av_dict_get(dict, key, NULL, AV_DICT_MATCH_CASE);
    if (!value)
        assert_null(entry);
    else if (!entry)
        fail_msg("no %s", key);
    else
        assert_string_equal(entry->value, value);
}

/* The n-th stream option is name:spec=value. */
static void assert_stream(const struct stream_options *streams, int n, const char *name, const char *spec,
                          const char *value)
{
    assert_true(n < streams->count);
    assert_string_equal(streams->items[n].name, name);
    assert_string_equal(streams->items[n].spec, spec);
    assert_string_equal(streams->items[n].value, value);
}

static void defaults_are_ffmpegs(void **state)
{
    struct media_options *o = parse_good("-i in.mkv out.mkv");
    assert_string_equal(o->in.url, "in.mkv");
    assert_string_equal(o->out.url, "out.mkv");
    assert_null(o->in.format);
    assert_null(o->out.format);
    assert_true(o->in.start == OPTION_NO_TIME && o->in.duration == OPTION_NO_TIME &&
                o->in.stop == OPTION_NO_TIME);
    assert_true(o->in.start_from_end == OPTION_NO_TIME && o->in.offset == 0 && o->in.stream_loop == 0);
    assert_true(o->in.accurate_seek && o->in.autorotate && !o->in.seek_timestamp && !o->in.bitexact);
    assert_true(o->out.start == OPTION_NO_TIME && o->out.duration == OPTION_NO_TIME);
    assert_true(o->out.limit_bytes == INT64_MAX && !o->out.no_video && !o->out.shortest);
    assert_true(o->out.mux_delay == 0.7f && o->out.mux_preload == 0.5f);
    assert_int_equal(o->in.streams.count + o->out.streams.count, 0);
    assert_entry(o->out.sws_opts, "flags", "bicubic");
    assert_int_equal(o->overwrite, OVERWRITE_ASK);
    assert_int_equal(o->log_level, LOG_INFO);
    assert_true(o->stats == -1 && o->stats_period == 0.5 && o->interactive && !o->exit_on_error);
    assert_true(o->max_error_rate > 0.66 && o->max_error_rate < 0.67);
    assert_true(o->window == 0 && o->results == RESULTS_RAW && !o->redis_url && !o->run_dir);
    assert_true(o->part == 10 && o->retries == 3 && o->retry_delay == 1 && o->on_error == ON_ERROR_FAIL);
    assert_true(o->task_timeout == 0 && o->filter_memory == 0 && o->redis_timeout == 60 && !o->restart);
    assert_int_equal(o->warning_count, 0);
    media_options_free(&o);
    assert_null(o);
    media_options_free(&o);
}

static void options_belong_to_the_file_after_them(void **state)
{
    struct media_options *o = parse_good("-f rawvideo -s 64x48 -r 25 -ss 1 -t 2 -threads 1 -i in.yuv "
                                         "-f matroska -s 32x24 -ss 3 -to 0:01:00 -threads 4 out");
    assert_string_equal(o->in.format, "rawvideo");
    assert_string_equal(o->out.format, "matroska");
    assert_true(o->in.start == 1000000 && o->in.duration == 2000000 && o->in.stop == OPTION_NO_TIME);
    assert_true(o->out.start == 3000000 && o->out.duration == OPTION_NO_TIME && o->out.stop == 60000000);
    assert_int_equal(o->in.streams.count, 2);
    assert_stream(&o->in.streams, 0, "s", "", "64x48");
    assert_stream(&o->in.streams, 1, "r", "", "25");
    assert_int_equal(o->out.streams.count, 1);
    assert_stream(&o->out.streams, 0, "s", "", "32x24");
    assert_entry(o->in.codec_opts, "threads", "1");
    assert_entry(o->out.codec_opts, "threads", "4");
    media_options_free(&o);
}

static void output_may_stand_first(void **state)
{
    struct media_options *o = parse_good("-an out.mkv -t 1 -i in.mkv");
    assert_true(o->out.no_audio);
    assert_true(o->in.duration == 1000000 && o->out.duration == OPTION_NO_TIME);
    media_options_free(&o);
}

static void input_options(void **state)
{
    struct media_options *o = parse_good(
        "-sseof -2.5 -itsoffset 0.5 -stream_loop 3 -noaccurate_seek -seek_timestamp 1 -autorotate 0 "
        "-bitexact -to 9 -c:v h264 -vtag avc1 -i - -f null -");
    assert_string_equal(o->in.url, "pipe:");
    assert_string_equal(o->out.url, "pipe:");
    assert_true(o->in.start_from_end == -2500000 && o->in.offset == 500000 && o->in.stream_loop == 3);
    assert_true(!o->in.accurate_seek && o->in.seek_timestamp && !o->in.autorotate && o->in.bitexact);
    assert_true(o->in.stop == 9000000 && !o->out.bitexact);
    assert_stream(&o->in.streams, 0, "c", "v", "h264");
    assert_stream(&o->in.streams, 1, "tag", "v", "avc1");
    media_options_free(&o);
    o = parse_good("-noautorotate -i a b");
    assert_false(o->in.autorotate);
    media_options_free(&o);
}

static void output_fields(void **state)
{
    struct media_options *o =
        parse_good("-i a -vn -an -sn -dn -noan -fs 10M -muxdelay 0 -muxpreload .25 -shortest "
                   "-bitexact -map_chapters -1 -map_metadata 0:s:0 -map_metadata:s:v 0:g b");
    assert_true(o->out.no_video && !o->out.no_audio && o->out.no_subtitle && o->out.no_data);
    assert_true(o->out.limit_bytes == 10000000 && o->out.mux_delay == 0 && o->out.mux_preload == 0.25f);
    assert_true(o->out.shortest && o->out.bitexact);
    assert_string_equal(o->out.map_chapters, "-1");
    assert_string_equal(o->out.map_metadata, "0:s:0");
    assert_stream(&o->out.streams, 0, "map_metadata", "", "0:s:0");
    assert_stream(&o->out.streams, 1, "map_metadata", "s:v", "0:g");
    media_options_free(&o);
}

static void aliases_are_resolved(void **state)
{
    static const struct {
        const char *typed, *name, *spec, *value;
    } aliases[] = {
        {"-c copy", "c", "", "copy"},
        {"-codec:a:1 aac", "c", "a:1", "aac"},
        {"-vcodec ffv1", "c", "v", "ffv1"},
        {"-acodec flac", "c", "a", "flac"},
        {"-scodec srt", "c", "s", "srt"},
        {"-dcodec copy", "c", "d", "copy"},
        {"-vf gblur=sigma=3,null", "filter", "v", "gblur=sigma=3,null"},
        {"-af volume=2", "filter", "a", "volume=2"},
        {"-filter:v:0 null", "filter", "v:0", "null"},
        {"-vframes 10", "frames", "v", "10"},
        {"-aframes 1k", "frames", "a", "1k"},
        {"-frames:d 3", "frames", "d", "3"},
        {"-q:v 2.5", "q", "v", "2.5"},
        {"-aq 4", "q", "a", "4"},
        {"-qscale:v:1 4", "q", "v:1", "4"},
        {"-ch_layout stereo", "channel_layout", "", "stereo"},
        {"-vtag hvc1", "tag", "v", "hvc1"},
        {"-atag mp4a", "tag", "a", "mp4a"},
        {"-vbsf null", "bsf", "v", "null"},
        {"-map 0:v:0?", "map", "", "0:v:0?"},
        {"-map -0:a", "map", "", "-0:a"},
        {"-map 0,0:0", "map", "", "0"},
        {"-metadata:s:a:0 language=de", "metadata", "s:a:0", "language=de"},
        {"-fps_mode CFR", "fps_mode", "", "cfr"},
        {"-fps_mode:v 0", "fps_mode", "v", "passthrough"},
        {"-aspect 16:9", "aspect", "", "16:9"},
        {"-r ntsc", "r", "", "ntsc"},
        {"-s hd720", "s", "", "hd720"},
        {"-enc_time_base -1", "enc_time_base", "", "-1"},
        {"-enc_time_base 1:25", "enc_time_base", "", "1:25"},
        {"-autoscale 0", "autoscale", "", "0"},
        {"-noautoscale", "autoscale", "", "0"},
        {"-noautoscale:v:1", "autoscale", "v:1", "0"},
        {"-pass 2", "pass", "", "2"},
    };
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        char line[200];
        snprintf(line, sizeof(line), "-i a %s b", aliases[i].typed);
        struct media_options *o = parse_good(line);
        assert_int_equal(o->out.streams.count, 1);
        assert_stream(&o->out.streams, 0, aliases[i].name, aliases[i].spec, aliases[i].value);
        assert_int_equal(o->in.streams.count, 0);
        media_options_free(&o);
    }
}

static void stream_options_keep_their_order(void **state)
{
    struct media_options *o = parse_good("-i a -c copy -fps_mode:v:1 vfr -vsync 0 -c:v:0 ffv1 -vsync 1 b");
    assert_int_equal(o->out.streams.count, 4);
    assert_stream(&o->out.streams, 0, "fps_mode", "", "cfr"); /* weaker than every fps_mode */
    assert_stream(&o->out.streams, 1, "c", "", "copy");
    assert_stream(&o->out.streams, 2, "fps_mode", "v:1", "vfr");
    assert_stream(&o->out.streams, 3, "c", "v:0", "ffv1");
    media_options_free(&o);
}

static void global_options_stand_anywhere(void **state)
{
    struct media_options *o =
        parse_good("-v 40 -hide_banner -i a -progress - -copyts -start_at_zero -xerror "
                   "-stats_period 2 b -y -nostats -nostdin -filter_threads 3 -max_error_rate 0.1");
    assert_int_equal(o->log_level, LOG_VERBOSE);
    assert_string_equal(o->progress_url, "pipe:");
    assert_true(o->hide_banner && o->copy_ts && o->start_at_zero && o->exit_on_error && !o->interactive);
    assert_true(o->overwrite == OVERWRITE_YES && o->stats == 0 && o->stats_period == 2 &&
                o->filter_threads == 3);
    assert_true(o->max_error_rate == 0.1);
    media_options_free(&o);
    o = parse_good("-i a b -n -stats -filter_threads auto -loglevel repeat+error");
    assert_true(o->overwrite == OVERWRITE_NO && o->stats == 1 && o->filter_threads == 0);
    assert_int_equal(o->log_level, LOG_ERROR);
    media_options_free(&o);
}

static void own_options(void **state)
{
    struct media_options *o = parse_good("-redis redis://h:1/2 -run-dir d/e -window 40 -results png -i a b");
    assert_string_equal(o->redis_url, "redis://h:1/2");
    assert_string_equal(o->run_dir, "d/e");
    assert_true(o->window == 40 && o->results == RESULTS_PNG);
    media_options_free(&o);
    o = parse_good(
        "-part 2.5 -retries 0 -retry-delay .5 -on-error previous -task-timeout 90 -filter-memory 2G "
        "-redis-timeout 5 -restart -safe -safe-allow d -safe-allow e/f -i a b");
    assert_true(o->part == 2.5 && o->retries == 0 && o->retry_delay == 0.5 && o->task_timeout == 90);
    assert_int_equal(o->on_error, ON_ERROR_PREVIOUS);
    assert_true(o->filter_memory == 2000000000 && o->redis_timeout == 5 && o->restart);
    assert_true(o->safe && o->safe_allow && !o->safe_allow[2]);
    assert_string_equal(o->safe_allow[0], "d");
    assert_string_equal(o->safe_allow[1], "e/f");
    media_options_free(&o);
}

static void redis_comes_from_the_environment(void **state)
{
    setenv("VIDMPI_REDIS", "unix:///r.sock", 1);
    struct media_options *o = parse_good("-i a b");
    assert_string_equal(o->redis_url, "unix:///r.sock");
    media_options_free(&o);
    o = parse_good("-redis redis://other -i a b");
    assert_string_equal(o->redis_url, "redis://other");
    media_options_free(&o);
    setenv("VIDMPI_REDIS", "", 1);
    o = parse_good("-i a b");
    assert_null(o->redis_url);
    media_options_free(&o);
    unsetenv("VIDMPI_REDIS");
}

static void avoptions_find_their_dictionary(void **state)
{
    struct media_options *o =
        parse_good("-probesize 1M -skip_frame nokey -strict 1 -i a "
                   "-crf 18 -preset:v:0 fast -x264-params ref=2 -b:v 3M -ab 96k -vb 1M -profile:a aac_low "
                   "-movflags faststart -flags +bitexact -flags +cgop -flags2 fast -sws_flags +accurate_rnd "
                   "-resampler soxr -timecode 01:00:00:00 b");
    assert_entry(o->in.format_opts, "probesize", "1M");
    assert_entry(o->in.codec_opts, "skip_frame", "nokey");
    assert_entry(o->in.codec_opts, "strict", "1");
    assert_entry(o->in.format_opts, "strict", "1"); /* of both layers */
    assert_entry(o->out.codec_opts, "crf", "18");
    assert_entry(o->out.codec_opts, "preset:v:0", "fast");
    assert_entry(o->out.codec_opts, "x264-params", "ref=2");
    assert_entry(o->out.codec_opts, "b:v", "3M");
    assert_entry(o->out.codec_opts, "b:a", "96k");
    assert_entry(o->out.codec_opts, "vb", "1M");
    assert_entry(o->out.codec_opts, "profile:a", "aac_low");
    assert_entry(o->out.format_opts, "movflags", "faststart");
    assert_entry(o->out.codec_opts, "flags", "+bitexact+cgop");
    assert_entry(o->out.sws_opts, "flags", "bicubic");
    assert_entry(o->out.sws_opts, "sws_flags", "+accurate_rnd");
    assert_entry(o->out.swr_opts, "resampler", "soxr");
    assert_entry(o->out.codec_opts, "gop_timecode", "01:00:00:00");
    assert_stream(&o->out.streams, 0, "metadata", "g", "timecode=01:00:00:00");
    assert_entry(o->out.codec_opts, "skip_frame", NULL);
    media_options_free(&o);
}

static void ambiguous_options_are_warned_of(void **state)
{
    assert_warned("-i a -t 1 -to 2 b", "-t and -to of the output cannot be used together; using -t");
    assert_warned("-t 1 -to 2 -i a b", "-t and -to of the input cannot be used together; using -t");
    assert_warned("-ss 1 -sseof -2 -i a b", "-ss and -sseof cannot be used together; using -ss");
    assert_warned("-i a -b 1M b", "-b is ambiguous and means -b:v; write -b:v or -b:a");
    assert_warned("-i a -profile high b",
                  "-profile is ambiguous and means -profile:v; write -profile:v or -profile:a");
    assert_warned("-i a -qscale 3 b", "-qscale is ambiguous and means -q:v; write -q:v or -q:a");
    assert_warned("-i a -vsync vfr b", "-vsync is deprecated; write -fps_mode vfr");
    assert_warned("-i a -vn:v b", "-vn:v: -vn has no stream specifier, ':v' means nothing");
    assert_warned("-i a -max_muxing_queue_size 99 b",
                  "-max_muxing_queue_size has no effect: queues are bounded by -window");
    assert_warned("-sws_flags bilinear -i a b",
                  "options of the scaler and resampler before -i do nothing; write them after it");
    struct media_options *o = parse_good("-ss 1 -sseof -2 -t 1 -to 2 -i a b");
    assert_true(o->in.start == 1000000 && o->in.start_from_end == OPTION_NO_TIME &&
                o->in.stop == OPTION_NO_TIME);
    media_options_free(&o);
}

static void dashes_make_the_next_word_a_name(void **state)
{
    struct media_options *o = parse_good("-i a -an -- -y -n");
    assert_string_equal(o->out.url, "-y");
    assert_int_equal(o->overwrite, OVERWRITE_NO);
    media_options_free(&o);
}

static void help_and_version_end_the_parsing(void **state)
{
    static const char *const help[] = {"-h", "-help", "--help", "-?", "-i a -h -foo"};
    for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++) {
        struct media_options *o = parse_good(help[i]);
        assert_int_equal(o->print, PRINT_HELP);
        media_options_free(&o);
    }
    struct media_options *o = parse_good("-version");
    assert_int_equal(o->print, PRINT_VERSION);
    media_options_free(&o);
    assert_refused("-i a -noversion b", "unknown option -noversion; did you mean -version?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_ffmpegs),
        cmocka_unit_test(options_belong_to_the_file_after_them),
        cmocka_unit_test(output_may_stand_first),
        cmocka_unit_test(input_options),
        cmocka_unit_test(output_fields),
        cmocka_unit_test(aliases_are_resolved),
        cmocka_unit_test(stream_options_keep_their_order),
        cmocka_unit_test(global_options_stand_anywhere),
        cmocka_unit_test(own_options),
        cmocka_unit_test(redis_comes_from_the_environment),
        cmocka_unit_test(avoptions_find_their_dictionary),
        cmocka_unit_test(ambiguous_options_are_warned_of),
        cmocka_unit_test(dashes_make_the_next_word_a_name),
        cmocka_unit_test(help_and_version_end_the_parsing),
    };
    unsetenv("VIDMPI_REDIS");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
