#include "media/plugin.h"
#include "media/plugin_options.h"
#include "media_check.h"

#include <errno.h>

/* As tests/unit/media/plugins/good.c has them. */
struct all_options {
    int number, flag, choice;
    double ratio;
    const char *text;
    uint8_t color[4];
    const char *fail, *file;
};

static const struct vidmpi_filter *filter(void)
{
    return plugin_find("options")->filter;
}

static void reads(const char *args, const char *expected)
{
    struct plugin_options options;
    struct vid_error err = {0};
    char text[300];

    if (plugin_options_read(filter(), args, &options, &err) < 0)
        fail_msg("%s: %s", args, err.text);
    const struct all_options *o = options.values;
    snprintf(text, sizeof(text), "%d %g %d %s %d %02x%02x%02x%02x", o->number, o->ratio, o->flag, o->text,
             o->choice, o->color[0], o->color[1], o->color[2], o->color[3]);
    assert_string_equal(text, expected);
    plugin_options_free(&options);
}

static void refuses(const char *args, const char *sentence)
{
    struct plugin_options options;
    struct vid_error err = {0};

    assert_int_equal(plugin_options_read(filter(), args, &options, &err), -EINVAL);
    assert_string_equal(err.text, sentence);
    assert_null(options.values);
}

static void presets(void **state)
{
    reads(NULL, "7 0.5 0 none 1 ff00007f");
    reads("", "7 0.5 0 none 1 ff00007f");
}

static void each_type(void **state)
{
    reads("number=-3", "-3 0.5 0 none 1 ff00007f");
    reads("number=0x10", "16 0.5 0 none 1 ff00007f");
    reads("number=2*3", "6 0.5 0 none 1 ff00007f");
    reads("number=max", "100 0.5 0 none 1 ff00007f");
    reads("ratio=1/4", "7 0.25 0 none 1 ff00007f");
    reads("ratio=5e-1", "7 0.5 0 none 1 ff00007f");
    reads("flag=1", "7 0.5 1 none 1 ff00007f");
    reads("flag=on", "7 0.5 1 none 1 ff00007f");
    reads("flag=yes:flag=false", "7 0.5 0 none 1 ff00007f");
    reads("choice=best", "7 0.5 0 none 2 ff00007f");
    reads("color=blue", "7 0.5 0 none 1 0000ffff");
    reads("color=#102030", "7 0.5 0 none 1 102030ff");
    reads("color=0x10203040", "7 0.5 0 none 1 10203040");
}

static void without_names(void **state)
{
    reads("3:0.75:yes", "3 0.75 1 none 1 ff00007f");
    reads("3:choice=fast", "3 0.5 0 none 0 ff00007f");
    reads("3:0.1:no:words:best:white:never", "3 0.1 0 words 2 ffffffff");
}

static void quotes(void **state)
{
    reads("text=a b", "7 0.5 0 a b 1 ff00007f");
    reads("text='a:b=c'", "7 0.5 0 a:b=c 1 ff00007f");
    reads("text=a\\:b:number=1", "1 0.5 0 a:b 1 ff00007f");
    reads("text=", "7 0.5 0  1 ff00007f");
    reads("text=a=b", "7 0.5 0 a=b 1 ff00007f");
}

#define NUMBERS "it takes whole numbers from -10 to 100"

static void wrong_values(void **state)
{
    refuses("number=101", "filter \"options\": option number cannot be \"101\"; " NUMBERS);
    refuses("number=-11", "filter \"options\": option number cannot be \"-11\"; " NUMBERS);
    refuses("number=1.5", "filter \"options\": option number cannot be \"1.5\"; " NUMBERS);
    refuses("number=many", "filter \"options\": option number cannot be \"many\"; " NUMBERS);
    refuses("number=", "filter \"options\": option number cannot be \"\"; " NUMBERS);
    refuses("ratio=nan", "filter \"options\": option ratio cannot be \"nan\"; it takes numbers from 0 to 1");
    refuses("ratio=1.01",
            "filter \"options\": option ratio cannot be \"1.01\"; it takes numbers from 0 to 1");
    refuses("flag=maybe", "filter \"options\": option flag cannot be \"maybe\"; it takes yes and no");
    refuses("flag=2", "filter \"options\": option flag cannot be \"2\"; it takes yes and no");
    refuses("choice=god",
            "filter \"options\": option choice cannot be \"god\": did you mean \"good\"?; it takes "
            "fast, good, best");
    refuses("color=rde", "filter \"options\": option color cannot be \"rde\"; it takes colors, as \"red\", "
                         "\"#ff0000\" or \"0xff0000@0.5\"");
    refuses("color=random",
            "filter \"options\": option color cannot be \"random\"; it takes colors, as \"red\", "
            "\"#ff0000\" or \"0xff0000@0.5\"");
}

#define NAMES "it has number, ratio, flag, text, choice, color, fail, file"

static void wrong_names(void **state)
{
    refuses("numbr=1", "filter \"options\" has no option \"numbr\": did you mean \"number\"?; " NAMES);
    refuses("zzzzzzzz=1", "filter \"options\" has no option \"zzzzzzzz\"; " NAMES);
    refuses("number=1:2", "filter \"options\": no option for \"2\"; write name=value");
    refuses("1:0:no:a:good:red:b:c:d", "filter \"options\": no option for \"d\"; write name=value");
}

static void none_at_all(void **state)
{
    struct plugin_options options;
    struct vid_error err = {0};

    assert_int_equal(plugin_options_read(plugin_find("mirror")->filter, "a=1", &options, &err), -EINVAL);
    assert_string_equal(err.text, "filter \"mirror\" has no options, and so no \"a\"");
    assert_int_equal(plugin_options_read(plugin_find("mirror")->filter, NULL, &options, NULL), 0);
    assert_non_null(options.values);
    plugin_options_free(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets),     cmocka_unit_test(each_type),   cmocka_unit_test(without_names),
        cmocka_unit_test(quotes),      cmocka_unit_test(wrong_names), cmocka_unit_test(wrong_values),
        cmocka_unit_test(none_at_all),
    };

    setenv("VIDMPI_PLUGIN_PATH", PLUGINS "/good", 1);
    return cmocka_run_group_tests_name("plugin_options", tests, check_setup, check_teardown);
}
