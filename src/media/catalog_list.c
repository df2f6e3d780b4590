#include "media/catalog_list.h"

#include "media/catalog.h"
#include "media/catalog_safe.h"

#include <errno.h>
#include <libavfilter/avfilter.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const classes[] = {
    [FILTER_UNKNOWN] = "serial",  [FILTER_FRAME] = "frame",   [FILTER_WINDOW] = "window",
    [FILTER_ALIGNED] = "aligned", [FILTER_SERIAL] = "serial",
};

/* Ends of graphs that a program puts in, not a person. */
static bool is_internal(const char *name)
{
    return has_word("buffer abuffer buffersink abuffersink", name);
}

static bool has_pads(const AVFilter *filter, bool outputs, enum AVMediaType type)
{
    const AVFilterPad *pads = outputs ? filter->outputs : filter->inputs;
    unsigned count = avfilter_filter_pad_count(filter, outputs);

    for (unsigned i = 0; i < count; i++)
        if (avfilter_pad_get_type(pads, (int)i) == type)
            return true;
    return false;
}

/* The pads of some depend on their options: "asplit" is the "split" of sound. */
static bool is_sound(const AVFilter *filter)
{
    if (has_pads(filter, false, AVMEDIA_TYPE_VIDEO) || has_pads(filter, true, AVMEDIA_TYPE_VIDEO))
        return false;
    return has_pads(filter, false, AVMEDIA_TYPE_AUDIO) || has_pads(filter, true, AVMEDIA_TYPE_AUDIO) ||
           filter->name[0] == 'a';
}

static bool is_for_graphics_memory(const char *name)
{
    static const char *const ends[] = {"_opencl", "_vaapi", "_qsv", "_cuda", "_vulkan", "_npp", NULL};
    const char *at = strrchr(name, '_');

    for (int i = 0; at && ends[i]; i++)
        if (!strcmp(at, ends[i]))
            return true;
    return has_word("hwdownload hwmap hwupload libplacebo openclsrc", name);
}

static void print_access(unsigned access, char *text, size_t size)
{
    static const struct {
        unsigned access;
        const char *name;
    } names[] = {{SAFE_READ, "read"}, {SAFE_WRITE, "write"}, {SAFE_NETWORK, "network"}, {SAFE_CODE, "code"}};
    size_t used = 0;

    snprintf(text, size, "-");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (access & names[i].access)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", names[i].name);
}

/* The options that make it serial after all. */
static void print_rules(const char *name, char *text, size_t size)
{
    size_t used = 0;

    for (const struct catalog_rule *rule = catalog_rules; rule->filter; rule++) {
        if (strcmp(rule->filter, name) != 0 || strstr(text, rule->reason))
            continue;
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", used ? "; " : "not always: ", rule->reason);
        if (used >= size)
            return;
    }
}

static void describe_video(const AVFilter *filter, struct filter_row *row)
{
    const struct catalog_entry *entry = catalog_find(filter->name);

    row->class = classes[entry ? entry->class : FILTER_UNKNOWN];
    if (entry && entry->class != FILTER_SERIAL)
        print_rules(filter->name, row->note, sizeof(row->note));
    else
        snprintf(row->note, sizeof(row->note), "%s",
                 entry && entry->reason ? entry->reason : "it is not in the catalog");
}

static void describe(const AVFilter *filter, struct filter_row *row)
{
    const char *why = NULL;

    row->name = filter->name;
    row->source = "libavfilter-" AV_STRINGIFY(LIBAVFILTER_VERSION);
    print_access(catalog_access(filter->name), row->access, sizeof(row->access));
    if (is_sound(filter))
        row->class = "sound";
    else if (has_pads(filter, false, AVMEDIA_TYPE_AUDIO))
        why = "it makes pictures of sound";
    else if (has_pads(filter, true, AVMEDIA_TYPE_AUDIO))
        why = "it makes sound";
    else if (is_for_graphics_memory(filter->name))
        why = "it works in graphics memory";
    else
        describe_video(filter, row);
    if (why) {
        row->class = "none";
        snprintf(row->note, sizeof(row->note), "%s", why);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct filter_row *)a)->name, ((const struct filter_row *)b)->name);
}

/* Room for one more, all zero; NULL: no memory. */
static struct filter_row *add_row(struct filter_rows *rows)
{
    struct filter_row *grown = realloc(rows->items, (size_t)(rows->count + 1) * sizeof(*grown));

    if (!grown)
        return NULL;
    rows->items = grown;
    memset(&grown[rows->count], 0, sizeof(*grown));
    return &grown[rows->count++];
}

static int add_libav(struct filter_rows *rows)
{
    const AVFilter *filter;
    void *iterator = NULL;

    while ((filter = av_filter_iterate(&iterator))) {
        struct filter_row *row = is_internal(filter->name) ? NULL : add_row(rows);

        if (row)
            describe(filter, row);
        else if (!is_internal(filter->name))
            return -ENOMEM;
    }
    return 0;
}

int filter_rows_make(struct filter_rows *out, struct vid_error *err)
{
    *out = (struct filter_rows){0};
    if (add_libav(out) < 0) {
        filter_rows_free(out);
        return vid_fail(err, -ENOMEM, "no memory for the list of filters");
    }
    if (out->count > 0)
        qsort(out->items, (size_t)out->count, sizeof(*out->items), by_name);
    return 0;
}

void filter_rows_free(struct filter_rows *rows)
{
    free(rows->items);
    *rows = (struct filter_rows){0};
}

static void print_line(FILE *to, const char *name, const char *class, const char *access, const char *source,
                       const char *note)
{
    fprintf(to, "%-20s %-8s %-18s ", name, class, access);
    if (*note)
        fprintf(to, "%-22s %s\n", source, note);
    else
        fprintf(to, "%s\n", source);
}

void media_filters_print(FILE *to)
{
    struct vid_error err = {0};
    struct filter_rows rows;

    if (filter_rows_make(&rows, &err) < 0) {
        fprintf(to, "%s\n", err.text);
        return;
    }
    print_line(to, "FILTER", "CLASS", "ACCESS", "SOURCE", "NOTE");
    for (int i = 0; i < rows.count; i++) {
        const struct filter_row *row = &rows.items[i];

        print_line(to, row->name, row->class, row->access, row->source, row->note);
    }
    filter_rows_free(&rows);
}
