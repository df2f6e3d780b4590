#include "media_check.h"

#include "media/picture_layout.h"

#include <libavutil/mastering_display_metadata.h>
#include <math.h>

static int released;

static void count_release(void *opaque, void *mem)
{
    assert_ptr_equal(opaque, &released);
    free(mem);
    released++;
}

/* A frame with a pattern all over its memory. */
static struct picture *make_picture(enum AVPixelFormat format, int width, int height)
{
    AVFrame *frame = av_frame_alloc();
    struct picture *picture;

    frame->format = format;
    frame->width = width;
    frame->height = height;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int p = 0; p < 4 && frame->buf[p]; p++)
        for (size_t i = 0; i < frame->buf[p]->size; i++)
            frame->buf[p]->data[i] = (uint8_t)(i * 7 + (size_t)p * 31 + i / 251);
    frame->pts = 12345;
    picture = picture_from_frame(&frame, (AVRational){1, 90000});
    assert_null(frame);
    return picture;
}

static char *pixels(const struct picture *picture)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    check_print(out, picture);
    fclose(out);
    return text;
}

static void assert_same_pixels(const struct picture *a, const struct picture *b)
{
    char *left = pixels(a), *right = pixels(b);

    if (strcmp(left, right) != 0)
        fail_msg("%s %dx%d: %s against %s", picture_format_name(a), picture_width(a), picture_height(a), left,
                 right);
    free(left);
    free(right);
}

/* The pieces as one block, as a file has them. */
static void *join(const struct picture_pieces *pieces)
{
    unsigned char *mem = aligned_alloc(64, (pieces->bytes + 63) / 64 * 64), *to = mem;

    for (int i = 0; i < pieces->count; i++)
        to = (unsigned char *)memcpy(to, pieces->iov[i].iov_base, pieces->iov[i].iov_len) +
             pieces->iov[i].iov_len;
    assert_int_equal(to - mem, pieces->bytes);
    return mem;
}

/* Both ways of packing give the picture back. */
static void round_trip(struct picture *picture)
{
    struct picture_pieces pieces;
    struct picture *copy = NULL;
    struct vid_error err = {0};
    size_t size = picture_packed_size(picture);
    void *mem = aligned_alloc(64, (size + 63) / 64 * 64);

    assert_true(size > 0);
    assert_int_equal(picture_pack(picture, mem, size - 1, &err), -ENOSPC);
    vid_error_clear(&err);
    assert_int_equal(picture_pack(picture, mem, size, &err), 0);
    assert_int_equal(picture_wrap_owned(mem, size, &copy, &err), 0);
    assert_same_pixels(picture, copy);
    for (int p = 0; p < 4 && copy->frame->data[p]; p++) {
        assert_int_equal((uintptr_t)copy->frame->data[p] % 64, 0);
        assert_int_equal(copy->frame->linesize[p] % 64, 0);
    }
    assert_false(av_frame_is_writable(copy->frame));
    picture_unref(&copy);

    assert_int_equal(picture_pieces(picture, &pieces, &err), 0);
    mem = join(&pieces);
    assert_int_equal(picture_wrap_owned(mem, pieces.bytes, &copy, &err), 0);
    picture_pieces_free(&pieces);
    assert_same_pixels(picture, copy);
    picture_unref(&copy);
}

static void every_format_and_size(void **state)
{
    const AVPixFmtDescriptor *desc = NULL;
    int formats = 0;

    while ((desc = av_pix_fmt_desc_next(desc))) {
        static const int sizes[][2] = {{64, 48}, {161, 121}, {1, 1}, {17, 3}, {640, 2}};

        if (desc->flags & AV_PIX_FMT_FLAG_HWACCEL)
            continue;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct picture *picture = make_picture(av_pix_fmt_desc_get_id(desc), sizes[i][0], sizes[i][1]);

            round_trip(picture);
            picture_unref(&picture);
        }
        formats++;
    }
    assert_true(formats > 150);
}

static void flipped_and_cropped_rows(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 64, 48);
    AVFrame *f = picture->frame;

    for (int p = 0; p < 3; p++) {
        f->data[p] += f->linesize[p] * ((p ? 24 : 48) - 1);
        f->linesize[p] = -f->linesize[p];
    }
    round_trip(picture);
    picture_unref(&picture);

    picture = make_picture(AV_PIX_FMT_YUV420P, 640, 480);
    f = picture->frame;
    f->width = 31;
    f->height = 17;
    for (int p = 0; p < 3; p++)
        f->data[p] += 10 * f->linesize[p] + 6;
    round_trip(picture);
    picture_unref(&picture);
}

/* Large planes with usable strides are not copied. */
static void pieces_point_at_the_pixels(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 1920, 32);
    struct picture_pieces pieces;
    int direct = 0;

    assert_int_equal(picture_pieces(picture, &pieces, NULL), 0);
    for (int i = 0; i < pieces.count; i++)
        for (int p = 0; p < 3; p++)
            direct += pieces.iov[i].iov_base == picture->frame->data[p];
    assert_int_equal(direct, 3);
    picture_pieces_free(&pieces);
    picture_unref(&picture);
}

