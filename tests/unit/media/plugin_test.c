/* Loading of plugins: what is of no use is told and left out, the rest works. */
#include "media/catalog_safe.h"
#include "media/job_key.h"
#include "media/plugin.h"
#include "media_check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define GOOD PLUGINS "/good/good.so"

static void refuses(const char *path, int code, const char *why)
{
    struct plugin_set set = {0};
    struct vid_error err = {0};

    assert_int_equal(plugin_set_add_file(&set, path, &err), code);
    if (!strstr(err.text, path) || !strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    assert_int_equal(set.count, 0);
    plugin_set_clear(&set);
}

static void bad_objects_are_refused(void **state)
{
    refuses(PLUGINS "/bad/future.so", -ELIBBAD,
            "was built for version 2 of media/filter.h, this vidmpi has 1");
    refuses(PLUGINS "/bad/other.so", -ELIBBAD, "has no function vidmpi_plugin");
    refuses(PLUGINS "/bad/nothing.so", -ENOENT, "No such file");
    free(check_shell("echo no object >text.so"));
    refuses(check_path("text.so"), -ELIBBAD, "cannot be loaded");
}

/* What is logged while a folder is added. */
static char *add_folder(struct plugin_set *set, const char *folder)
{
    int kept = dup(STDERR_FILENO), file = open(check_path("log"), O_CREAT | O_TRUNC | O_WRONLY, 0600);

    dup2(file, STDERR_FILENO);
    log_setup(LOG_WARNING, "test");
    plugin_set_add_folder(set, folder);
    log_setup(LOG_QUIET, "test");
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(file);
    return check_shell("cat log");
}

static void the_rest_works(void **state)
{
    static const char *const told[] = {
        "future.so was built for",
        "other.so has no function",
        "names.so: its filter \"mirror\" is left out, there is one of that name in /",
        "its filter \"hflip\" is left out, there is one of that name in libavfilter",
        "name is \"Big\", not lower case",
        "\"no_process\" has no process()",
        "\"odd_format\" takes the pixel format \"yuv421q\"",
        "option number of filter \"outside\" lies outside",
        "filter \"preset\": option number cannot be \"10\"; it takes whole numbers from 0 to 9",
        NULL};
    struct plugin_set set = {0};
    char *log;

    free(add_folder(&set, PLUGINS "/good"));
    log = add_folder(&set, PLUGINS "/bad");
    for (int i = 0; told[i]; i++)
        if (!strstr(log, told[i]))
            fail_msg("no \"%s\" in: %s", told[i], log);
    free(log);
    assert_string_equal(plugin_set_find(&set, "mirror")->path, GOOD);
    assert_string_equal(plugin_set_find(&set, "fine")->plugin->name, "bad");
    assert_null(plugin_set_find(&set, "hflip"));
    assert_null(plugin_set_find(&set, "preset"));
    plugin_set_clear(&set);
}

static void the_first_folder_counts(void **state)
{
    struct plugin_set set = {0};

    free(add_folder(&set, PLUGINS "/bad"));
    free(add_folder(&set, PLUGINS "/good"));
    assert_string_equal(plugin_set_find(&set, "mirror")->plugin->name, "bad");
    assert_string_equal(plugin_set_find(&set, "mean")->plugin->name, "tests");
    plugin_set_clear(&set);
}

static void one_object_once(void **state)
{
    struct plugin_set set = {0};
    char *log;
    int count;

    free(check_shell("mkdir -p links && ln -sf " GOOD
                     " links/again.so && touch links/.hidden.so links/x.txt"));
    free(add_folder(&set, PLUGINS "/good"));
    count = set.count;
    log = add_folder(&set, check_path("links"));
    assert_string_equal(log, "");
    assert_int_equal(set.count, count);
    free(log);
    log = add_folder(&set, check_path("nowhere"));
    assert_string_equal(log, "");
    free(log);
    plugin_set_clear(&set);
}

static void found_by_the_path(void **state)
{
    char folders[1000];

    assert_non_null(plugin_find("mirror"));
    assert_null(plugin_find("hflip"));
    assert_non_null(plugin_at(0));
    assert_null(plugin_at(1000));
    plugin_folders(folders, sizeof(folders));
    assert_ptr_equal(strstr(folders, "/nowhere, " PLUGINS "/good, "), folders);
    assert_non_null(strstr(folders, "/plugins, "));
    assert_non_null(strstr(folders, " and "));
}

static void a_graph_lists_its_plugins(void **state)
{
    struct vid_error err = {0};
    char *list;

    assert_int_equal(plugin_list_of("scale=10:10,hflip", &list, &err), 0);
    assert_null(list);
    assert_int_equal(plugin_list_of("mirror,scale=10:10,mean,hflip", &list, &err), 0);
    assert_string_equal(list, GOOD "\ttests\t1.2");
    assert_int_equal(plugin_use_list(list, &err), 0);
    free(list);
    assert_int_equal(plugin_use_list(GOOD "\ttests\t1.3", &err), -EINVAL);
    assert_non_null(strstr(err.text, "is tests 1.2 on "));
    assert_non_null(strstr(err.text, "but tests 1.3 where the job was started"));
    vid_error_clear(&err);
    assert_int_equal(plugin_use_list("/nowhere/x.so\tx\t1", &err), -ENOENT);
    assert_non_null(strstr(err.text, "plugin /nowhere/x.so: No such file"));
    vid_error_clear(&err);
    assert_int_equal(plugin_use_list(PLUGINS "/bad/future.so\tbad\t1", &err), -ELIBBAD);
    vid_error_clear(&err);
    assert_int_equal(plugin_use_list(PLUGINS "/good/good.so", &err), -EINVAL);
}

static void key_of(const char *filter, char *key)
{
    char line[200];
    struct vid_error err = {0};
    struct media_options *options;

    snprintf(line, sizeof(line), "-i @log -vf %s o.nut", filter);
    options = check_options(line);
    if (media_job_key(options, key, &err) < 0)
        fail_msg("%s", err.text);
    media_options_free(&options);
}

/* A plugin of another version makes another job. */
static void the_jobs_key_has_versions(void **state)
{
    const struct plugin_filter *mirror = plugin_find("mirror");
    struct vidmpi_plugin other = {VIDMPI_FILTER_ABI, "tests", "1.3", mirror->plugin->filters};
    struct plugin_filter *changed = (struct plugin_filter *)(uintptr_t)mirror, before = *mirror;
    char first[JOB_KEY_BYTES], same[JOB_KEY_BYTES], next[JOB_KEY_BYTES];

    free(check_shell("echo a >log"));
    key_of("mirror", first);
    key_of("mirror", same);
    assert_string_equal(first, same);
    changed->plugin = &other;
    key_of("mirror", next);
    assert_string_not_equal(first, next);
    key_of("hflip", next);
    *changed = before;
    key_of("hflip", same);
    assert_string_equal(same, next);
}

/* "~" in the graph is the clips' folder, which is allowed. */
static void safe_is(const char *graph, int code, const char *why)
{
    const char *const folders[] = {check_dir, NULL}, *home = strchr(graph, '~');
    struct vid_error err = {0};
    char text[300];

    snprintf(text, sizeof(text), "%.*s%s%s", (int)strcspn(graph, "~"), graph, home ? check_dir : "",
             home ? home + 1 : "");
    assert_int_equal(catalog_safe(text, folders, &err), code);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

/* -safe trusts the plugin and not its options. */
static void files_of_options_must_be_allowed(void **state)
{
    free(check_shell("echo a >model && rm -f log"));
    safe_is("mirror,options", 0, "");
    safe_is("options=file=/its/own", 0, "");
    safe_is("options=text=/etc/passwd", 0, "");
    safe_is("options=file=~/model", 0, "");
    safe_is("hflip,options=file=/etc/passwd", -EPERM,
            "-safe refuses the option \"file\" of filter \"options\": ");
    safe_is("options=file=~/../../etc/passwd", -EPERM, "-safe refuses the option \"file\"");
    safe_is("options=number=1000", -EINVAL, "option number cannot be");
    safe_is("nosuch", -EPERM,
            "-safe refuses filter \"nosuch\": it is none of libavfilter's, nor of a plugin");
}

static char *help_of(const char *name)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    media_options_help_filter(name, out);
    fclose(out);
    return text;
}

static void help_shows_options(void **state)
{
    char *text = help_of("options");

    assert_ptr_equal(strstr(text, "Filter options of plugin tests 1.2 (" GOOD ")\n  one of each\n"), text);
    assert_non_null(strstr(
        text, "   number       <int>      a whole number (whole numbers from -10 to 100; default 7)\n"));
    assert_non_null(
        strstr(text, "   choice       <choice>   one of three (fast, good, best; default good)\n"));
    free(text);
    text = help_of("hflip");
    assert_non_null(strstr(text, "ffmpeg -h filter=hflip"));
    free(text);
    text = help_of("nosuch");
    assert_non_null(
        strstr(text, "There is no filter 'nosuch' in libavfilter, nor in a plugin in /nowhere, "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_objects_are_refused),
        cmocka_unit_test(the_rest_works),
        cmocka_unit_test(the_first_folder_counts),
        cmocka_unit_test(one_object_once),
        cmocka_unit_test(found_by_the_path),
        cmocka_unit_test(the_jobs_key_has_versions),
        cmocka_unit_test(files_of_options_must_be_allowed),
        cmocka_unit_test(help_shows_options),
        cmocka_unit_test(a_graph_lists_its_plugins),
    };

    setenv("VIDMPI_PLUGIN_PATH", "/nowhere:" PLUGINS "/good", 1);
    return cmocka_run_group_tests_name("plugin", tests, check_setup, check_teardown);
}
