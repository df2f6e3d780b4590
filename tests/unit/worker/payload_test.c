#include "worker/payload.h"

#include "media/internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct picture *picture_of(int width, int value)
{
    AVFrame *frame = av_frame_alloc();

    frame->format = AV_PIX_FMT_GRAY8;
    frame->width = width;
    frame->height = 4;
    frame->pts = value;
    assert_int_equal(av_frame_get_buffer(frame, 64), 0);
    for (int y = 0; y < 4; y++)
        memset(frame->data[0] + y * frame->linesize[0], value, (size_t)width);
    return picture_from_frame(&frame, (AVRational){1, 25});
}

/* The payload of two pictures, written as the worker writes it. */
static unsigned char *written(uint64_t *size)
{
    struct picture *pictures[2] = {picture_of(70, 7), picture_of(20, 9)};
    struct payload_times times = {.claimed = 1, .fetched = 2, .filtered = 3, .memory_kb = 4};
    struct payload payload;
    struct vid_error err = {0};
    unsigned char *mem, *at;

    assert_int_equal(payload_build(&times, pictures, 2, &payload, &err), 0);
    assert_int_equal(payload.bytes % PAYLOAD_ALIGN, 0);
    at = mem = aligned_alloc(64, payload.bytes);
    for (int i = 0; i < payload.count; i++) {
        memcpy(at, payload.iov[i].iov_base, payload.iov[i].iov_len);
        at += payload.iov[i].iov_len;
    }
    assert_int_equal(at - mem, payload.bytes);
    *size = payload.bytes;
    payload_clear(&payload);
    picture_unref(&pictures[0]);
    picture_unref(&pictures[1]);
    return mem;
}

static void retain(void *opaque)
{
    ++*(int *)opaque;
}

static void release(void *opaque, void *mem)
{
    (void)mem;
    --*(int *)opaque;
}

static void comes_back_as_it_was(void **state)
{
    uint64_t size;
    unsigned char *mem = written(&size);
    int held = 0;
    struct payload_memory memory = {retain, release, &held};
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    struct payload_times times;
    struct vid_error err = {0};

    assert_int_equal(payload_open(mem, size, &memory, &times, pictures, &err), 2);
    assert_int_equal(held, 2);
    assert_int_equal(times.filtered, 3);
    assert_int_equal(times.memory_kb, 4);
    assert_int_equal(picture_width(pictures[0]), 70);
    assert_int_equal(picture_pts(pictures[1]), 9);
    assert_int_equal(pictures[0]->frame->data[0][69], 7);
    assert_int_equal(pictures[1]->frame->data[0][19], 9);
    picture_unref(&pictures[0]);
    picture_unref(&pictures[1]);
    assert_int_equal(held, 0);
    free(mem);
}

static void refuses_what_is_cut_off(void **state)
{
    uint64_t size;
    unsigned char *mem = written(&size);
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    struct payload_times times;

    for (uint64_t cut = 0; cut + 64 < size; cut += 32) {
        int held = 0;
        struct payload_memory memory = {retain, release, &held};
        struct vid_error err = {0};

        assert_true(payload_open(mem, cut, &memory, &times, pictures, &err) < 0);
        assert_true(err.text[0] != '\0');
        assert_int_equal(held, 0);
    }
    free(mem);
}

static void carries_a_frame_without_pictures(void **state)
{
    struct payload_times times = {0};
    struct payload payload;
    int held = 0;
    struct payload_memory memory = {retain, release, &held};
    struct vid_error err = {0};

    assert_int_equal(payload_build(&times, NULL, 0, &payload, &err), 0);
    assert_int_equal(payload.count, 1);
    assert_int_equal(payload_open(payload.iov[0].iov_base, payload.bytes, &memory, &times, NULL, &err), 0);
    payload_clear(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(refuses_what_is_cut_off),
        cmocka_unit_test(carries_a_frame_without_pictures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
