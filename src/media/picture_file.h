/* picture_file: one picture as a file that ffmpeg reads, for the input of a
 * frame that could not be filtered: NUT with uncompressed video. */
#ifndef VID_MEDIA_PICTURE_FILE_H
#define VID_MEDIA_PICTURE_FILE_H

#include "base/error.h"
#include "media/picture.h"

/* Writes pixels, size, aspect and time (exactly, in a time base of NUT's choice): `ffmpeg -i PATH -vf ...`
 * filters the same picture. NUT has no place for the colour's description, field order, side data and times
 * before 0. A pixel format that NUT has no name for goes as grey bytes, and the file's comment has the
 * command that makes it a picture again. Written whole or not at all (rename). -ENOTSUP for what has no bytes
 * (a surface of a device). */
int picture_save(const struct picture *picture, const char *path, struct vid_error *err);

#endif
