#include "media/sink_private.h"

#include "base/log.h"

#include <libavutil/opt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int sink_times_read(const struct output_options *o, struct output_times *times, struct vid_error *err)
{
    int64_t start = o->start == OPTION_NO_TIME ? 0 : o->start;
    times->start = o->start == OPTION_NO_TIME ? AV_NOPTS_VALUE : o->start;
    times->length = o->duration == OPTION_NO_TIME ? INT64_MAX : o->duration;
    if (o->stop == OPTION_NO_TIME || times->length != INT64_MAX)
        return 0;
    if (o->stop <= start)
        return vid_fail(err, -EINVAL, "-to after -i is not later than -ss: nothing would be left");
    times->length = o->stop - start;
    return 0;
}

static const char *plain_name(const char *url)
{
    return strncmp(url, "file:", 5) == 0 ? url + 5 : url;
}

int sink_check_names(const struct media_sink *sink, struct vid_error *err)
{
    const struct mux_path *path = &sink->mux->path;
    struct stat out, in;
    if (!path->is_file || stat(path->final, &out) < 0)
        return 0;
    if (stat(plain_name(sink->options->in.url), &in) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return vid_fail(err, -EINVAL, "%s is the input: it cannot be changed in place, name another output",
                        path->name);
    if (sink->options->overwrite == OVERWRITE_NO)
        return vid_fail(err, -EEXIST, "%s exists and -n was given; name another output or say -y",
                        path->name);
    return 0;
}

/* ---- codec options that no stream took ---- */

static bool was_taken(const struct media_sink *sink, const char *key)
{
    for (int i = 0; i < sink->count; i++)
        if (av_dict_get(sink->streams[i].codec_opts, key, NULL, AV_DICT_MATCH_CASE))
            return true;
    return false;
}

static const AVOption *find_option(const AVClass *class, const char *name)
{
    return av_opt_find(&class, name, NULL, 0, AV_OPT_SEARCH_CHILDREN | AV_OPT_SEARCH_FAKE_OBJ);
}

static int check_option(const struct media_sink *sink, const char *key, struct vid_error *err)
{
    const AVOption *option = find_option(avcodec_get_class(), key);
    if (was_taken(sink, key) || !option || find_option(avformat_get_class(), key))
        return 0;
    if (!(option->flags & AV_OPT_FLAG_ENCODING_PARAM))
        return vid_fail(err, -EINVAL, "-%s is an option of decoders; give it before -i", key);
    if (strcmp(key, "gop_timecode") != 0)
        log_warn("-%s was not used for any stream: either its type is wrong or no such encoder is at work",
                 key);
    return 0;
}

int sink_check_codec_options(const struct media_sink *sink, struct vid_error *err)
{
    const AVDictionary *given = (const AVDictionary *)sink->options->out.codec_opts;
    int code = 0;
    for (const AVDictionaryEntry *e = NULL;
         code >= 0 && (e = av_dict_get(given, "", e, AV_DICT_IGNORE_SUFFIX));) {
        char *key = strndup(e->key, strcspn(e->key, ":"));
        if (!key)
            return vid_fail(err, -ENOMEM, "no memory for an option");
        code = check_option(sink, key, err);
        free(key);
    }
    return code;
}
