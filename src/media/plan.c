#include "media/plan.h"
#include "media/catalog.h"
#include "media/plan_cut.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Filters that take at most 2 ms of a 720p frame: next to a serial piece they are cheaper with it than in
 * tasks, where a frame's way costs as much. */
static const char light[] =
    "addroi alphaextract alphamerge bbox blackdetect blackframe blend chromahold chromashift codecview "
    "colorcorrect colorize colormatrix copy crop cropdetect cue decimate dejudder delogo doubleweave drawbox "
    "entropy eq extractplanes fade field fieldhint fieldorder fifo fillborders floodfill format fps "
    "framestep "
    "freezedetect hflip hstack hue idet il interlace interleave limiter loop lumakey lut lut2 lutrgb lutyuv "
    "maskedmerge mergeplanes metadata negate noformat null overlay pad perms qp scale scale2ref scdet select "
    "separatefields setdar setfield setparams setpts setrange setsar settb showinfo shuffleframes "
    "shuffleplanes sidedata split swaprect swapuv telecine tile tinterlace tpad transpose trim untile vflip "
    "vstack weave xstack zscale";

/* Filters that take 20 ms and more: in a task with neighbouring frames they would work on these, too, for
 * nothing. From a lane of their own a frame's way costs less. */
static const char dear[] =
    "blurdetect bm3d chromakey chromanr colormap convolve dctdnoiz deconvolve edgedetect estdif fftdnoiz "
    "fftfilt "
    "geq grayworld greyedge guided hqx hsvkey hysteresis median mestimate minterpolate nlmeans owdenoise pp7 "
    "removelogo sab shear siti spp vaguedenoiser vif xbr xcorrelate";

struct planner {
    struct graph_cut cut;
    struct plan *plan;
    bool metadata;
    int *first, *last; /* by piece: its blocks */
};

/* How many filters of the blocks are, or are not, among these. */
static int count_filters(const struct planner *p, int first, int last, const char *names, bool among)
{
    int count = 0;

    for (int i = 0; i < p->cut.words.count; i++)
        if (p->cut.block[i] >= first && p->cut.block[i] <= last)
            count += has_word(names, p->cut.words.filters[i].name) == among;
    return count;
}

static bool is_light(const struct planner *p, int first, int last)
{
    return count_filters(p, first, last, light, false) == 0;
}

/* Better apart although it could be one piece. */
static bool is_wasteful(const struct planner *p, int first, int last, const struct plan_piece *piece)
{
    return piece->parallel && piece->context.windowed && first < last &&
           count_filters(p, first, last, dear, true) > 0;
}

/* What filters of the block find out of earlier frames is used behind it. */
static bool tells_on(const struct planner *p, int first, int last)
{
    bool tells = false, read = p->metadata;

    for (unsigned i = 0; i < p->cut.graph->nb_filters; i++) {
        int block = p->cut.block[i];

        if (block >= first && block <= last)
            tells |= filter_tells_of_earlier(p->cut.graph->filters[i]);
        if (block >= first)
            read |= filter_reads_metadata(p->cut.graph->filters[i]);
    }
    return tells && read;
}

/* 0 with what is known of the blocks as one graph; parallel or not. */
static int look(const struct planner *p, int first, int last, struct plan_piece *out, struct vid_error *err)
{
    int rc;

    *out = (struct plan_piece){.text = graph_cut_text(&p->cut, first, last)};
    if (!out->text)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    rc = chain_context(out->text, &out->context, err);
    if (rc >= 0 && out->context.parallel && tells_on(p, first, last)) {
        out->context.parallel = false;
        snprintf(out->context.reason, sizeof(out->context.reason), "%s",
                 "what it finds out by comparing with earlier frames is used");
    }
    out->parallel = out->context.parallel;
    if (rc < 0)
        free(out->text);
    return rc < 0 ? rc : 0;
}

static void put(struct planner *p, const struct plan_piece *piece, int first, int last)
{
    int at = p->plan->count++;

    p->plan->pieces[at] = *piece;
    p->first[at] = first;
    p->last[at] = last;
}

static void replace_last(struct planner *p, const struct plan_piece *piece, int last)
{
    int at = p->plan->count - 1;

    free(p->plan->pieces[at].text);
    p->plan->pieces[at] = *piece;
    p->last[at] = last;
}

/* The block goes to the piece before it where the two are of one kind, and parallel ones are so together. */
static int add_block(struct planner *p, int block, struct vid_error *err)
{
    int at = p->plan->count - 1, rc;
    struct plan_piece alone, both;

    if ((rc = look(p, block, block, &alone, err)) < 0)
        return rc;
    if (at < 0 || p->plan->pieces[at].parallel != alone.parallel) {
        put(p, &alone, block, block);
        return 0;
    }
    if ((rc = look(p, p->first[at], block, &both, err)) < 0) {
        free(alone.text);
        return rc;
    }
    if (!alone.parallel)
        snprintf(both.context.reason, sizeof(both.context.reason), "%s", p->plan->pieces[at].context.reason);
    if (both.parallel == alone.parallel && !is_wasteful(p, p->first[at], block, &both)) {
        replace_last(p, &both, block);
        free(alone.text);
    } else {
        put(p, &alone, block, block);
        free(both.text);
    }
    return 0;
}

