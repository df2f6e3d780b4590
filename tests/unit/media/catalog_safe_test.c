#include "media_check.h"

#include "media/catalog_safe.h"

#include <ctype.h>
#include <libavfilter/avfilter.h>
#include <libavutil/opt.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folders[3]; /* that are allowed */

static int make_folders(void **state)
{
    static const char list[] = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://example.org/a.ts\n";
    static char tagged[8192] = "ID3\4\0\0\0\0\x27\x10"; /* a tag of 5008 bytes, with its head 5018 */

    if (check_setup(state) < 0)
        return -1;
    mkdir(check_path("in"), 0777);
    mkdir(check_path("out"), 0777);
    mkdir(check_path("inside"), 0777);
    io_write_file(check_path("in/a.cube"), "x", 1, false, NULL);
    io_write_file(check_path("in/a.m3u8"), list, strlen(list), false, NULL);
    io_write_file(check_path("in/b"), "ffconcat version 1.0\nfile x\n", 28, false, NULL);
    io_write_file(check_path("out/b.cube"), "x", 1, false, NULL);
    io_write_file(check_path("inside/c.cube"), "x", 1, false, NULL);
    memcpy(tagged + 5018, list, sizeof(list));
    io_write_file(check_path("in/tagged"), tagged, sizeof(tagged), false, NULL);
    symlink("../out/b.cube", check_path("in/link"));
    symlink("in", check_path("alias"));
    mkfifo(check_path("in/pipe"), 0666);
    folders[0] = strdup("/nowhere/at/all");
    folders[1] = strdup(check_path("alias"));
    return chdir(check_dir);
}

static int remove_folders(void **state)
{
    free((char *)(uintptr_t)folders[0]);
    free((char *)(uintptr_t)folders[1]);
    return check_teardown(state);
}

/* "~" in the graph is the clips' folder. */
static int check(const char *graph, bool allowed, struct vid_error *err)
{
    char text[1000], *to = text;

    for (; *graph; graph++)
        if (*graph == '~')
            to = stpcpy(to, check_dir);
        else
            *to++ = *graph;
    *to = '\0';
    return catalog_safe(text, allowed ? folders : NULL, err);
}

static void passes(const char *graph, bool allowed)
{
    struct vid_error err = {0};

    if (check(graph, allowed, &err) != 0)
        fail_msg("%s: %s", graph, err.text);
}

static void refuses(const char *graph, bool allowed, const char *one, const char *two)
{
    struct vid_error err = {0};
    int rc = check(graph, allowed, &err);

    if (rc != -EPERM || !strstr(err.text, one) || !strstr(err.text, two) || !strstr(err.text, "-safe"))
        fail_msg("%s: %d \"%s\", wanted %s, %s", graph, rc, err.text, one, two);
}

static const AVOption *option_of(const AVFilter *filter, const char *name)
{
    return filter->priv_class
               ? av_opt_find((void *)(uintptr_t)&filter->priv_class, name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ)
               : NULL;
}

static void every_rule_refuses(void **state)
{
    int tried = 0;

    for (const struct safe_rule *rule = catalog_safe_rules; rule->filter; rule++) {
        const AVFilter *filter = avfilter_get_by_name(rule->filter);
        char graph[200], quoted[64];

        if (!filter || (rule->option && !option_of(filter, rule->option)))
            continue; /* of another version or build */
        snprintf(graph, sizeof(graph), "null,%s%s%s%s", rule->filter, rule->option ? "@x=" : "",
                 rule->option ? rule->option : "", rule->option ? "=/etc/passwd" : "");
        snprintf(quoted, sizeof(quoted), "\"%s\"", rule->option ? rule->option : rule->filter);
        refuses(graph, true, rule->filter, quoted);
        tried++;
    }
    assert_true(tried >= 60);
}

static void rules_are_in_order(void **state)
{
    for (const struct safe_rule *rule = catalog_safe_rules; rule[1].filter; rule++) {
        int order = strcmp(rule[0].filter, rule[1].filter);

        if (order > 0 || (order == 0 && (!rule->option || strcmp(rule->option, rule[1].option) >= 0)))
            fail_msg("%s, %s", rule->filter, rule->option ? rule->option : "");
        if (!rule->access)
            fail_msg("%s has no access", rule->filter);
    }
}

static void harmless_graphs_pass(void **state)
{
    passes("null", false);
    passes("sws_flags=bicubic;[in]split[a][b];[b]negate[c];[a][c]overlay@o=x=3:y=4[out]", false);
    passes("drawtext=text=%{metadata\\\\:lavfi.x}:font=Sans:x=10", false);
    passes("scale=320:240:flags=lanczos,eq=contrast=1.2:enable='gt(t,1)'", false);
    passes("metadata=print", false);
    passes("psnr", false);
    passes("signature", false); /* writes nothing without a file's name */
    passes("curves=vintage,selectivecolor=reds=1 0 0 0", false);
    passes("lut3d,psnr=f=", false); /* for libavfilter to refuse */
    passes("amerge,pan=stereo|c0=c0|c1=c1,volume=2", false);
}

