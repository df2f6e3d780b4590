#include "options_check.h"

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
    assert_refused("-part -1 -i a b", "-part: '-1' is not a number of seconds; write 2.5");
    assert_refused("-task-timeout inf -i a b", "-task-timeout: 'inf' is not a number of seconds; write 2.5");
    assert_refused("-retries -1 -i a b", "-retries: '-1' is too little; the least is 0");
    assert_refused("-on-error skip -i a b",
                   "-on-error: 'skip' is none of fail, original, previous and black");
    assert_refused("-filter-memory -1 -i a b",
                   "-filter-memory: '-1' is not a number of bytes; write 2G or 512Mi");
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
        cmocka_unit_test(one_input_and_one_output), cmocka_unit_test(unknown_options_are_named),
        cmocka_unit_test(absent_options_say_why),   cmocka_unit_test(options_of_the_wrong_side),
        cmocka_unit_test(bad_values_are_shown),     cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(any_bytes_are_taken),      cmocka_unit_test(long_names_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
