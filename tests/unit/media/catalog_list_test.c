#include "media_check.h"

#include "media/catalog.h"
#include "media/catalog_list.h"

static struct filter_rows rows;

static int make_rows(void **state)
{
    return filter_rows_make(&rows, NULL);
}

static int free_rows(void **state)
{
    filter_rows_free(&rows);
    return 0;
}

static const struct filter_row *row_of(const char *name)
{
    for (int i = 0; i < rows.count; i++)
        if (!strcmp(rows.items[i].name, name))
            return &rows.items[i];
    return NULL;
}

static void is_row(const char *name, const char *class, const char *access, const char *note)
{
    const struct filter_row *row = row_of(name);

    if (!row)
        fail_msg("%s is not there", name);
    else if (strcmp(row->class, class) != 0 || strcmp(row->access, access) != 0 || !strstr(row->note, note))
        fail_msg("%s: %s %s \"%s\"", name, row->class, row->access, row->note);
    else if (!*note && *row->note)
        fail_msg("%s: \"%s\"", name, row->note);
}

static void what_is_known_is_told(void **state)
{
    is_row("gblur", "frame", "-", "");
    is_row("yadif", "window", "-", "");
    is_row("hqdn3d", "serial", "-", "it carries state");
    is_row("lut3d", "frame", "read", "");
    is_row("curves", "frame", "read,write", "");
    is_row("vignette", "frame", "-", "not always: its dither carries random numbers on (dither=0 does not)");
    is_row("movie", "serial", "read,network,code", "a source of its own");
    is_row("amovie", "sound", "read,network,code", "");
    is_row("asplit", "sound", "-", "");
    is_row("afir", "sound", "-", "");
    is_row("spectrumsynth", "none", "-", "makes sound");
    is_row("volume", "sound", "-", "");
    is_row("showwaves", "none", "-", "pictures of sound");
    is_row("boxblur_opencl", "none", "-", "graphics memory");
    assert_null(row_of("buffer"));
}

static void every_filter_is_there_once(void **state)
{
    const AVFilter *filter;
    void *iterator = NULL;
    int count = 0;

    while ((filter = av_filter_iterate(&iterator)))
        count++;
    assert_int_equal(rows.count, count - 4); /* buffer, buffersink and those of sound */
    for (int i = 1; i < rows.count; i++)
        assert_true(strcmp(rows.items[i - 1].name, rows.items[i].name) < 0);
}

/* The catalog's own words, whatever they are. */
static void the_catalog_is_told(void **state)
{
    int serial = 0;

    for (int i = 0; i < rows.count; i++) {
        const struct catalog_entry *entry = catalog_find(rows.items[i].name);

        if (!entry || !strcmp(rows.items[i].class, "none"))
            continue;
        if (entry->class == FILTER_SERIAL)
            serial++, is_row(entry->name, "serial", rows.items[i].access, entry->reason);
        else if (!strcmp(rows.items[i].class, "serial"))
            fail_msg("%s is not serial", entry->name);
    }
    assert_true(serial > 10);
}

static void lines_are_in_columns(void **state)
{
    char *text = NULL, *rest;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    char name[64], class[16], access[40], source[64];
    int lines = 0;

    assert_non_null(file);
    media_filters_print(file);
    assert_int_equal(fclose(file), 0);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++) {
        assert_int_equal(sscanf(line, "%63s %15s %39s %63s", name, class, access, source), 4);
        assert_true(line[strlen(line) - 1] != ' ');
        if (lines > 0 && strncmp(source, "libavfilter-", 12) != 0)
            fail_msg("%s", line);
        if (strlen(name) <= 20)
            assert_true(!strncmp(line + 21, class, strlen(class)));
    }
    assert_int_equal(lines, rows.count + 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_told),
        cmocka_unit_test(every_filter_is_there_once),
        cmocka_unit_test(the_catalog_is_told),
        cmocka_unit_test(lines_are_in_columns),
    };

    return cmocka_run_group_tests(tests, make_rows, free_rows);
}
