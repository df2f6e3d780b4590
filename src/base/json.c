#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(struct json *json, int code)
{
    if (!json->failed)
        json->failed = code;
}

static void put(struct json *json, const char *bytes, size_t size)
{
    if (json->failed)
        return;
    if (json->size + size >= json->room) {
        size_t room = 2 * (json->size + size) + 256;
        char *text = realloc(json->text, room);
        if (!text) {
            fail(json, -ENOMEM);
            return;
        }
        json->text = text;
        json->room = room;
    }
    memcpy(json->text + json->size, bytes, size);
    json->size += size;
    json->text[json->size] = '\0';
}

static void put_text(struct json *json, const char *text)
{
    put(json, text, strlen(text));
}

static void put_line(struct json *json)
{
    if (json->one_line)
        return;
    put_text(json, "\n");
    for (int i = 0; i < json->depth; i++)
        put_text(json, "  ");
}

/* Length of the well-formed UTF-8 sequence at `s`, 0 when there is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t length = s[0] < 0x80   ? 1
                    : s[0] < 0xc2 ? 0
                    : s[0] < 0xe0 ? 2
                    : s[0] < 0xf0 ? 3
                    : s[0] < 0xf5 ? 4
                                  : 0;

    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) /* overlong; surrogates */
        return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) /* overlong; above U+10FFFF */
        return 0;
    return length;
}

static void put_escaped(struct json *json, unsigned char byte)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *found = strchr(plain, byte);
    char text[8];

    if (found)
        snprintf(text, sizeof(text), "\\%c", letter[found - plain]);
    else
        snprintf(text, sizeof(text), "\\u%04x", byte);
    put_text(json, text);
}

static void put_quoted(struct json *json, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;

    put_text(json, "\"");
    while (*s) {
        size_t length = utf8_length(s);
        if (*s < 0x20 || *s == '"' || *s == '\\')
            put_escaped(json, *s);
        else if (length)
            put(json, (const char *)s, length);
        else
            put_text(json, "\xef\xbf\xbd");
        s += length ? length : 1;
    }
    put_text(json, "\"");
}

/* What stands before any value: comma, line, key. */
static void begin_member(struct json *json, const char *key)
{
    bool in_object = json->depth && json->closing[json->depth - 1] == '}';

    if (in_object != (key != NULL) || (!json->depth && json->has_members))
        fail(json, -EINVAL);
    if (json->has_members)
        put_text(json, json->one_line ? ", " : ",");
    if (json->depth)
        put_line(json);
    if (key) {
        put_quoted(json, key);
        put_text(json, ": ");
    }
    json->has_members = true;
}

static void open_level(struct json *json, const char *key, const char *opening, char closing)
{
    begin_member(json, key);
    if (json->depth == JSON_DEPTH)
        fail(json, -EINVAL);
    if (json->failed)
        return;
    put_text(json, opening);
    json->closing[json->depth++] = closing;
    json->has_members = false;
}

void json_object(struct json *json, const char *key)
{
    open_level(json, key, "{", '}');
}

void json_array(struct json *json, const char *key)
{
    open_level(json, key, "[", ']');
}

void json_end(struct json *json)
{
    if (!json->depth)
        fail(json, -EINVAL);
    if (json->failed)
        return;
    json->depth--;
    if (json->has_members)
        put_line(json);
    put(json, &json->closing[json->depth], 1);
    json->has_members = true;
    if (!json->depth)
        put_text(json, "\n");
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin_member(json, key);
    if (value)
        put_quoted(json, value);
    else
        put_text(json, "null");
}

void json_int(struct json *json, const char *key, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, value);
    begin_member(json, key);
    put_text(json, text);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    begin_member(json, key);
    put_text(json, text);
}

/* The shortest text that reads back as the same number. The locale is "C":
 * no program here calls setlocale. */
static void print_double(char *text, size_t size, double value)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
}

void json_double(struct json *json, const char *key, double value)
{
    char text[64] = "null";

    if (isfinite(value))
        print_double(text, sizeof(text), value);
    begin_member(json, key);
    put_text(json, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_member(json, key);
    put_text(json, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
    begin_member(json, key);
    put_text(json, "null");
}

void json_free(struct json *json)
{
    free(json->text);
    *json = (struct json){0};
}
