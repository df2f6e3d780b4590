#include "store/segments.h"

#include "base/crc32c.h"
#include "base/io.h"
#include "base/log.h"
#include "store/result_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS_MIN 64 /* descriptors that are kept at least */
#define GAP_MAX 64 /* segments without a record that dead workers can have left between two */

struct segment {
    struct segment *next;
    uint32_t number;
    int fd;               /* -1: not open */
    unsigned readers;     /* threads that use fd now; not freed or closed meanwhile */
    uint64_t last_use;    /* segments->uses then */
    uint64_t outstanding; /* refs given out and not done */
    uint64_t bytes;       /* end of the last payload known */
};

struct rank_segments {
    char *folder; /* set at creation, read-only afterwards */
    /* protected by segments->lock */
    struct segment *list; /* newest first */
    uint32_t retired;     /* the newest number that only workers before us have written to; 0: none */
};

struct segments {
    /* set at creation, read-only afterwards */
    unsigned ranks, fds_max;
    struct rank_segments *of;
    pthread_mutex_t lock;
    /* protected by lock */
    unsigned fds;
    uint64_t uses, now, peak;
};

/* Two segments a rank are usually alive; a quarter of what we may open is left to them at most. */
static unsigned choose_fds_max(unsigned ranks)
{
    struct rlimit limit;
    uint64_t most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 4 : FDS_MIN;
    uint64_t wanted = 4 * (uint64_t)ranks;
    if (wanted > most)
        wanted = most;
    return wanted < FDS_MIN ? FDS_MIN : (unsigned)wanted;
}

int segments_create(const char *run_dir, unsigned ranks, struct segments **out, struct vid_error *err)
{
    *out = NULL;
    struct segments *all = calloc(1, sizeof *all);
    if (!all)
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    pthread_mutex_init(&all->lock, NULL);
    all->fds_max = choose_fds_max(ranks);
    all->of = calloc(ranks ? ranks : 1, sizeof *all->of);
    all->ranks = all->of ? ranks : 0;
    bool failed = !all->of;
    for (unsigned i = 0; i < all->ranks; i++) {
        all->of[i].folder = result_path_folder(run_dir, i);
        failed |= !all->of[i].folder;
    }
    if (failed) {
        segments_free(&all);
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    }
    *out = all;
    return 0;
}

static struct rank_segments *find_rank(struct segments *all, const struct result_ref *ref,
                                       struct vid_error *err)
{
    if (ref->rank < all->ranks)
        return &all->of[ref->rank];
    vid_fail(err, -EINVAL, "result_store: no rank %" PRIu32 ", there are %u", ref->rank, all->ranks);
    return NULL;
}

static void segment_close_locked(struct segments *all, struct segment *s)
{
    if (s->fd < 0)
        return;
    close(s->fd);
    s->fd = -1;
    all->fds--;
}

static int segment_unlink(const struct rank_segments *of, uint32_t number, struct vid_error *err)
{
    char *path = result_path_segment(of->folder, number);
    if (!path)
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    int ret = 0;
    if (unlink(path) < 0 && errno != ENOENT && errno != ESTALE)
        ret = vid_fail(err, -errno, "result_store: removing %s: %s", path, strerror(errno));
    free(path);
    return ret;
}

/* Takes the segments out of the list that are done and that nobody writes to: there is a newer one, or
 * their worker was one before us. */
static struct segment *take_finished_locked(struct segments *all, struct rank_segments *of)
{
    struct segment *finished = NULL;
    struct segment **at = &of->list;
    if (*at && (*at)->number > of->retired)
        at = &(*at)->next;
    while (*at) {
        struct segment *s = *at;
        if (s->outstanding > 0 || s->readers > 0) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        s->next = finished;
        finished = s;
        segment_close_locked(all, s);
        all->now -= s->bytes;
    }
    return finished;
}

/* Unlinks outside the lock: a shared filesystem may take its time. */
static int remove_finished(struct rank_segments *of, struct segment *finished, struct vid_error *err)
{
    int ret = 0;
    while (finished) {
        struct segment *next = finished->next;
        int failed = segment_unlink(of, finished->number, err);
        if (ret == 0)
            ret = failed;
        free(finished);
        finished = next;
    }
    return ret;
}

static struct segment *segment_find_locked(struct rank_segments *of, uint32_t number)
{
    struct segment *s = of->list;
    while (s && s->number != number)
        s = s->next;
    return s;
}

static struct segment *segment_add_locked(struct rank_segments *of, uint32_t number)
{
    struct segment *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->number = number;
    s->fd = -1;
    s->next = of->list;
    of->list = s;
    return s;
}

