/* vidmpi-worker: the process that filters. Started by a rank, with the control
 * socket as descriptor 3; not meant to be run by hand. */
#include "base/log.h"
#include "media/log.h"
#include "worker/board.h"
#include "worker/control.h"
#include "worker/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MS 30000

static int receive_config(struct worker_config *config, struct vid_error *err)
{
    struct control_message *message = malloc(sizeof(*message));
    int ret;

    if (!message)
        return vid_fail(err, -1, "no memory for the worker's configuration");
    ret = control_receive(CONTROL_FD, message, CONFIG_MS, err);
    if (ret == 0)
        ret = vid_fail(err, -1, "the rank sent no configuration within %d s", CONFIG_MS / 1000);
    else if (ret == 1 && message->type != CONTROL_CONFIG)
        ret = vid_fail(err, -1, "the rank's first message is no configuration");
    else if (ret == 1)
        ret = worker_config_decode(message->body, message->size, config, err);
    free(message);
    return ret;
}

static void set_up_log(const struct worker_config *config)
{
    char who[64];

    snprintf(who, sizeof(who), "vidmpi rank %d", config->rank);
    log_setup((enum log_level)config->log_level, who);
    media_log_setup((enum log_level)config->log_level);
}

/* Signals of a launcher or a terminal reach the whole process group: the rank decides, not we; its end is
 * ours. What a filter starts must not keep our end of the socket. */
static void set_up_process(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};

    for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
        signal(ignored[i], SIG_IGN);
    fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
}

static int work(const struct worker_config *config, struct worker **worker, struct vid_error *err)
{
    struct board *board;
    int ret = board_attach(BOARD_FD, &board, err);

    if (ret == 0)
        ret = worker_open(config, CONTROL_FD, board, worker, err);
    if (ret == 0)
        ret = control_send(CONTROL_FD, CONTROL_READY, "", 0, err);
    if (ret == 0)
        ret = worker_run(*worker, err);
    return ret == 0 ? control_send(CONTROL_FD, CONTROL_END, "", 0, err) : ret;
}

int main(void)
{
    struct worker_config config = {0};
    struct worker *worker = NULL;
    struct vid_error err = {0};
    int ret;

    if (fcntl(CONTROL_FD, F_GETFD) < 0 || fcntl(BOARD_FD, F_GETFD) < 0) {
        fprintf(stderr, "vidmpi-worker is started by vidmpi, not by hand.\n");
        return 2;
    }
    set_up_process();
    ret = receive_config(&config, &err);
    if (ret == VID_EOF)
        return 0;
    if (ret == 0) {
        set_up_log(&config);
        ret = work(&config, &worker, &err);
    }
    if (ret < 0)
        control_send_error(CONTROL_FD, worker_is_blocked(worker) ? CONTROL_BLOCKED : CONTROL_FATAL, &err);
    worker_close(&worker);
    worker_config_clear(&config);
    return ret < 0;
}
