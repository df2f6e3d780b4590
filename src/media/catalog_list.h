/* catalog_list: every filter that there is, with what is known of it, for people: -filters. */
#ifndef VID_MEDIA_CATALOG_LIST_H
#define VID_MEDIA_CATALOG_LIST_H

#include "base/error.h"

#include <stdio.h>

struct filter_row {
    const char *name;
    const char *class;  /* in which way it runs: "frame", "window", "aligned" on all ranks, "serial" on one;
                           "sound": in -af; "none": not at all */
    char access[40];    /* what it does with some option and -safe forbids: "read,write"; "-": nothing */
    const char *source; /* "libavfilter-8.44.100", or the path of a plugin */
    char note[400];     /* why it is serial, or with which options; "" */
};

struct filter_rows {
    struct filter_row *items; /* by name */
    int count;
};

/* 0 or -ENOMEM. */
int filter_rows_make(struct filter_rows *out, struct vid_error *err);
void filter_rows_free(struct filter_rows *rows);

/* A line each, in columns, behind one of headings. */
void media_filters_print(FILE *to);

#endif
