#include "media_check.h"

static int make_clips(void **state)
{
    if (check_setup(state) < 0)
        return -1;
    check_make("-f lavfi -i testsrc2=s=160x120:r=25:d=0.8 -c:v ffv1 plain.mkv");
    check_make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=0.4 -vf setsar=4/3 -c:v ffv1 -pix_fmt yuv422p10 deep.mkv");
    check_make("-f lavfi -i testsrc2=s=161x121:r=25:d=0.4 -c:v ffv1 -pix_fmt yuva420p alpha.mkv");
    check_make("-f lavfi -i testsrc2=s=161x121:r=25:d=0.4 -c:v png -pix_fmt pal8 palette.mkv");
    check_make("-f lavfi -i testsrc2=s=96x64:r=25:d=0.4 -c:v mpeg4 flat.mp4");
    for (int angle = 0; angle < 360; angle += 45) {
        check_make("-i flat.mp4 -c copy -metadata:s:v rotate=%d turn%d.mp4", angle, angle);
    }
    return 0;
}

/* Graphs of the catalog, also with expressions of n and t. */
static const char *const graphs[] = {
    "null",
    "hflip,vflip",
    "gblur=sigma=3",
    "edgedetect",
    "scale=80:-2,format=rgb24",
    "crop=80:60:n:n/2",
    "crop=80:60:t*20:10",
    "rotate=n/10",
    "rotate=t",
    "hue=h=n*10:s=1.5",
    "hue=s=2:enable='between(n,3,5)'",
    "negate,hue=h=n,hflip=enable='gt(n,7)'",
    "geq=lum='lum(X,Y)+N*3':cb=128:cr='128+T*50'",
    "geq=lum='st(0,X+Y);ld(0)':cb=128:cr=128",
    "eq=brightness='n/50':eval=frame",
    "split[a][b];[b]negate[c];[a][c]blend=all_expr='A*(X+N)/W+B*(1-X/W)'",
    "[in]split[a][b];[b]scale=40:30[c];[a][c]overlay=x=n*2:y=t*10[out]",
    "drawbox=x=10:y=10:w=30:h=20:color=red@0.5:t=fill",
    "split[a][b];[a][b]hstack",
    "split=3[a][b][c];[b]gblur[d];[a][d][c]xmedian=inputs=3",
    "haldclutsrc=4:r=20[h];[in][h]haldclut=shortest=1",
    "noise=alls=20",
    "lut3d=@cube",
    "transpose=1,pad=200:200:5:5:blue",
    "curves=preset=vintage",
    "nlmeans=s=3:p=3:r=5",
    "setsar=2/1,setdar=16/9,scale=w=iw*sar:h=ih",
    "vignette=dither=0",
    "perspective=x0='on':y0=0:eval=frame",
    "extractplanes=y",
    NULL,
};

static void same_as_serial(void **state)
{
    int wrong = 0;

    free(check_shell(
        "printf 'LUT_3D_SIZE 2\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n.5 0 1\n0 1 1\n1 1 .5\n' > a.cube"));
    for (int i = 0; graphs[i]; i++) {
        char filter[400];

        if (!strcmp(graphs[i], "lut3d=@cube"))
            snprintf(filter, sizeof(filter), "lut3d=%s", check_path("a.cube"));
        else
            snprintf(filter, sizeof(filter), "%s", graphs[i]);
        wrong += check_same("-i @plain.mkv", filter) != 20;
    }
    assert_int_equal(wrong, 0);
}

static void same_with_fonts(void **state)
{
    if (access("/usr/share/fonts", R_OK) < 0 ||
        system("ffmpeg -v quiet -f lavfi -i color=d=0.1 -vf drawtext=text=x -f null - 2>/dev/null") != 0)
        skip();
    assert_int_equal(check_same("-i @plain.mkv", "drawtext=text=%{n}:x=n*2:y=20:fontsize=30"), 20);
    assert_int_equal(check_same("-i @plain.mkv", "drawtext=text=%{pts}:x=10:y=t*40:fontsize=20"), 20);
    assert_int_equal(
        check_same("-i @plain.mkv", "drawtext=timecode=00\\\\:00\\\\:00\\\\:00:r=25:fontsize=20"), 20);
}

static void same_in_other_formats(void **state)
{
    static const char *const filters[] = {"null", "hflip", "scale=64:48", "gblur=2", NULL};
    int wrong = 0;

    for (int i = 0; filters[i]; i++) {
        wrong += check_same("-i @deep.mkv", filters[i]) != 10;
        wrong += check_same("-i @alpha.mkv", filters[i]) != 10;
        wrong += check_same("-i @palette.mkv", filters[i]) != 10;
    }
    assert_int_equal(wrong, 0);
}

static void same_rotation(void **state)
{
    int wrong = 0;

    for (int angle = 0; angle < 360; angle += 45) {
        char in[100];

        snprintf(in, sizeof(in), "-i @turn%d.mp4", angle);
        wrong += check_same(in, "null") != 10;
        snprintf(in, sizeof(in), "-noautorotate -i @turn%d.mp4", angle);
        wrong += check_same(in, "hflip") != 10;
    }
    assert_int_equal(wrong, 0);
}

