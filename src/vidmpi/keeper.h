/* keeper: keeps one worker at work. One that crashes, leaves before its time,
 * hangs on a frame or uses too much memory is replaced; the rank lives on.
 * One thread; keeper_open may wait for 0.2 s, keeper_poll no longer than it is
 * asked to. */
#ifndef VID_VIDMPI_KEEPER_H
#define VID_VIDMPI_KEEPER_H

#include "base/error.h"
#include "vidmpi/lease.h"
#include "vidmpi/supervisor.h"
#include "worker/config.h"
#include "worker/control.h"

struct keeper;

/* `config`: what each worker is told, and the limits; `lease`: reports for a dead one. Both must outlive the
 * keeper. `*first`: the first worker when it runs already, taken (nulled); NULL: it is started here. */
int keeper_open(const struct worker_config *config, struct lease *lease, struct supervisor **first,
                struct keeper **out, struct vid_error *err);

/* KEEPER_MESSAGE: one of the worker's in *message, valid until the next call. KEEPER_LOST: it is gone,
 * nothing that it asked for is wanted any more; another one comes as soon as its tasks are settled. 0:
 * neither within timeout_ms. VID_EOF: its list has ended. Negative: no worker can be kept at work here: the
 * filesystem or Redis hinders every worker (the code is theirs), several in a row died before they had a
 * frame in hand
 * (-ECHILD), or lease_check's code. */
enum keeper_event { KEEPER_MESSAGE = 1, KEEPER_LOST = 2 };
int keeper_poll(struct keeper *keeper, int timeout_ms, const struct control_message **message,
                struct vid_error *err);

/* To the worker of now; 0 also when it is just being replaced: the next one asks anew. */
int keeper_send(struct keeper *keeper, enum control_type type, const void *body, size_t size,
                struct vid_error *err);

/* How many workers were lost so far. */
unsigned keeper_losses(const struct keeper *keeper);

/* As supervisor_stop. NULL-safe. */
void keeper_stop(struct keeper **keeper, int grace_ms);

#endif
