/* part_file: the file of one part. A header, records of packets as the encoder gave them, and at the end what
 * the encoding must know to go on behind it: so nothing else is needed to resume. docs/parts.md has the
 * bytes. One writer, one thread at a time. Private to the room. */
#ifndef VID_MEDIA_PART_FILE_H
#define VID_MEDIA_PART_FILE_H

#include "media/internal.h"
#include "media/part.h"

/* What the output's first picture said, and every session of the encoder is opened with. */
struct part_look {
    int range, primaries, transfer, matrix, chroma, fields, raw_bits;
};

struct part_header {
    unsigned number;
    uint64_t first;
    uint64_t opened; /* the picture with which the encoder was opened: not the first when the output's -ss
                        skips some */
    enum AVCodecID codec;
    AVRational time_base; /* of the packets */
    struct part_look look;
    uint8_t *extradata; /* of the encoder; NULL: none */
    size_t extradata_size;
};

enum part_record {
    PART_PACKET = 1, /* `picture` was being encoded when it came out */
    PART_DRAINED,    /* it came out after the last picture */
    PART_STATE,      /* text: see encoder_state.h */
    PART_LAST,       /* packed: the picture that may have to be repeated in the next part */
    PART_END,        /* nothing follows */
};

#define PART_RECORD_SIZE 64

/* A record's head. */
struct part_head {
    enum part_record kind;
    int flags; /* of the packet */
    uint64_t picture;
    int64_t pts, dts, duration;
    uint64_t size; /* of what follows the head: side data, then data */
    uint32_t side; /* pieces of side data */
    uint32_t crc;  /* of what follows */
};

/* ---- part_writer.c ---- */

struct part_writer;

/* Makes the file anew. The header is not kept. */
int part_writer_create(const char *folder, const struct part_header *header, struct part_writer **out,
                       struct vid_error *err);
int part_writer_packet(struct part_writer *writer, const AVPacket *packet, uint64_t picture, bool drained,
                       struct vid_error *err);
int part_writer_state(struct part_writer *writer, const char *text, struct vid_error *err);
int part_writer_last(struct part_writer *writer, const struct picture *picture, struct vid_error *err);

/* All of it is durable when this returns, the name too. Tells all of `part`. */
int part_writer_seal(struct part_writer *writer, uint64_t end, struct media_part *part,
                     struct vid_error *err);
void part_writer_close(
    struct part_writer **writer); /* NULL-safe; without a seal before, the file stays unsealed */

/* ---- part_reader.c ---- */

struct part_reader;

/* Opens a sealed part after a look at every byte of it. -EBADMSG, as everywhere below, when it is damaged. */
int part_reader_open(const char *folder, const struct media_part *part, struct part_reader **out,
                     struct vid_error *err);
const struct part_header *part_reader_header(const struct part_reader *reader);

/* The record that comes next. It is passed over by one of the takers. */
const struct part_head *part_reader_head(const struct part_reader *reader);
int part_reader_packet(struct part_reader *reader, AVPacket *packet, struct vid_error *err);
int part_reader_text(struct part_reader *reader, char **text,
                     struct vid_error *err); /* the caller frees it */
int part_reader_picture(struct part_reader *reader, struct picture **picture, struct vid_error *err);
void part_reader_close(struct part_reader **reader); /* NULL-safe */

/* ---- part_layout.c ---- */

void part_head_pack(const struct part_head *head, uint8_t mem[PART_RECORD_SIZE]);
int part_head_unpack(struct part_head *head, const uint8_t mem[PART_RECORD_SIZE]); /* -EBADMSG */

#define PART_HEADER_SIZE 96 /* before the extradata */

void part_header_pack(const struct part_header *header, uint8_t mem[PART_HEADER_SIZE]);
/* All but the extradata itself. -EBADMSG */
int part_header_unpack(struct part_header *header, const uint8_t mem[PART_HEADER_SIZE]);

#endif