static void all_ways_to_write_an_option_are_found(void **state)
{
    refuses("lut3d=/etc/passwd", false, "\"lut3d\"", "\"file\"");
    refuses("lut3d=file=/etc/passwd", false, "\"lut3d\"", "\"file\"");
    refuses("lut3d@name=file=/etc/passwd", false, "\"lut3d\"", "\"file\"");
    refuses("lut3d='fi'le\\=/etc/passwd", false, "\"lut3d\"", "/etc/passwd");
    refuses("'lut3d'=interp=nearest:file=/etc/passwd", false, "\"lut3d\"", "\"file\"");
    refuses("lut3d=interp=nearest:/etc/passwd", false, "\"lut3d\"", "cannot be understood");
    refuses("[a] lut3d = file = /etc/passwd [b]", false, "\"lut3d\"", "/etc/passwd");
    refuses("null;null,[a]null,lut1d=/etc/passwd", false, "\"lut1d\"", "\"file\"");
    refuses("ass=f=/etc/passwd", false, "\"ass\"", "\"filename\"");
    refuses("drawtext=/etc/passwd:x", false, "\"drawtext\"", "\"fontfile\"");
    refuses("drawtext=:x:/etc/passwd", false, "\"drawtext\"", "\"textfile\"");
    refuses("curves=none::::::/etc/passwd", false, "\"curves\"", "\"psfile\"");
    refuses("metadata=mode=print:file=-", false, "\"metadata\"", "writes a file");
    refuses("null,ssim=stats_file=a:f=", false, "\"ssim\"", "writes a file");
    refuses("lut3d=/file=/etc/passwd", true, "\"lut3d\"", "\"/file\"");
    refuses("drawtext=/text=~/in/a.cube", true, "\"drawtext\"", "\"/text\"");
}

static void files_that_are_read_by_default(void **state)
{
    refuses("nnedi", false, "\"weights\"", "nnedi3_weights.bin");
    refuses("vidstabtransform", true, "\"input\"", "transforms.trf");
    refuses("vidstabdetect", true, "\"result\"", "writes a file");
    passes("vidstabtransform=~/in/a.cube", true);
    passes("vidstabtransform=input=", false);
}

static void folders_are_allowed_for_reading(void **state)
{
    passes("lut3d=~/in/a.cube", true);
    passes("lut3d=in/a.cube", true);
    passes("lut3d=~/alias/../in/./a.cube", true);
    passes("subtitles=~/in/a.cube:fontsdir=~/in", true);
    refuses("lut3d=~/in/a.cube", false, "in no folder", "-safe-allow DIR");
    refuses("lut3d=~/out/b.cube", true, "in no folder", "/out/b.cube");
    refuses("lut3d=~/in/../out/b.cube", true, "in no folder", "/out/b.cube");
    refuses("lut3d=~/inside/c.cube", true, "in no folder", "/inside/c.cube");
    refuses("lut3d=~/in/link", true, "in no folder", "/in/link");
    refuses("lut3d=~/in/none", true, "in no folder", "/in/none");
    refuses("subtitles=~/in/a.cube:fontsdir=~", true, "\"fontsdir\"", "in no folder");
    refuses("metadata=print:file=~/in/a.cube", true, "\"metadata\"", "writes a file");
    refuses("deshake=filename=~/in/a.cube", true, "\"deshake\"", "writes a file");
    refuses("movie=~/in/a.cube:f=lavfi", true, "\"format_name\"", "more than the file");
    refuses("movie=~/in/a.cube:format_opts=a=b", true, "\"format_opts\"", "more than the file");
    refuses("movie=~/in/pipe", true, "\"movie\"", "neither a file nor a folder");
}

static void other_files_are_not_reached_by_one_that_is_allowed(void **state)
{
    refuses("movie=~/in/a.m3u8", true, "\"movie\"", "list of other files");
    refuses("movie=~/in/tagged", true, "\"movie\"", "list of other files");
    refuses("movie=~/in/b", true, "\"movie\"", "list of other files");
    refuses("movie=file\\\\:~/in/a.cube", true, "\"movie\"", "not the plain path");
    refuses("movie=concat\\\\:~/in/a.cube", true, "\"movie\"", "not the plain path");
    refuses("movie=http\\\\://example.org/a", true, "\"movie\"", "not the plain path");
}

static void what_is_unknown_is_refused(void **state)
{
    struct vid_error err = {0};

    refuses("nonesuch", true, "\"nonesuch\"", "none of libavfilter's");
    refuses("null,nonesuch=a=b", true, "\"nonesuch\"", "none of libavfilter's");
    assert_int_equal(catalog_safe("null,[", NULL, &err), -EINVAL);
}