/* One output line for each frame number. */
struct lines {
    char *text[64];
};

static int keep_line(void *opaque, struct picture **picture)
{
    size_t size;
    FILE *out = open_memstream(opaque, &size);

    check_print(out, *picture);
    fclose(out);
    picture_unref(picture);
    return 0;
}

/* Feeds the frames in this order to one chain, made anew from text as on another rank. */
static void run_in_order(const char *filter, const int *order, int count, struct lines *lines)
{
    struct check_run run;
    struct picture *pictures[64] = {0};
    struct chain_spec *spec;
    struct chain *chain;
    struct vid_error err = {0};
    char line[600], *text;
    int n = 0;

    snprintf(line, sizeof(line), "-i @plain.mkv -vf \"%s\" out.nut", filter);
    check_open(&run, line);
    while (n < 64 && (pictures[n] = check_next(&run)))
        n++;
    text = chain_spec_encode(run.spec);
    assert_int_equal(chain_spec_decode(text, &spec, &err), 0);
    assert_int_equal(chain_open(spec, &chain, &err), 0);
    for (int i = 0; i < count; i++) {
        struct picture *again = picture_ref(pictures[order[i]]);

        free(lines->text[order[i]]);
        lines->text[order[i]] = NULL;
        if (chain_filter(chain, (uint64_t)order[i], &again, keep_line, &lines->text[order[i]], &err) < 0)
            fail_msg("%s", err.text);
        assert_null(again);
    }
    chain_close(&chain);
    chain_spec_free(&spec);
    free(text);
    for (int i = 0; i < n; i++)
        picture_unref(&pictures[i]);
    check_close(&run);
}

static void order_does_not_matter(void **state)
{
    int forward[20], shuffled[40];
    int wrong = 0;

    for (int i = 0; i < 20; i++)
        forward[i] = i;
    /* Backwards in steps of seven, some twice. */
    for (int i = 0; i < 40; i++)
        shuffled[i] = (39 - i) * 7 % 20;
    for (int g = 0; graphs[g]; g++) {
        struct lines a = {0}, b = {0};

        if (strchr(graphs[g], '@') && strstr(graphs[g], "cube"))
            continue;
        run_in_order(graphs[g], forward, 20, &a);
        run_in_order(graphs[g], shuffled, 40, &b);
        for (int i = 0; i < 20; i++) {
            if (!a.text[i] || !b.text[i] || strcmp(a.text[i], b.text[i]) != 0) {
                print_error("%s: frame %d: %s against %s", graphs[g], i, a.text[i], b.text[i]);
                wrong++;
            }
            free(a.text[i]);
            free(b.text[i]);
        }
    }
    assert_int_equal(wrong, 0);
}

static void output_is_described(void **state)
{
    struct check_run run;
    struct chain_output output;
    struct vid_error err = {0};
    struct picture *picture;

    check_open(&run, "-i @plain.mkv -vf scale=320:200,setsar=2/3 out.nut");
    assert_int_equal(chain_output(run.chain, &output, &err), -EINVAL);
    picture = check_next(&run);
    assert_int_equal(chain_output(run.chain, &output, &err), 0);
    assert_int_equal(output.width, 320);
    assert_int_equal(output.height, 200);
    assert_int_equal(output.format, AV_PIX_FMT_YUV420P);
    assert_int_equal(output.frame_rate[0], 25);
    assert_int_equal(output.frame_rate[1], 1);
    assert_int_equal(output.aspect[0], 2);
    assert_int_equal(output.aspect[1], 3);
    assert_false(output.meta);
    picture_unref(&picture);
    check_close(&run);
    check_open(&run, "-i @plain.mkv out.nut");
    picture = check_next(&run);
    assert_int_equal(chain_output(run.chain, &output, &err), 0);
    assert_true(output.meta);
    picture_unref(&picture);
    check_close(&run);
}

/* The format that this encoder gets, with -pix_fmt as given. */
static const char *format_for(const char *line, struct sink_wish wish)
{
    struct check_run run;
    struct chain *chain;
    struct chain_spec *spec;
    struct chain_output output;
    struct picture *picture = NULL;
    struct vid_error err = {0};

    check_open(&run, line);
    wish.filter = run.wish.filter;
    wish.sws_opts = run.wish.sws_opts;
    wish.autoscale = true;
    if (chain_spec_build(run.options, run.source, &wish, &spec, &err) < 0 ||
        chain_open(spec, &chain, &err) < 0 || media_source_next(run.source, &picture, &err) < 0 ||
        chain_configure(chain, picture, spec, &err) < 0 || chain_output(chain, &output, &err) < 0)
        fail_msg("%s", err.text);
    if (wish.width)
        assert_int_equal(output.width, wish.width);
    picture_unref(&picture);
    chain_close(&chain);
    chain_spec_free(&spec);
    check_close(&run);
    return av_get_pix_fmt_name(output.format);
}

