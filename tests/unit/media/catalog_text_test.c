/* What the catalog reads off options: their values, their expressions, the texts of drawtext. */
#include "catalog_check.h"

static void options_with_state_are_refused(void **state)
{
    refuses("noise=alls=20:allf=t", -ENOTSUP, "noise that changes with time");
    refuses("tmix=enable='gt(t,1)'", -ENOTSUP, "older frames");
    refuses("bwdif=deint=interlaced", -ENOTSUP, "deint=all");
    refuses("bwdif=enable='gt(t,1)'", -ENOTSUP, "deint=all");
    refuses("mestimate=method=epzs", -ENOTSUP, "earlier frames");
    refuses("minterpolate", -ENOTSUP, "earlier frames");
    refuses("minterpolate=me=umh:mc_mode=aobmc", -ENOTSUP, "no two runs are the same");
    refuses("minterpolate=me=umh:vsbmc=1", -ENOTSUP, "vsbmc=1");
    refuses("fps=30:start_time=1", -ENOTSUP, "start_time moves");
    refuses("fade=start_frame=3:duration=1", -ENOTSUP, "start_frame with duration");
    refuses("fade=start_time=1:nb_frames=9", -ENOTSUP, "start_time with nb_frames");
    refuses("select='gt(scene,.3)'", -ENOTSUP, "earlier frames");
    refuses("select='not(selected_n)'", -ENOTSUP, "earlier frames");
    refuses("vignette", -ENOTSUP, "dither=0");
    refuses("shufflepixels", -ENOTSUP, "seed=NUMBER");
    refuses("histeq=antibanding=weak", -ENOTSUP, "antibanding");
    refuses("split[a][b];[a][b]convolve=impulse=first", -ENOTSUP, "impulse=first");
    refuses("interlace", -ENOTSUP, "setfield=prog before it");
    refuses("yadif=deint=interlaced,interlace", -ENOTSUP, "setfield=prog before it");
    refuses("setfield=prog,tinterlace=interleave_top:flags=bypass_il", -ENOTSUP, "in none of its pairs");
    refuses("tile=2x2:overlap=1:init_padding=1", -ENOTSUP, "overlap with init_padding");
    refuses("thumbnail=enable='gt(t,1)'", -ENOTSUP, "in none of its groups");
    refuses("waveform=envelope=peak", -ENOTSUP, "peak");
    refuses("setpts=PTS-STARTPTS", -ENOTSUP, "earlier frames");
    refuses("setpts=N/25/TB", -ENOTSUP, "uses N");
    refuses("setpts='PTS+RTCTIME'", -ENOTSUP, "the clock");
    refuses("setpts='PTS*random(0)'", -ENOTSUP, "random");
    refuses("tmix,setpts=2*PTS", -ENOTSUP,
            "\"setpts\" cannot run in parallel yet: it changes times in a graph");
    refuses("settb=1/10,tmix", -ENOTSUP, "\"settb\" cannot run in parallel yet: it changes times in a graph");
    refuses("split[a][b];[a]setpts=PTS+1[c];[c][b]blend", -ENOTSUP, "before streams are joined");
    refuses("split[a][b];[a]settb=1/10[c];[c][b]blend", -ENOTSUP, "before streams are joined");
}

/* What the same filter needs follows from its options and their names, not from how they look. */
static void options_are_read(void **state)
{
    accepts("noise=alls=20:allf=u+p");
    refuses("noise=c1s=20:c1f=t+u", -ENOTSUP, "random numbers");
    refuses("noise=alls=20:allf=a+t", -ENOTSUP, "random numbers");
    accepts("vignette=PI/4:dither=false");
    refuses("vignette=PI/4:dither=true", -ENOTSUP, "dither=0");
    accepts("normalize=smoothing=0");
    accepts("fade=t=in:start_frame=3:nb_frames=9");
    accepts("fade=t=in:st=3:d=1");
    accepts("fade=t=in:s=0:d=1");
    refuses("fade=t=in:s=3:d=1", -ENOTSUP, "start_frame with duration");
    refuses("fade=t=in:st=3:n=20", -ENOTSUP, "start_time with nb_frames");
    accepts("hue=h='mod(n,3)*t'");
    accepts("fps=10,hue=h=10*t");
    refuses("fps=10,hue=h=10*n", -ENOTSUP, "that counts them");
    refuses("hue=h='time(0)'", -ENOTSUP, "clock");
}

static void expressions_with_state_are_refused(void **state)
{
    refuses("geq=lum='random(0)*255'", -ENOTSUP, "random numbers");
    refuses("geq=lum='st(0,ld(0)+1)'", -ENOTSUP, "ld()");
    refuses("hue=h='if(gt(n,3),st(0,1));ld(0)'", -ENOTSUP, "ld()");
    refuses("hue=h=10:enable='ld(3)'", -ENOTSUP, "ld()");
    refuses("hue=h=10:enable='gt(random(1),.5)'", -ENOTSUP, "random");
    refuses("split[a][b];[a][b]overlay=x='if(isnan(x),0,x+1)'", -ENOTSUP, "its place depends");
    refuses("crop=10:10:x=y+1:y=x+1", -ENOTSUP, "its place depends");
    refuses("signalstats,drawtext=text=%{metadata\\\\:lavfi.signalstats.YDIF}", -ENOTSUP, "\"signalstats\"");
}

