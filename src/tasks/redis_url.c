#include "tasks/redis_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORMS "write redis://[user:password@]host[:port][/db] or unix://[user:password@]/path[?db=N]"

static int hex_value(char c)
{
    if (!isxdigit((unsigned char)c))
        return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* In place; a NUL byte cannot be part of what a C string carries on. */
static bool percent_decode(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex_value(in[1]);
        int low = high < 0 ? -1 : hex_value(in[2]);
        if (low < 0 || high + low == 0)
            return false;
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    return true;
}

static bool parse_number(const char *text, long min, long max, long *value)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) || strlen(text) > 6)
        return false;
    *value = strtol(text, &end, 10);
    return *end == '\0' && *value >= min && *value <= max;
}

static int parse_db(const char *text, struct redis_url *url, struct vid_error *err)
{
    long db = 0;
    if (text[0] && !parse_number(text, 0, 999999, &db))
        return vid_fail(err, -EINVAL, "the database in the Redis URL is not a number; " FORMS);
    url->db = (int)db;
    return 0;
}

static int parse_login(char *text, struct redis_url *url, struct vid_error *err)
{
    char *colon = strchr(text, ':');
    if (!colon)
        return vid_fail(err, -EINVAL,
                        "the Redis URL has a name without a password; write user:password@ or :password@");
    *colon = '\0';
    char *password = colon + 1;
    if (!percent_decode(text) || !percent_decode(password))
        return vid_fail(err, -EINVAL,
                        "the login in the Redis URL has a %% without two hex digits; write %%25 for a %%");
    if (!text[0] && !password[0])
        return 0;
    url->user = text[0] ? strdup(text) : NULL;
    url->password = strdup(password);
    return url->password && (!text[0] || url->user) ? 0 : vid_fail(err, -ENOMEM, "redis URL: no memory");
}

/* Splits "name:port" or "[address]:port" in place; port is NULL when there is none. */
static bool split_host(char *text, char **name, char **port)
{
    char *colon = strrchr(text, ':');
    *name = text;
    *port = NULL;
    if (text[0] == '[') {
        char *close = strchr(text, ']');
        if (!close || (close[1] != '\0' && close[1] != ':'))
            return false;
        *name = text + 1;
        colon = close[1] ? close + 1 : NULL;
        *close = '\0';
    } else if (colon && strchr(text, ':') != colon) {
        return false;
    }
    if (colon) {
        *colon = '\0';
        *port = colon + 1;
    }
    return true;
}

static int add_host(char *text, struct redis_host *host, struct vid_error *err)
{
    char *name = NULL;
    char *port = NULL;
    long number = 6379;
    if (!split_host(text, &name, &port))
        return vid_fail(err, -EINVAL,
                        "an IPv6 address in a Redis URL stands in brackets: redis://[::1]:6379");
    if (!name[0] || strlen(name) >= sizeof(host->name) || !percent_decode(name))
        return vid_fail(err, -EINVAL, "the Redis URL names no host; " FORMS);
    if (port && !parse_number(port, 1, 65535, &number))
        return vid_fail(err, -EINVAL, "the port in the Redis URL is not a number from 1 to 65535; " FORMS);
    memcpy(host->name, name, strlen(name) + 1);
    (void)snprintf(host->port, sizeof(host->port), "%d", (int)number);
    return 0;
}

static int parse_hosts(char *text, struct redis_url *url, struct vid_error *err)
{
    int count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    url->hosts = calloc((size_t)count, sizeof(*url->hosts));
    if (!url->hosts)
        return vid_fail(err, -ENOMEM, "redis URL: no memory");
    for (char *rest = text; url->nhosts < count; url->nhosts++) {
        char *one = strsep(&rest, ",");
        int rc = add_host(one, &url->hosts[url->nhosts], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int parse_tcp(char *rest, struct redis_url *url, struct vid_error *err)
{
    char *at = strrchr(rest, '@');
    if (at) {
        *at = '\0';
        int rc = parse_login(rest, url, err);
        if (rc < 0)
            return rc;
        rest = at + 1;
    }
    if (strchr(rest, '?') || strchr(rest, '#'))
        return vid_fail(err, -EINVAL, "a redis:// URL takes no options after ? or #; " FORMS);
    char *slash = strchr(rest, '/');
    if (slash)
        *slash = '\0';
    int rc = slash ? parse_db(slash + 1, url, err) : 0;
    return rc < 0 ? rc : parse_hosts(rest, url, err);
}

static int parse_unix(char *rest, struct redis_url *url, struct vid_error *err)
{
    char *at = rest[0] == '/' ? NULL : strstr(rest, "@/");
    if (at) {
        *at = '\0';
        int rc = parse_login(rest, url, err);
        if (rc < 0)
            return rc;
        rest = at + 1;
    }
    char *query = strchr(rest, '?');
    if (query)
        *query++ = '\0';
    if (rest[0] != '/' || !rest[1] || !percent_decode(rest))
        return vid_fail(err, -EINVAL, "the Redis URL names no socket; " FORMS);
    if (query && strncmp(query, "db=", 3) != 0)
        return vid_fail(err, -EINVAL, "a unix:// URL takes no option but ?db=N; " FORMS);
    url->path = strdup(rest);
    if (!url->path)
        return vid_fail(err, -ENOMEM, "redis URL: no memory");
    return query ? parse_db(query + 3, url, err) : 0;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

int redis_url_parse(const char *text, struct redis_url *url, struct vid_error *err)
{
    static const struct {
        const char *scheme;
        int (*parse)(char *rest, struct redis_url *url, struct vid_error *err);
    } schemes[] = {{"redis://", parse_tcp}, {"unix://", parse_unix}};

    memset(url, 0, sizeof(*url));
    if (strncasecmp(text, "rediss://", 9) == 0)
        return vid_fail(
            err, -EPROTONOSUPPORT,
            "rediss:// (TLS) is not built in; open a tunnel (stunnel, or ssh -L 6379:localhost:6379 HOST) "
            "and use redis://localhost:6379");
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i].scheme);
        if (strncasecmp(text, schemes[i].scheme, length) != 0)
            continue;
        char *rest = strdup(text + length);
        int rc = rest ? schemes[i].parse(rest, url, err) : vid_fail(err, -ENOMEM, "redis URL: no memory");
        if (rest)
            explicit_bzero(rest, strlen(text + length));
        free(rest);
        if (rc < 0)
            redis_url_free(url);
        return rc;
    }
    return vid_fail(err, -EINVAL, "the Redis URL begins neither with redis:// nor with unix://; " FORMS);
}

void redis_url_free(struct redis_url *url)
{
    wipe(url->password);
    free(url->user);
    free(url->path);
    free(url->hosts);
    memset(url, 0, sizeof(*url));
}

int redis_host_parse(const char *text, struct redis_host *host)
{
    const char *colon = strrchr(text, ':');
    long port = 0;
    if (!colon || colon == text || !parse_number(colon + 1, 1, 65535, &port))
        return -EINVAL;
    size_t length = (size_t)(colon - text);
    if (text[0] == '[' && colon[-1] == ']') {
        text++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof(host->name))
        return -EINVAL;
    memcpy(host->name, text, length);
    host->name[length] = '\0';
    (void)snprintf(host->port, sizeof(host->port), "%d", (int)port);
    return 0;
}
