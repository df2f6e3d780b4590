/* Faults of a filter: av_buffersrc_add_frame_flags of libavfilter, as vidmpi-worker calls it. */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <libavfilter/buffersrc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int add_frame(AVFilterContext *source, AVFrame *frame, int flags);

/* The number that vidmpi gives the frame, and that filters see as `n`. */
static int64_t number_of(const AVFilterContext *source)
{
    return source->nb_outputs ? source->outputs[0]->frame_count_out : 0;
}

static bool is_due(const struct fault_rule *rule, const AVFilterContext *source, const AVFrame *frame)
{
    int64_t at = (int64_t)rule->at, number = number_of(source);

    switch (rule->when) {
    case FAULT_PTS:
        return frame->pts == at;
    case FAULT_FRAME:
        return number == at;
    case FAULT_EVERY:
        return at > 0 && number % at == at - 1;
    default:
        return true;
    }
}

static void hang(void)
{
    for (;;)
        pause();
}

static void wait_ms(double ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms * 1e6) % 1000000000L};

    while (nanosleep(&time, &time) < 0 && errno == EINTR)
        ;
}

static int hog(double mib)
{
    size_t size = (size_t)mib << 20;
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (mem == MAP_FAILED)
        return AVERROR(ENOMEM);
    memset(mem, 0x55, size);
    return 0;
}

static int act(const struct fault_rule *rule)
{
    switch (rule->what) {
    case FAULT_CRASH:
        signal(SIGSEGV, SIG_DFL);
        return raise(SIGSEGV);
    case FAULT_KILL:
        return raise(SIGKILL);
    case FAULT_EXIT:
        _exit(3);
    case FAULT_HANG:
        hang();
        return 0;
    case FAULT_HOG:
        return hog(rule->by);
    case FAULT_SLEEP:
        wait_ms(rule->by);
        return 0;
    default:
        return AVERROR_EXTERNAL;
    }
}

int av_buffersrc_add_frame_flags(AVFilterContext *source, AVFrame *frame, int flags)
{
    add_frame *real;
    int count;
    const struct fault_rule *rules = fault_rules(&count);

    for (int i = 0; i < count; i++) {
        char key[32];
        int ret;
        if (!rules[i].filter || strcmp(program_invocation_short_name, "vidmpi-worker") != 0 || !frame ||
            !is_due(&rules[i], source, frame))
            continue;
        snprintf(key, sizeof(key), "%" PRId64, number_of(source));
        if (!fault_may(&rules[i], key))
            continue;
        fault_log(&rules[i], "frame %s, pts %" PRId64 ", rank %d, pid %d", key, frame->pts, fault_rank(),
                  getpid());
        if ((ret = act(&rules[i])) < 0)
            return ret;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "av_buffersrc_add_frame_flags");
    return real ? real(source, frame, flags) : AVERROR(ENOSYS);
}
