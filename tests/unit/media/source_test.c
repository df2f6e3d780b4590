#include "media_check.h"

/* Clips with what real files bring. */
static int make_clips(void **state)
{
    if (check_setup(state) < 0)
        return -1;
    check_make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -preset ultrafast -bf 2 "
        "-g 10 -x264-params b-pyramid=1 -c:a aac plain.mp4");
    check_make("-i plain.mp4 -c copy plain.mkv");
    check_make("-i plain.mp4 -c copy -muxdelay 0.7 plain.ts");
    check_make("-i plain.mp4 -c copy -output_ts_offset 5.3 late.mkv");
    check_make("-i plain.mp4 -c copy -metadata:s:v rotate=90 turned.mp4");
    check_make("-f lavfi -i testsrc2=s=160x120:r=25:d=1 -c:v libx265 -preset ultrafast -pix_fmt yuv420p10 "
               "-x265-params "
               "log-level=error ten.mp4");
    check_make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -vf \"select='not(mod(n,3))+gt(n,30)'\" -fps_mode vfr -c:v "
        "libx264 -preset ultrafast vfr.mp4");
    check_make("-f lavfi -i testsrc2=s=161x121:r=25:d=1 -c:v ffv1 -pix_fmt yuv420p odd.mkv");
    check_make("-f lavfi -i testsrc2=s=160x120:r=50:d=1 -vf interlace,setfield=tff -c:v mpeg2video -flags "
               "+ildct+ilme "
               "laced.mpg");
    check_make("-f lavfi -i testsrc2=s=160x120:r=25:d=1 -vf format=yuva420p,geq=lum='lum(X\\,Y)':a='X+Y/2' "
               "-c:v ffv1 alpha.mkv");
    check_make("-f lavfi -i testsrc2=s=162x120:r=25:d=1 -c:v qtrle -pix_fmt argb argb.mov");
    check_make("-f lavfi -i testsrc2=s=162x120:r=25:d=1 -c:v png -pix_fmt rgba rgba.mkv");
    check_make("-f lavfi -i testsrc2=s=160x120:r=10:d=1 -c:v gif pal.gif");
    check_make("-f lavfi -i testsrc2=s=160x120:r=10:d=1 -c:v qtrle -pix_fmt gray pal.mov");
    check_make("-i plain.mp4 -c copy -bsf:v noise=amount=-200 -an damaged.mkv 2>/dev/null");
    free(check_shell("head -c 40000 plain.ts > cut.ts; head -c 20000 plain.mkv > cut.mkv"));
    check_make("-i plain.mp4 -c copy -an raw.h264");
    check_make("-f lavfi -i testsrc2=s=160x120:r=25:d=1 -vf setsar=4/3 -c:v mpeg4 -b:v 300k wide.avi");
    check_make("-f lavfi -i sine=d=1 sound.wav");
    free(check_shell(
        "ffmpeg -v error -y -i plain.mp4 -c copy -an -t 1 -f h264 a.h264; ffmpeg -v error -y -f lavfi -i "
        "testsrc2=s=96x80:r=25:d=1 -c:v libx264 -preset ultrafast -f h264 b.h264; cat a.h264 b.h264 > "
        "sizes.h264; : > empty.mp4; echo hello hello hello > text.mp4; mkdir -p folder.mp4"));
    return 0;
}

static void same_on_every_clip(void **state)
{
    static const char *const clips[] = {"plain.mp4", "plain.mkv", "plain.ts", "late.mkv",  "turned.mp4",
                                        "ten.mp4",   "vfr.mp4",   "odd.mkv",  "laced.mpg", "alpha.mkv",
                                        "argb.mov",  "rgba.mkv",  "pal.gif",  "pal.mov",   "damaged.mkv",
                                        "cut.ts",    "cut.mkv",   "raw.h264", "wide.avi",  NULL};

    int wrong = 0;

    for (int i = 0; clips[i]; i++) {
        char in[200];

        /* With frame threads the decoder's concealment of damage differs from run to run, in ffmpeg too. */
        snprintf(in, sizeof(in), "%s -i @%s", strstr(clips[i], "damaged") ? "-threads 1" : "", clips[i]);
        wrong += check_same(in, "null") < 3;
    }
    assert_int_equal(wrong, 0);
}

