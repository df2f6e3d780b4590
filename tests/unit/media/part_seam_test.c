/* Decoding times over the seams of sessions, against those of one session. */
#include "media/part_seam.h"

#include <libavutil/avutil.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES 24

/* What an encoder that holds `delay` frames back does with frames shown at pts[0..count), in the order of
 * showing: the k-th packet is decoded when frame k - delay is shown; for the first ones it goes back in time.
 */
static void encode(const int64_t *pts, int count, int delay, int64_t *dts)
{
    int64_t step = count > delay ? pts[delay] - pts[0] : 0;
    for (int i = 0; i < count; i++)
        dts[i] = i < delay ? pts[i] - step : pts[i - delay];
}

/* Of each session, the frame after the first comes `delay` places later, as a B-frame would. */
static void stitch(const int64_t *pts, const int *cuts, int delay, int64_t *dts)
{
    struct part_seam seam = {0};
    for (int i = 0; cuts[i] < FRAMES; i++) {
        int64_t guess[FRAMES];
        int count = cuts[i + 1] - cuts[i];
        encode(pts + cuts[i], count, delay, guess);
        part_seam_begin(&seam);
        for (int k = 0; k < count; k++) {
            int shown = k == 0 || k > delay || delay == 0 || delay >= count ? k : k == 1 ? delay : k - 1;
            AVPacket packet = {.pts = pts[cuts[i] + shown], .dts = guess[k]};
            part_seam_packet(&seam, &packet);
            dts[cuts[i] + k] = packet.dts;
        }
    }
}

static void check(const int64_t *pts, const int *cuts, int delay)
{
    int64_t one[FRAMES], parts[FRAMES];
    encode(pts, FRAMES, delay, one);
    stitch(pts, cuts, delay, parts);
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(parts[i], one[i]);
}

static const int even[] = {0, 8, 16, 24}, uneven[] = {0, 9, 21, 22, 24};

static void a_steady_rate_goes_on(void **state)
{
    int64_t pts[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        pts[i] = 40 * i;
    for (int delay = 0; delay <= 3; delay++) {
        check(pts, even, delay);
        check(pts, uneven, delay);
    }
}

static void uneven_times_go_on(void **state)
{
    int64_t pts[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        pts[i] = 10 * i + (i % 8 ? 0 : -7) + (i > 8 ? 500 : 0) + (i > 17 ? 3000 : 0);
    for (int delay = 0; delay <= 3; delay++) {
        check(pts, even, delay);
        check(pts, uneven, delay);
    }
}

/* What a part file has is right already. */
static void a_second_time_changes_nothing(void **state)
{
    int64_t pts[FRAMES], once[FRAMES];
    struct part_seam seam = {0};
    for (int i = 0; i < FRAMES; i++)
        pts[i] = i * i;
    stitch(pts, even, 2, once);
    for (int i = 0; i < FRAMES; i++) {
        AVPacket packet = {.pts = pts[i], .dts = once[i]};
        if (i % 8 == 0)
            part_seam_begin(&seam);
        part_seam_packet(&seam, &packet);
        assert_int_equal(packet.dts, once[i]);
    }
}

static void packets_without_times_are_left_alone(void **state)
{
    struct part_seam seam = {0};
    AVPacket packet = {.pts = AV_NOPTS_VALUE, .dts = 5};
    for (int session = 0; session < 3; session++) {
        part_seam_begin(&seam);
        for (int i = 0; i < 5; i++)
            part_seam_packet(&seam, &packet);
    }
    assert_int_equal(packet.dts, 5);
    assert_int_equal(seam.recent_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_rate_goes_on),
        cmocka_unit_test(uneven_times_go_on),
        cmocka_unit_test(a_second_time_changes_nothing),
        cmocka_unit_test(packets_without_times_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
