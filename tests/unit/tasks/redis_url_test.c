#include "helpers.h"

#include "tasks/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void show(const struct redis_url *url, char *text, size_t size)
{
    int n = snprintf(text, size, "%s|%s|%s|%d", url->user ? url->user : "-",
                     url->password ? url->password : "-", url->path ? url->path : "-", url->db);
    for (int i = 0; i < url->nhosts; i++)
        n += snprintf(text + n, size - (size_t)n, "|%s %s", url->hosts[i].name, url->hosts[i].port);
}

static void reads_every_form(void **state)
{
    static const struct {
        const char *url;
        const char *shown;
    } rows[] = {
        {"redis://localhost", "-|-|-|0|localhost 6379"},
        {"redis://localhost/", "-|-|-|0|localhost 6379"},
        {"REDIS://Node1:7000/3", "-|-|-|3|Node1 7000"},
        {"redis://[::1]", "-|-|-|0|::1 6379"},
        {"redis://[fd00::2]:6380/1", "-|-|-|1|fd00::2 6380"},
        {"redis://[fe80::1%25eth0]:6380", "-|-|-|0|fe80::1%eth0 6380"},
        {"redis://:pw@h", "-|pw|-|0|h 6379"},
        {"redis://me:pw@h:1/2", "me|pw|-|2|h 1"},
        {"redis://me%40x:p%3Aw%2f%25@h", "me@x|p:w/%|-|0|h 6379"},
        {"redis://:a:b@h", "-|a:b|-|0|h 6379"},
        {"redis://:a@b@h", "-|a@b|-|0|h 6379"},
        {"redis://:a/b@h/4", "-|a/b|-|4|h 6379"},
        {"redis://me:@h", "me||-|0|h 6379"},
        {"redis://:@h", "-|-|-|0|h 6379"},
        {"redis://:pw@10.0.0.1:7000,[fd00::2]:7000,127.0.0.1:7000",
         "-|pw|-|0|10.0.0.1 7000|fd00::2 7000|127.0.0.1 7000"},
        {"unix:///run/redis.sock", "-|-|/run/redis.sock|0"},
        {"unix:///run/a@b.sock?db=5", "-|-|/run/a@b.sock|5"},
        {"unix://:pw@/run/r%20s", "-|pw|/run/r s|0"},
        {"unix://me:p%40w@/r?db=0", "me|p@w|/r|0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redis_url url;
        struct vid_error err = {0};
        char text[500];
        if (redis_url_parse(rows[i].url, &url, &err) < 0)
            fail_msg("%s: %s", rows[i].url, err.text);
        show(&url, text, sizeof(text));
        assert_string_equal(text, rows[i].shown);
        redis_url_free(&url);
    }
}

static void refuses_with_the_way_out(void **state)
{
    static const struct {
        const char *url;
        int code;
        const char *says;
    } rows[] = {
        {"", -EINVAL, "redis://"},
        {"localhost:6379", -EINVAL, "neither with redis:// nor with unix://"},
        {"http://:secret@h", -EINVAL, "neither"},
        {"rediss://:secret@h", -EPROTONOSUPPORT, "stunnel"},
        {"REDISS://h", -EPROTONOSUPPORT, "tunnel"},
        {"redis://", -EINVAL, "no host"},
        {"redis://:secret", -EINVAL, "no host"},
        {"redis://:6379", -EINVAL, "no host"},
        {"redis://h,", -EINVAL, "no host"},
        {"redis://h,,i", -EINVAL, "no host"},
        {"redis://::1", -EINVAL, "brackets"},
        {"redis://[::1", -EINVAL, "brackets"},
        {"redis://[::1]6379", -EINVAL, "brackets"},
        {"redis://h:", -EINVAL, "port"},
        {"redis://h:0", -EINVAL, "port"},
        {"redis://h:65536", -EINVAL, "port"},
        {"redis://h:secret", -EINVAL, "port"},
        {"redis://h:-1", -EINVAL, "port"},
        {"redis://h:99999999999999999999", -EINVAL, "port"},
        {"redis://h/x", -EINVAL, "database"},
        {"redis://h/-1", -EINVAL, "database"},
        {"redis://h/0/0", -EINVAL, "database"},
        {"redis://h?db=3", -EINVAL, "no options"},
        {"redis://secret@h", -EINVAL, "without a password"},
        {"redis://me:secret%@h", -EINVAL, "hex"},
        {"redis://me:secret%zz@h", -EINVAL, "hex"},
        {"redis://me:secret%2@h", -EINVAL, "hex"},
        {"redis://me:secret%00@h", -EINVAL, "hex"},
        {"unix://", -EINVAL, "no socket"},
        {"unix:///", -EINVAL, "no socket"},
        {"unix://run/redis", -EINVAL, "no socket"},
        {"unix:///r?secret=1", -EINVAL, "?db=N"},
        {"unix:///r?db=secret", -EINVAL, "database"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redis_url url;
        struct vid_error err = {0};
        int rc = redis_url_parse(rows[i].url, &url, &err);
        if (rc != rows[i].code || err.code != rc || !strstr(err.text, rows[i].says) ||
            strstr(err.text, "secret"))
            fail_msg("\"%s\" gave %d \"%s\"", rows[i].url, rc, err.text);
    }
}

static void reads_where_a_cluster_points(void **state)
{
    struct redis_host host;
    assert_int_equal(redis_host_parse("10.0.0.1:6381", &host), 0);
    assert_string_equal(host.name, "10.0.0.1");
    assert_string_equal(host.port, "6381");
    assert_int_equal(redis_host_parse("fd00::2:6381", &host), 0);
    assert_string_equal(host.name, "fd00::2");
    assert_int_equal(redis_host_parse("[fd00::2]:6381", &host), 0);
    assert_string_equal(host.name, "fd00::2");
    assert_int_equal(redis_host_parse(":6381", &host), -EINVAL);
    assert_int_equal(redis_host_parse("h", &host), -EINVAL);
    assert_int_equal(redis_host_parse("h:x", &host), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(refuses_with_the_way_out),
        cmocka_unit_test(reads_where_a_cluster_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
