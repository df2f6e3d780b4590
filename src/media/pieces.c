#include "media/pieces.h"
#include "base/log.h"
#include "media/chain_private.h"

#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

/* What is known while the pieces are made. */
struct maker {
    const struct plan *plan;
    const struct chain_spec *whole_spec;
    const struct chain *whole; /* configured: its graph's first filters are those of the text */
    struct pieces *pieces;
};

void pieces_free(struct pieces **pieces)
{
    struct pieces *gone = *pieces;

    *pieces = NULL;
    if (!gone)
        return;
    for (int i = 0; i < gone->count; i++) {
        chain_spec_free(&gone->items[i].spec);
        picture_unref(&gone->items[i].blank);
        free(gone->items[i].text);
    }
    free(gone->items);
    free(gone);
}

static int no_memory(struct vid_error *err)
{
    return vid_fail(err, -ENOMEM, "no memory for a filter graph");
}

static int set_text(char **field, const char *text)
{
    free(*field);
    *field = strdup(text);
    return *field ? 0 : -ENOMEM;
}

/* A picture as the graph has them on this link. */
static struct picture *blank_of(const AVFilterLink *link)
{
    AVFrame *frame = av_frame_alloc();

    if (!frame)
        return NULL;
    frame->width = link->w;
    frame->height = link->h;
    frame->format = link->format;
    frame->sample_aspect_ratio = link->sample_aspect_ratio;
    return picture_from_frame(&frame, link->time_base);
}

/* The link on which the piece's pictures leave it, in the whole graph; NULL: its end. */
static const AVFilterLink *exit_of(const struct maker *maker, int at)
{
    const struct plan_piece *piece = &maker->plan->pieces[at];

    if (piece->exit < 0)
        return NULL;
    return maker->whole->graph.graph->filters[piece->exit]->outputs[piece->exit_pad];
}

/* The piece's ends are links of the whole graph: what is around it there is not around it here. */
static int cut_spec(const struct maker *maker, int at, struct piece *piece, struct vid_error *err)
{
    const AVFilterLink *in = at > 0 ? exit_of(maker, at - 1) : NULL, *out = exit_of(maker, at);
    struct chain_spec *spec;
    int rc = 0;

    if (chain_spec_copy(maker->whole_spec, &piece->spec, err) < 0)
        return -ENOMEM;
    spec = piece->spec;
    rc = set_text(&spec->filter, maker->plan->pieces[at].text);
    if (in) {
        spec->time_base = in->time_base;
        spec->frame_rate = in->frame_rate;
        spec->autorotate = spec->rotated = 0;
    }
    if (out && rc == 0) {
        rc = set_text(&spec->formats, av_get_pix_fmt_name(out->format));
        spec->width = spec->height = spec->fixed_width = 0;
    }
    return rc < 0 ? no_memory(err) : 0;
}

static bool same_link(const AVFilterLink *a, const AVFilterLink *b)
{
    return a->format == b->format && a->w == b->w && a->h == b->h &&
           av_cmp_q(a->time_base, b->time_base) == 0;
}

/* Whether each filter of the piece has the same at its ends as in the whole graph. */
static bool same_inside(const struct maker *maker, int at, const struct chain *chain)
{
    const struct plan_piece *piece = &maker->plan->pieces[at];

    for (int i = 0; i < piece->count; i++) {
        const AVFilterContext *ours = chain->graph.graph->filters[i];
        const AVFilterContext *theirs = maker->whole->graph.graph->filters[piece->filters[i]];

        for (unsigned k = 0; k < ours->nb_inputs; k++)
            if (!same_link(ours->inputs[k], theirs->inputs[k]))
                return false;
        for (unsigned k = 0; k < ours->nb_outputs; k++)
            if (!same_link(ours->outputs[k], theirs->outputs[k]))
                return false;
    }
    return true;
}

/* 1: as in the whole graph, 0: not. */
static int configure(const struct maker *maker, int at, struct piece *piece, struct vid_error *err)
{
    struct chain *chain = NULL;
    int rc = chain_open(piece->spec, &chain, err);

    if (rc == 0)
        rc = chain_configure(chain, piece->blank, piece->spec, err);
    if (rc == 0)
        rc = chain_output(chain, &piece->output, err);
    if (rc == 0)
        rc = same_inside(maker, at, chain);
    if (rc > 0 && exit_of(maker, at)) /* only the last one is brought into the first size when that changes */
        piece->spec->fixed_width = 0;
    chain_close(&chain);
    return rc;
}

