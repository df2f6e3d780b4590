/* media_check: what the tests of the media room share: clips made by ffmpeg, ffmpeg's own
 * frames, and ours from source and chain without an encoder. */
#ifndef VID_TESTS_MEDIA_CHECK_H
#define VID_TESTS_MEDIA_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"
#include "media/internal.h"
#include "media/log.h"

#include <libavutil/imgutils.h>
#include <libavutil/md5.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char check_dir[64];

static inline int check_setup(void **state)
{
    media_log_setup(LOG_QUIET);
    log_setup(LOG_QUIET, "test");
    strcpy(check_dir, "/tmp/vidmpi-media-XXXXXX");
    return mkdtemp(check_dir) ? 0 : -1;
}

static inline int check_teardown(void **state)
{
    return io_remove_tree(check_dir, NULL);
}

/* "DIR/name" in one of a few static buffers. */
static inline const char *check_path(const char *name)
{
    static char paths[8][160];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", check_dir, name);
    return path;
}

/* The output of a shell command in the clips' folder; it must succeed. */
__attribute__((format(printf, 1, 2))) static inline char *check_shell(const char *format, ...)
{
    char command[4000], *text = NULL;
    size_t size = 0, got;
    char piece[4096];
    int used = snprintf(command, sizeof(command), "cd %s && ", check_dir);
    va_list args;
    FILE *out = open_memstream(&text, &size), *in;

    va_start(args, format);
    vsnprintf(command + used, sizeof(command) - (size_t)used, format, args);
    va_end(args);
    assert_non_null(out);
    in = popen(command, "r");
    assert_non_null(in);
    while ((got = fread(piece, 1, sizeof(piece), in)) > 0)
        fwrite(piece, 1, got, out);
    if (pclose(in) != 0)
        fail_msg("this failed: %s", command);
    fclose(out);
    return text;
}

__attribute__((format(printf, 1, 2))) static inline void check_make(const char *format, ...)
{
    char command[3000];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    free(check_shell("ffmpeg -nostdin -v error -y %s", command));
}

/* Our command line: words by spaces, "quoted" ones with spaces in them. NAME.ext is taken from the clips'
 * folder when it begins with "@". */
static inline struct media_options *check_options(const char *line)
{
    char *copy = strdup(line), *words[64] = {(char *)"vidmpi"}, *at = copy;
    struct media_options *options = NULL;
    struct vid_error err = {0};
    int count = 1;

    while (*at) {
        at += strspn(at, " ");
        if (!*at)
            break;
        char stop = *at == '"' ? '"' : ' ';
        at += stop == '"';
        words[count] = at;
        at += strcspn(at, stop == '"' ? "\"" : " ");
        if (*at)
            *at++ = 0;
        if (words[count][0] == '@')
            words[count] = (char *)check_path(words[count] + 1);
        count++;
    }
    if (media_options_parse(count, words, &options, &err) < 0)
        fail_msg("%s: %s", line, err.text);
    free(copy);
    return options;
}

static inline const char *check_filter(const struct media_options *options)
{
    const char *filter = "null";

    for (int i = 0; i < options->out.streams.count; i++)
        if (!strcmp(options->out.streams.items[i].name, "filter"))
            filter = options->out.streams.items[i].value;
    return filter;
}