/* A piece of its own costs a way of the pictures between processes. */
static bool is_worth_it(const struct planner *p, int at)
{
    return p->plan->count == 1 || !p->plan->pieces[at].parallel || !is_light(p, p->first[at], p->last[at]);
}

/* The piece takes in the one behind it; both are serial. */
static int join(struct planner *p, int at, struct vid_error *err)
{
    struct plan *plan = p->plan;
    struct plan_piece *piece = &plan->pieces[at];
    size_t behind = (size_t)(plan->count - at - 2);
    char *text = graph_cut_text(&p->cut, p->first[at], p->last[at + 1]);

    if (!text)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    free(piece->text);
    free(piece[1].text);
    piece->text = text;
    p->last[at] = p->last[at + 1];
    memmove(&piece[1], &piece[2], behind * sizeof(*piece));
    memmove(&p->first[at + 1], &p->first[at + 2], behind * sizeof(*p->first));
    memmove(&p->last[at + 1], &p->last[at + 2], behind * sizeof(*p->last));
    plan->count--;
    return 0;
}

static int join_serial(struct planner *p, struct vid_error *err)
{
    int rc = 0;

    for (int i = 0; i + 1 < p->plan->count && rc == 0;)
        if (p->plan->pieces[i].parallel || p->plan->pieces[i + 1].parallel)
            i++;
        else
            rc = join(p, i, err);
    return rc;
}

static int lighten(struct planner *p, struct vid_error *err)
{
    for (int i = 0; i < p->plan->count; i++) {
        if (is_worth_it(p, i))
            continue;
        p->plan->pieces[i].parallel = p->plan->pieces[i].context.parallel = false;
        snprintf(p->plan->pieces[i].context.reason, sizeof(p->plan->pieces[i].context.reason), "%s",
                 "it takes so little time that it runs with its neighbour");
    }
    return join_serial(p, err);
}

/* Once the pieces are known: their filters. */
static int list_filters(struct planner *p, struct vid_error *err)
{
    for (int i = 0; i < p->plan->count; i++) {
        struct plan_piece *piece = &p->plan->pieces[i];

        piece->filters = calloc((size_t)p->cut.words.count, sizeof(*piece->filters));
        if (!piece->filters)
            return vid_fail(err, -ENOMEM, "no memory for a filter graph");
        piece->count = graph_cut_filters(&p->cut, p->first[i], p->last[i], piece->filters);
        piece->exit = graph_cut_exit(&p->cut, p->last[i], &piece->exit_pad);
    }
    return 0;
}

static int make(struct planner *p, const char *text, struct vid_error *err)
{
    struct plan_piece whole;
    int rc = graph_cut_make(text, &p->cut, err);
    size_t blocks = rc < 0 ? 0 : (size_t)p->cut.blocks;

    if (rc < 0)
        return rc;
    p->plan->pieces = calloc(blocks, sizeof(*p->plan->pieces));
    p->first = calloc(blocks, sizeof(*p->first));
    p->last = calloc(blocks, sizeof(*p->last));
    if (!p->plan->pieces || !p->first || !p->last)
        return vid_fail(err, -ENOMEM, "no memory for a filter graph");
    if ((rc = look(p, 0, (int)blocks - 1, &whole, err)) < 0)
        return rc;
    if (blocks == 1 || (whole.parallel && !is_wasteful(p, 0, (int)blocks - 1, &whole))) {
        put(p, &whole, 0, (int)blocks - 1);
        return 0;
    }
    free(whole.text);
    for (int block = 0; block < (int)blocks && rc >= 0; block++)
        rc = add_block(p, block, err);
    return rc < 0 ? rc : lighten(p, err);
}

int plan_make(const char *text, bool metadata, struct plan **out, struct vid_error *err)
{
    struct planner planner = {.metadata = metadata, .plan = calloc(1, sizeof(*planner.plan))};
    int rc =
        planner.plan ? make(&planner, text, err) : vid_fail(err, -ENOMEM, "no memory for a filter graph");

    if (rc == 0)
        rc = list_filters(&planner, err);
    graph_cut_free(&planner.cut);
    free(planner.first);
    free(planner.last);
    if (rc < 0)
        plan_free(&planner.plan);
    *out = planner.plan;
    return rc;
}

void plan_free(struct plan **plan)
{
    struct plan *gone = *plan;

    *plan = NULL;
    if (!gone)
        return;
    for (int i = 0; i < gone->count; i++) {
        free(gone->pieces[i].text);
        free(gone->pieces[i].filters);
    }
    free(gone->pieces);
    free(gone);
}
