/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One `sekisho run` per instance: two locks, one on the pins and one in the runtime folder. */
#ifndef SEKISHO_DAEMON_LOCK_H
#define SEKISHO_DAEMON_LOCK_H

#include <sys/types.h>
#include "base/fault.h"

struct daemon_lock {
	int pins_fd, runtime_fd; /* -1: not held */
};

/* Locks RUNTIME/pid (the folder is made if need be) and writes this process's id there.
 * -EBUSY: another daemon has it; the fault names it. */
int daemon_lock_runtime(const char *runtime, struct daemon_lock *lock, struct fault *fault);

/* Locks the pin folder, which two instances with different runtime folders may have in common. */
int daemon_lock_pins(const char *pins, struct daemon_lock *lock, struct fault *fault);
void daemon_unlock(struct daemon_lock *lock);

/* The process that holds RUNTIME/pid, or 0. */
pid_t daemon_holder(const char *runtime);

#endif
