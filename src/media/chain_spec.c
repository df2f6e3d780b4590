#include "media/chain_spec.h"
#include "base/log.h"
#include "media/catalog.h"
#include "media/plugin.h"

#include <libavutil/bprint.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

void chain_spec_free(struct chain_spec **spec)
{
    struct chain_spec *gone = *spec;

    *spec = NULL;
    if (!gone)
        return;
    free(gone->filter);
    free(gone->formats);
    free(gone->sws);
    free(gone->plugins);
    free(gone);
}

int chain_spec_copy(const struct chain_spec *spec, struct chain_spec **out, struct vid_error *err)
{
    struct chain_spec *copy = *out = malloc(sizeof(*copy));

    if (copy) {
        *copy = *spec;
        copy->filter = strdup(spec->filter);
        copy->formats = spec->formats ? strdup(spec->formats) : NULL;
        copy->sws = strdup(spec->sws);
        copy->plugins = spec->plugins ? strdup(spec->plugins) : NULL;
        if (copy->filter && copy->sws && (copy->formats || !spec->formats) &&
            (copy->plugins || !spec->plugins))
            return 0;
    }
    chain_spec_free(out);
    return vid_fail(err, -ENOMEM, "no memory for a filter chain");
}

/* The formats that ffmpeg lets an encoder have: mjpeg only the full-range ones, unless told otherwise. */
static const enum AVPixelFormat *encoder_formats(const struct sink_wish *wish)
{
    static const enum AVPixelFormat full_range[] = {AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P,
                                                    AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_NONE};

    if (!wish->encoder || !wish->encoder->pix_fmts)
        return NULL;
    if (wish->strict > FF_COMPLIANCE_UNOFFICIAL && !strcmp(wish->encoder->name, "mjpeg"))
        return full_range;
    return wish->encoder->pix_fmts;
}

/* The wanted format, or the nearest one that the encoder has. */
static enum AVPixelFormat nearest_format(const struct sink_wish *wish)
{
    const enum AVPixelFormat *p = encoder_formats(wish);
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(wish->pixel_format);
    enum AVPixelFormat best = AV_PIX_FMT_NONE;

    for (; p && *p != AV_PIX_FMT_NONE; p++) {
        if (*p == wish->pixel_format)
            return *p;
        best = av_find_best_pix_fmt_of_2(best, *p, wish->pixel_format, desc && desc->nb_components % 2 == 0,
                                         NULL);
    }
    if (!encoder_formats(wish))
        return wish->pixel_format;
    log_warn("Incompatible pixel format '%s' for codec '%s', auto-selecting format '%s'",
             av_get_pix_fmt_name(wish->pixel_format), wish->encoder->name, av_get_pix_fmt_name(best));
    return best;
}

static int list_formats(const struct sink_wish *wish, char **out)
{
    const enum AVPixelFormat *p = encoder_formats(wish);
    AVBPrint text;
    char *list;

    *out = NULL;
    if (wish->pixel_format != AV_PIX_FMT_NONE) {
        enum AVPixelFormat format = wish->keep_format ? wish->pixel_format : nearest_format(wish);

        return (*out = strdup(av_get_pix_fmt_name(format))) ? 0 : -ENOMEM;
    }
    if (wish->keep_format || !p)
        return 0;
    av_bprint_init(&text, 0, AV_BPRINT_SIZE_UNLIMITED);
    for (int i = 0; p[i] != AV_PIX_FMT_NONE; i++)
        av_bprintf(&text, "%s%s", i ? "|" : "", av_get_pix_fmt_name(p[i]));
    if (av_bprint_finalize(&text, &list) < 0)
        return -ENOMEM;
    *out = strdup(list);
    av_free(list);
    return *out ? 0 : -ENOMEM;
}

static int join_options(const AVDictionary *dict, char **out)
{
    const AVDictionaryEntry *e = NULL;
    AVBPrint text;
    char *joined;

    av_bprint_init(&text, 0, AV_BPRINT_SIZE_UNLIMITED);
    while ((e = av_dict_get(dict, "", e, AV_DICT_IGNORE_SUFFIX)))
        av_bprintf(&text, "%s%s=%s", text.len ? ":" : "", e->key, e->value);
    if (av_bprint_finalize(&text, &joined) < 0)
        return -ENOMEM;
    *out = strdup(joined);
    av_free(joined);
    return *out ? 0 : -ENOMEM;
}

static void take_matrix(const struct source_stream *stream, struct chain_spec *spec)
{
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream->st, AV_PKT_DATA_DISPLAYMATRIX, &size);

    if (!data || size < sizeof(spec->matrix))
        return;
    spec->rotated = 1;
    memcpy(spec->matrix, data, sizeof(spec->matrix));
}

void chain_spec_take_context(struct chain_spec *spec, const struct chain_context *context)
{
    spec->windowed = context->windowed;
    spec->before = (int)context->before;
    spec->after = (int)context->after;
    spec->period = (int)context->period;
    spec->task_frames = (int)context->task_frames;
}

void chain_spec_context(const struct chain_spec *spec, struct chain_context *out)
{
    *out = (struct chain_context){.parallel = true,
                                  .windowed = spec->windowed,
                                  .before = (unsigned)spec->before,
                                  .after = (unsigned)spec->after,
                                  .period = (unsigned)spec->period,
                                  .task_frames = (unsigned)spec->task_frames};
}

int chain_spec_base(const struct media_options *options, const struct media_source *source,
                    const struct sink_wish *wish, struct chain_spec **out, struct vid_error *err)
{
    const char *filter = wish->filter ? wish->filter : "null";
    const struct source_stream *stream = source_video(source);
    struct chain_spec *spec;
    int rc;

    *out = NULL;
    if (!*filter)
        return vid_fail(err, -EINVAL, "-vf \"\" names no filter: leave it out, or say -vf null");
    if (!stream)
        return vid_fail(err, -EINVAL, "no stream is selected for filtering");
    if (!(spec = calloc(1, sizeof(*spec))))
        return vid_fail(err, -ENOMEM, "no memory for a filter chain");
    spec->time_base = source_time_base(source);
    spec->frame_rate = source_frame_rate(source);
    spec->autorotate = stream->autorotate;
    take_matrix(stream, spec);
    spec->keep_format = wish->keep_format;
    spec->width = wish->width;
    spec->height = wish->height;
    spec->autoscale = wish->autoscale;
    spec->threads = options->filter_threads > 0 ? options->filter_threads : 1;
    spec->filter = strdup(filter);
    if ((rc = plugin_list_of(filter, &spec->plugins, err)) < 0) {
        chain_spec_free(&spec);
        return rc;
    }
    if (!spec->filter || list_formats(wish, &spec->formats) < 0 ||
        join_options(wish->sws_opts, &spec->sws) < 0) {
        chain_spec_free(&spec);
        return vid_fail(err, -ENOMEM, "no memory for a filter chain");
    }
    *out = spec;
    return 0;
}

int chain_spec_build(const struct media_options *options, const struct media_source *source,
                     const struct sink_wish *wish, struct chain_spec **out, struct vid_error *err)
{
    struct chain_context context;
    int rc = chain_spec_base(options, source, wish, out, err);

    if (rc < 0)
        return rc;
    if ((rc = catalog_check((*out)->filter, &context, err)) < 0)
        chain_spec_free(out);
    else
        chain_spec_take_context(*out, &context);
    return rc < 0 ? rc : 0;
}
