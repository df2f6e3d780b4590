#include "media/keyframes.h"

#include <libavutil/avstring.h>
#include <libavutil/mathematics.h>
#include <libavutil/mem.h>
#include <libavutil/parseutils.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const value_names[] = {"n", "n_forced", "prev_forced_n", "prev_forced_t", "t", NULL};

static int add_time(struct keyframes *kf, int64_t time)
{
    int64_t *grown = realloc(kf->times, sizeof(*grown) * (size_t)(kf->count + 1));
    if (!grown)
        return -ENOMEM;
    grown[kf->count++] = time;
    kf->times = grown;
    return 0;
}

static int add_chapters(struct keyframes *kf, const AVFormatContext *output, int64_t offset)
{
    int code = 0;
    for (unsigned i = 0; i < output->nb_chapters && code >= 0; i++) {
        const AVChapter *chapter = output->chapters[i];
        int64_t start = av_rescale_q(chapter->start, chapter->time_base, kf->time_base);
        code = add_time(kf, start + av_rescale_q(offset, AV_TIME_BASE_Q, kf->time_base));
    }
    return code;
}

static int add_item(struct keyframes *kf, const char *item, const AVFormatContext *output,
                    struct vid_error *err)
{
    bool chapters = strncmp(item, "chapters", 8) == 0;
    const char *time = chapters ? item + 8 : item;
    int64_t us = 0;
    if ((!chapters || *time) && av_parse_time(&us, time, 1) < 0)
        return vid_fail(err, -EINVAL, "-force_key_frames: '%s' is not a time", time);
    int code = chapters ? add_chapters(kf, output, us)
                        : add_time(kf, av_rescale_q(us, AV_TIME_BASE_Q, kf->time_base));
    return code < 0 ? vid_fail(err, code, "no memory for -force_key_frames") : 0;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int parse_times(struct keyframes *kf, const char *text, const AVFormatContext *output,
                       struct vid_error *err)
{
    char *copy = strdup(text), *rest = copy;
    if (!copy)
        return vid_fail(err, -ENOMEM, "no memory for -force_key_frames");
    kf->kind = KEYFRAMES_TIMES;
    int code = 0;
    for (char *item = strsep(&rest, ","); item && code >= 0; item = strsep(&rest, ","))
        code = add_item(kf, item, output, err);
    free(copy);
    if (kf->count > 0)
        qsort(kf->times, (size_t)kf->count, sizeof(*kf->times), by_time);
    return code;
}

/* Around the user's expression, whose n is never negative: the only way to its variables. */
#define REACH_IN "if(lt(n,0),if(lt(n_forced,0),st(-1-n,t),ld(-1-n)),(%s))"

static int parse(AVExpr **expr, const char *text)
{
    return av_expr_parse(expr, text, value_names, NULL, NULL, NULL, NULL, 0, NULL);
}

static int parse_expr(struct keyframes *kf, const char *text, struct vid_error *err)
{
    kf->kind = KEYFRAMES_EXPR;
    if (parse(&kf->expr, text) < 0)
        return vid_fail(err, -EINVAL, "-force_key_frames: '%s' is not an expression", text);
    av_expr_free(kf->expr);
    kf->expr = NULL;
    char *whole = av_asprintf(REACH_IN, text);
    int code = whole ? parse(&kf->expr, whole) : -ENOMEM;
    av_free(whole);
    if (code < 0)
        return vid_fail(err, code, "-force_key_frames: no memory for '%s'", text);
    kf->values[KF_PREV_FORCED_N] = NAN;
    kf->values[KF_PREV_FORCED_T] = NAN;
    return 0;
}

int keyframes_parse(const char *text, const AVFormatContext *output, AVRational time_base,
                    struct keyframes *out, struct vid_error *err)
{
    *out = (struct keyframes){.time_base = time_base, .first = AV_NOPTS_VALUE};
    if (!text)
        return 0;
    if (strncmp(text, "expr:", 5) == 0)
        return parse_expr(out, text + 5, err);
    if (strncmp(text, "source", 6) == 0) {
        out->kind = KEYFRAMES_SOURCE;
        out->no_drop = strncmp(text, "source_no_drop", 14) == 0;
        return 0;
    }
    return parse_times(out, text, output, err);
}

double keyframes_recall(const struct keyframes *kf, int variable)
{
    const double values[KF_VALUES] = {[KF_N] = -1 - variable};
    return kf->expr ? av_expr_eval(kf->expr, values, NULL) : 0;
}

void keyframes_remember(struct keyframes *kf, int variable, double value)
{
    const double values[KF_VALUES] = {[KF_N] = -1 - variable, [KF_N_FORCED] = -1, [KF_T] = value};
    if (kf->expr)
        av_expr_eval(kf->expr, values, NULL);
}

static bool expr_forces(struct keyframes *kf, const AVFrame *frame)
{
    double *values = kf->values;
    values[KF_T] =
        frame->pts == AV_NOPTS_VALUE ? NAN : (double)(frame->pts - kf->first) * av_q2d(kf->time_base);
    bool forced = av_expr_eval(kf->expr, values, NULL) != 0;
    if (forced) {
        values[KF_PREV_FORCED_N] = values[KF_N];
        values[KF_PREV_FORCED_T] = values[KF_T];
        values[KF_N_FORCED] += 1;
    }
    values[KF_N] += 1;
    return forced;
}

static bool source_forces(struct keyframes *kf, const AVFrame *frame)
{
    if (frame->key_frame == 1)
        return true;
    bool forced = kf->no_drop && kf->dropped;
    kf->dropped = false;
    return forced;
}

bool keyframes_forces(struct keyframes *kf, const AVFrame *frame, int64_t repeat)
{
    if (kf->first == AV_NOPTS_VALUE)
        kf->first = frame->pts;
    switch (kf->kind) {
    case KEYFRAMES_TIMES:
        if (kf->next >= kf->count || frame->pts < kf->times[kf->next])
            return false;
        kf->next++;
        return true;
    case KEYFRAMES_EXPR:
        return expr_forces(kf, frame);
    case KEYFRAMES_SOURCE:
        return repeat == 0 && source_forces(kf, frame);
    default:
        return false;
    }
}

void keyframes_free(struct keyframes *kf)
{
    free(kf->times);
    av_expr_free(kf->expr);
    *kf = (struct keyframes){0};
}
