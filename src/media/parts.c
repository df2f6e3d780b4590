#include "media/parts_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A shorter part would end before an encoder has shown how long it holds frames back. */
#define FRAMES_MIN 8
#define AGAIN "start again with -restart, or with -part 0"

/* ---- making ---- */

static int check_sealed(const struct sink_parts *wanted, struct vid_error *err)
{
    uint64_t first = 0;
    for (int i = 0; i < wanted->sealed_count; i++) {
        const struct media_part *part = &wanted->sealed[i];
        if (part->number != (unsigned)i + 1 || part->first != first || part->end <= first)
            return vid_fail(err, -EINVAL,
                            "part %u of the earlier run does not follow the one before it; " AGAIN,
                            part->number);
        first = part->end;
    }
    return 0;
}

static int copy_wanted(struct parts *parts, const struct sink_parts *wanted)
{
    size_t bytes = sizeof(*wanted->sealed) * (size_t)wanted->sealed_count;
    struct media_part *sealed = malloc(bytes + 1);
    parts->wanted = *wanted;
    parts->wanted.sealed = sealed;
    parts->wanted.folder = strdup(wanted->folder);
    if (!sealed || !parts->wanted.folder)
        return -ENOMEM;
    if (bytes > 0)
        memcpy(sealed, wanted->sealed, bytes);
    return 0;
}

int parts_create(const struct sink_parts *wanted, double seconds, parts_emit emit, void *opaque,
                 struct parts **out, struct vid_error *err)
{
    *out = NULL;
    int code = check_sealed(wanted, err);
    if (code < 0)
        return code;
    struct parts *parts = *out = calloc(1, sizeof(*parts));
    if (!parts || copy_wanted(parts, wanted) < 0) {
        parts_close(out);
        return vid_fail(err, -ENOMEM, "no memory for the parts of the video");
    }
    parts->length = llrint(fmin(seconds, 1e9) * AV_TIME_BASE);
    parts->emit = emit;
    parts->opaque = opaque;
    parts->header.number = (unsigned)wanted->sealed_count;
    return 0;
}

void parts_rest_free(struct parts_rest *rest)
{
    free(rest->state);
    av_frame_free(&rest->last);
    *rest = (struct parts_rest){0};
}

void parts_close(struct parts **parts)
{
    struct parts *gone = *parts;
    *parts = NULL;
    if (!gone)
        return;
    if (gone->draining)
        pthread_join(gone->thread, NULL);
    for (int i = 0; i < gone->held_count; i++)
        av_packet_free(&gone->held[i]);
    free(gone->held);
    part_writer_close(&gone->writer);
    part_reader_close(&gone->reader);
    free(gone->header.extradata);
    free((char *)gone->wanted.folder);
    free((struct media_part *)gone->wanted.sealed);
    free(gone);
}

/* ---- packets on their way ---- */

int parts_pass_on(struct parts *parts, AVPacket *packet, struct vid_error *err)
{
    int code = parts->emit(parts->opaque, packet, err);
    av_packet_unref(packet);
    return code;
}

int parts_hold(struct parts *parts, AVPacket *packet, struct vid_error *err)
{
    if (parts->held_count == parts->held_room) {
        int room = parts->held_room ? 2 * parts->held_room : 64;
        AVPacket **held = realloc(parts->held, sizeof(AVPacket *) * (size_t)room);
        if (!held)
            return vid_fail(err, -ENOMEM, "no memory for a packet");
        parts->held = held;
        parts->held_room = room;
    }
    AVPacket *kept = av_packet_alloc();
    if (!kept)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    av_packet_move_ref(kept, packet);
    parts->held[parts->held_count++] = kept;
    return 0;
}

static int wait_for_drain(struct parts *parts, struct vid_error *err)
{
    if (!parts->draining)
        return 0;
    pthread_join(parts->thread, NULL);
    parts->draining = false;
    return parts->drain.code < 0 ? vid_fail(err, parts->drain.code, "%s", parts->drain.err.text) : 0;
}

int parts_settle(struct parts *parts, struct vid_error *err)
{
    int code = wait_for_drain(parts, err);
    for (int i = 0; i < parts->held_count; i++) {
        if (code >= 0)
            code = parts_pass_on(parts, parts->held[i], err);
        av_packet_free(&parts->held[i]);
    }
    parts->held_count = 0;
    return code;
}

/* A session begins with its first packet: until that comes the drain of the one before has the seam. */
static void stitch(struct part_seam *seam, bool *fresh, AVPacket *packet)
{
    if (*fresh)
        part_seam_begin(seam);
    *fresh = false;
    part_seam_packet(seam, packet);
}

int parts_packet(struct parts *parts, AVPacket *packet, uint64_t picture, struct vid_error *err)
{
    int code = parts_settle(parts, err);
    if (code < 0)
        return code;
    stitch(&parts->seam, &parts->fresh, packet);
    code = part_writer_packet(parts->writer, packet, picture, false, err);
    return code < 0 ? code : parts_pass_on(parts, packet, err);
}

/* ---- sessions ---- */

static bool is_same_stream(const struct part_header *header, const AVCodecContext *enc)
{
    return header->codec == enc->codec_id && av_cmp_q(header->time_base, enc->time_base) == 0 &&
           header->extradata_size == (size_t)enc->extradata_size &&
           (enc->extradata_size == 0 ||
            memcmp(header->extradata, enc->extradata, header->extradata_size) == 0);
}

