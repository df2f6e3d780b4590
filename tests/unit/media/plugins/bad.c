/* Plugins that are of no use, by what BAD is: 1 of another time, 2 without the function, 0 with filters
 * that are of no use. */
#include "media/filter.h"

static int process(void *state, const void *options, const struct vidmpi_window *window,
                   struct vidmpi_picture *out, struct vidmpi_call *call)
{
    return 0;
}

struct options {
    int number;
};

static const char *const unknown_format[] = {"yuv420p", "yuv421q", NULL};
static const struct vidmpi_option outside[] = {
    {"number", "", VIDMPI_INT, sizeof(struct options), "1", 0, 9, NULL}, {0}};
static const struct vidmpi_option preset[] = {{"number", "", VIDMPI_INT, 0, "10", 0, 9, NULL}, {0}};

/* Names of others, descriptions that are wrong, and one that is right. */
static const struct vidmpi_filter named[] = {
    {.name = "mirror", .process = process},
    {.name = "hflip", .process = process},
    {.name = "Big", .process = process},
    {.name = "no_process"},
    {.name = "format", .process = process},
    {.name = "odd_format", .process = process, .formats = unknown_format},
    {.name = "outside", .process = process, .options = outside, .options_bytes = sizeof(struct options)},
    {.name = "preset", .process = process, .options = preset, .options_bytes = sizeof(struct options)},
    {.name = "fine", .process = process},
};
static const struct vidmpi_filter *const filters[] = {&named[0], &named[1], &named[2], &named[3], &named[4],
                                                      &named[5], &named[6], &named[7], &named[8], NULL};

static const struct vidmpi_plugin plugin = {BAD == 1 ? VIDMPI_FILTER_ABI + 1 : VIDMPI_FILTER_ABI, "bad", "1",
                                            filters};

#if BAD == 2 /* some other shared object */
const struct vidmpi_plugin *something_else(void);

const struct vidmpi_plugin *something_else(void)
#else
const struct vidmpi_plugin *vidmpi_plugin(void)
#endif
{
    return &plugin;
}