static int make_piece(const struct maker *maker, int at, const struct picture *first, struct vid_error *err)
{
    const struct plan_piece *plan = &maker->plan->pieces[at];
    struct piece *piece = &maker->pieces->items[at];
    const AVFilterLink *in = at > 0 ? exit_of(maker, at - 1) : NULL;

    piece->context = plan->context;
    piece->text = strdup(plan->text);
    piece->blank = in ? blank_of(in) : picture_ref((struct picture *)first);
    if (!piece->text || !piece->blank)
        return no_memory(err);
    if (cut_spec(maker, at, piece, err) < 0)
        return -ENOMEM;
    if (plan->parallel)
        chain_spec_take_context(piece->spec, &plan->context);
    return configure(maker, at, piece, err);
}

/* 1: made; 0: a cut would change what filters work with. */
static int make_pieces(struct maker *maker, const struct picture *first, struct vid_error *err)
{
    int rc = 1;

    maker->pieces->items = calloc((size_t)maker->plan->count, sizeof(*maker->pieces->items));
    if (!maker->pieces->items)
        return no_memory(err);
    maker->pieces->count = maker->plan->count;
    for (int at = 0; at < maker->plan->count && rc > 0; at++)
        rc = make_piece(maker, at, first, err);
    return rc;
}

/* The whole graph as one serial piece. */
static int make_one(struct maker *maker, const struct picture *first, struct vid_error *err)
{
    struct plan_piece whole = {.text = maker->whole_spec->filter, .exit = -1};
    const struct plan plan = {.pieces = &whole, .count = 1};
    struct pieces fresh = {.output = maker->pieces->output};
    int rc;

    snprintf(whole.context.reason, sizeof(whole.context.reason), "%s",
             "cut into pieces it would work with other pixel formats");
    for (int i = 0; i < maker->pieces->count; i++) {
        chain_spec_free(&maker->pieces->items[i].spec);
        picture_unref(&maker->pieces->items[i].blank);
        free(maker->pieces->items[i].text);
    }
    free(maker->pieces->items);
    *maker->pieces = fresh;
    maker->plan = &plan;
    rc = make_pieces(maker, first, err);
    maker->plan = NULL;
    return rc;
}

static int make(struct maker *maker, const struct picture *first, struct vid_error *err)
{
    int rc = chain_output(maker->whole, &maker->pieces->output, err);

    if (rc == 0)
        rc = make_pieces(maker, first, err);
    if (rc == 0) {
        log_verbose("the graph is not cut: its filters would work with other pixel formats");
        rc = make_one(maker, first, err);
    }
    return rc < 0 ? rc : 0;
}

int pieces_create(const struct media_options *options, const struct media_source *source,
                  const struct media_sink *sink, const struct picture *first, bool metadata,
                  struct pieces **out, struct vid_error *err)
{
    struct chain_spec *spec = NULL;
    struct plan *plan = NULL;
    struct chain *whole = NULL;
    struct maker maker = {.pieces = calloc(1, sizeof(*maker.pieces))};
    const struct sink_wish *wish = sink_wish(sink);
    int rc;

    *out = maker.pieces;
    if (!maker.pieces)
        return no_memory(err);
    rc = wish ? chain_spec_base(options, source, wish, &spec, err)
              : vid_fail(err, -EINVAL, "the output has no video stream that is filtered");
    if (rc == 0 && (rc = plan_make(spec->filter, metadata, &plan, err)) == 0 &&
        (rc = chain_open(spec, &whole, err)) == 0 && (rc = chain_configure(whole, first, spec, err)) == 0) {
        maker.plan = plan;
        maker.whole_spec = spec;
        maker.whole = whole;
        rc = make(&maker, first, err);
    }
    chain_close(&whole);
    plan_free(&plan);
    chain_spec_free(&spec);
    if (rc < 0)
        pieces_free(out);
    return rc;
}
