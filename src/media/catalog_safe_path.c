#include "media/catalog_safe_path.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_LEAST 2048
#define PROBE_MOST (1 << 20) /* as libavformat does before it gives up */

/* Names of protocols end with the first ':'. */
static bool is_url(const char *path)
{
    return path[strcspn(path, ":/")] == ':';
}

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    while (length > 0 && folder[length - 1] == '/')
        length--;
    return !strncmp(path, folder, length) && path[length] == '/';
}

static bool is_allowed(const char *real, const char *const *allowed)
{
    bool found = false;

    for (; allowed && *allowed && !found; allowed++) {
        char *folder = realpath(*allowed, NULL);

        found = folder && (!strcmp(real, folder) || is_below(real, folder));
        free(folder);
    }
    return found;
}

/* A list would lead to other files, in whatever folder, or into the network; a script would be run. */
static bool is_list(const char *path, uint8_t *mem, size_t size)
{
    for (size_t probed = PROBE_LEAST;; probed *= 2) {
        AVProbeData probe = {.filename = path, .buf = mem, .buf_size = (int)(probed < size ? probed : size)};
        uint8_t padded[AVPROBE_PADDING_SIZE];
        const AVInputFormat *format;
        int score;

        memcpy(padded, mem + probe.buf_size, sizeof(padded));
        memset(mem + probe.buf_size, 0, sizeof(padded));
        format = av_probe_input_format3(&probe, 1, &score);
        memcpy(mem + probe.buf_size, padded, sizeof(padded));
        if (format && av_match_name(format->name,
                                    "concat,dash,hls,imf,sdp,rtsp,webm_dash_manifest,avisynth,vapoursynth"))
            return true;
        if (probed >= size)
            return false;
    }
}

static int look_inside(const char *path, int fd, struct vid_error *why)
{
    uint8_t *mem = calloc(1, PROBE_MOST + AVPROBE_PADDING_SIZE);
    ssize_t got = mem ? io_pread(fd, mem, PROBE_MOST, 0) : -ENOMEM;
    bool list = got > 0 && is_list(path, mem, (size_t)got);

    free(mem);
    if (got < 0)
        return vid_fail(why, -EPERM, "\"%s\" cannot be read: %s", path, strerror((int)-got));
    return list ? vid_fail(why, -EPERM, "\"%s\" is a list of other files", path) : 0;
}

static int check_kind(const char *path, const char *real, struct vid_error *why)
{
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        rc = vid_fail(why, -EPERM, "\"%s\" cannot be read: %s", path, strerror(errno));
    else if (S_ISREG(st.st_mode))
        rc = look_inside(path, fd, why);
    else if (!S_ISDIR(st.st_mode))
        rc = vid_fail(why, -EPERM, "\"%s\" is neither a file nor a folder", path);
    if (fd >= 0)
        close(fd);
    return rc;
}

int safe_path_check(const char *path, const char *const *allowed, struct vid_error *why)
{
    char *real;
    int rc;

    if (is_url(path))
        return vid_fail(why, -EPERM, "\"%s\" is not the plain path of a file", path);
    real = allowed && *allowed ? realpath(path, NULL) : NULL;
    if (real && is_allowed(real, allowed))
        rc = check_kind(path, real, why);
    else
        rc = vid_fail(why, -EPERM, "\"%s\" is in no folder of -safe-allow", path);
    free(real);
    return rc;
}