static uint32_t newest_locked(const struct rank_segments *of)
{
    uint32_t newest = of->list ? of->list->number : 0;
    return newest > of->retired ? newest : of->retired;
}

static void count_ref_locked(struct segments *all, struct segment *s, const struct result_ref *ref)
{
    s->outstanding++;
    if (ref->offset + ref->length <= s->bytes)
        return;
    all->now += ref->offset + ref->length - s->bytes;
    s->bytes = ref->offset + ref->length;
    if (all->now > all->peak)
        all->peak = all->now;
}

/* A worker that died before its first record may have left a segment in the gap. */
static void remove_gap(const struct rank_segments *of, uint32_t from, uint32_t to)
{
    for (uint32_t number = from + 1; number < to && number - from <= GAP_MAX; number++)
        segment_unlink(of, number, NULL);
}

/* The writer has gone on to segment `to`: removes what that has finished. What cannot be removed
 * now is left to the end of the job. */
static void segment_began(struct rank_segments *of, uint32_t from, uint32_t to, struct segment *finished)
{
    struct vid_error err = {0};
    remove_gap(of, from, to);
    if (remove_finished(of, finished, &err) < 0)
        log_warn("%s", err.text);
}

int segments_note(struct segments *all, const struct result_ref *ref, struct vid_error *err)
{
    struct rank_segments *of = find_rank(all, ref, err);
    if (!of)
        return -EINVAL;
    struct segment *finished = NULL;
    pthread_mutex_lock(&all->lock);
    uint32_t newest = newest_locked(of);
    bool begins = ref->segment > newest;
    struct segment *s = begins ? segment_add_locked(of, ref->segment) : segment_find_locked(of, ref->segment);
    if (s)
        count_ref_locked(all, s, ref);
    if (s && begins)
        finished = take_finished_locked(all, of);
    pthread_mutex_unlock(&all->lock);
    if (!s && begins)
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    if (!s)
        return vid_fail(err, -EBADMSG, "result_store: the index in %s goes back to segment %" PRIu32,
                        of->folder, ref->segment);
    if (begins)
        segment_began(of, newest, ref->segment, finished);
    return 0;
}

static bool is_out(struct segments *all, struct rank_segments *of, uint32_t number)
{
    pthread_mutex_lock(&all->lock);
    bool out = segment_find_locked(of, number) != NULL;
    pthread_mutex_unlock(&all->lock);
    return out;
}

/* Those too that no record names. */
static int remove_unnamed(struct segments *all, struct rank_segments *of, struct vid_error *err)
{
    DIR *dir = opendir(of->folder);
    if (!dir)
        return vid_fail(err, -errno, "result_store: listing %s: %s", of->folder, strerror(errno));
    int ret = 0;
    uint32_t number;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!result_path_is_segment(entry->d_name, &number) || is_out(all, of, number))
            continue;
        int failed = segment_unlink(of, number, err);
        if (ret == 0)
            ret = failed;
    }
    closedir(dir);
    return ret;
}

int segments_retire(struct segments *all, unsigned rank, uint32_t newest, struct vid_error *err)
{
    struct rank_segments *of = &all->of[rank];
    pthread_mutex_lock(&all->lock);
    of->retired = newest;
    struct segment *finished = take_finished_locked(all, of);
    pthread_mutex_unlock(&all->lock);
    int ret = remove_finished(of, finished, err);
    int failed = remove_unnamed(all, of, err);
    return ret < 0 ? ret : failed;
}

bool segments_reach(struct segments *all, const struct result_ref *ref)
{
    struct stat st;
    char *path = ref->rank < all->ranks ? result_path_segment(all->of[ref->rank].folder, ref->segment) : NULL;
    bool reach = path && stat(path, &st) == 0 && (uint64_t)st.st_size >= ref->offset + ref->length;
    free(path);
    return reach;
}

static void close_least_used_locked(struct segments *all)
{
    struct segment *least = NULL;
    for (unsigned i = 0; i < all->ranks; i++) {
        for (struct segment *s = all->of[i].list; s; s = s->next) {
            if (s->fd >= 0 && s->readers == 0 && (!least || s->last_use < least->last_use))
                least = s;
        }
    }
    if (least)
        segment_close_locked(all, least);
}

static int open_segment(const struct rank_segments *of, const struct result_ref *ref, struct vid_error *err)
{
    char *path = result_path_segment(of->folder, ref->segment);
    if (!path)
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int code = errno == ENOENT || errno == ESTALE ? -EAGAIN : -errno;
        fd = vid_fail(err, code, "result_store: opening %s for frame %" PRIu64 ": %s", path, ref->frame,
                      strerror(errno));
    }
    free(path);
    return fd;
}