static void graphs_of_sound_and_video_are_looked_at(void **state)
{
    static const struct {
        const char *line;
        int rc;
    } cases[] = {
        {"-safe -i a -vf lut3d=/etc/passwd b", -EPERM},
        {"-safe -i a -vf null -af amovie=/etc/passwd,amix b", -EPERM},
        {"-safe -i a -filter:v:1 lut3d=/etc/passwd -filter:v:0 null b", -EPERM},
        {"-safe -i a -vf null b", 0},
        {"-safe -safe-allow /etc -i a -vf lut3d=/etc/passwd b", 0},
        {"-safe -safe-allow /usr -safe-allow /etc -i a -vf lut3d=/etc/passwd b", 0},
        {"-i a -vf lut3d=/etc/passwd b", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct media_options *options = check_options(cases[i].line);
        struct vid_error err = {0};

        if (media_options_safe(options, &err) != cases[i].rc)
            fail_msg("%s: %s", cases[i].line, err.text);
        media_options_free(&options);
    }
}

static bool has_any(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (text && strcasestr(text, *words))
            return true;
    return false;
}

/* Whether the option's name or help sounds as if it reached outside. */
static bool smells(const AVOption *option)
{
    static const char *const names[] = {"file", "path",    "dir",   "model",  "stats",  "plot", "url",
                                        "uri",  "address", "sofa",  "plugin", "cover",  "dump", "hint",
                                        "log",  "shader",  "cache", "lib",    "source", NULL};
    static const char *const helps[] = {"file",    "path",    "directory", "folder", "address",
                                        "url",     "library", "script",    "shader", "plugin",
                                        "network", "command", "program",   "log ",   NULL};

    return has_any(option->name, names) || has_any(option->help, helps);
}

/* They sound so, and are not. */
static bool is_harmless(const char *filter, const char *option)
{
    static const char *const known[] = {"drawbox.box_source",  "drawtext.text_source",   "tmix.weights",
                                        "hwmap.derive_device", "hwupload.derive_device", NULL};
    char name[100];

    snprintf(name, sizeof(name), "%s.%s", filter, option);
    for (int i = 0; known[i]; i++)
        if (!strcmp(known[i], name))
            return true;
    return false;
}

static bool has_rule(const AVFilter *filter, const AVOption *option)
{
    for (const struct safe_rule *rule = catalog_safe_rules; rule->filter; rule++) {
        const AVOption *own = rule->option ? option_of(filter, rule->option) : option;

        if (!strcmp(rule->filter, filter->name) && own && own->offset == option->offset)
            return true;
    }
    return false;
}

/* A new version of libavfilter may have new ones. */
static void every_option_that_sounds_so_has_a_rule(void **state)
{
    const AVFilter *filter;
    void *iterator = NULL;
    int found = 0;

    while ((filter = av_filter_iterate(&iterator))) {
        const AVOption *option = NULL;

        while (filter->priv_class && (option = av_opt_next((void *)(uintptr_t)&filter->priv_class, option))) {
            bool text = option->type == AV_OPT_TYPE_STRING || option->type == AV_OPT_TYPE_DICT ||
                        option->type == AV_OPT_TYPE_BINARY;

            if (!text || !smells(option) || is_harmless(filter->name, option->name))
                continue;
            found++;
            if (!has_rule(filter, option))
                fail_msg("filter %s, option %s (%s): does it reach outside? It needs a row in "
                         "catalog_safe_table.c, "
                         "or in is_harmless of this test",
                         filter->name, option->name, option->help ? option->help : "");
        }
    }
    assert_true(found > 60);
}

static void access_of_a_filter(void **state)
{
    assert_int_equal(catalog_access("null"), 0);
    assert_int_equal(catalog_access("lut3d"), SAFE_READ);
    assert_int_equal(catalog_access("curves"), SAFE_READ | SAFE_WRITE);
    assert_int_equal(catalog_access("scale"), 0);
    assert_int_equal(catalog_access("zmq"), SAFE_NETWORK | SAFE_CODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_refuses),
        cmocka_unit_test(rules_are_in_order),
        cmocka_unit_test(harmless_graphs_pass),
        cmocka_unit_test(all_ways_to_write_an_option_are_found),
        cmocka_unit_test(files_that_are_read_by_default),
        cmocka_unit_test(folders_are_allowed_for_reading),
        cmocka_unit_test(other_files_are_not_reached_by_one_that_is_allowed),
        cmocka_unit_test(what_is_unknown_is_refused),
        cmocka_unit_test(graphs_of_sound_and_video_are_looked_at),
        cmocka_unit_test(every_option_that_sounds_so_has_a_rule),
        cmocka_unit_test(access_of_a_filter),
    };

    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
