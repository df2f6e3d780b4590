#include "store/frame_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static char name[64];

static int set_up(void **state)
{
    snprintf(name, sizeof(name), "/vidmpi-ring-test-%d", (int)getpid());
    return 0;
}

static void shows_what_was_written(void **state)
{
    struct frame_ring *ring = NULL;
    struct frame_view *view = NULL;
    struct vid_error err = {0};
    const char *mem;

    assert_int_equal(frame_ring_create(name, 3, 5000, &ring, &err), 0);
    assert_int_equal(frame_view_open(name, &view, &err), 0);
    strcpy(frame_ring_at(ring, 4), "frame 4");
    assert_ptr_equal(frame_ring_at(ring, 4), frame_ring_at(ring, 1));
    assert_int_equal((uintptr_t)frame_ring_at(ring, 1) % 64, 0);
    mem = frame_view_at(view, frame_ring_offset(ring, 4), 5000, &err);
    assert_string_equal(mem, "frame 4");
    frame_view_close(&view);
    frame_ring_destroy(&ring);
    assert_int_equal(shm_open(name, O_RDONLY, 0), -1); /* nothing is left */
}

static void refuses_what_lies_behind_the_end(void **state)
{
    struct frame_ring *ring = NULL;
    struct frame_view *view = NULL;
    struct vid_error err = {0};

    assert_int_equal(frame_ring_create(name, 2, 4096, &ring, &err), 0);
    assert_int_equal(frame_view_open(name, &view, &err), 0);
    assert_null(frame_view_at(view, 4096, 4097, &err));
    assert_int_equal(err.code, -ERANGE);
    assert_null(frame_view_at(view, UINT64_MAX - 10, 100, &err));
    assert_non_null(frame_view_at(view, 4096, 4096, NULL));
    frame_view_close(&view);
    frame_ring_destroy(&ring);
}

static void grows_under_an_open_view(void **state)
{
    struct frame_ring *ring = NULL;
    struct frame_view *view = NULL;
    struct vid_error err = {0};
    const char *old, *mem;

    assert_int_equal(frame_ring_create(name, 2, 4096, &ring, &err), 0);
    assert_int_equal(frame_view_open(name, &view, &err), 0);
    old = frame_view_at(view, 0, 4096, &err);
    assert_int_equal(frame_ring_grow(ring, 100000, &err), 0);
    strcpy(frame_ring_at(ring, 1), "larger");
    mem = frame_view_at(view, frame_ring_offset(ring, 1), 100000, &err);
    assert_string_equal(mem, "larger");
    assert_int_equal(old[0], 0); /* still mapped */
    frame_view_close(&view);
    frame_ring_destroy(&ring);
}

static void refuses_what_does_not_fit_in_memory(void **state)
{
    struct frame_ring *ring = NULL;
    struct vid_error err = {0};

    assert_true(frame_ring_create(name, 1000, (size_t)1 << 40, &ring, &err) < 0);
    assert_non_null(strstr(err.text, "-window"));
    assert_int_equal(shm_open(name, O_RDONLY, 0), -1);
    assert_true(frame_ring_create("/no/such/name", 1, 1, &ring, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_was_written),
        cmocka_unit_test(refuses_what_lies_behind_the_end),
        cmocka_unit_test(grows_under_an_open_view),
        cmocka_unit_test(refuses_what_does_not_fit_in_memory),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