int parts_check_session(const struct parts *parts, const AVCodecContext *enc, struct vid_error *err)
{
    if (!parts->header_known || is_same_stream(&parts->header, enc))
        return 0;
    return vid_fail(err, -EINVAL,
                    "encoder %s begins part %u with other headers than the first one (another number of "
                    "threads?): the parts would not be one stream; " AGAIN,
                    enc->codec->name, parts->header.number + 1);
}

int parts_keep_header(struct parts *parts, const struct part_header *header, struct vid_error *err)
{
    uint8_t *extradata = malloc(header->extradata_size + 1);
    if (!extradata)
        return vid_fail(err, -ENOMEM, "no memory for a part of the video");
    if (header->extradata_size > 0)
        memcpy(extradata, header->extradata, header->extradata_size);
    unsigned number = parts->header.number;
    parts->header = *header;
    parts->header.number = number;
    parts->header.extradata = extradata;
    parts->header_known = true;
    return 0;
}

static int first_header(struct parts *parts, const AVCodecContext *enc, const struct part_look *look,
                        struct vid_error *err)
{
    struct part_header header = {.codec = enc->codec_id,
                                 .time_base = enc->time_base,
                                 .look = *look,
                                 .extradata = enc->extradata,
                                 .extradata_size = (size_t)enc->extradata_size};
    return parts_keep_header(parts, &header, err);
}

int parts_begin(struct parts *parts, const AVCodecContext *enc, const struct part_look *look,
                uint64_t picture, struct vid_error *err)
{
    struct part_header *header = &parts->header;
    int code =
        parts->header_known ? parts_check_session(parts, enc, err) : first_header(parts, enc, look, err);
    if (code < 0)
        return code;
    header->number++;
    header->first = header->number == 1 ? 0 : picture;
    header->opened = picture;
    parts->frames = 0;
    parts->fresh = true;
    return part_writer_create(parts->wanted.folder, header, &parts->writer, err);
}

bool parts_due(const struct parts *parts, int64_t tick)
{
    return parts->frames >= FRAMES_MIN &&
           av_compare_ts(tick - parts->start, parts->header.time_base, parts->length, AV_TIME_BASE_Q) >= 0;
}

void parts_frame(struct parts *parts, int64_t tick)
{
    if (parts->frames++ == 0)
        parts->start = tick;
}

/* ---- the drain, on its thread ---- */

static int drain_packets(struct parts *parts, AVPacket *packet, struct vid_error *err)
{
    AVCodecContext *enc = parts->drain.enc;
    int code = avcodec_send_frame(enc, NULL);
    while (code >= 0 && (code = avcodec_receive_packet(enc, packet)) >= 0) {
        stitch(&parts->seam, &parts->drain.fresh, packet);
        int kept = part_writer_packet(parts->drain.writer, packet, parts->drain.end, true, err);
        if (kept >= 0)
            kept = parts_hold(parts, packet, err);
        if (kept < 0)
            return kept;
    }
    return code == AVERROR_EOF
               ? 0
               : media_fail(err, code, "encoder %s failed at the end of a part", enc->codec->name);
}

static int write_last(struct parts *parts, struct vid_error *err)
{
    struct parts_rest *rest = &parts->drain.rest;
    if (!rest->last)
        return 0;
    struct picture *picture = picture_from_frame(&rest->last, rest->time_base);
    if (!picture)
        return vid_fail(err, -ENOMEM, "no memory for a picture");
    int code = part_writer_last(parts->drain.writer, picture, err);
    picture_unref(&picture);
    return code;
}

static int seal(struct parts *parts, struct vid_error *err)
{
    struct media_part part;
    int code = part_writer_state(parts->drain.writer, parts->drain.rest.state, err);
    if (code >= 0)
        code = write_last(parts, err);
    if (code >= 0)
        code = part_writer_seal(parts->drain.writer, parts->drain.end, &part, err);
    if (code >= 0 && parts->wanted.sealed_one)
        code = parts->wanted.sealed_one(parts->wanted.opaque, &part, err);
    return code;
}

static void *drain_run(void *opaque)
{
    struct parts *parts = opaque;
    AVPacket *packet = av_packet_alloc();
    struct vid_error *err = &parts->drain.err;
    int code = packet ? drain_packets(parts, packet, err) : vid_fail(err, -ENOMEM, "no memory for a packet");
    if (code >= 0)
        code = seal(parts, err);
    parts->drain.code = code;
    av_packet_free(&packet);
    avcodec_free_context(&parts->drain.enc);
    part_writer_close(&parts->drain.writer);
    parts_rest_free(&parts->drain.rest);
    return NULL;
}

int parts_cut(struct parts *parts, AVCodecContext **enc, struct parts_rest *rest, uint64_t picture,
              struct vid_error *err)
{
    int code = parts_settle(parts, err);
    if (code < 0) {
        avcodec_free_context(enc);
        parts_rest_free(rest);
        return code;
    }
    memset(&parts->drain, 0, sizeof(parts->drain));
    parts->drain.enc = *enc;
    parts->drain.writer = parts->writer;
    parts->drain.rest = *rest;
    parts->drain.end = picture;
    parts->drain.fresh = parts->fresh;
    *enc = NULL;
    *rest = (struct parts_rest){0};
    parts->writer = NULL;
    parts->draining = pthread_create(&parts->thread, NULL, drain_run, parts) == 0;
    if (parts->draining)
        return 0;
    drain_run(parts); /* a machine short of threads: it takes its time here */
    return parts->drain.code < 0 ? vid_fail(err, parts->drain.code, "%s", parts->drain.err.text) : 0;
}
