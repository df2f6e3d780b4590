#include "store/ledger_record.h"

#include "base/crc32c.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CRC_DIGITS 8

static const char *const names[] = {
    [LEDGER_START] = "start", [LEDGER_PART] = "part",
    [LEDGER_LOST] = "lost",   [LEDGER_SUBSTITUTED] = "substituted",
    [LEDGER_STOP] = "stop",   [LEDGER_AGAIN] = "again",
};

enum kind {
    KIND_COUNT, /* uint64_t */
    KIND_UINT,  /* unsigned */
    KIND_CRC,   /* uint32_t, 8 hex digits */
    KIND_TIME,  /* int64_t, seconds since 1970 */
    KIND_TEXT,  /* const char * */
};

#define AT(member) offsetof(struct ledger_record, member)

/* In the order of writing. All fields of a type must be there. */
static const struct field {
    enum ledger_type type;
    const char *name;
    enum kind kind;
    size_t at;
} fields[] = {
    {LEDGER_START, "key", KIND_TEXT, AT(start.key)},
    {LEDGER_START, "format", KIND_UINT, AT(start.format)},
    {LEDGER_START, "program", KIND_TEXT, AT(start.program)},
    {LEDGER_START, "host", KIND_TEXT, AT(start.host)},
    {LEDGER_START, "time", KIND_TIME, AT(start.time)},
    {LEDGER_START, "ranks", KIND_UINT, AT(start.ranks)},
    {LEDGER_START, "window", KIND_UINT, AT(start.window)},
    {LEDGER_PART, "number", KIND_COUNT, AT(part.number)},
    {LEDGER_PART, "first", KIND_COUNT, AT(part.first)},
    {LEDGER_PART, "end", KIND_COUNT, AT(part.end)},
    {LEDGER_PART, "packets", KIND_COUNT, AT(part.packets)},
    {LEDGER_PART, "bytes", KIND_COUNT, AT(part.bytes)},
    {LEDGER_PART, "crc", KIND_CRC, AT(part.crc)},
    {LEDGER_PART, "state", KIND_TEXT, AT(part.state)},
    {LEDGER_LOST, "rank", KIND_UINT, AT(lost.rank)},
    {LEDGER_LOST, "host", KIND_TEXT, AT(lost.host)},
    {LEDGER_LOST, "why", KIND_TEXT, AT(lost.why)},
    {LEDGER_SUBSTITUTED, "frame", KIND_COUNT, AT(substituted.frame)},
    {LEDGER_SUBSTITUTED, "policy", KIND_TEXT, AT(substituted.policy)},
    {LEDGER_SUBSTITUTED, "why", KIND_TEXT, AT(substituted.why)},
    {LEDGER_STOP, "why", KIND_TEXT, AT(stop.why)},
    {LEDGER_STOP, "time", KIND_TIME, AT(stop.time)},
    {LEDGER_AGAIN, "filtered", KIND_COUNT, AT(again.filtered)},
    {LEDGER_AGAIN, "encoded", KIND_COUNT, AT(again.encoded)},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

void ledger_time_format(int64_t time, char text[LEDGER_TIME_BYTES])
{
    time_t seconds = time;
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900 ||
        strftime(text, LEDGER_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) != LEDGER_TIME_BYTES - 1)
        *text = '\0';
}

/* ---- writing ---- */

/* A text that grows up to the limit of a line. */
struct growing {
    char *text;
    size_t size;
    bool full;
};

static void add(struct growing *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct growing *line, const char *format, ...)
{
    size_t room = LEDGER_LINE_MAX - line->size;
    va_list args;
    va_start(args, format);
    int added = vsnprintf(line->text + line->size, room, format, args);
    va_end(args);
    line->full |= added < 0 || (size_t)added >= room;
    if (!line->full)
        line->size += (size_t)added;
}

static bool is_plain(unsigned char c)
{
    return c > ' ' && c != 0x7f;
}

static void add_escaped(struct growing *line, const char *text)
{
    for (; text && *text && !line->full; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_plain(c) && c != '%')
            add(line, "%c", c);
        else
            add(line, "%%%02x", c);
    }
}

static int add_time(struct growing *line, int64_t time)
{
    char text[LEDGER_TIME_BYTES];
    ledger_time_format(time, text);
    add(line, "%s", text);
    return *text ? 0 : -EINVAL;
}

static int add_field(struct growing *line, const struct field *field, const struct ledger_record *record)
{
    const char *at = (const char *)record + field->at;
    add(line, " %s=", field->name);
    switch (field->kind) {
    case KIND_COUNT:
        add(line, "%" PRIu64, *(const uint64_t *)(const void *)at);
        return 0;
    case KIND_UINT:
        add(line, "%u", *(const unsigned *)(const void *)at);
        return 0;
    case KIND_CRC:
        add(line, "%08" PRIx32, *(const uint32_t *)(const void *)at);
        return 0;
    case KIND_TIME:
        return add_time(line, *(const int64_t *)(const void *)at);
    case KIND_TEXT:
        add_escaped(line, *(const char *const *)(const void *)at);
        return 0;
    }
    return -EINVAL;
}