static void reads_text(const char *text, bool counts, bool metadata, bool state)
{
    struct text_use use = {0};

    text_use(text, &use);
    if (use.counts != counts || use.metadata != metadata || !!use.state != state)
        fail_msg("%s: counts %d, metadata %d, state %s", text, use.counts, use.metadata,
                 use.state ? use.state : "none");
}

static void expansions_of_drawtext(void **state)
{
    reads_text("", false, false, false);
    reads_text("n and random(1) are words, ld(0) too", false, false, false);
    reads_text("%{n}", true, false, false);
    reads_text("%{ n }", true, false, false);
    reads_text("frame %{frame_num} of 100", true, false, false);
    reads_text("\\%{n}", false, false, false);
    reads_text("\\\\%{n}", true, false, false);
    reads_text("%{pts}", false, false, false);
    reads_text("%{pts:hms}%{pict_type}", false, false, false);
    reads_text("%{pts:gmtime:0:n}", false, false, false);
    reads_text("%{e:t*2}", false, false, false);
    reads_text("%{expr:mod(n,2)}", true, false, false);
    reads_text("%{expr:mod(nn,2)}", false, false, false);
    reads_text("%{eif:n:d}", true, false, false);
    reads_text("%{eif\\:n\\:d}", false, false, false); /* one long name, which drawtext refuses */
    reads_text("%{eif:'ld(0)':d}", false, false, true);
    reads_text("%{e:rand(0\\,1)}", false, false, true);
    reads_text("%{e:st(0,t);ld(0)}", false, false, false);
    reads_text("%{expr:tw}", false, false, true);
    reads_text("%{expr:'x}n'}", true, false, true);
    reads_text("%{metadata:lavfi.n}", false, true, false);
    reads_text("%{pts}{metadata:n}%{metadata:a:b}%{n}", true, true, false);
    reads_text("%{localtime}", false, false, true);
    reads_text("%{gmtime:%Y}", false, false, true);
    reads_text("%{n", false, false, false);
    reads_text("%{", false, false, false);
    reads_text("%", false, false, false);
    reads_text("50 % {n}", false, false, false);
}

static void drawtext_is_read(void **state)
{
    accepts("drawtext=text=%{n}");
    accepts("drawtext=text=random(1)");
    accepts("drawtext=text='%{eif\\:n\\:d}'");
    accepts("drawtext=text=%{localtime}:expansion=none");
    accepts("drawtext=text=a:expansion=strftime:basetime=0");
    refuses("drawtext=text=a:expansion=strftime", -ENOTSUP, "the clock");
    refuses("drawtext=text=%{localtime}", -ENOTSUP, "the clock");
    refuses("drawtext=text='%{e\\:random(1)}'", -ENOTSUP, "random");
    refuses("drawtext=text=a:fontcolor_expr='%{e\\:ld(1)}'", -ENOTSUP, "ld()");
    refuses("drawtext=text=a:fontsize=th+1", -ENOTSUP, "frame before");
    refuses("drawtext=text=a:x='rand(0,1)'", -ENOTSUP, "random");
    refuses("fps=10,drawtext=text=%{n}", -ENOTSUP, "that counts them");
    refuses("fps=10,drawtext=text=a:timecode='00\\:00\\:00\\:00':rate=10", -ENOTSUP, "that counts them");
    accepts("fps=10,drawtext=text=n");
    accepts("fps=10,drawtext=text=%{n}:expansion=none");
    accepts("signalstats,drawtext=text=metadata");
    refuses("scdet,metadata=select:key=lavfi.scd.time", -ENOTSUP, "\"scdet\"");
    accepts("metadata=select:key=lavfi.scd.time");
}

static void tokens_are_whole_words(void **state)
{
    assert_null(expression_state("myrandom(0)+random"));
    assert_null(expression_state("old(0)+fld(1)"));
    assert_non_null(expression_state("1+random (0)"));
    assert_null(expression_state("st(2,5);ld(2)"));
    assert_non_null(expression_state("st(2,5);ld(3)"));
    assert_non_null(expression_state("(st(2,5));ld(2)"));
    assert_non_null(expression_state("ld(a)"));
    assert_null(expression_state("0x1F*1e3ld"));
    assert_true(expression_uses("max(x,2)", "x"));
    assert_false(expression_uses("max(xx,0x2)", "x"));
    assert_false(expression_uses("", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_with_state_are_refused),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(expressions_with_state_are_refused),
        cmocka_unit_test(expansions_of_drawtext),
        cmocka_unit_test(drawtext_is_read),
        cmocka_unit_test(tokens_are_whole_words),
    };

    return cmocka_run_group_tests_name("catalog_text", tests, check_setup, check_teardown);
}
