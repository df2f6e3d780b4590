#include "media/job_key.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/sha.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA_BITS 256
#define SHA_BYTES (SHA_BITS / 8)
#define END_BYTES (1 << 20) /* of the input's head and of its tail */
#define PROBE_BYTES 4096

enum kind {
    KIND_BOOL,
    KIND_INT,
    KIND_TIME, /* int64_t */
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_TEXT,
    KIND_STREAMS, /* struct stream_options */
    KIND_DICT,    /* AVDictionary * */
};

#define FIELD(member, kind)                                                                                  \
    {                                                                                                        \
#member, KIND_##kind, offsetof(struct media_options, member)                                         \
    }

/* All that counts, beside the input itself. */
static const struct field {
    const char *name;
    enum kind kind;
    size_t at;
} fields[] = {
    FIELD(in.format, TEXT),         FIELD(in.start, TIME),
    FIELD(in.duration, TIME),       FIELD(in.stop, TIME),
    FIELD(in.start_from_end, TIME), FIELD(in.offset, TIME),
    FIELD(in.stream_loop, INT),     FIELD(in.accurate_seek, BOOL),
    FIELD(in.autorotate, BOOL),     FIELD(in.seek_timestamp, BOOL),
    FIELD(in.bitexact, BOOL),       FIELD(in.streams, STREAMS),
    FIELD(in.format_opts, DICT),    FIELD(in.codec_opts, DICT),
    FIELD(out.url, TEXT),           FIELD(out.format, TEXT),
    FIELD(out.start, TIME),         FIELD(out.duration, TIME),
    FIELD(out.stop, TIME),          FIELD(out.limit_bytes, TIME),
    FIELD(out.no_video, BOOL),      FIELD(out.no_audio, BOOL),
    FIELD(out.no_subtitle, BOOL),   FIELD(out.no_data, BOOL),
    FIELD(out.streams, STREAMS),    FIELD(out.map_metadata, TEXT),
    FIELD(out.map_chapters, TEXT),  FIELD(out.mux_delay, FLOAT),
    FIELD(out.mux_preload, FLOAT),  FIELD(out.shortest, BOOL),
    FIELD(out.bitexact, BOOL),      FIELD(out.format_opts, DICT),
    FIELD(out.codec_opts, DICT),    FIELD(out.sws_opts, DICT),
    FIELD(out.swr_opts, DICT),      FIELD(copy_ts, BOOL),
    FIELD(start_at_zero, BOOL),     FIELD(part, DOUBLE),
    FIELD(frame_stats, TEXT), /* a start without it leaves no lines for one with it */
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- into the hash: each text with its end, so that two never read as one ---- */

static void add_text(struct AVSHA *sha, const char *text)
{
    av_sha_update(sha, (const uint8_t *)(text ? "=" : "-"), 1); /* not given is not empty */
    if (text)
        av_sha_update(sha, (const uint8_t *)text, strlen(text) + 1);
}

static void add_number(struct AVSHA *sha, int64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, number);
    add_text(sha, text);
}

static void add_double(struct AVSHA *sha, double number)
{
    char text[40];
    snprintf(text, sizeof(text), "%a", number);
    add_text(sha, text);
}

static void add_streams(struct AVSHA *sha, const struct stream_options *streams)
{
    add_number(sha, streams->count);
    for (int i = 0; i < streams->count; i++) {
        add_text(sha, streams->items[i].name);
        add_text(sha, streams->items[i].spec);
        add_text(sha, streams->items[i].value);
    }
}

static void add_dict(struct AVSHA *sha, const AVDictionary *dict)
{
    const AVDictionaryEntry *entry = NULL;

    add_number(sha, av_dict_count(dict));
    while ((entry = av_dict_get(dict, "", entry, AV_DICT_IGNORE_SUFFIX))) {
        add_text(sha, entry->key);
        add_text(sha, entry->value);
    }
}

static void add_field(struct AVSHA *sha, const struct field *field, const struct media_options *options)
{
    const void *at = (const char *)options + field->at;

    add_text(sha, field->name);
    switch (field->kind) {
    case KIND_BOOL:
        add_number(sha, *(const bool *)at);
        break;
    case KIND_INT:
        add_number(sha, *(const int *)at);
        break;
    case KIND_TIME:
        add_number(sha, *(const int64_t *)at);
        break;
    case KIND_FLOAT:
        add_double(sha, *(const float *)at);
        break;
    case KIND_DOUBLE:
        add_double(sha, *(const double *)at);
        break;
    case KIND_TEXT:
        add_text(sha, *(char *const *)at);
        break;
    case KIND_STREAMS:
        add_streams(sha, at);
        break;
    case KIND_DICT:
        add_dict(sha, *(AVDictionary *const *)at);
        break;
    }
}

static void add_versions(struct AVSHA *sha)
{
    const unsigned versions[] = {JOB_KEY_VERSION,     avutil_version(),   avcodec_version(),
                                 avformat_version(),  avfilter_version(), swscale_version(),
                                 swresample_version()};

    for (size_t i = 0; i < LENGTH(versions); i++)
        add_number(sha, versions[i]);
}

/* ---- the input ---- */

