#include "media/encoder.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- may it be cut? ---- */

/* Packets that count from the start of a session, or that are no bytes; libxvid loses what it holds back. */
static bool is_uncuttable(const char *encoder)
{
    static const char *const names[] = {"a64multi", "a64multi5",    "apng",
                                        "gif",      "libwebp_anim", "libxvid",
                                        "roqvideo", "vc2",          "wrapped_avframe"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], encoder) == 0)
            return true;
    return false;
}

static bool option_has(const struct out_stream *stream, const char *name, const char *word)
{
    const AVDictionaryEntry *entry = av_dict_get(stream->codec_opts, name, NULL, 0);
    return entry && strstr(entry->value, word);
}

/* The statistics are of one session. */
static bool is_in_passes(const struct out_stream *stream)
{
    return stream->enc->flags & (AV_CODEC_FLAG_PASS1 | AV_CODEC_FLAG_PASS2) ||
           option_has(stream, "flags", "pass") || option_has(stream, "x264-params", "pass=") ||
           option_has(stream, "x264opts", "pass=") || option_has(stream, "x265-params", "pass=");
}

int encoder_want_parts(struct encoder *e, const struct sink_parts *wanted, struct vid_error *err)
{
    const struct out_stream *stream = e->stream;
    double seconds = stream->options->part;
    if (seconds > 0 && stream->mux->path.is_file && !is_uncuttable(stream->codec->name) &&
        !is_in_passes(stream))
        return parts_create(wanted, seconds, encoder_emit, e, &e->parts, err);
    if (wanted->sealed_count > 0)
        return vid_fail(err, -EINVAL,
                        "this video is encoded in one session and cannot go on from parts; start again "
                        "with -restart");
    return 0;
}

/* ---- cutting ---- */

int encoder_begin_parts(struct encoder *e, struct vid_error *err)
{
    return parts_begin(e->parts, e->stream->enc, &e->look, e->picture, err);
}

/* Only a constant rate repeats the last picture. */
static int collect_rest(const struct encoder *e, struct parts_rest *rest, struct vid_error *err)
{
    bool needed = e->constant && e->last->buf[0];
    *rest = (struct parts_rest){.state = encoder_state_save(e),
                                .last = needed ? av_frame_clone(e->last) : NULL,
                                .time_base = {e->video.time_base[0], e->video.time_base[1]}};
    if (rest->state && (rest->last || !needed))
        return 0;
    parts_rest_free(rest);
    return vid_fail(err, -ENOMEM, "no memory for the end of a part");
}

int encoder_cut(struct encoder *e, struct vid_error *err)
{
    struct parts_rest rest;
    int code = collect_rest(e, &rest, err);
    if (code >= 0)
        code = parts_cut(e->parts, &e->stream->enc, &rest, e->picture, err);
    if (code >= 0)
        code = encoder_open_session(e, err);
    return code < 0 ? code : encoder_begin_parts(e, err);
}

/* ---- going on after an earlier run ---- */

/* Where the first run opened the encoder, so that the muxer's header has its place among the packets. */
static int open_in_time(struct encoder *e, struct vid_error *err)
{
    const struct part_header *header;
    if (e->opened)
        return 0;
    int code = parts_replay_header(e->parts, &header, err);
    if (code < 0 || e->picture < header->opened)
        return code;
    code = encoder_open_again(e, &header->look, err);
    return code < 0 ? code : parts_check_session(e->parts, e->stream->enc, err);
}

int encoder_skip(struct encoder *e, struct vid_error *err)
{
    if (!e->parts || !parts_replaying(e->parts))
        return vid_fail(err, -EINVAL, "picture %" PRIu64 " cannot be skipped: no earlier run has encoded it",
                        e->picture);
    int code = open_in_time(e, err);
    return code < 0 ? code : parts_replay(e->parts, e->picture, err);
}

int encoder_resume(struct encoder *e, struct vid_error *err)
{
    struct parts_rest rest;
    if (!parts_replaying(e->parts))
        return 0;
    int code = parts_replay_end(e->parts, e->picture, &rest, err);
    if (code >= 0)
        code = encoder_state_load(e, rest.state, err);
    if (code >= 0 && rest.last)
        av_frame_move_ref(e->last, rest.last);
    parts_rest_free(&rest);
    return code < 0 ? code : encoder_begin_parts(e, err);
}
