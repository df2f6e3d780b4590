/* The state at the end of a part: all of it comes back, to the last bit. */
#include "media/encoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

static struct encoder make(void)
{
    struct encoder e = {.trim_first = AV_NOPTS_VALUE};
    const char *text = "expr:st(1,ld(1)+0.1);gt(random(0),0.5)";
    assert_int_equal(keyframes_parse(text, NULL, (AVRational){1, 25}, &e.keyframes, NULL), 0);
    return e;
}

/* What the expression says of the next hundred frames. */
static void ask(struct encoder *e, int64_t from, char answers[101])
{
    AVFrame *frame = av_frame_alloc();
    assert_non_null(frame);
    for (int i = 0; i < 100; i++) {
        frame->pts = from + i;
        answers[i] = keyframes_forces(&e->keyframes, frame, 0) ? 'k' : '.';
    }
    answers[100] = 0;
    av_frame_free(&frame);
}

static void all_of_it_comes_back(void **state)
{
    struct encoder e = make(), back = make();
    char want[101], got[101];
    e.pacing = (struct pacing){.next = 1LL << 40,
                               .encoded = 70,
                               .repeats = {3, 2, 1},
                               .withheld = true,
                               .duplicated = 5,
                               .dropped = 6};
    e.trim_first = -17;
    e.keyframes.next = 9;
    e.keyframes.dropped = true;
    ask(&e, 1000, want);

    char *text = encoder_state_save(&e);
    assert_non_null(text);
    assert_int_equal(encoder_state_load(&back, text, NULL), 0);
    free(text);
    assert_memory_equal(&back.pacing, &e.pacing, sizeof(e.pacing));
    assert_int_equal(back.trim_first, -17);
    assert_true(back.keyframes.next == 9 && back.keyframes.first == 1000 && back.keyframes.dropped);
    assert_true(back.keyframes.values[KF_N] == 100);
    assert_true(keyframes_recall(&back.keyframes, 1) == keyframes_recall(&e.keyframes, 1));

    ask(&e, 1100, want);
    ask(&back, 1100, got);
    assert_string_equal(got, want);
    assert_non_null(strchr(want, 'k'));
    assert_non_null(strchr(want, '.'));
    keyframes_free(&e.keyframes);
    keyframes_free(&back.keyframes);
}

static void what_is_not_there_yet_comes_back(void **state)
{
    struct encoder e = make(), back = make();
    back.trim_first = 0;
    char *text = encoder_state_save(&e);
    assert_int_equal(encoder_state_load(&back, text, NULL), 0);
    free(text);
    assert_true(back.trim_first == AV_NOPTS_VALUE && back.keyframes.first == AV_NOPTS_VALUE);
    assert_true(isnan(back.keyframes.values[KF_PREV_FORCED_N]));
    keyframes_free(&e.keyframes);
    keyframes_free(&back.keyframes);
}

static void nonsense_is_refused(void **state)
{
    static const char *const texts[] = {"", "1", "2 0", "1 a", "1 1 2 3 4 5 6 7 8 9 10 11 12 0x1p"};
    struct encoder e = make();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(encoder_state_load(&e, texts[i], NULL), -EBADMSG);
    char *text = encoder_state_save(&e), longer[1000];
    snprintf(longer, sizeof(longer), "%s 1", text);
    assert_int_equal(encoder_state_load(&e, longer, NULL), -EBADMSG);
    free(text);
    keyframes_free(&e.keyframes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_comes_back),
        cmocka_unit_test(what_is_not_there_yet_comes_back),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