static void add_everything(AVFrame *f)
{
    AVFrameSideData *sd;

    f->key_frame = 1;
    f->pict_type = AV_PICTURE_TYPE_B;
    f->sample_aspect_ratio = (AVRational){4, 3};
    f->pkt_dts = -7;
    f->time_base = (AVRational){1, 25};
    f->coded_picture_number = 5;
    f->display_picture_number = 6;
    f->quality = 77;
    f->repeat_pict = 1;
    f->interlaced_frame = 1;
    f->top_field_first = 1;
    f->palette_has_changed = 1;
    f->reordered_opaque = INT64_C(1) << 40;
    f->flags = AV_FRAME_FLAG_CORRUPT;
    f->color_range = AVCOL_RANGE_JPEG;
    f->color_primaries = AVCOL_PRI_BT2020;
    f->color_trc = AVCOL_TRC_SMPTE2084;
    f->colorspace = AVCOL_SPC_BT2020_NCL;
    f->chroma_location = AVCHROMA_LOC_TOPLEFT;
    f->best_effort_timestamp = 99;
    f->pkt_pos = 1234567890123;
    f->pkt_duration = 3600;
    f->decode_error_flags = FF_DECODE_ERROR_MISSING_REFERENCE;
    f->pkt_size = 4321;
    f->crop_left = 2;
    av_dict_set(&f->metadata, "lavfi.cropdetect.w", "64", 0);
    av_dict_set(&f->metadata, "empty", "", 0);
    av_mastering_display_metadata_create_side_data(f)->max_luminance = (AVRational){1000, 1};
    sd = av_frame_new_side_data(f, AV_FRAME_DATA_SEI_UNREGISTERED, 21);
    memcpy(sd->data, "0123456789abcdefghijk", 21);
    av_dict_set(&sd->metadata, "name", "value", 0);
    assert_non_null(av_frame_new_side_data(f, AV_FRAME_DATA_A53_CC, 0));
}

static void everything_travels(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_PAL8, 33, 9);
    AVFrame *a = picture->frame, *b;
    AVFrameSideData *sd;

    add_everything(a);
    picture->graph_first = 17;
    picture->end = 4711;
    picture->graph_aspect = (AVRational){8, 9};
    struct picture *copy = check_repack(picture_ref(picture));
    b = copy->frame;
    assert_same_pixels(picture, copy);
#define SAME(field) assert_int_equal(a->field, b->field)
    SAME(key_frame);
    SAME(pict_type);
    SAME(pts);
    SAME(pkt_dts);
    SAME(coded_picture_number);
    SAME(display_picture_number);
    SAME(quality);
    SAME(repeat_pict);
    SAME(interlaced_frame);
    SAME(top_field_first);
    SAME(palette_has_changed);
    SAME(reordered_opaque);
    SAME(flags);
    SAME(color_range);
    SAME(color_primaries);
    SAME(color_trc);
    SAME(colorspace);
    SAME(chroma_location);
    SAME(best_effort_timestamp);
    SAME(pkt_pos);
    SAME(pkt_duration);
    SAME(decode_error_flags);
    SAME(pkt_size);
    SAME(crop_left);
    SAME(nb_side_data);
#undef SAME
    assert_int_equal(av_cmp_q(a->sample_aspect_ratio, b->sample_aspect_ratio), 0);
    assert_int_equal(av_cmp_q(a->time_base, b->time_base), 0);
    assert_int_equal(av_cmp_q(picture->time_base, copy->time_base), 0);
    assert_int_equal(copy->graph_first, 17);
    assert_int_equal(copy->end, 4711);
    assert_int_equal(copy->graph_aspect.den, 9);
    assert_string_equal(av_dict_get(b->metadata, "lavfi.cropdetect.w", NULL, 0)->value, "64");
    assert_string_equal(av_dict_get(b->metadata, "empty", NULL, 0)->value, "");
    assert_int_equal(av_dict_count(b->metadata), 2);
    sd = av_frame_get_side_data(b, AV_FRAME_DATA_SEI_UNREGISTERED);
    assert_int_equal(sd->size, 21);
    assert_memory_equal(sd->data, "0123456789abcdefghijk", 21);
    assert_string_equal(av_dict_get(sd->metadata, "name", NULL, 0)->value, "value");
    sd = av_frame_get_side_data(b, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
    assert_int_equal(((AVMasteringDisplayMetadata *)(void *)sd->data)->max_luminance.num, 1000);
    picture_unref(&copy);
    picture_unref(&picture);
}

