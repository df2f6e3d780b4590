/* keyframes: which frames -force_key_frames makes key frames: at times, by an expression, or where the
 * source had them. One thread. Private to the room. */
#ifndef VID_MEDIA_KEYFRAMES_H
#define VID_MEDIA_KEYFRAMES_H

#include "base/error.h"

#include <libavformat/avformat.h>
#include <libavutil/eval.h>
#include <stdbool.h>

enum keyframes_kind { KEYFRAMES_NONE, KEYFRAMES_TIMES, KEYFRAMES_EXPR, KEYFRAMES_SOURCE };

#define KEYFRAMES_MEMORY 10 /* libavutil's variables of an expression */

enum keyframes_value { KF_N, KF_N_FORCED, KF_PREV_FORCED_N, KF_PREV_FORCED_T, KF_T, KF_VALUES };

struct keyframes {
    enum keyframes_kind kind;
    AVRational time_base;
    int64_t *times; /* sorted, in time_base */
    int count, next;
    AVExpr *expr;
    double values[KF_VALUES];
    int64_t first; /* pts of the first frame */
    bool no_drop;  /* "source_no_drop" */
    bool dropped;  /* the picture that is withheld was a key frame of the source: set by the caller */
};

/* `text` may be NULL. "chapters" are the output's. */
int keyframes_parse(const char *text, const AVFormatContext *output, AVRational time_base,
                    struct keyframes *out, struct vid_error *err);

/* Asked once for each frame that goes to the encoder. `repeat`: how often it went there before. */
bool keyframes_forces(struct keyframes *kf, const AVFrame *frame, int64_t repeat);

/* What st() has stored in the expression, and random() too: of KEYFRAMES_EXPR only. */
double keyframes_recall(const struct keyframes *kf, int variable);
void keyframes_remember(struct keyframes *kf, int variable, double value);

void keyframes_free(struct keyframes *kf);

#endif
