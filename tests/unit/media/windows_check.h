/* windows_check: clips, and runs of a graph over them in one piece and in tasks. */
#ifndef VID_TESTS_WINDOWS_CHECK_H
#define VID_TESTS_WINDOWS_CHECK_H

#include "media_check.h"

#define CLIP_FRAMES 80

/* Real pictures, made small: even times, uneven times with a cut, fields. */
static const char *const window_clips[] = {"even.mkv", "uneven.mkv", "fields.mkv"};

static inline int windows_setup(void **state)
{
    char *samples, hello[300], cockatoo[300];

    if (check_setup(state) < 0)
        return -1;
    samples = check_shell("%s cockatoo.mp4 movie-hello.mp4 >&2 && printf %%s "
                          "\"${VIDMPI_SAMPLES:-%s}\"",
                          SAMPLES_SCRIPT, SAMPLES);
    snprintf(hello, sizeof(hello), "%s/movie-hello.mp4", samples);
    snprintf(cockatoo, sizeof(cockatoo), "%s/cockatoo.mp4", samples);
    free(samples);
#define SMALL "scale=192:108:flags=bicubic,format=yuv420p"
    check_make("-ss 3 -i %s -an -vf " SMALL " -frames:v %d -c:v ffv1 even.mkv", cockatoo, CLIP_FRAMES);
    check_make("-i %s -i %s -an -filter_complex \"[0]trim=end_frame=70," SMALL ",setsar=1[a];[1]fps=30," SMALL
               ",setsar=1[b];[a][b]concat,select='not(mod(n,5))+lt(mod(n,7),3)'\" -fps_mode passthrough "
               "-frames:v %d -c:v ffv1 uneven.mkv",
               hello, cockatoo, CLIP_FRAMES);
    check_make("-i %s -an -vf " SMALL ",tinterlace=interleave_top,fieldorder=tff -r 15 -frames:v %d "
               "-c:v mpeg2video -flags +ilme+ildct -q:v 3 fields.mkv",
               hello, CLIP_FRAMES);
#undef SMALL
    return 0;
}

/* A clip with a graph, ready to be run again and again. */
struct window_run {
    struct check_run run;
    struct picture *pictures[CLIP_FRAMES];
    unsigned count;
    struct chain_context context;
};

static inline void window_open(struct window_run *w, const char *clip, const char *graph)
{
    char line[1500];
    struct picture *picture;

    memset(w, 0, sizeof(*w));
    snprintf(line, sizeof(line), "-i @%s -vf \"%s\" out.nut", clip, graph);
    check_open(&w->run, line);
    while (w->count < CLIP_FRAMES && (picture = check_next(&w->run)))
        w->pictures[w->count++] = picture;
    chain_spec_context(w->run.spec, &w->context);
}

static inline void window_close(struct window_run *w)
{
    for (unsigned i = 0; i < w->count; i++)
        picture_unref(&w->pictures[i]);
    check_close(&w->run);
}

static inline void print_dict(FILE *out, const AVDictionary *dict)
{
    const AVDictionaryEntry *e = NULL;

    while ((e = av_dict_get(dict, "", e, AV_DICT_IGNORE_SUFFIX)))
        fprintf(out, " %s=%s", e->key, e->value);
}

/* All that a picture is, in one line. */
static inline void print_picture(FILE *out, uint64_t frame, const AVFrame *f)
{
    fprintf(out, "%llu: %dx%d sar %d/%d i%d t%d key%d type%d repeat%d range%d:%d:%d:%d dur %lld",
            (unsigned long long)frame, f->width, f->height, f->sample_aspect_ratio.num,
            f->sample_aspect_ratio.den, f->interlaced_frame, f->top_field_first, f->key_frame, f->pict_type,
            f->repeat_pict, f->color_range, f->colorspace, f->color_primaries, f->color_trc,
            (long long)f->pkt_duration);
    print_dict(out, f->metadata);
    for (int i = 0; i < f->nb_side_data; i++) {
        uint8_t md5[16];

        if (f->side_data[i]->type == AV_FRAME_DATA_MOTION_VECTORS)
            continue; /* mestimate leaves bytes of it unwritten; codecview shows the vectors */
        av_md5_sum(md5, f->side_data[i]->data, f->side_data[i]->size);
        fprintf(out, " side%d:%zu:%02x%02x%02x%02x", f->side_data[i]->type, f->side_data[i]->size, md5[0],
                md5[1], md5[2], md5[3]);
        print_dict(out, f->side_data[i]->metadata);
    }
    fputc(' ', out);
}

static inline int print_emitted(void *opaque, uint64_t frame, struct picture **picture)
{
    print_picture(opaque, frame, (*picture)->frame);
    check_print(opaque, *picture);
    picture_unref(picture);
    return 0;
}

/* What the graph gives when tasks own `size` frames and have this context, a line for each picture. */
static inline char *window_tasks(struct window_run *w, unsigned size, const struct chain_context *context)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    struct vid_error err = {0};

    for (unsigned first = 0; first < w->count; first += size) {
        struct chain_run run = {.first = first, .count = size < w->count - first ? size : w->count - first};

        uint64_t from, to;

        chain_feed(context, first, run.count, &from, &to);
        to = to < w->count ? to : w->count;
        run.before = (unsigned)(first - from);
        run.after = (unsigned)(to - first - run.count);
        run.last = to == w->count;
        run.pictures = w->pictures + from;
        if (chain_filter_run(w->run.chain, &run, print_emitted, out, &err) < 0)
            fail_msg("%s: %s", w->run.wish.filter, err.text);
    }
    fclose(out);
    return text;
}

static inline char *window_whole(struct window_run *w)
{
    struct chain_context none = {.period = 1};

    return window_tasks(w, w->count, &none);
}

/* The pictures of the whole are ffmpeg's own. */
static inline int window_tell_if_not_ffmpegs(const char *clip, const char *graph, const char *whole)
{
    char in[60], line[1500], base[40], *theirs, *ours = NULL;
    size_t size;
    FILE *out = open_memstream(&ours, &size);

    for (const char *at = whole, *end; *at; at = end + 1) {
        const char *from = end = strchr(at, '\n');

        for (int spaces = 0; spaces < 3; spaces += *--from == ' ')
            continue;
        fprintf(out, "%.*s\n", (int)(end - from - 1), from + 1);
    }
    fclose(out);
    snprintf(in, sizeof(in), "-i @%s", clip);
    snprintf(line, sizeof(line), "%s -vf \"%s\" o.nut", in, graph);
    check_time_base(line, base, sizeof(base));
    theirs = check_theirs(in, graph, base);
    int wrong = strcmp(ours, theirs) != 0;
    if (wrong)
        check_tell_difference(line, ours, theirs);
    free(ours);
    free(theirs);
    return wrong;
}

#endif
