/* The file of a part: what goes in comes out, and a file that was touched is refused. */
#include "media_check.h"

#include "base/crc32c.h"
#include "media/part_file.h"

#include <libavutil/intreadwrite.h>

#include <errno.h>

#define STATE "1 2 3"

static struct part_header header(void)
{
    static uint8_t extradata[] = {1, 2, 3, 4, 5};
    return (struct part_header){.number = 3,
                                .first = 250,
                                .opened = 250,
                                .codec = AV_CODEC_ID_H264,
                                .time_base = {1001, 30000},
                                .look = {2, 1, 1, 1, 1, AV_FIELD_TT, 10},
                                .extradata = extradata,
                                .extradata_size = sizeof(extradata)};
}

/* `size` bytes of `first`, first + 1, ... */
static AVPacket *make_packet(int size, int first)
{
    AVPacket *packet = av_packet_alloc();
    assert_non_null(packet);
    assert_int_equal(av_new_packet(packet, size), 0);
    for (int i = 0; i < size; i++)
        packet->data[i] = (uint8_t)(first + i);
    packet->pts = first;
    packet->dts = first - 100;
    packet->duration = 1;
    packet->flags = first == 1 ? AV_PKT_FLAG_KEY : 0;
    return packet;
}

static struct picture *make_picture(void)
{
    AVFrame *frame = av_frame_alloc();
    assert_non_null(frame);
    frame->width = 34;
    frame->height = 18;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->pts = 4711;
    frame->key_frame = 1;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int p = 0; p < 3; p++)
        memset(frame->data[p], 70 + p, (size_t)frame->linesize[p] * (p ? 9 : 18));
    return picture_from_frame(&frame, (AVRational){1, 1000});
}

static void write_packets(struct part_writer *writer)
{
    AVPacket *packet = make_packet(1000, 1);
    memset(av_packet_new_side_data(packet, AV_PKT_DATA_QUALITY_STATS, 8), 9, 8);
    memset(av_packet_new_side_data(packet, AV_PKT_DATA_CPB_PROPERTIES, 3), 8, 3);
    assert_int_equal(part_writer_packet(writer, packet, 251, false, NULL), 0);
    av_packet_free(&packet);
    packet = make_packet(600000, 2); /* larger than the writer's buffer */
    assert_int_equal(part_writer_packet(writer, packet, 253, false, NULL), 0);
    av_packet_free(&packet);
    packet = make_packet(0, 3);
    assert_int_equal(part_writer_packet(writer, packet, 500, true, NULL), 0);
    av_packet_free(&packet);
}

static struct media_part write_part(void)
{
    struct part_header head = header();
    struct part_writer *writer;
    struct media_part part;
    struct picture *picture = make_picture();
    assert_int_equal(part_writer_create(check_dir, &head, &writer, NULL), 0);
    write_packets(writer);
    assert_int_equal(part_writer_state(writer, STATE, NULL), 0);
    assert_int_equal(part_writer_last(writer, picture, NULL), 0);
    assert_int_equal(part_writer_seal(writer, 500, &part, NULL), 0);
    part_writer_close(&writer);
    picture_unref(&picture);
    return part;
}

static void assert_packet(struct part_reader *reader, uint64_t picture, int size, int first, int side)
{
    AVPacket *packet = av_packet_alloc(), *want = make_packet(size, first);
    assert_int_equal(part_reader_head(reader)->picture, picture);
    assert_int_equal(part_reader_packet(reader, packet, NULL), 0);
    assert_int_equal(packet->size, size);
    if (size)
        assert_memory_equal(packet->data, want->data, (size_t)size);
    assert_true(packet->pts == want->pts && packet->dts == want->dts && packet->duration == 1);
    assert_int_equal(packet->flags, want->flags);
    assert_int_equal(packet->side_data_elems, side);
    av_packet_free(&packet);
    av_packet_free(&want);
}

static void assert_header(const struct part_header *got)
{
    struct part_header want = header();
    assert_true(got->number == 3 && got->first == 250 && got->opened == 250 &&
                got->codec == AV_CODEC_ID_H264);
    assert_true(got->time_base.num == 1001 && got->time_base.den == 30000);
    assert_memory_equal(&got->look, &want.look, sizeof(want.look));
    assert_int_equal(got->extradata_size, want.extradata_size);
    assert_memory_equal(got->extradata, want.extradata, want.extradata_size);
}

static void assert_last(struct part_reader *reader)
{
    struct picture *picture = NULL;
    assert_int_equal(part_reader_head(reader)->kind, PART_LAST);
    assert_int_equal(part_reader_picture(reader, &picture, NULL), 0);
    assert_int_equal(picture_pts(picture), 4711);
    assert_true(picture->frame->key_frame && picture->time_base.den == 1000);
    assert_true(picture->frame->data[0][33] == 70 && picture->frame->data[2][0] == 72);
    picture_unref(&picture);
}

static void what_goes_in_comes_out(void **state)
{
    struct media_part part = write_part();
    struct part_reader *reader;
    char *text;
    assert_true(part.number == 3 && part.first == 250 && part.end == 500 && part.packets == 3);
    assert_int_equal(media_part_check(check_dir, &part, NULL), 0);
    assert_int_equal(part_reader_open(check_dir, &part, &reader, NULL), 0);
    assert_header(part_reader_header(reader));
    assert_int_equal(part_reader_head(reader)->kind, PART_PACKET);
    assert_packet(reader, 251, 1000, 1, 2);
    assert_packet(reader, 253, 600000, 2, 0);
    assert_int_equal(part_reader_head(reader)->kind, PART_DRAINED);
    assert_packet(reader, 500, 0, 3, 0);
    assert_int_equal(part_reader_head(reader)->kind, PART_STATE);
    assert_int_equal(part_reader_text(reader, &text, NULL), 0);
    assert_string_equal(text, STATE);
    free(text);
    assert_last(reader);
    assert_int_equal(part_reader_head(reader)->kind, PART_END);
    part_reader_close(&reader);
}

