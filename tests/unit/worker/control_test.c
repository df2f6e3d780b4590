#include "worker/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct control_message message;

static void keeps_messages_apart(void **state)
{
    struct vid_error err = {0};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(control_send(pair[0], CONTROL_READY, "", 0, &err), 0);
    assert_int_equal(control_send(pair[0], CONTROL_WANT, "7 7 1", 5, &err), 0);
    assert_int_equal(control_receive(pair[1], &message, 1000, &err), 1);
    assert_int_equal(message.type, CONTROL_READY);
    assert_int_equal(message.size, 0);
    assert_int_equal(control_receive(pair[1], &message, 1000, &err), 1);
    assert_int_equal(message.type, CONTROL_WANT);
    assert_string_equal(message.body, "7 7 1");
    assert_int_equal(control_receive(pair[1], &message, 0, &err), 0);
    close(pair[0]);
    assert_int_equal(control_receive(pair[1], &message, 1000, &err), VID_EOF);
    assert_int_equal(control_send(pair[1], CONTROL_READY, "", 0, &err), -EPIPE);
    close(pair[1]);
}

static void refuses_what_is_too_long(void **state)
{
    struct vid_error err = {0};
    char *body = calloc(1, CONTROL_MAX);
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(control_send(pair[0], CONTROL_CONFIG, body, CONTROL_MAX, &err), -EMSGSIZE);
    vid_error_clear(&err);
    assert_int_equal(control_send(pair[0], CONTROL_CONFIG, body, CONTROL_MAX - 1, &err), 0);
    assert_int_equal(control_receive(pair[1], &message, 1000, &err), 1);
    assert_int_equal(message.size, CONTROL_MAX - 1);
    close(pair[0]);
    close(pair[1]);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_messages_apart),
        cmocka_unit_test(refuses_what_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
