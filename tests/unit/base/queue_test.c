#include "check.h"

#include "base/error.h"
#include "base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static int numbers[1000];

static void first_in_first_out(void **state)
{
    struct queue *q = queue_create(3);
    void *item;

    for (int round = 0; round < 5; round++) { /* past the end of the ring */
        assert_int_equal(queue_put(q, &numbers[0], SOON), 0);
        assert_int_equal(queue_put(q, &numbers[1], SOON), 0);
        assert_int_equal(queue_get(q, &item, SOON), 0);
        assert_ptr_equal(item, &numbers[0]);
        assert_int_equal(queue_get(q, &item, SOON), 0);
        assert_ptr_equal(item, &numbers[1]);
    }
    queue_destroy(q);
}

static void waits_end_at_the_deadline(void **state)
{
    struct queue *q = queue_create(1);
    int64_t deadline = clock_now() + 5 * NS_PER_MS;
    void *item = q;

    assert_int_equal(queue_get(q, &item, deadline), -ETIMEDOUT);
    assert_true(clock_now() >= deadline);
    assert_ptr_equal(item, q);
    assert_int_equal(queue_put(q, &numbers[0], 0), 0); /* room needs no wait */
    deadline = clock_now() + 5 * NS_PER_MS;
    assert_int_equal(queue_put(q, &numbers[1], deadline), -ETIMEDOUT);
    assert_true(clock_now() >= deadline);
    assert_int_equal(queue_get(q, &item, 0), 0);
    assert_ptr_equal(item, &numbers[0]);
    queue_destroy(q);
}

static void producer_done_lets_the_consumer_drain(void **state)
{
    struct queue *q = queue_create(2);
    void *item;

    queue_put(q, &numbers[0], SOON);
    queue_close_put(q);
    assert_int_equal(queue_put(q, &numbers[1], SOON), VID_EOF);
    assert_int_equal(queue_get(q, &item, SOON), 0);
    assert_ptr_equal(item, &numbers[0]);
    assert_int_equal(queue_get(q, &item, SOON), VID_EOF);
    queue_destroy(q);
}

static void consumer_gone_stops_the_producer(void **state)
{
    struct queue *q = queue_create(2);
    void *item;

    queue_put(q, &numbers[0], SOON);
    queue_close_get(q);
    assert_int_equal(queue_put(q, &numbers[1], SOON), VID_EOF);
    assert_int_equal(queue_get(q, &item, SOON), VID_EOF);
    assert_ptr_equal(queue_drain(q), &numbers[0]);
    assert_null(queue_drain(q));
    queue_destroy(q);
}

static void destroy_of_nothing(void **state)
{
    queue_destroy(NULL);
    assert_null(queue_create(SIZE_MAX));
}

struct waiter {
    struct queue *queue;
    atomic_int tid; /* 0 until it is about to wait */
    int ret;
    pthread_t thread;
};

static void *wait_for_item(void *arg)
{
    struct waiter *w = arg;
    void *item;

    w->tid = gettid();
    w->ret = queue_get(w->queue, &item, SOON);
    return NULL;
}

static void *wait_for_room(void *arg)
{
    struct waiter *w = arg;

    w->tid = gettid();
    w->ret = queue_put(w->queue, &numbers[0], SOON);
    return NULL;
}

static bool sleeps(const struct waiter *waiter)
{
    char path[64], *text, *state;
    bool asleep;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", waiter->tid);
    if (!waiter->tid || io_read_file(path, 4096, &text, NULL, NULL))
        return false;
    state = strrchr(text, ')');
    asleep = state && state[2] == 'S';
    free(text);
    return asleep;
}

static void close_wakes_all_waiters(void **state)
{
    struct queue *empty = queue_create(1), *full = queue_create(1);
    struct waiter waiters[6] = {0};
    int64_t start;

    queue_put(full, &numbers[0], SOON);
    for (int i = 0; i < 6; i++) {
        waiters[i].queue = i < 3 ? empty : full;
        pthread_create(&waiters[i].thread, NULL, i < 3 ? wait_for_item : wait_for_room, &waiters[i]);
    }
    for (int i = 0; i < 6; i++)
        assert_soon(sleeps(&waiters[i]));
    start = clock_now();
    queue_close_put(empty);
    queue_close_get(full);
    for (int i = 0; i < 6; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].ret, VID_EOF);
    }
    assert_true(clock_now() - start < 5 * NS_PER_S);
    queue_destroy(empty);
    queue_destroy(full);
}

static void *put_all(void *arg)
{
    for (int i = 0; i < 1000; i++)
        if (queue_put(arg, &numbers[i], SOON))
            return arg;
    return NULL;
}

struct counter {
    struct queue *queue;
    int ret;
    int count[1000];
};

static void *count_all(void *arg)
{
    struct counter *counter = arg;
    void *item;

    while ((counter->ret = queue_get(counter->queue, &item, SOON)) == 0)
        counter->count[(int *)item - numbers]++;
    return NULL;
}

static void many_threads_lose_and_double_nothing(void **state)
{
    static struct counter counters[2];
    struct queue *q = queue_create(4);
    pthread_t producers[3], consumers[2];
    void *failed;

    for (int i = 0; i < 2; i++) {
        counters[i].queue = q;
        pthread_create(&consumers[i], NULL, count_all, &counters[i]);
    }
    for (int i = 0; i < 3; i++)
        pthread_create(&producers[i], NULL, put_all, q);
    for (int i = 0; i < 3; i++) {
        pthread_join(producers[i], &failed);
        assert_null(failed);
    }
    queue_close_put(q);
    for (int i = 0; i < 2; i++)
        pthread_join(consumers[i], NULL);
    assert_int_equal(counters[0].ret, VID_EOF);
    assert_int_equal(counters[1].ret, VID_EOF);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(counters[0].count[i] + counters[1].count[i], 3);
    queue_destroy(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(waits_end_at_the_deadline),
        cmocka_unit_test(producer_done_lets_the_consumer_drain),
        cmocka_unit_test(consumer_gone_stops_the_producer),
        cmocka_unit_test(destroy_of_nothing),
        cmocka_unit_test(close_wakes_all_waiters),
        cmocka_unit_test(many_threads_lose_and_double_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
