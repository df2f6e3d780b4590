#include "media/options_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    print(file);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void help_fits_two_screens(void **state)
{
    char *text = printed(media_options_help);
    int lines = 0;
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 100);
        lines++;
    }
    assert_true(lines < 60);
    assert_non_null(strstr(text, "man vidmpi"));
    assert_non_null(strstr(text, "Exit status: 0 done, 1 failed, 2 wrong command line"));
    free(text);
    text = printed(media_options_version);
    assert_true(!strncmp(text, "vidmpi " VID_VERSION "\n", strlen("vidmpi " VID_VERSION "\n")));
    assert_non_null(strstr(text, "\nlibavfilter "));
    assert_non_null(strstr(text, "\nlibpng "));
    free(text);
}

/* Whether `word`, after its dash, is an option here or an encoder's. */
static bool exists(const char *word, const struct option_names *names)
{
    char name[32];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, ":"), word);
    if (option_find(name) || !strncmp(name, "no", 2))
        return true;
    for (size_t i = 0; i < names->count; i++)
        if (!strcmp(names->items[i], name))
            return true;
    return !strcmp(name, "np"); /* mpirun's */
}

static void help_names_options_that_exist(void **state)
{
    struct option_names names = {0};
    char *text = printed(media_options_help), *rest;
    option_names_table(&names);
    option_names_libav(&names);
    for (char *word = strtok_r(text, " ,;()'\n[]", &rest); word; word = strtok_r(NULL, " ,;()'\n[]", &rest))
        if (word[0] == '-' && word[1] >= 'a' && word[1] <= 'z' && !exists(word + 1, &names))
            fail_msg("%s is no option", word);
    free(names.items);
    free(text);
}

/* Whether the name stands as an argument of the manual's Fl macro. */
static bool documented(const char *manual, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(manual, name); at; at = strstr(at + 1, name)) {
        const char *line = at;
        while (line > manual && line[-1] != '\n')
            line--;
        const char *flag = strstr(line, "Fl ");
        if (*line == '.' && flag && flag < at && at[-1] == ' ' && strchr(" \n\\", at[length]))
            return true;
    }
    return false;
}

static void manual_has_every_option(void **state)
{
    static char manual[1 << 17];
    struct option_names names = {0};
    FILE *file = fopen(MANUAL, "r");
    assert_non_null(file);
    assert_in_range(fread(manual, 1, sizeof(manual) - 1, file), 1000, sizeof(manual) - 2);
    fclose(file);
    option_names_table(&names);
    assert_true(names.count > 90);
    for (size_t i = 0; i < names.count; i++)
        if (!documented(manual, names.items[i]))
            fail_msg("-%s is not in the manual", names.items[i]);
    free(names.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_fits_two_screens),
        cmocka_unit_test(help_names_options_that_exist),
        cmocka_unit_test(manual_has_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