static void accessors(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_GRAY10, 30, 20), *none = NULL;

    assert_int_equal(picture_width(picture), 30);
    assert_int_equal(picture_height(picture), 20);
    assert_int_equal(picture_pts(picture), 12345);
    assert_true(fabs(picture_seconds(picture) - 12345.0 / 90000) < 1e-12);
    assert_string_equal(picture_format_name(picture), "gray10le");
    picture->frame->pts = AV_NOPTS_VALUE;
    assert_true(isnan(picture_seconds(picture)));
    picture_unref(&picture);
    assert_null(picture);
    picture_unref(&none);
}

static void release_comes_with_the_last_reference(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 64, 48), *a, *b;
    size_t size = picture_packed_size(picture);
    void *mem = aligned_alloc(64, (size + 63) / 64 * 64);

    released = 0;
    assert_int_equal(picture_pack(picture, mem, size, NULL), 0);
    assert_int_equal(picture_wrap(mem, size, count_release, &released, &a, NULL), 0);
    b = picture_ref(a);
    picture_unref(&a);
    assert_int_equal(released, 0);
    assert_same_pixels(picture, b);
    picture_unref(&b);
    assert_int_equal(released, 1);
    picture_unref(&picture);
}

static void keep(void *opaque, void *mem)
{
}

static void misaligned_blocks(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 64, 48), *copy;
    size_t size = picture_packed_size(picture);
    char *mem = aligned_alloc(64, (size + 127) / 64 * 64);
    struct vid_error err = {0};

    assert_int_equal(picture_pack(picture, mem + 16, size, NULL), 0);
    assert_int_equal(picture_wrap(mem + 16, size, keep, NULL, &copy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "multiple of 64"));
    free(mem);
    picture_unref(&picture);
}

static void hardware_is_refused(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 64, 48);
    struct picture_pieces pieces;
    struct vid_error err = {0};
    char mem[8];

    picture->frame->format = AV_PIX_FMT_VAAPI;
    assert_int_equal(picture_packed_size(picture), 0);
    assert_int_equal(picture_pack(picture, mem, sizeof(mem), &err), -ENOTSUP);
    assert_non_null(strstr(err.text, "graphics memory (vaapi"));
    assert_int_equal(picture_pieces(picture, &pieces, &err), -ENOTSUP);
    picture->frame->format = AV_PIX_FMT_YUV420P;
    picture_unref(&picture);
}

/* Flips each byte of the front part in turn, and cuts it at each length: refused or harmless, never a crash.
 */
static void damage_is_harmless(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 16, 16), *copy;
    size_t size;
    unsigned char *good;
    int refused = 0;

    add_everything(picture->frame);
    size = picture_packed_size(picture);
    good = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_int_equal(picture_pack(picture, good, size, NULL), 0);
    released = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char *bad = aligned_alloc(64, (size + 63) / 64 * 64);
        struct vid_error err = {0};

        memcpy(bad, good, size);
        bad[i] ^= i % 2 ? 0xff : 0x81;
        if (picture_wrap(bad, size, count_release, &released, &copy, &err) < 0) {
            assert_int_equal(err.code, -EBADMSG);
            refused++;
            continue;
        }
        free(pixels(copy));
        picture_unref(&copy);
    }
    assert_int_equal(released, size);
    assert_true(refused > 50);
    for (size_t cut = 0; cut < size; cut += 5) {
        void *bad = aligned_alloc(64, (cut + 64) / 64 * 64);

        memcpy(bad, good, cut);
        assert_int_equal(picture_wrap_owned(bad, cut, &copy, NULL), -EBADMSG);
        assert_null(copy);
    }
    free(good);
    picture_unref(&picture);
}

static void planes_outside_are_refused(void **state)
{
    struct picture *picture = make_picture(AV_PIX_FMT_YUV420P, 16, 16), *copy;
    size_t size = picture_packed_size(picture);

    for (int change = 0; change < 4; change++) {
        struct packed_header *h = aligned_alloc(64, (size + 63) / 64 * 64);
        struct vid_error err = {0};

        assert_int_equal(picture_pack(picture, h, size, NULL), 0);
        if (change == 0)
            h->plane[0].stride = 1 << 16;
        else if (change == 1)
            h->plane[2].offset += 64;
        else if (change == 2)
            h->plane[1].offset = 0;
        else
            h->version++;
        assert_int_equal(picture_wrap_owned(h, size, &copy, &err), -EBADMSG);
        assert_non_null(strstr(err.text, change < 3 ? "a plane lies outside" : "is from libavutil"));
    }
    picture_unref(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_and_size),
        cmocka_unit_test(flipped_and_cropped_rows),
        cmocka_unit_test(pieces_point_at_the_pixels),
        cmocka_unit_test(everything_travels),
        cmocka_unit_test(accessors),
        cmocka_unit_test(release_comes_with_the_last_reference),
        cmocka_unit_test(misaligned_blocks),
        cmocka_unit_test(hardware_is_refused),
        cmocka_unit_test(damage_is_harmless),
        cmocka_unit_test(planes_outside_are_refused),
    };

    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
