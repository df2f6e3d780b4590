#include "worker/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one list of keys: encoding, decoding and clearing follow it. */
static const struct field {
    const char *key;
    size_t offset;
    bool number;
} fields[] = {
#define TEXT(name)                                                                                           \
    {                                                                                                        \
#name, offsetof(struct worker_config, name), false                                                   \
    }
#define NUMBER(name)                                                                                         \
    {                                                                                                        \
#name, offsetof(struct worker_config, name), true                                                    \
    }
    TEXT(job),
    TEXT(redis_url),
    TEXT(run_dir),
    TEXT(ring),
    TEXT(chain),
    TEXT(filter),
    TEXT(host),
    NUMBER(slot_kb),
    NUMBER(rank),
    NUMBER(fetch),
    NUMBER(durable),
    NUMBER(png),
    NUMBER(log_level),
    NUMBER(slots),
    NUMBER(task_timeout_ms),
    NUMBER(filter_memory_kb),
    NUMBER(redis_timeout_ms),
#undef TEXT
#undef NUMBER
};

#define FIELDS (sizeof(fields) / sizeof(*fields))

static char **text_of(struct worker_config *config, const struct field *field)
{
    return (char **)(void *)((char *)config + field->offset);
}

static int *number_of(struct worker_config *config, const struct field *field)
{
    return (int *)(void *)((char *)config + field->offset);
}

int worker_config_encode(const struct worker_config *config, char **text, size_t *size, struct vid_error *err)
{
    struct worker_config *c = (struct worker_config *)config; /* read only, for the two accessors */
    FILE *stream = open_memstream(text, size);

    if (!stream)
        return vid_fail(err, -ENOMEM, "no memory for the worker's configuration");
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].number)
            fprintf(stream, "%s=%d", fields[i].key, *number_of(c, &fields[i]));
        else
            fprintf(stream, "%s=%s", fields[i].key, *text_of(c, &fields[i]) ? *text_of(c, &fields[i]) : "");
        fputc('\0', stream);
    }
    if (fclose(stream) != 0)
        return vid_fail(err, -ENOMEM, "no memory for the worker's configuration");
    return 0;
}

static int decode_one(struct worker_config *config, const char *line, unsigned *seen, struct vid_error *err)
{
    const char *equals = strchr(line, '=');

    for (size_t i = 0; equals && i < FIELDS; i++) {
        size_t length = strlen(fields[i].key);
        if (length != (size_t)(equals - line) || memcmp(fields[i].key, line, length) != 0)
            continue;
        if (*seen & 1u << i)
            break;
        *seen |= 1u << i;
        if (fields[i].number)
            *number_of(config, &fields[i]) = (int)strtol(equals + 1, NULL, 10);
        else if (!(*text_of(config, &fields[i]) = strdup(equals + 1)))
            return vid_fail(err, -ENOMEM, "no memory for the worker's configuration");
        return 0;
    }
    return vid_fail(err, -EBADMSG, "the worker's configuration has an unknown entry: %.40s", line);
}

int worker_config_decode(const char *text, size_t size, struct worker_config *config, struct vid_error *err)
{
    unsigned seen = 0;
    int ret = 0;

    memset(config, 0, sizeof(*config));
    if (size == 0 || text[size - 1] != '\0')
        return vid_fail(err, -EBADMSG, "the worker's configuration is cut off");
    for (size_t at = 0; at < size && ret == 0; at += strlen(text + at) + 1)
        ret = decode_one(config, text + at, &seen, err);
    if (ret == 0 && seen != (1u << FIELDS) - 1)
        ret = vid_fail(err, -EBADMSG, "the worker's configuration is not complete");
    if (ret < 0)
        worker_config_clear(config);
    return ret;
}

void worker_config_clear(struct worker_config *config)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (!fields[i].number)
            free(*text_of(config, &fields[i]));
    }
    memset(config, 0, sizeof(*config));
}
