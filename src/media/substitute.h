/* substitute: a picture in the place of one that could not be filtered. One thread. */
#ifndef VID_MEDIA_SUBSTITUTE_H
#define VID_MEDIA_SUBSTITUTE_H

#include "media/chain.h"

/* By `kind`: ON_ERROR_ORIGINAL: the input, scaled and converted to what the encoder gets; ON_ERROR_PREVIOUS:
 * the filtered picture before it, or a black one when there is none (`previous` NULL); ON_ERROR_BLACK. In
 * each case the input's time in the output's time base, and its side data. `spec`: the chain's, after
 * chain_configure; `output`: what the chain gives. The input is taken. */
int picture_substitute(enum on_error kind, const struct chain_spec *spec, const struct chain_output *output,
                       struct picture **input, struct picture *previous, struct picture **out,
                       struct vid_error *err);

#endif
