/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One epoll loop: file descriptors, timers, signals. Not here: what any of them means. */
#ifndef SEKISHO_LOOP_H
#define SEKISHO_LOOP_H

#include <signal.h>
#include <stdint.h>
#include "base/fault.h"

struct loop;

typedef void loop_ready(int fd, void *context);
typedef void loop_timer(void *context);
typedef void loop_signal(int signal, void *context);

/* -ENOMEM, or what epoll_create1() gives. */
int loop_new(struct loop **loop, struct fault *fault);
void loop_free(struct loop *loop); /* closes its timers, not the fds that were added */

/* `ready` is called while `fd` is readable. The fd stays the caller's. -ENOMEM, -errno. */
int loop_add(struct loop *loop, int fd, loop_ready *ready, void *context);
void loop_remove(struct loop *loop, int fd);

/* Calls `timer` every `interval_ns` of CLOCK_MONOTONIC, first after one interval; missed calls are
 * not made up. */
int loop_every(struct loop *loop, uint64_t interval_ns, loop_timer *timer, void *context);

/* Calls `timer` once, `delay_ns` from now. */
int loop_after(struct loop *loop, uint64_t delay_ns, loop_timer *timer, void *context);

/* Blocks the signals of `set` and calls `handler` for each that comes. Once per loop. */
int loop_signals(struct loop *loop, const sigset_t *set, loop_signal *handler, void *context);

/* Calls `again` once, after everything that is ready now and after earlier requests. Requests run
 * one at a time, with a look at signals and timers in between. For work in portions. */
void loop_again(struct loop *loop, loop_timer *again, void *context);

/* Cancels the loop_again() requests with this context. To be called before a context is freed. */
void loop_forget(struct loop *loop, const void *context);

/* Runs until loop_stop(). 0, or -errno when waiting itself fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
