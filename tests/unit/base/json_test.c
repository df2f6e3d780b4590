#include "check.h"

#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void document(void **state)
{
    struct json json = {0};

    json_object(&json, NULL);
    json_string(&json, "file", "a.mkv");
    json_int(&json, "pts", INT64_MIN);
    json_uint(&json, "bytes", UINT64_MAX);
    json_double(&json, "fps", 29.97);
    json_bool(&json, "degraded", false);
    json_array(&json, "ranks");
    json_int(&json, NULL, 1);
    json_object(&json, NULL);
    json_end(&json);
    json_array(&json, NULL);
    json_end(&json);
    json_end(&json);
    json_null(&json, "error");
    json_end(&json);
    assert_int_equal(json.failed, 0);
    assert_string_equal(json.text, "{\n"
                                   "  \"file\": \"a.mkv\",\n"
                                   "  \"pts\": -9223372036854775808,\n"
                                   "  \"bytes\": 18446744073709551615,\n"
                                   "  \"fps\": 29.97,\n"
                                   "  \"degraded\": false,\n"
                                   "  \"ranks\": [\n"
                                   "    1,\n"
                                   "    {},\n"
                                   "    []\n"
                                   "  ],\n"
                                   "  \"error\": null\n"
                                   "}\n");
    assert_int_equal(json.size, strlen(json.text));
    json_free(&json);
}

static void one_line(void **state)
{
    struct json json = {.one_line = true};

    json_object(&json, NULL);
    json_uint(&json, "frame", 7);
    json_object(&json, "metadata");
    json_string(&json, "a\nb", "c");
    json_bool(&json, "d", true);
    json_end(&json);
    json_array(&json, "none");
    json_end(&json);
    json_end(&json);
    assert_int_equal(json.failed, 0);
    assert_string_equal(json.text,
                        "{\"frame\": 7, \"metadata\": {\"a\\nb\": \"c\", \"d\": true}, \"none\": []}\n");
    json_free(&json);
}

static void check_string(const char *value, const char *expected)
{
    struct json json = {0};

    json_string(&json, NULL, value);
    assert_int_equal(json.failed, 0);
    assert_string_equal(json.text, expected);
    json_free(&json);
}

static void strings_are_escaped(void **state)
{
    check_string("\"\\\b\f\n\r\t/", "\"\\\"\\\\\\b\\f\\n\\r\\t/\"");
    check_string("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
    check_string("Grüße 😀", "\"Grüße 😀\"");
    check_string(NULL, "null");
}

#define REPLACED "\xef\xbf\xbd"

static void bad_utf8_is_replaced(void **state)
{
    check_string("a\xff", "\"a" REPLACED "\"");
    check_string("\xc3", "\"" REPLACED "\"");                                        /* cut off */
    check_string("\xe2\x82x", "\"" REPLACED REPLACED "x\"");                         /* cut off inside */
    check_string("\xc0\xaf", "\"" REPLACED REPLACED "\"");                           /* overlong */
    check_string("\xe0\x80\x80", "\"" REPLACED REPLACED REPLACED "\"");              /* overlong */
    check_string("\xed\xa0\x80", "\"" REPLACED REPLACED REPLACED "\"");              /* surrogate */
    check_string("\xf4\x90\x80\x80", "\"" REPLACED REPLACED REPLACED REPLACED "\""); /* above U+10FFFF */
}

static void check_double(double value, const char *expected)
{
    struct json json = {0};

    json_double(&json, NULL, value);
    assert_string_equal(json.text, expected);
    json_free(&json);
}

static void doubles(void **state)
{
    check_double(0, "0");
    check_double(-1.5, "-1.5");
    check_double(0.1, "0.1");
    check_double(1.0 / 3, "0.3333333333333333");
    check_double(1e300, "1e+300");
    check_double((double)NAN, "null");
    check_double(-(double)INFINITY, "null");
}

static void many_members(void **state)
{
    struct json json = {0};

    json_array(&json, NULL);
    for (int i = 0; i < 10000; i++)
        json_int(&json, NULL, 7);
    json_end(&json);
    assert_int_equal(json.failed, 0);
    assert_int_equal(json.size, 1 + 10000 * strlen("\n  7,") - 1 + strlen("\n]\n"));
    json_free(&json);
}

static void check_failed(struct json *json)
{
    assert_int_equal(json->failed, -EINVAL);
    json_free(json);
    assert_int_equal(json->failed, 0);
}

static void wrong_nesting_fails(void **state)
{
    struct json json = {0};

    json_end(&json);
    check_failed(&json);
    json_object(&json, NULL);
    json_int(&json, NULL, 1);
    check_failed(&json);
    json_array(&json, NULL);
    json_int(&json, "key", 1);
    check_failed(&json);
    json_int(&json, NULL, 1);
    json_int(&json, NULL, 2);
    check_failed(&json);
    for (int i = 0; i < JSON_DEPTH; i++)
        json_array(&json, NULL);
    assert_int_equal(json.failed, 0);
    json_array(&json, NULL);
    check_failed(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document),
        cmocka_unit_test(one_line),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(bad_utf8_is_replaced),
        cmocka_unit_test(doubles),
        cmocka_unit_test(many_members),
        cmocka_unit_test(wrong_nesting_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
