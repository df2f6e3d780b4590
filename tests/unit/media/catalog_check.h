/* catalog_check: graphs that the catalog accepts and refuses. */
#ifndef VID_TESTS_CATALOG_CHECK_H
#define VID_TESTS_CATALOG_CHECK_H

#include "media_check.h"

#include "media/catalog.h"

static inline void accepts(const char *graph)
{
    struct vid_error err = {0};

    if (catalog_check(graph, NULL, &err) < 0)
        fail_msg("%s is refused: %s", graph, err.text);
}

static inline void refuses(const char *graph, int code, const char *part)
{
    struct vid_error err = {0};
    int rc = catalog_check(graph, NULL, &err);

    if (rc != code || !strstr(err.text, part))
        fail_msg("%s: %d \"%s\", expected %d \"%s\"", graph, rc, err.text, code, part);
}

#endif
