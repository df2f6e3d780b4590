#include "media/parts_private.h"

#include <errno.h>
#include <stdlib.h>

bool parts_replaying(const struct parts *parts)
{
    return parts->at < parts->wanted.sealed_count;
}

static const struct media_part *current(const struct parts *parts)
{
    return &parts->wanted.sealed[parts->at];
}

static int check_header(struct parts *parts, struct vid_error *err)
{
    const struct part_header *here = part_reader_header(parts->reader), *first = &parts->header;
    if (!parts->header_known)
        return parts_keep_header(parts, here, err);
    if (here->codec == first->codec && av_cmp_q(here->time_base, first->time_base) == 0)
        return 0;
    return vid_fail(err, -EBADMSG, "part %u in %s is not of the same stream as the first one", here->number,
                    parts->wanted.folder);
}

static int enter(struct parts *parts, struct vid_error *err)
{
    if (parts->reader)
        return 0;
    int code = part_reader_open(parts->wanted.folder, current(parts), &parts->reader, err);
    if (code < 0)
        return code;
    part_seam_begin(&parts->seam);
    return check_header(parts, err);
}

int parts_replay_header(struct parts *parts, const struct part_header **header, struct vid_error *err)
{
    int code = enter(parts, err);
    *header = &parts->header;
    return code;
}

/* Takes the next packet to the muxer, or keeps it as the drain would. */
static int move_packet(struct parts *parts, bool hold, struct vid_error *err)
{
    AVPacket *packet = av_packet_alloc();
    if (!packet)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    int code = part_reader_packet(parts->reader, packet, err);
    if (code >= 0) {
        part_seam_packet(&parts->seam, packet);
        code = hold ? parts_hold(parts, packet, err) : parts_pass_on(parts, packet, err);
    }
    av_packet_free(&packet);
    return code;
}

/* As at the cut that ended the part. Only the next part's first packet lets out what is held now. */
static int leave(struct parts *parts, struct vid_error *err)
{
    int code = enter(parts, err);
    if (code >= 0)
        code = parts_settle(parts, err);
    while (code >= 0 && part_reader_head(parts->reader)->kind == PART_DRAINED)
        code = move_packet(parts, true, err);
    return code;
}

static void next_part(struct parts *parts)
{
    part_reader_close(&parts->reader);
    parts->at++;
}

int parts_replay(struct parts *parts, uint64_t picture, struct vid_error *err)
{
    int code = 0;
    while (code >= 0 && parts_replaying(parts) && picture >= current(parts)->end) {
        code = leave(parts, err);
        next_part(parts);
    }
    if (code >= 0 && !parts_replaying(parts))
        return vid_fail(err, -EINVAL, "picture %" PRIu64 " lies in no sealed part", picture);
    if (code >= 0)
        code = enter(parts, err);
    while (code >= 0) {
        const struct part_head *head = part_reader_head(parts->reader);
        if (head->kind != PART_PACKET || head->picture > picture)
            break;
        code = parts_settle(parts, err);
        if (code >= 0)
            code = move_packet(parts, false, err);
    }
    return code;
}

static int take_rest(struct parts *parts, struct parts_rest *rest, struct vid_error *err)
{
    struct part_reader *reader = parts->reader;
    struct picture *picture = NULL;
    if (part_reader_head(reader)->kind != PART_STATE)
        return vid_fail(err, -EBADMSG, "part %u in %s has no state at its end", current(parts)->number,
                        parts->wanted.folder);
    int code = part_reader_text(reader, &rest->state, err);
    if (code < 0 || part_reader_head(reader)->kind != PART_LAST)
        return code;
    code = part_reader_picture(reader, &picture, err);
    if (code < 0)
        return code;
    rest->time_base = picture->time_base;
    rest->last = picture->frame;
    picture->frame = NULL;
    picture_unref(&picture);
    return 0;
}

int parts_replay_end(struct parts *parts, uint64_t picture, struct parts_rest *rest, struct vid_error *err)
{
    *rest = (struct parts_rest){0};
    uint64_t end = parts->wanted.sealed[parts->wanted.sealed_count - 1].end;
    if (parts->at != parts->wanted.sealed_count - 1 || picture != end)
        return vid_fail(err, -EINVAL,
                        "picture %" PRIu64
                        " is to be encoded, but the earlier run has encoded those below %" PRIu64,
                        picture, end);
    int code = leave(parts, err);
    if (code >= 0)
        code = take_rest(parts, rest, err);
    next_part(parts);
    return code;
}
