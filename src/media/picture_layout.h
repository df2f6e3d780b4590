/* picture_layout: where the parts of a packed picture lie. The header is plain
 * memory: same libraries, same architecture. */
#ifndef VID_MEDIA_PICTURE_LAYOUT_H
#define VID_MEDIA_PICTURE_LAYOUT_H

#include "media/internal.h"

#include <stddef.h>
#include <stdint.h>

#define PACKED_MAGIC 0x50646976u /* "vidP" */
#define PACKED_ALIGN 64
#define PACKED_SPARE 64 /* readable bytes after the last plane, for vector code that reads ahead */

/* Fields of AVFrame that travel as they are. */
#define PACKED_INT_FIELDS(X)                                                                                 \
    X(width)                                                                                                 \
    X(height)                                                                                                \
    X(format)                                                                                                \
    X(key_frame)                                                                                             \
    X(pict_type)                                                                                             \
    X(coded_picture_number)                                                                                  \
    X(display_picture_number)                                                                                \
    X(quality)                                                                                               \
    X(repeat_pict)                                                                                           \
    X(interlaced_frame)                                                                                      \
    X(top_field_first)                                                                                       \
    X(palette_has_changed)                                                                                   \
    X(flags)                                                                                                 \
    X(color_range)                                                                                           \
    X(color_primaries)                                                                                       \
    X(color_trc)                                                                                             \
    X(colorspace)                                                                                            \
    X(chroma_location)                                                                                       \
    X(decode_error_flags)                                                                                    \
    X(pkt_size)

#define PACKED_LONG_FIELDS(X)                                                                                \
    X(pts)                                                                                                   \
    X(pkt_dts)                                                                                               \
    X(reordered_opaque)                                                                                      \
    X(best_effort_timestamp)                                                                                 \
    X(pkt_pos)                                                                                               \
    X(pkt_duration)                                                                                          \
    X(crop_top)                                                                                              \
    X(crop_bottom)                                                                                           \
    X(crop_left)                                                                                             \
    X(crop_right)

struct packed_plane {
    uint64_t offset; /* from the start of the packed form */
    uint32_t stride;
    uint32_t rows;
};

struct packed_header {
    uint32_t magic;
    uint32_t version; /* of libavutil */
    uint64_t bytes;   /* of the whole */
    uint64_t graph_first;
    int64_t end;
    AVRational time_base, frame_time_base, aspect, graph_aspect;
#define X(field) int32_t field;
    PACKED_INT_FIELDS(X)
#undef X
#define X(field) int64_t field;
    PACKED_LONG_FIELDS(X)
#undef X
    uint32_t planes;
    uint32_t side_data;      /* entries after the header */
    uint64_t metadata_bytes; /* after the side data */
    uint64_t planes_at;      /* offset of the first plane; everything else is before */
    struct packed_plane plane[4];
};

/* Before each side data entry; then its bytes, then its metadata, padded to 8. */
struct packed_side_data {
    uint32_t type;
    uint32_t metadata_bytes;
    uint64_t bytes;
};

/* The shape of one plane of a format: bytes of a row that mean something, and rows. */
struct plane_shape {
    size_t row_bytes, rows;
};

/* Number of planes (a palette counts), or negative for a format or size that cannot be packed. */
int picture_shape(int format, int width, int height, struct plane_shape shape[4]);

static inline size_t align_to(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

#endif
