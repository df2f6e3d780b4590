/* sink_private: the sink's own files share this. */
#ifndef VID_MEDIA_SINK_PRIVATE_H
#define VID_MEDIA_SINK_PRIVATE_H

#include "media/encoder.h"
#include "media/out_stream.h"
#include "media/sink_queue.h"

struct media_sink {
    const struct media_options *options;
    struct media_source *source;
    struct source_times input;
    struct output_times times;
    struct sink_queue queue;

    /* The writing thread's; the source's thread takes it only when it is free at once. */
    pthread_mutex_t work;
    struct mux *mux;
    struct out_stream *streams;
    int count;
    struct out_stream *video; /* the filtered one */
    bool stopped;             /* nothing more is wanted */
    bool finished;

    pthread_mutex_t stats_lock; /* of what follows */
    uint64_t written;           /* pictures given to media_sink_write and done with */
    struct sink_stats stats;
};

/* sink_streams.c: makes the output's streams by the mapping, with codecs and options. */
int sink_streams_create(struct media_sink *sink, struct vid_error *err);
void sink_streams_free(struct media_sink *sink);

/* sink_options.c */
int sink_times_read(const struct output_options *options, struct output_times *times, struct vid_error *err);
int sink_check_names(const struct media_sink *sink, struct vid_error *err);
int sink_check_codec_options(const struct media_sink *sink, struct vid_error *err);

/* sink_packets.c: with the work lock held. Takes what was read before picture number `pictures`. */
int sink_take_packets(struct media_sink *sink, uint64_t pictures, struct vid_error *err);
/* Tells every stream that the input has ended, unless it knows. */
int sink_end_streams(struct media_sink *sink, struct vid_error *err);
/* Is the input stream decoded here, for at least one stream of the output? */
bool sink_decodes(const struct media_sink *sink, const struct source_stream *in);
/* The source's callback (source_packet); opaque is the sink. */
int sink_packet_read(void *opaque, struct source_stream *stream, const AVPacket *packet,
                     struct vid_error *err);
/* Stops when no stream wants more, a size or a count is reached. */
void sink_check_end(struct media_sink *sink);
void sink_update_stats(struct media_sink *sink);

#endif
