/* pictures: samples of planes, for the plugins of the tests. Planar formats of 8 bits, and packed rgb24. */
#ifndef VID_TESTS_PICTURES_H
#define VID_TESTS_PICTURES_H

#include "media/filter.h"

#include <string.h>

static inline int plane_width(const struct vidmpi_picture *picture, int plane)
{
    int halved = !strcmp(picture->format, "yuv420p") || !strcmp(picture->format, "yuv422p");

    return plane > 0 && halved ? (picture->width + 1) / 2 : picture->width;
}

static inline int plane_height(const struct vidmpi_picture *picture, int plane)
{
    return plane > 0 && !strcmp(picture->format, "yuv420p") ? (picture->height + 1) / 2 : picture->height;
}

static inline int pixel_bytes(const struct vidmpi_picture *picture)
{
    return strcmp(picture->format, "rgb24") ? 1 : 3;
}

static inline uint8_t *row_of(const struct vidmpi_picture *picture, int plane, int y)
{
    return picture->data[plane] + y * picture->stride[plane];
}

#endif
