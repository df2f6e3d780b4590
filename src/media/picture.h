/* picture: one decoded or filtered frame with all that belongs to it: pixel
 * format, size, colour, timestamps, side data, metadata. Pixels are in their
 * native format, never converted here. Wraps an AVFrame, which stays private
 * to the room. Reference counted; the pixels of a shared picture are
 * read-only.
 *
 * Packed form (frame ring, result segments): a header of fixed layout, side
 * data, metadata, then the planes, each starting at a multiple of 64 bytes, with
 * each row's stride a multiple of 64 bytes and 64 spare bytes at the end, so that a wrapped
 * picture can be filtered and encoded in place. The form is for the same libraries on
 * the same architecture: the header carries the libavutil version and is refused otherwise. */
#ifndef VID_MEDIA_PICTURE_H
#define VID_MEDIA_PICTURE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct picture;

struct picture *picture_ref(struct picture *picture); /* another reference; NULL: no memory */
void picture_unref(struct picture **picture);         /* NULL-safe; nulls */

int picture_width(const struct picture *picture);
int picture_height(const struct picture *picture);
int64_t picture_pts(const struct picture *picture);    /* in the stream's or chain's time base */
double picture_seconds(const struct picture *picture); /* its pts in seconds; NAN when it has none */
const char *picture_format_name(const struct picture *picture);
char picture_type(const struct picture *picture); /* of the coded frame: 'I', 'P', 'B', ...; '?': unknown */

/* Calls `each` for every entry that filters and decoder have added, in their order. */
typedef void (*picture_each)(void *opaque, const char *key, const char *value);
void picture_metadata(const struct picture *picture, picture_each each, void *opaque);

/* The number of the picture that ffmpeg would have built its graph with last; the chain starts anew at it.
 * Told by the source; whoever numbers pictures anew says so. */
uint64_t picture_graph_first(const struct picture *picture);
void picture_set_graph_first(struct picture *picture, uint64_t number);

/* Bytes of the packed form. */
size_t picture_packed_size(const struct picture *picture);

/* Writes the packed form: `size` must be at least picture_packed_size. */
int picture_pack(const struct picture *picture, void *mem, size_t size, struct vid_error *err);

/* The packed form as pieces to be written without a copy of the pixels where
 * their layout allows it. The pieces are valid until picture_pieces_free. */
struct picture_pieces {
    struct iovec iov[12];
    int count;
    size_t bytes; /* sum */
    void *scratch;
};
int picture_pieces(const struct picture *picture, struct picture_pieces *pieces, struct vid_error *err);
void picture_pieces_free(struct picture_pieces *pieces);

/* A read-only picture whose planes lie in `mem` (64-byte aligned). `release` is called once,
 * from any thread, when nobody uses the pixels any more (also on failure). Every length
 * and offset is checked: mem may be damaged. -EBADMSG then. */
int picture_wrap(const void *mem, size_t size, void (*release)(void *opaque, void *mem), void *opaque,
                 struct picture **out, struct vid_error *err);

/* The same from a malloc'ed block that the picture then owns. */
int picture_wrap_owned(void *mem, size_t size, struct picture **out, struct vid_error *err);

/* PNG for a person's eyes: 8-bit RGB (or RGBA), by libswscale and libpng;
 * at most `max_width` wide (0: as it is). Written whole or not at all (rename). */
int picture_write_png(const struct picture *picture, int max_width, const char *path, struct vid_error *err);

#endif