/* The whole file in memory; the caller frees it. */
static uint8_t *load(const struct media_part *part)
{
    char path[200], *text;
    size_t size;
    media_part_path(check_dir, part->number, path, sizeof(path));
    assert_int_equal(io_read_file(path, 1 << 24, &text, &size, NULL), 0);
    assert_int_equal(size, part->bytes);
    return (uint8_t *)text;
}

static void store(const struct media_part *part, const uint8_t *mem, size_t size)
{
    char path[200];
    media_part_path(check_dir, part->number, path, sizeof(path));
    assert_int_equal(io_write_file(path, mem, size, false, NULL), 0);
}

static void any_change_is_found(void **state)
{
    struct media_part part = write_part();
    uint8_t *mem = load(&part);
    struct vid_error err = {0};
    for (size_t i = 0; i < part.bytes; i += i < 2000 ? 97 : 100003) {
        mem[i] ^= 1;
        store(&part, mem, part.bytes);
        assert_int_equal(media_part_check(check_dir, &part, NULL), -EBADMSG);
        mem[i] ^= 1;
    }
    store(&part, mem, part.bytes - 1);
    assert_int_equal(media_part_check(check_dir, &part, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "part-000003 is damaged: it has not the length"));
    store(&part, mem, part.bytes);
    assert_int_equal(media_part_check(check_dir, &part, NULL), 0);
    part.number = 4;
    assert_int_equal(media_part_check(check_dir, &part, NULL), -ENOENT);
    free(mem);
}

/* Reads to the end or to the first error, which is returned. */
static int read_through(const struct media_part *part)
{
    struct part_reader *reader;
    AVPacket *packet = av_packet_alloc();
    struct picture *picture = NULL;
    char *text = NULL;
    int code = part_reader_open(check_dir, part, &reader, NULL);
    while (code >= 0 && part_reader_head(reader)->kind != PART_END) {
        enum part_record kind = part_reader_head(reader)->kind;
        code = kind == PART_STATE  ? part_reader_text(reader, &text, NULL)
               : kind == PART_LAST ? part_reader_picture(reader, &picture, NULL)
                                   : part_reader_packet(reader, packet, NULL);
        free(text);
        text = NULL;
        picture_unref(&picture);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    part_reader_close(&reader);
    return code;
}

/* Even with the CRC of the whole made right, lengths that lie do no harm. */
static void records_that_lie_are_refused(void **state)
{
    struct media_part part = write_part();
    uint8_t *mem = load(&part);
    size_t at = PART_HEADER_SIZE + 5;
    static const struct {
        size_t offset;
        uint64_t value;
        size_t bytes;
    } lies[] = {{40, UINT64_MAX, 8}, {40, 5, 8}, {40, 1 << 30, 8}, {48, 3, 4},
                {48, UINT32_MAX, 4}, {0, 77, 4}, {52, 1, 4}};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        uint8_t head[PART_RECORD_SIZE];
        memcpy(head, mem + at, sizeof(head));
        if (lies[i].bytes == 8)
            AV_WL64(mem + at + lies[i].offset, lies[i].value);
        else
            AV_WL32(mem + at + lies[i].offset, lies[i].value);
        AV_WL32(mem + at + 60, crc32c(0, mem + at, 60));
        part.crc = crc32c(0, mem, part.bytes);
        store(&part, mem, part.bytes);
        assert_int_equal(read_through(&part), -EBADMSG);
        memcpy(mem + at, head, sizeof(head));
    }
    part.crc = crc32c(0, mem, part.bytes);
    store(&part, mem, part.bytes);
    assert_int_equal(read_through(&part), 0);
    free(mem);
}

/* The table in docs/parts.md. */
static void bytes_are_as_documented(void **state)
{
    const struct part_head head = {
        PART_DRAINED, AV_PKT_FLAG_KEY, 500, 7, -2, 1, 9, 0, crc32c(0, "123456789", 9)};
    static const uint8_t want[PART_RECORD_SIZE] = {
        2, 0, 0, 0, 1,    0,    0,    0,    0xf4, 1,    0,    0,    0,    0,    0,    0,    7, 0, 0, 0,
        0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,    0,    0,    0,    0, 0, 0, 0,
        9, 0, 0, 0, 0,    0,    0,    0,    0,    0,    0,    0,    0x83, 0x92, 0x06, 0xe3, 0, 0, 0, 0};
    uint8_t mem[PART_RECORD_SIZE];
    part_head_pack(&head, mem);
    assert_memory_equal(mem, want, 60);
    assert_int_equal(AV_RL32(mem + 60), crc32c(0, want, 60));
}

static void a_folder_that_is_gone_is_named(void **state)
{
    struct part_header head = header();
    struct part_writer *writer;
    struct vid_error err = {0};
    assert_int_equal(part_writer_create("/nowhere/parts", &head, &writer, &err), -ENOENT);
    assert_null(writer);
    assert_string_equal(err.text, "cannot make /nowhere/parts/part-000003: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),         cmocka_unit_test(any_change_is_found),
        cmocka_unit_test(records_that_lie_are_refused),   cmocka_unit_test(bytes_are_as_documented),
        cmocka_unit_test(a_folder_that_is_gone_is_named),
    };
    return cmocka_run_group_tests(tests, check_setup, check_teardown);
}
