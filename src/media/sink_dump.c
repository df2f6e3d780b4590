#include "media/sink_private.h"

#include "base/log.h"

#include <string.h>

/* "h264 (native)": the codec's name and that of its implementation. */
static const char *codec_words(const AVCodec *codec, char *buf, size_t size)
{
    const AVCodecDescriptor *descriptor = codec ? avcodec_descriptor_get(codec->id) : NULL;
    const char *name = descriptor ? descriptor->name : "?";
    const char *by = codec ? codec->name : "?";
    snprintf(buf, size, "%s (%s)", name, strcmp(by, name) == 0 ? "native" : by);
    return buf;
}

void media_sink_dump(const struct media_sink *sink)
{
    log_info("Stream mapping:");
    for (int i = 0; i < sink->count; i++) {
        const struct out_stream *stream = &sink->streams[i];
        char from[80], to[80];
        if (stream->codec)
            log_info("  Stream #0:%d -> #0:%d (%s -> %s)", stream->in->index, i,
                     codec_words(stream->in->decoder, from, sizeof(from)),
                     codec_words(stream->codec, to, sizeof(to)));
        else
            log_info("  Stream #0:%d -> #0:%d (copy)", stream->in->index, i);
    }
    sink->mux->dump = true; /* the rest is known when the header is written */
}