static void formats_are_the_encoders(void **state)
{
    struct sink_wish mjpeg = {.encoder = avcodec_find_encoder_by_name("mjpeg"),
                              .pixel_format = AV_PIX_FMT_NONE};
    struct sink_wish x264 = {.encoder = avcodec_find_encoder_by_name("libx264"),
                             .pixel_format = AV_PIX_FMT_NONE};
    struct sink_wish ffv1 = {.encoder = avcodec_find_encoder_by_name("ffv1"),
                             .pixel_format = AV_PIX_FMT_NONE};

    assert_string_equal(format_for("-i @plain.mkv o.nut", mjpeg), "yuvj420p");
    mjpeg.strict = FF_COMPLIANCE_UNOFFICIAL;
    assert_string_equal(format_for("-i @plain.mkv o.nut", mjpeg), "yuv420p");
    assert_string_equal(format_for("-i @deep.mkv o.nut", x264), "yuv422p10le");
    assert_string_equal(format_for("-i @alpha.mkv o.nut", x264), "yuv420p");
    assert_string_equal(format_for("-i @alpha.mkv o.nut", ffv1), "yuva420p");
    x264.pixel_format = AV_PIX_FMT_YUV444P;
    assert_string_equal(format_for("-i @plain.mkv o.nut", x264), "yuv444p");
    x264.pixel_format = AV_PIX_FMT_RGBA;
    assert_string_not_equal(format_for("-i @plain.mkv o.nut", x264), "rgba");
    ffv1.width = 64;
    ffv1.height = 48;
    assert_string_equal(format_for("-i @plain.mkv o.nut", ffv1), "yuv420p");
    ffv1.keep_format = true;
    assert_string_equal(format_for("-i @plain.mkv -vf hflip o.nut", ffv1), "yuv420p");
}

static void wrong_options_are_told(const char *filter, const char *part)
{
    struct check_run run;
    struct picture *picture = NULL;
    struct vid_error err = {0};
    char line[300];

    snprintf(line, sizeof(line), "-i @plain.mkv -vf \"%s\" o.nut", filter);
    check_open(&run, line);
    assert_int_equal(media_source_next(run.source, &picture, &err), 0);
    assert_true(chain_configure(run.chain, picture, NULL, &err) < 0);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    picture_unref(&picture);
    check_close(&run);
}

static void configuration_errors_quote_libavfilter(void **state)
{
    wrong_options_are_told("crop=1000:1000", "Invalid too big or non positive size");
    wrong_options_are_told("crop=out_w", "evaluating the expression 'out_w'");
}

static int refuse_picture(void *opaque, struct picture **picture)
{
    picture_unref(picture);
    return -EPIPE;
}

static void emit_can_end_it(void **state)
{
    struct check_run run;
    struct picture *picture;
    struct vid_error err = {0};
    char *line = NULL;

    check_open(&run, "-i @plain.mkv -vf hflip o.nut");
    picture = check_next(&run);
    assert_int_equal(chain_filter(run.chain, 0, &picture, refuse_picture, NULL, &err), -EPIPE);
    picture = check_next(&run);
    assert_int_equal(chain_filter(run.chain, 1, &picture, keep_line, &line, &err), 0);
    assert_non_null(line);
    free(line);
    check_close(&run);
}

static void damaged_specs_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "nonsense",
                                        "width x\n",
                                        "filter null\n",
                                        "width 99999999999\n",
                                        "filter null\nsws \ntime_base_num 1\ntime_base_den 0\n",
                                        NULL};

    for (int i = 0; texts[i]; i++) {
        struct chain_spec *spec = NULL;
        struct vid_error err = {0};

        assert_int_equal(chain_spec_decode(texts[i], &spec, &err), -EINVAL);
        assert_null(spec);
        assert_string_equal(err.text, "the text of a filter chain is damaged");
    }
}

static void spec_text_keeps_everything(void **state)
{
    struct check_run run;
    struct chain_spec *spec;
    char *a, *b;

    check_open(&run, "-i @turn90.mp4 -vf \"hflip,\nvflip\" -sws_flags lanczos o.nut");
    a = chain_spec_encode(run.spec);
    assert_int_equal(chain_spec_decode(a, &spec, NULL), 0);
    b = chain_spec_encode(spec);
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "hflip,\\nvflip"));
    assert_non_null(strstr(a, "flags=lanczos"));
    assert_non_null(strstr(a, "rotated 1"));
    free(a);
    free(b);
    chain_spec_free(&spec);
    check_close(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_serial),
        cmocka_unit_test(same_with_fonts),
        cmocka_unit_test(same_in_other_formats),
        cmocka_unit_test(same_rotation),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(output_is_described),
        cmocka_unit_test(formats_are_the_encoders),
        cmocka_unit_test(configuration_errors_quote_libavfilter),
        cmocka_unit_test(emit_can_end_it),
        cmocka_unit_test(damaged_specs_are_refused),
        cmocka_unit_test(spec_text_keeps_everything),
    };

    return cmocka_run_group_tests_name("chain", tests, make_clips, check_teardown);
}
