#include "worker/redis.h"

#include "base/clock.h"

#define PAUSE_NS (100 * NS_PER_MS) /* between tries: each is a few system calls */

bool redis_is_away(int code)
{
    switch (code) {
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -ENOENT: /* the socket of a server that is being started again */
    case -ETIMEDOUT:
    case -EPIPE:
    case -EHOSTUNREACH:
    case -ENETUNREACH:
    case -ENOMEM: /* the server's */
    case -EAGAIN:
    case -EROFS: /* a replica that becomes the master */
        return true;
    default:
        return false;
    }
}

int redis_verdict(int code, struct vid_error *err)
{
    if (!redis_is_away(code))
        return code;
    if (err && err->code == code)
        err->code = REDIS_GONE;
    return REDIS_GONE;
}

int redis_connect(const char *url, const char *job, int patience_ms, bool (*stopped)(void *opaque),
                  void *opaque, struct task_list **out, struct vid_error *err)
{
    int64_t deadline = clock_now() + patience_ms * NS_PER_MS;

    for (;;) {
        struct vid_error one = {0};
        int ret = task_list_open(url, job, out, &one);

        if (ret == 0)
            return 0;
        if (!redis_is_away(ret) || clock_now() >= deadline)
            return vid_fail(err, redis_verdict(ret, NULL), "%s", one.text);
        if (stopped && stopped(opaque))
            return vid_fail(err, -ECANCELED, "stopped before Redis was there");
        clock_sleep_until(clock_now() + PAUSE_NS);
    }
}