static void same_with_input_times(void **state)
{
    static const char *const times[] = {
        "-ss 0.5",
        "-ss 0.5 -t 0.3",
        "-t 0.33",
        "-to 0.7",
        "-ss 0.5 -to 0.7",
        "-ss 0.51 -noaccurate_seek",
        "-r 10",
        "-r 30000/1001 -ss 0.4",
        "-itsoffset 1.5",
        "-copyts -ss 0.5 -t 0.4",
        "-copyts -start_at_zero -ss 0.5",
        "-stream_loop 1",
        "-sseof -0.5",
        NULL,
    };
    static const char *const clips[] = {"plain.mp4", "plain.ts", "late.mkv", "vfr.mp4", "plain.mkv", NULL};

    int wrong = 0;

    for (int c = 0; clips[c]; c++)
        for (int t = 0; times[t] && (c < 2 || t < 5); t++) {
            char in[300];

            snprintf(in, sizeof(in), "%s -i @%s", times[t], clips[c]);
            wrong += check_same(in, "null") < 0;
        }
    assert_int_equal(wrong, 0);
}

static void changing_size_is_scaled_to_the_first(void **state)
{
    assert_true(check_same("-i @sizes.h264", "null") > 40);
    assert_true(check_same("-i @sizes.h264", "hue=h=n*10,hflip") > 40);
}

static void decoder_options_reach_the_decoder(void **state)
{
    assert_true(check_same("-threads 1 -i @plain.mp4", "null") > 0);
    assert_true(check_same("-threads 1 -flags2 +export_mvs -i @plain.mp4", "codecview=mv=pf+bf+bb") > 0);
    assert_true(check_same("-skip_frame nokey -i @plain.mp4", "null") > 0);
    assert_true(check_same("-f h264 -i @raw.h264", "null") > 0);
    assert_true(check_same("-c:v h264 -i @plain.mp4", "null") > 0);
}

static void refuses(const char *line, int code, const char *part)
{
    struct media_options *options = check_options(line);
    struct media_source *source = NULL;
    struct vid_error err = {0};
    int rc = media_source_open(options, &source, &err);

    if (rc >= 0)
        rc = source_select_video(source, check_first_video(source), &err);
    if (rc >= 0 || !strstr(err.text, part))
        fail_msg("%s: %d \"%s\", expected \"%s\"", line, rc, err.text, part);
    if (code)
        assert_int_equal(rc, code);
    media_source_close(&source);
    media_options_free(&options);
}

static void bad_input_is_one_sentence(void **state)
{
    refuses("-i @missing.mp4 out.mkv", -ENOENT, "missing.mp4\" cannot be opened: No such file");
    refuses("-i @folder.mp4 out.mkv", -EISDIR, "is a folder");
    refuses("-i @empty.mp4 out.mkv", -ENODATA, "is an empty file");
    refuses("-i @text.mp4 out.mkv", AVERROR_INVALIDDATA, "is not a media file");
    refuses("-i @sound.wav out.mkv", -ENODATA, "has no video stream that can be filtered");
    refuses("-f nosuch -i @plain.mp4 out.mkv", -EINVAL, "unknown input format \"nosuch\"");
    refuses("-c:v nosuch -i @plain.mp4 out.mkv", -EINVAL, "unknown decoder \"nosuch\"");
    refuses("-c:v aac -i @plain.mp4 out.mkv", -EINVAL, "is for audio");
    refuses("-pixel_format gray -i @plain.mp4 out.mkv", -EINVAL, "option -pixel_format is not known");
    refuses("-i nosuch://x out.mkv", 0, "nosuch://x");
}

static void unreadable_file_is_named(void **state)
{
    if (geteuid() == 0)
        skip();
    free(check_shell("cp plain.mp4 secret.mp4; chmod 0 secret.mp4"));
    refuses("-i @secret.mp4 out.mkv", -EACCES, "Permission denied");
}

static void damage_is_counted(void **state)
{
    struct check_run run;
    struct picture *picture;
    struct source_stats stats;

    check_open(&run, "-i @damaged.mkv out.nut");
    while ((picture = check_next(&run)))
        picture_unref(&picture);
    stats = media_source_stats(run.source);
    assert_true(stats.packets > 0);
    assert_int_equal(stats.pictures, run.next);
    assert_true(stats.decode_errors + stats.corrupt > 0);
    check_close(&run);
}

static void xerror_stops_at_damage(void **state)
{
    struct check_run run;
    struct picture *picture = NULL;
    struct vid_error err = {0};
    int rc;

    check_open(&run, "-xerror -i @damaged.mkv out.nut");
    while ((rc = media_source_next(run.source, &picture, &err)) == 0)
        picture_unref(&picture);
    assert_int_not_equal(rc, VID_EOF);
    assert_true(strlen(err.text) > 10);
    check_close(&run);
}

