#include "media/plan_words.h"
#include "media/catalog.h"
#include "media/plan.h"
#include "media/plan_cut.h"
#include "media/stand_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LITTLE_TIME "runs with its neighbour: it takes little time"
#define LITTLE_TIME_ALONE "runs on rank 0: it takes little time"
#define NOT_KNOWN "it is not in the catalog of filters that are known to be exact"

struct describer {
    struct graph_cut cut;
    struct plan *plan;
    bool metadata;
    char why[240]; /* of the filter that is told of */
};

const char *filter_class_name(enum filter_class class)
{
    static const char *const names[] = {[FILTER_UNKNOWN] = "serial",
                                        [FILTER_FRAME] = "frame",
                                        [FILTER_WINDOW] = "window",
                                        [FILTER_ALIGNED] = "aligned",
                                        [FILTER_SERIAL] = "serial"};

    return names[class];
}

/* What the catalog says of the filter by itself: 0, or -ENOTSUP with the reason in `why`. */
static int look_alone(struct describer *d, int at, struct filter_words *words)
{
    struct filter_window window = {0};
    struct filter_refusal refusal;
    struct vid_error err = {0};
    int rc = catalog_check_filter(d->cut.graph->filters[at], &window, &err);

    if (rc < 0) {
        bool listed = catalog_find(words->name) || stand_in_read(d->cut.graph->filters[at], NULL);
        bool known = listed && filter_refusal_read(err.text, &refusal);

        words->class = FILTER_SERIAL;
        snprintf(d->why, sizeof(d->why), "%s", known ? refusal.reason : NOT_KNOWN);
        return -ENOTSUP;
    }
    words->before = window.before;
    words->after = window.after;
    words->period = window.period;
    words->class = window.period > 1               ? FILTER_ALIGNED
                   : window.before || window.after ? FILTER_WINDOW
                                                   : FILTER_FRAME;
    return 0;
}

static void say_parallel(struct describer *d, const struct filter_words *words)
{
    if (words->class == FILTER_ALIGNED)
        snprintf(d->why, sizeof(d->why), "takes frames in groups of %u", words->period);
    else if (words->before && words->after)
        snprintf(d->why, sizeof(d->why), "looks at %u before and %u after", words->before, words->after);
    else if (words->before || words->after)
        snprintf(d->why, sizeof(d->why), "looks at %u %s", words->before + words->after,
                 words->before ? "before" : "after");
    else
        snprintf(d->why, sizeof(d->why), "looks at one frame at a time");
}

/* It tells what it found by comparing with earlier frames, and that is used. */
static bool tells_on(const struct describer *d, int at)
{
    bool read = d->metadata;

    for (unsigned i = 0; i < d->cut.graph->nb_filters; i++)
        if (d->cut.block[i] >= d->cut.block[at])
            read |= filter_reads_metadata(d->cut.graph->filters[i]);
    return read && filter_tells_of_earlier(d->cut.graph->filters[at]);
}

/* What the catalog says of the branches that the filter stands in: 0, or -ENOTSUP with the reason. */
static int look_at_branches(struct describer *d, int at, struct filter_words *words, struct vid_error *err)
{
    char *text = graph_cut_text(&d->cut, d->cut.block[at], d->cut.block[at]);
    struct filter_refusal refusal;
    struct vid_error why = {0};
    int rc = text ? catalog_check(text, NULL, &why) : -ENOMEM;

    free(text);
    if (rc >= 0)
        return 0;
    if (rc != -ENOTSUP || !filter_refusal_read(why.text, &refusal))
        return vid_fail(err, rc == -ENOTSUP ? -EINVAL : rc, "%s", text ? why.text : "no memory");
    if (strcmp(refusal.filter, words->name) == 0) {
        words->class = FILTER_SERIAL;
        snprintf(d->why, sizeof(d->why), "%s", refusal.reason);
    } else {
        snprintf(d->why, sizeof(d->why), "runs with %s: their branches are joined", refusal.filter);
    }
    return -ENOTSUP;
}

/* Why it is in a serial piece. */
static int say_serial(struct describer *d, int at, struct filter_words *words, struct vid_error *err)
{
    const struct plan_piece *piece = &d->plan->pieces[words->piece];
    int rc;

    if (look_alone(d, at, words) < 0)
        return 0;
    if (tells_on(d, at)) {
        words->class = FILTER_SERIAL;
        snprintf(d->why, sizeof(d->why), "what it finds out by comparing with earlier frames is used");
        return 0;
    }
    if ((rc = look_at_branches(d, at, words, err)) < 0)
        return rc == -ENOTSUP ? 0 : rc;
    snprintf(d->why, sizeof(d->why), "%s", piece->count > 1 ? LITTLE_TIME : LITTLE_TIME_ALONE);
    return 0;
}

static int describe_filter(struct describer *d, int piece, int at, struct filter_words *words,
                           struct vid_error *err)
{
    const struct graph_filter *filter = &d->cut.words.filters[at];

    *words = (struct filter_words){.piece = piece,
                                   .name = filter->name,
                                   .text = filter->text,
                                   .parallel = d->plan->pieces[piece].parallel,
                                   .why = d->why};
    if (!words->parallel)
        return say_serial(d, at, words, err);
    look_alone(d, at, words);
    say_parallel(d, words);
    return 0;
}

static int describe_all(struct describer *d, int (*each)(void *opaque, const struct filter_words *words),
                        void *opaque, struct vid_error *err)
{
    struct filter_words words;
    int rc = 0;

    for (int piece = 0; piece < d->plan->count && rc >= 0; piece++) {
        const struct plan_piece *p = &d->plan->pieces[piece];

        for (int i = 0; i < p->count && rc >= 0; i++) {
            rc = describe_filter(d, piece, p->filters[i], &words, err);
            if (rc >= 0)
                rc = each(opaque, &words);
        }
    }
    return rc < 0 ? rc : 0;
}

int plan_describe(const char *text, bool metadata,
                  int (*each)(void *opaque, const struct filter_words *words), void *opaque,
                  struct vid_error *err)
{
    struct describer d = {.metadata = metadata};
    int rc = plan_make(text, metadata, &d.plan, err);

    if (rc < 0)
        return rc;
    rc = graph_cut_make(text, &d.cut, err);
    if (rc == 0)
        rc = describe_all(&d, each, opaque, err);
    graph_cut_free(&d.cut);
    plan_free(&d.plan);
    return rc;
}