/* The checksum stands before what it is of: the length and the text. */
static int seal(char *line, const char *text, size_t size)
{
    int head = snprintf(line, LEDGER_LINE_MAX, "%0*x %zu ", CRC_DIGITS, 0U, size);
    if ((size_t)head + size + 1 > LEDGER_LINE_MAX)
        return -EMSGSIZE;
    memcpy(line + head, text, size);
    size += (size_t)head;
    char crc[CRC_DIGITS + 1];
    snprintf(crc, sizeof crc, "%0*" PRIx32, CRC_DIGITS,
             crc32c(0, line + CRC_DIGITS + 1, size - CRC_DIGITS - 1));
    memcpy(line, crc, CRC_DIGITS);
    line[size] = '\n';
    line[size + 1] = '\0';
    return (int)size + 1;
}

int ledger_record_format(const struct ledger_record *record, char *line)
{
    char text[LEDGER_LINE_MAX];
    struct growing growing = {.text = text};
    if ((unsigned)record->type >= LENGTH(names))
        return -EINVAL;
    add(&growing, "%s", names[record->type]);
    for (size_t i = 0; i < LENGTH(fields); i++) {
        if (fields[i].type == record->type && add_field(&growing, &fields[i], record) < 0)
            return -EINVAL;
    }
    return growing.full ? -EMSGSIZE : seal(line, text, growing.size);
}

/* ---- reading ---- */

/* The number without a sign, blanks, leading zeros; nothing stands behind it. */
static bool read_number(const char *text, uint64_t most, uint64_t *value)
{
    char same[24];
    errno = 0;
    *value = strtoull(text, NULL, 10);
    snprintf(same, sizeof same, "%" PRIu64, *value);
    return errno == 0 && strcmp(same, text) == 0 && *value <= most;
}

static bool read_crc(const char *text, uint32_t *crc)
{
    char same[CRC_DIGITS + 1];
    *crc = (uint32_t)strtoul(text, NULL, 16);
    snprintf(same, sizeof same, "%0*" PRIx32, CRC_DIGITS, *crc);
    return strcmp(same, text) == 0;
}

static bool read_time(const char *text, int64_t *time)
{
    struct tm parts = {0};
    char same[LEDGER_TIME_BYTES];
    if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts))
        return false;
    *time = timegm(&parts);
    ledger_time_format(*time, same);
    return strcmp(same, text) == 0;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Takes the escapes away in place. */
static bool unescape(char *text)
{
    char *to = text;
    for (; *text; text++) {
        if (!is_plain((unsigned char)*text))
            return false;
        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(16 * high + low);
        text += 2;
    }
    *to = '\0';
    return true;
}

static bool read_field(const struct field *field, char *value, struct ledger_record *record)
{
    void *at = (char *)record + field->at;
    uint64_t number;
    switch (field->kind) {
    case KIND_COUNT:
        return read_number(value, UINT64_MAX, at);
    case KIND_UINT:
        if (!read_number(value, UINT_MAX, &number))
            return false;
        *(unsigned *)at = (unsigned)number;
        return true;
    case KIND_CRC:
        return read_crc(value, at);
    case KIND_TIME:
        return read_time(value, at);
    case KIND_TEXT:
        *(const char **)at = value;
        return unescape(value);
    }
    return false;
}

/* The index in `fields`, or LENGTH(fields). */
static size_t find_field(enum ledger_type type, const char *name)
{
    size_t i = 0;
    while (i < LENGTH(fields) && (fields[i].type != type || strcmp(fields[i].name, name) != 0))
        i++;
    return i;
}

/* "key=value key=value": what is not known is skipped, what is must stand there once. */
static bool read_fields(char *text, struct ledger_record *record)
{
    uint32_t seen = 0, wanted = 0;
    for (size_t i = 0; i < LENGTH(fields); i++)
        wanted |= (uint32_t)(fields[i].type == record->type) << i;
    for (char *word; (word = strsep(&text, " "));) {
        char *value = strchr(word, '=');
        if (!value)
            return false;
        *value++ = '\0';
        size_t i = find_field(record->type, word);
        if (i == LENGTH(fields))
            continue;
        if (seen >> i & 1 || !read_field(&fields[i], value, record))
            return false;
        seen |= UINT32_C(1) << i;
    }
    return seen == wanted;
}

static enum ledger_type find_type(const char *name)
{
    unsigned type = 0;
    while (type < LENGTH(names) && strcmp(names[type], name) != 0)
        type++;
    return (enum ledger_type)type; /* LEDGER_OTHER is the one behind the names */
}

/* The text of a line whose checksum and length are right, now without its end; or NULL. */
static char *open_line(char *line, size_t size)
{
    char *end = size ? &line[size - 1] : NULL;
    if (size > LEDGER_LINE_MAX || size < CRC_DIGITS + 2 || *end != '\n' || memchr(line, '\0', size) ||
        memchr(line, '\n', size - 1))
        return NULL;
    *end = '\0';
    char *rest = line;
    const char *crc_text = strsep(&rest, " "), *length_text = rest;
    uint32_t crc;
    if (!rest || !read_crc(crc_text, &crc) || crc != crc32c(0, rest, (size_t)(end - rest)))
        return NULL;
    strsep(&rest, " ");
    uint64_t length;
    return rest && read_number(length_text, size, &length) && length == (size_t)(end - rest) ? rest : NULL;
}

bool ledger_record_parse(char *line, size_t size, struct ledger_record *record)
{
    char *text = open_line(line, size);
    if (!text)
        return false;
    *record = (struct ledger_record){.name = strsep(&text, " ")};
    record->type = find_type(record->name);
    if (record->type == LEDGER_OTHER)
        return *record->name != '\0';
    return text && read_fields(text, record);
}