static void info_is_an_estimate(void **state)
{
    struct check_run run;
    struct source_info info;

    check_open(&run, "-i @plain.mp4 out.nut");
    info = media_source_info(run.source);
    assert_int_equal(info.frames, 50);
    assert_true(info.seconds > 1.9 && info.seconds < 2.1);
    assert_true(info.frames_per_second > 24.9 && info.frames_per_second < 25.1);
    check_close(&run);
    check_open(&run, "-ss 1 -t 0.4 -i @plain.mp4 out.nut");
    assert_int_equal(media_source_info(run.source).frames, 10);
    check_close(&run);
}

static void stop_ends_the_input(void **state)
{
    struct check_run run;
    struct picture *picture;

    check_open(&run, "-i @plain.mp4 out.nut");
    picture = check_next(&run);
    assert_non_null(picture);
    picture_unref(&picture);
    media_source_stop(run.source);
    assert_null(check_next(&run));
    check_close(&run);
}

/* What the sink's callback saw of one stream. */
struct seen {
    int packets, ends, limit;
    int64_t last_dts;
};

static int see_packet(void *opaque, struct source_stream *stream, const AVPacket *packet,
                      struct vid_error *err)
{
    struct seen *seen = opaque;

    if (!packet) {
        seen->ends++;
        return 0;
    }
    seen->packets++;
    seen->last_dts = packet->dts;
    assert_int_equal(stream->dts, av_rescale_q(packet->dts, stream->st->time_base, AV_TIME_BASE_Q));
    return seen->limit && seen->packets >= seen->limit ? VID_EOF : 0;
}

static struct seen copy_stream(const char *line, int index, int limit)
{
    struct check_run run;
    struct picture *picture;
    struct seen seen = {.limit = limit};

    check_open(&run, line);
    assert_int_equal(source_want_stream(run.source, index, SOURCE_COPY, see_packet, &seen, NULL), 0);
    while ((picture = check_next(&run)))
        picture_unref(&picture);
    check_close(&run);
    return seen;
}

static void other_streams_reach_the_sink(void **state)
{
    char *count = check_shell("ffprobe -v error -select_streams a -count_packets -show_entries "
                              "stream=nb_read_packets -of csv=p=0 plain.mp4");
    struct seen seen = copy_stream("-i @plain.mp4 out.nut", 1, 0);

    assert_int_equal(seen.packets, atoi(count));
    assert_int_equal(seen.ends, 1);
    /* The video is trimmed, the sound goes on until the sink has enough. */
    seen = copy_stream("-t 0.2 -i @plain.mp4 out.nut", 1, 0);
    assert_int_equal(seen.packets, atoi(count));
    seen = copy_stream("-t 0.2 -i @plain.mp4 out.nut", 1, 15);
    assert_int_equal(seen.packets, 15);
    assert_int_equal(seen.ends, 0);
    free(count);
}

static void the_filtered_stream_can_be_copied_too(void **state)
{
    struct check_run run;
    struct picture *picture;
    struct vid_error err = {0};

    check_open(&run, "-i @plain.mp4 out.nut");
    assert_int_equal(source_select_video(run.source, 0, &err), -EINVAL);
    assert_non_null(strstr(err.text, "only one"));
    assert_int_equal(source_want_stream(run.source, 9, SOURCE_COPY, see_packet, NULL, NULL), -EINVAL);
    picture = check_next(&run);
    picture_unref(&picture);
    check_close(&run);
}

static void trim_is_by_pts(void **state)
{
    struct source_times times;
    struct check_run run;

    check_open(&run, "-ss 0.5 -t 1 -i @late.mkv out.nut");
    times = source_times(run.source);
    assert_int_equal(times.start_time, 500000);
    assert_int_equal(times.recording_time, 1000000);
    assert_true(times.start_time_effective > 5000000);
    check_close(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_on_every_clip),
        cmocka_unit_test(same_with_input_times),
        cmocka_unit_test(changing_size_is_scaled_to_the_first),
        cmocka_unit_test(decoder_options_reach_the_decoder),
        cmocka_unit_test(bad_input_is_one_sentence),
        cmocka_unit_test(unreadable_file_is_named),
        cmocka_unit_test(damage_is_counted),
        cmocka_unit_test(xerror_stops_at_damage),
        cmocka_unit_test(info_is_an_estimate),
        cmocka_unit_test(stop_ends_the_input),
        cmocka_unit_test(other_streams_reach_the_sink),
        cmocka_unit_test(the_filtered_stream_can_be_copied_too),
        cmocka_unit_test(trim_is_by_pts),
    };

    return cmocka_run_group_tests_name("source", tests, make_clips, check_teardown);
}
