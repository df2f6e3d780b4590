#include "media/graph_text.h"
#include "media_check.h"

#include <errno.h>
#include <string.h>

/* ; and , as they are written into one string: "inputs|text|outputs|args" of each filter. */
static void reads(const char *text, const char *expected)
{
    struct graph_text graph;
    struct vid_error err = {0};
    char all[1000] = "";

    assert_int_equal(graph_text_read(text, &graph, &err), 0);
    if (graph.sws_flags)
        snprintf(all, sizeof(all), "{%s}", graph.sws_flags);
    for (int i = 0; i < graph.count; i++) {
        const struct graph_filter *f = &graph.filters[i];
        size_t used = strlen(all);

        snprintf(all + used, sizeof(all) - used, "%s|%s|%s|%s|%s%c", f->inputs, f->name,
                 f->instance ? f->instance : "", f->args ? f->args : "-", f->outputs,
                 f->separator ? f->separator : '.');
    }
    assert_string_equal(all, expected);
    graph_text_free(&graph);
}

static void refuses(const char *text)
{
    struct graph_text graph;
    struct vid_error err = {0};

    assert_int_equal(graph_text_read(text, &graph, &err), -EINVAL);
    assert_non_null(strstr(err.text, text));
    assert_int_equal(graph.count, 0);
}

static void test_reads(void **state)
{
    reads("null", "|null||-|.");
    reads(" scale = 640:-2 , hue@x=s=0", "|scale||640:-2|,|hue|x|s=0|.");
    reads("split[a][b];[a]negate[c]; [b] [c]overlay=x=n",
          "|split||-|[a][b];[a]|negate||-|[c];[b] [c]|overlay||x=n|.");
    reads("drawtext=text='a\\,b;c[d]':x=1,null", "|drawtext||text=a\\,b;c[d]:x=1|,|null||-|.");
    reads("drawtext=text=a\\,b\\'c", "|drawtext||text=a,b'c|.");
    reads("sws_flags=bilinear;scale=10:10", "{bilinear}|scale||10:10|.");
}

static void test_text_as_it_stands(void **state)
{
    struct graph_text graph;
    struct vid_error err = {0};

    assert_int_equal(graph_text_read("[in] drawtext=text='a\\,b' [out]", &graph, &err), 0);
    assert_string_equal(graph.filters[0].text, "drawtext=text='a\\,b'");
    assert_string_equal(graph.filters[0].inputs, "[in]");
    graph_text_free(&graph);
}

static void test_refuses(void **state)
{
    refuses("");
    refuses("null,");
    refuses("[a");
    refuses("[]null");
    refuses("sws_flags=x");
    refuses("null,;null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_text_as_it_stands),
        cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
