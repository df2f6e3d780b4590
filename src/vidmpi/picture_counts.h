/* picture_counts: how many pictures the frames have given. The sink counts pictures, the rest of the job
 * frames, and a filter may make none or several of one. Thread-safe. */
#ifndef VID_VIDMPI_PICTURE_COUNTS_H
#define VID_VIDMPI_PICTURE_COUNTS_H

#include <stdint.h>

struct picture_counts;

/* A place between two pictures: `skip` pictures into what the frame gave. */
struct picture_place {
    uint64_t frame, skip;
};

/* Begins at a frame, before which there are so many pictures. NULL: no memory. */
struct picture_counts *picture_counts_create(uint64_t frame, uint64_t pictures);
void picture_counts_destroy(struct picture_counts *counts); /* NULL-safe */

/* The encoder: the next frame, in order, is about to give its pictures. 0, or -ENOMEM. */
int picture_counts_begin(struct picture_counts *counts, uint64_t frame);

/* The encoder: it has given one. */
void picture_counts_add(struct picture_counts *counts);

/* Where the picture with this number, from 0, begins. What lies before is forgotten. */
struct picture_place picture_counts_find(struct picture_counts *counts, uint64_t picture);

/* Of `pictures` that `frames` frames gave, how many count as the frame's. */
uint64_t picture_counts_share(uint64_t frame, uint64_t frames, uint64_t pictures);

#endif
