/* redis_url: where a Redis server is and how to log in to it, as one text
 * (task_list.h shows the forms). Errors quote nothing of the text, for it may
 * hold a password. Internal to the room. */
#ifndef VID_TASKS_REDIS_URL_H
#define VID_TASKS_REDIS_URL_H

#include "base/error.h"

struct redis_host {
    char name[256]; /* without brackets */
    char port[6];
};

struct redis_url {
    char *user;     /* NULL: the default user */
    char *password; /* NULL: no login */
    char *path;     /* of the Unix socket; NULL: the hosts */
    struct redis_host *hosts;
    int nhosts;
    int db;
};

/* 0, -EINVAL for a text that is no such URL, -EPROTONOSUPPORT for rediss://. */
int redis_url_parse(const char *text, struct redis_url *url, struct vid_error *err);

/* Wipes the password. */
void redis_url_free(struct redis_url *url);

/* One host[:port], an IPv6 address in brackets or not (a cluster's MOVED has
 * none): 0 or -EINVAL. */
int redis_host_parse(const char *text, struct redis_host *host);

#endif
