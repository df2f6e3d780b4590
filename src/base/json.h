/* json: writes JSON text into a growing buffer. There is no parser here.
 *
 *     struct json json = { 0 };
 *     json_object(&json, NULL);
 *     json_uint(&json, "frames", 42);
 *     json_array(&json, "ranks");
 *     json_string(&json, NULL, "a \"quoted\" host");
 *     json_end(&json);
 *     json_end(&json);
 *     if (json.failed) ...
 *     io_write_file(path, json.text, json.size, false, err);
 *     json_free(&json);
 *
 * `key` is the member's name inside an object and NULL inside an array and at
 * the top. Members stand in the order of writing, two spaces a level; with
 * `one_line` set before the first call all of it is one line. */
#ifndef VID_BASE_JSON_H
#define VID_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH 16

struct json {
    char *text; /* NUL-terminated; NULL while nothing is written */
    size_t size;
    int failed; /* 0, or -ENOMEM, or -EINVAL on wrong nesting or keys; text is then of no use */
    bool one_line;
    /* private */
    size_t room;
    int depth;
    char closing[JSON_DEPTH]; /* '}' or ']' of each open level */
    bool has_members;         /* of the level that is open */
};

void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json); /* of the object or array that is open */

/* Bytes that are not UTF-8 become U+FFFD. NULL becomes null. */
void json_string(struct json *json, const char *key, const char *value);
void json_int(struct json *json, const char *key, int64_t value);
void json_uint(struct json *json, const char *key, uint64_t value);
void json_double(struct json *json, const char *key, double value); /* not finite: null */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* Ready for the next text; the memory is given back. */
void json_free(struct json *json);

#endif