static int no_identity(const char *url, const char *why, struct vid_error *err)
{
    return vid_fail(err, -ENOTSUP, "a job of the input \"%.500s\" cannot be resumed: %s", url, why);
}

static int unreadable(const char *path, int code, struct vid_error *err)
{
    return vid_fail(err, code, "the input \"%.500s\" cannot be read: %s", path, strerror(-code));
}

/* The path, when the URL is that of a file and nothing but it is read. */
static const char *path_of(const struct input_options *in)
{
    const AVInputFormat *format = in->format ? av_find_input_format(in->format) : NULL;
    const char *path = in->url, *protocol = avio_find_protocol_name(in->url);

    if ((format && format->flags & AVFMT_NOFILE && strcmp(format->name, "image2") != 0) || !protocol)
        return NULL;
    return av_strstart(in->url, "file:", &path) || strcmp(protocol, "file") == 0 ? path : NULL;
}

/* Whether a file that begins so is a list of other files. */
static bool is_list(const struct input_options *in, const uint8_t *head, size_t size)
{
    uint8_t buf[PROBE_BYTES + AVPROBE_PADDING_SIZE] = {0};
    AVProbeData probe = {.filename = in->url, .buf = buf, .buf_size = PROBE_BYTES};
    const AVInputFormat *format;
    int score;

    if (size < PROBE_BYTES)
        probe.buf_size = (int)size;
    memcpy(buf, head, (size_t)probe.buf_size);
    format = in->format ? av_find_input_format(in->format) : av_probe_input_format3(&probe, 1, &score);
    return format && av_match_name(format->name, "concat,dash,hls,imf,sdp");
}

static int hash_part(struct AVSHA *sha, int fd, const char *path, uint64_t from, uint8_t *mem,
                     struct vid_error *err)
{
    ssize_t got = io_pread(fd, mem, END_BYTES, from);

    if (got < 0)
        return unreadable(path, (int)got, err);
    av_sha_update(sha, mem, (size_t)got);
    return (int)got;
}

/* The hash of both ends into the key's hash. */
static int add_ends(struct AVSHA *sha, struct AVSHA *ends, int fd, const struct stat *st,
                    const struct input_options *in, const char *path, uint8_t *mem, struct vid_error *err)
{
    uint64_t size = (uint64_t)st->st_size, tail = size > END_BYTES ? size - END_BYTES : 0;
    uint8_t digest[SHA_BYTES];
    int ret;

    av_sha_init(ends, SHA_BITS);
    if ((ret = hash_part(ends, fd, path, 0, mem, err)) < 0)
        return ret;
    if (is_list(in, mem, (size_t)ret))
        return no_identity(in->url, "it is a list of other files", err);
    if ((ret = hash_part(ends, fd, path, tail, mem, err)) < 0)
        return ret;
    av_sha_final(ends, digest);
    av_sha_update(sha, digest, sizeof(digest));
    return 0;
}

static int add_file(struct AVSHA *sha, int fd, const struct input_options *in, const char *path,
                    struct vid_error *err)
{
    struct stat st;
    struct AVSHA *ends;
    uint8_t *mem;
    int ret;

    if (fstat(fd, &st) < 0)
        return unreadable(path, -errno, err);
    if (!S_ISREG(st.st_mode))
        return no_identity(in->url, "it is no regular file", err);
    add_text(sha, path);
    add_number(sha, st.st_size);
    add_number(sha, st.st_mtim.tv_sec);
    add_number(sha, st.st_mtim.tv_nsec);
    ends = av_sha_alloc();
    mem = malloc(END_BYTES);
    ret = ends && mem ? add_ends(sha, ends, fd, &st, in, path, mem, err)
                      : vid_fail(err, -ENOMEM, "no memory for the input's identity");
    free(mem);
    av_free(ends);
    return ret;
}

static int add_input(struct AVSHA *sha, const struct input_options *in, struct vid_error *err)
{
    const char *path = path_of(in);
    char *real = path ? realpath(path, NULL) : NULL;
    int fd, ret;

    if (!path)
        return no_identity(in->url, "it is no file", err);
    if (!real) /* a name that libavformat alone understands: of a sequence of files, of a test source */
        return no_identity(in->url, "there is no file of this name", err);
    fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* of a pipe without a writer */
    ret = fd < 0 ? unreadable(real, -errno, err) : add_file(sha, fd, in, real, err);
    if (fd >= 0)
        close(fd);
    free(real);
    return ret;
}

int media_job_key(const struct media_options *options, char key[JOB_KEY_BYTES], struct vid_error *err)
{
    uint8_t digest[SHA_BYTES];
    struct AVSHA *sha = av_sha_alloc();
    int ret;

    if (!sha)
        return vid_fail(err, -ENOMEM, "no memory for the job's key");
    av_sha_init(sha, SHA_BITS);
    add_versions(sha);
    ret = add_input(sha, &options->in, err);
    for (size_t i = 0; i < LENGTH(fields); i++)
        add_field(sha, &fields[i], options);
    av_sha_final(sha, digest);
    av_free(sha);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(key + 2 * i, 3, "%02x", digest[i]);
    return ret;
}
