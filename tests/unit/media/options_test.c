#include "media/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/dict.h>

#define WORDS_MAX 64

/* Splits `line` at spaces; "''" is an empty word. */
static int split(char *line, char **argv)
{
    int argc = 0;
    char *rest;
    argv[argc++] = (char *)"vidmpi";
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = strcmp(word, "''") ? word : (char *)"";
    argv[argc] = NULL;
    return argc;
}

static int parse(const char *line, struct media_options **options, struct vid_error *err)
{
    char *argv[WORDS_MAX], *words = strdup(line);
    assert_non_null(words);
    vid_error_clear(err);
    int rc = media_options_parse(split(words, argv), argv, options, err);
    free(words); /* nothing of argv is kept */
    return rc;
}

static struct media_options *parse_good(const char *line)
{
    struct media_options *options;
    struct vid_error err;
    if (parse(line, &options, &err) < 0)
        fail_msg("%s: %s", line, err.text);
    assert_non_null(options);
    return options;
}

static void assert_refused(const char *line, const char *sentence)
{
    struct media_options *options = (struct media_options *)&options;
    struct vid_error err;
    int rc = parse(line, &options, &err);
    if (rc != -EINVAL)
        fail_msg("%s: taken, rc %d", line, rc);
    assert_null(options);
    assert_int_equal(err.code, -EINVAL);
    assert_string_equal(err.text, sentence);
}

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

static void one_input_and_one_output(void **state)
{
    assert_refused("", "no input; write -i FILE (-h shows how)");
    assert_refused("out.mkv", "no input; write -i FILE (-h shows how)");
    assert_refused("-i a", "no output; write its name at the end (-h shows how)");
    assert_refused("-i a -vf null", "no output; write its name at the end (-h shows how)");
    assert_refused("-i a -i b c", "b: there is one input and one output, and the input is a already");
    assert_refused("-i a b c", "c: there is one input and one output, and the output is b already");
    assert_refused("-i a b -an",
                   "options after the output 'b' belong to no file; write them before its name");
    assert_refused("-i a b -crf 3",
                   "options after the output 'b' belong to no file; write them before its name");
    assert_refused("-i a b -sws_flags area",
                   "options after the output 'b' belong to no file; write them before its name");
    assert_refused("-i '' b", "the name of the input is empty");
    assert_refused("-i a ''", "the name of the output is empty");
}

static void dashes_make_the_next_word_a_name(void **state)
{
    struct media_options *o = parse_good("-i a -an -- -y -n");
    assert_string_equal(o->out.url, "-y");
    assert_int_equal(o->overwrite, OVERWRITE_NO);
    media_options_free(&o);
}

static void unknown_options_are_named(void **state)
{
    assert_refused("-i a -presett fast b", "unknown option -presett; did you mean -preset?");
    assert_refused("-i a -pixfmt gray b", "unknown option -pixfmt; did you mean -pix_fmt?");
    assert_refused("-run_dir d -i a b", "unknown option -run_dir; did you mean -run-dir?");
    assert_refused("-i a -metadta:s:v x=y b", "unknown option -metadta:s:v; did you mean -metadata?");
    assert_refused("-i a -pkt_timebase 1/25 b", "unknown option -pkt_timebase; -h shows the most used ones");
    assert_refused("-i a -qqqqqqqqqq 1 b", "unknown option -qqqqqqqqqq; -h shows the most used ones");
    assert_refused("-i a -nof b", "unknown option -nof; -h shows the most used ones");
    assert_refused("-i a -vf", "-vf needs a value after it");
    assert_refused("-i", "-i needs a value after it");
    assert_refused("-i a b -g", "-g needs a value after it");
    assert_refused("-crf -i a b", "-crf needs a value after it");
    assert_refused("-ss -i a b", "-ss needs a value after it");
}

static void absent_options_say_why(void **state)
{
    assert_refused("-i a -filter_complex null b",
                   "-filter_complex is not an option here: a graph with one video "
                   "input and one output can be given to -vf");
    assert_refused("-re -i a b", "-re is not an option here: it reads as fast as the ranks filter");
    assert_refused("-i a -vpre x b", "-vpre is not an option here: give the encoder its own -preset");
    assert_refused("-itsscale:v 2 -i a b", "-itsscale:v is not an option here: it is not there yet");
    assert_refused("-hwaccel", "-hwaccel is not an option here: frames are decoded and filtered by the "
                               "processor's cores");
    assert_refused("-benchmark -i a b",
                   "-benchmark is not an option here: times of all stages are in the summary "
                   "at the end and in manifest.json");
}

static void options_of_the_wrong_side(void **state)
{
    assert_refused("-vf null -i a b", "-vf is an option of the output; write it after -i and its file");
    assert_refused("-i a -stream_loop 2 b", "-stream_loop is an option of the input; write it before -i");
    assert_refused("-i a -sseof -1 b", "-sseof is an option of the input; write it before -i");
    assert_refused("-an -i a b", "-an is an option of the output; write it after -i and its file");
    assert_refused("-crf 3 -i a b", "-crf is for writing; write it after -i and its file");
    assert_refused("-movflags faststart -i a b", "-movflags is for writing; write it after -i and its file");
    assert_refused("-i a -skip_frame nokey b", "-skip_frame is for reading; write it before -i");
    assert_refused("-i a -probesize:v 1M b", "-probesize has no stream specifier; write it without ':v'");
}