static int read_payload(const struct rank_segments *of, int fd, const struct result_ref *ref, void *mem,
                        struct vid_error *err)
{
    ssize_t got = io_pread(fd, mem, ref->length, ref->offset);
    if (got < 0)
        return vid_fail(err, got == -ESTALE ? -EAGAIN : (int)got,
                        "result_store: reading %" PRIu64 " bytes of frame %" PRIu64 " in %s: %s", ref->length,
                        ref->frame, of->folder, strerror((int)-got));
    if ((uint64_t)got == ref->length && crc32c(0, mem, ref->length) == ref->payload_crc)
        return 0;
    return vid_fail(err, -EAGAIN,
                    "result_store: frame %" PRIu64 " in %s, segment %" PRIu32 " at %" PRIu64 ": %s",
                    ref->frame, of->folder, ref->segment, ref->offset,
                    (uint64_t)got < ref->length ? "too short" : "the checksum does not match");
}

/* The segment with its descriptor held, or NULL: then the caller opens one. */
static struct segment *borrow(struct segments *all, struct rank_segments *of, uint32_t number)
{
    pthread_mutex_lock(&all->lock);
    struct segment *s = segment_find_locked(of, number);
    if (s && s->fd < 0)
        s = NULL;
    if (s) {
        s->readers++;
        s->last_use = ++all->uses;
    }
    pthread_mutex_unlock(&all->lock);
    return s;
}

static int read_held(struct segments *all, struct rank_segments *of, const struct result_ref *ref, void *mem)
{
    struct segment *s = borrow(all, of, ref->segment);
    if (!s)
        return -EAGAIN;
    int ret = read_payload(of, s->fd, ref, mem, NULL);
    pthread_mutex_lock(&all->lock);
    s->readers--;
    pthread_mutex_unlock(&all->lock);
    return ret;
}

/* Keeps the descriptor for the next payload unless the segment has one. */
static void keep_fd(struct segments *all, struct rank_segments *of, uint32_t number, int fd)
{
    pthread_mutex_lock(&all->lock);
    struct segment *s = segment_find_locked(of, number);
    if (s && s->fd >= 0 && s->readers == 0)
        segment_close_locked(all, s); /* the fresh one is better: the other gave a miss */
    if (s && s->fd < 0) {
        if (all->fds >= all->fds_max)
            close_least_used_locked(all);
        s->fd = fd;
        s->last_use = ++all->uses;
        all->fds++;
        fd = -1;
    }
    pthread_mutex_unlock(&all->lock);
    if (fd >= 0)
        close(fd);
}

int segments_read(struct segments *all, const struct result_ref *ref, void *mem, struct vid_error *err)
{
    struct rank_segments *of = find_rank(all, ref, err);
    if (!of)
        return -EINVAL;
    if (read_held(all, of, ref, mem) == 0)
        return 0;
    int fd = open_segment(of, ref, err);
    if (fd < 0)
        return fd;
    int ret = read_payload(of, fd, ref, mem, err);
    keep_fd(all, of, ref->segment, fd);
    return ret;
}

int segments_done(struct segments *all, const struct result_ref *ref, struct vid_error *err)
{
    struct rank_segments *of = find_rank(all, ref, err);
    if (!of)
        return -EINVAL;
    struct segment *finished = NULL;
    pthread_mutex_lock(&all->lock);
    struct segment *s = segment_find_locked(of, ref->segment);
    bool known = s && s->outstanding > 0;
    if (known && --s->outstanding == 0)
        finished = take_finished_locked(all, of);
    pthread_mutex_unlock(&all->lock);
    if (!known)
        return vid_fail(err, -EINVAL, "result_store: frame %" PRIu64 " of rank %" PRIu32 " is done already",
                        ref->frame, ref->rank);
    return remove_finished(of, finished, err);
}

void segments_usage(struct segments *all, uint64_t *now, uint64_t *peak)
{
    pthread_mutex_lock(&all->lock);
    *now = all->now;
    *peak = all->peak;
    pthread_mutex_unlock(&all->lock);
}

void segments_free(struct segments **pall)
{
    struct segments *all = *pall;
    *pall = NULL;
    if (!all)
        return;
    for (unsigned i = 0; i < all->ranks; i++) {
        for (struct segment *s = all->of[i].list, *next; s; s = next) {
            next = s->next;
            if (s->fd >= 0)
                close(s->fd);
            free(s);
        }
        free(all->of[i].folder);
    }
    free(all->of);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