static inline int check_first_video(const struct media_source *source)
{
    int index = av_find_best_stream(source_format(source), AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

    return index < 0 ? 0 : index;
}

/* Everything between the command line and the encoder. */
struct check_run {
    struct media_options *options;
    struct media_source *source;
    struct chain_spec *spec;
    struct chain *chain;
    struct sink_wish wish;
    uint64_t next; /* number of the next picture */
    bool configured;
};

static inline void check_open(struct check_run *run, const char *line)
{
    struct vid_error err = {0};

    memset(run, 0, sizeof(*run));
    run->options = check_options(line);
    if (media_source_open(run->options, &run->source, &err) < 0 ||
        source_select_video(run->source, check_first_video(run->source), &err) < 0)
        fail_msg("%s: %s", line, err.text);
    run->wish = (struct sink_wish){.filter = check_filter(run->options),
                                   .encoder = avcodec_find_encoder(AV_CODEC_ID_RAWVIDEO),
                                   .pixel_format = AV_PIX_FMT_NONE,
                                   .autoscale = true,
                                   .sws_opts = run->options->out.sws_opts};
    if (chain_spec_build(run->options, run->source, &run->wish, &run->spec, &err) < 0 ||
        chain_open(run->spec, &run->chain, &err) < 0)
        fail_msg("%s: %s", line, err.text);
}

static inline void check_close(struct check_run *run)
{
    chain_close(&run->chain);
    chain_spec_free(&run->spec);
    media_source_close(&run->source);
    media_options_free(&run->options);
}

/* "pts, size, md5\n" as framemd5 has it. */
static inline void check_print(FILE *out, const struct picture *picture)
{
    const AVFrame *f = picture->frame;
    int size = av_image_get_buffer_size(f->format, f->width, f->height, 1);
    uint8_t *bytes = malloc((size_t)size), md5[16];

    av_image_copy_to_buffer(bytes, size, (const uint8_t *const *)f->data, f->linesize, f->format, f->width,
                            f->height, 1);
    av_md5_sum(md5, bytes, (size_t)size);
    fprintf(out, "%lld %d ", (long long)f->pts, size);
    for (int i = 0; i < 16; i++)
        fprintf(out, "%02x", md5[i]);
    fputc('\n', out);
    free(bytes);
}

static inline int check_emit(void *opaque, struct picture **picture)
{
    check_print(opaque, *picture);
    picture_unref(picture);
    return 0;
}

/* Through the packed form and back, as a worker on another node has it. */
static inline struct picture *check_repack(struct picture *picture)
{
    size_t size = picture_packed_size(picture);
    void *mem = aligned_alloc(64, (size + 63) / 64 * 64);
    struct picture *copy = NULL;
    struct vid_error err = {0};

    if (picture_pack(picture, mem, size, &err) < 0 || picture_wrap_owned(mem, size, &copy, &err) < 0)
        fail_msg("%s", err.text);
    picture_unref(&picture);
    return copy;
}

/* The next picture, packed and unpacked; NULL at the end. */
static inline struct picture *check_next(struct check_run *run)
{
    struct picture *picture = NULL;
    struct vid_error err = {0};
    int rc = media_source_next(run->source, &picture, &err);

    if (rc == VID_EOF)
        return NULL;
    if (rc < 0)
        fail_msg("%s", err.text);
    if (!run->configured && chain_configure(run->chain, picture, run->spec, &err) < 0)
        fail_msg("%s", err.text);
    run->configured = true;
    run->next++;
    return check_repack(picture);
}

/* Our frames for this command line. */
static inline char *check_ours(const char *line)
{
    struct check_run run;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct picture *picture;
    struct vid_error err = {0};

    check_open(&run, line);
    while ((picture = check_next(&run)))
        if (chain_filter(run.chain, run.next - 1, &picture, check_emit, out, &err) < 0)
            fail_msg("%s: %s", line, err.text);
    check_close(&run);
    fclose(out);
    return text;
}

/* ffmpeg's: `in` is what stands before -vf, with @NAME for the clip. The time base of the output is the
 * filters'. */
static inline char *check_theirs(const char *in, const char *filter, const char *time_base)
{
    char clean[1000], quoted[1000], *to = clean;

    for (const char *at = in; *at && to < clean + sizeof(clean) - 1; at++)
        if (*at != '@')
            *to++ = *at;
    *to = 0;
    to = quoted;
    for (const char *at = filter; *at && to < quoted + sizeof(quoted) - 5; at++)
        to = *at == '\'' ? stpcpy(to, "'\\''") : (*to = *at, to + 1);
    *to = 0;
    return check_shell(
        "timeout 20 ffmpeg -nostdin -v quiet -filter_threads 1 %s -map 0:v:0 -vf '%s' -fps_mode passthrough "
        "-enc_time_base %s -f framemd5 - | awk -F', *' '!/^#/{print $3, $5, $6}' | sed 's/^ *//'",
        clean, quoted, time_base);
}

/* The time base that the filter graph's end has for this command line. */
static inline void check_time_base(const char *line, char *text, size_t size)
{
    struct check_run run;
    struct chain_output output;
    struct picture *picture;

    check_open(&run, line);
    snprintf(text, size, "1/1000"); /* there may be no frame */
    if ((picture = check_next(&run))) {
        assert_int_equal(chain_output(run.chain, &output, NULL), 0);
        snprintf(text, size, "%d/%d", output.time_base[0], output.time_base[1]);
        picture_unref(&picture);
    }
    check_close(&run);
}

static inline void check_tell_difference(const char *line, const char *ours, const char *theirs)
{
    int number = 0;

    while (*ours && *theirs) {
        size_t a = strcspn(ours, "\n"), b = strcspn(theirs, "\n");

        if (a != b || memcmp(ours, theirs, a) != 0)
            break;
        ours += a + 1;
        theirs += b + 1;
        number++;
    }
    print_error("%s\n  differs at frame %d: ours \"%.*s\", ffmpeg's \"%.*s\"\n", line, number,
                (int)strcspn(ours, "\n"), ours, (int)strcspn(theirs, "\n"), theirs);
}

/* Source and chain give exactly ffmpeg's frames. Returns their number, or -1 after telling. */
static inline int check_same(const char *in, const char *filter)
{
    char line[1500], base[40], *ours, *theirs;
    int count = 0;

    snprintf(line, sizeof(line), "%s -vf \"%s\" out.nut", in, filter);
    check_time_base(line, base, sizeof(base));
    ours = check_ours(line);
    theirs = check_theirs(in, filter, base);
    for (const char *at = ours; *at; at++)
        count += *at == '\n';
    if (strcmp(ours, theirs) != 0) {
        check_tell_difference(line, ours, theirs);
        count = -1;
    }
    free(ours);
    free(theirs);
    return count;
}

#endif