static void bad_values_are_shown(void **state)
{
    assert_refused("-i a -t abc b", "-t: 'abc' is not a time; write 12.5 or 0:00:12.5");
    assert_refused("-ss 1:2:3:4 -i a b", "-ss: '1:2:3:4' is not a time; write 12.5 or 0:00:12.5");
    assert_refused("-i a -frames:v 1.5 b", "-frames:v: '1.5' is not a whole number; write 1500 or 10M");
    assert_refused("-i a -fs 1e30 b", "-fs: '1e30' is not a whole number; write 1500 or 10M");
    assert_refused("-i a -ac 3000000000 b", "-ac: '3000000000' is not a whole number; write 25");
    assert_refused("-i a -ar '' b", "-ar: '' is not a whole number; write 25");
    assert_refused("-i a -q nan b", "-q: 'nan' is not a number; write 2.5");
    assert_refused("-i a -s 0x0 b", "-s: '0x0' is not a frame size; write 1280x720 or hd720");
    assert_refused("-i a -r x b", "-r: 'x' is not a frame rate; write 25, 30000/1001 or ntsc");
    assert_refused("-i a -aspect 0:9 b", "-aspect: '0:9' is not an aspect ratio; write 16:9 or 1.7778");
    assert_refused("-i a -enc_time_base x b", "-enc_time_base: 'x' is not a time base; write 1:25, 0.04, 0 "
                                              "(of the frame rate) or -1 (of the source)");
    assert_refused("-i a -fps_mode slow b",
                   "-fps_mode: 'slow' is none of passthrough, cfr, vfr, drop and auto");
    assert_refused("-i a -map 1:v b", "-map 1:v: there is one input, number 0");
    assert_refused("-i a -map v b", "-map: 'v' does not begin with the number of the input, 0");
    assert_refused("-i a -map 0v b", "-map: '0v' is not a choice of streams; write 0:v or 0:a:1");
    assert_refused("-i a -map [x] b", "-map [x]: an output of -filter_complex, which is not there");
    assert_refused("-i a -map_metadata 3 b", "-map_metadata 3: there is one input, number 0");
    assert_refused("-i a -map_chapters 1 b", "-map_chapters 1: there is one input, number 0");
    assert_refused("-i a -metadata title b", "-metadata: 'title' has no '='; write title=\"A title\"");
    assert_refused("-i a -metadata:v a=b b",
                   "-metadata:v: 'v' is not a place for metadata; write g, s:STREAM, "
                   "c:CHAPTER or p:PROGRAM");
    assert_refused("-i a -sws_flags best b", "-sws_flags: 'best' is not a value of it");
    assert_refused("-i a -resampler best b", "-resampler: 'best' is not a value of it");
    assert_refused("-i a -dstw 3 b", "-dstw cannot be set directly; use -s or -pix_fmt");
    assert_refused("-v loud -i a b",
                   "-v: 'loud' is not a log level; write quiet, error, warning, info, verbose or "
                   "debug");
    assert_refused("-results gif -i a b", "-results: 'gif' is neither raw nor png");
    assert_refused("-window 0 -i a b", "-window: '0' is too little; the least is 1");
    assert_refused("-stats_period 0 -i a b", "-stats_period: '0' is not above 0");
    assert_refused("-filter_threads -1 -i a b", "-filter_threads: '-1' is too little; the least is 0");
}

static void contradictions_are_refused(void **state)
{
    assert_refused("-y -n -i a b", "-y and -n contradict each other; write one of them");
    assert_refused("-ss 5 -to 5 -i a b", "-to of the input is not later than its -ss");
    assert_refused("-i a -ss 5 -to 4 b", "-to of the output is not later than its -ss");
    assert_refused("-sseof 3 -i a b",
                   "-sseof counts back from the end; write a negative time, as -sseof -10");
    struct media_options *o = parse_good("-y -n -noy -i a b");
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

static void any_bytes_are_taken(void **state)
{
    static const char *const words[] = {"-",     "--",       "-:",  "-no",        "-no:",   "-v",  "-a",
                                        "-s:",   "\xff\xfe", "-%s", "-\x01",      "-map",   "-",   "-i",
                                        "0x",    "1e999",    "::",  "-metadata:", "=",      "-c:", "-f",
                                        "-noan", "-s",       "-ss", "nan",        "-flags", "+"};
    enum { COUNT = sizeof(words) / sizeof(words[0]) };
    unsigned seed = 1;
    for (int round = 0; round < 3000; round++) {
        char *argv[10] = {(char *)"vidmpi"};
        int argc = 1;
        while (argc < 9) {
            seed = seed * 1103515245 + 12345;
            argv[argc++] = (char *)words[(seed >> 16) % COUNT];
        }
        struct media_options *o;
        struct vid_error err = {0};
        int rc = media_options_parse(argc, argv, &o, &err);
        assert_true(rc ? !o && err.code == rc && err.text[0] : o != NULL);
        media_options_free(&o);
    }
}

static void long_names_do_not_overflow(void **state)
{
    char name[5000];
    memset(name, 'x', sizeof(name) - 1);
    name[0] = '-';
    name[sizeof(name) - 1] = '\0';
    char *argv[] = {(char *)"vidmpi", name, name, NULL};
    struct media_options *o;
    assert_int_equal(media_options_parse(3, argv, &o, NULL), -EINVAL);
    assert_null(o);
    char *empty[] = {NULL};
    assert_int_equal(media_options_parse(0, empty, &o, NULL), -EINVAL);
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
        cmocka_unit_test(one_input_and_one_output),
        cmocka_unit_test(dashes_make_the_next_word_a_name),
        cmocka_unit_test(unknown_options_are_named),
        cmocka_unit_test(absent_options_say_why),
        cmocka_unit_test(options_of_the_wrong_side),
        cmocka_unit_test(bad_values_are_shown),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(help_and_version_end_the_parsing),
        cmocka_unit_test(any_bytes_are_taken),
        cmocka_unit_test(long_names_do_not_overflow),
    };
    unsetenv("VIDMPI_REDIS");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
