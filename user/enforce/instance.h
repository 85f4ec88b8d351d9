/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One running or stopped sekisho as a command sees it: configuration, store and gate, opened
 * together, and the lock under which they are written.
 */
#ifndef SEKISHO_INSTANCE_H
#define SEKISHO_INSTANCE_H

#include "base/fault.h"
#include "conf/config.h"
#include "kernel/gate.h"
#include "store/store.h"

struct instance {
	struct config *config;
	struct store *store; /* NULL when it cannot be used; store_fault says why */
	struct gate *gate; /* NULL when none is loaded or it cannot be opened; gate_fault says why */
	struct fault store_fault, gate_fault;
	struct fault sync_fault; /* error != 0: the kernel's table could not be published anew */
	int lock_fd;		 /* the writers' lock while it is held, else -1 */
	unsigned lock_wait_ms;	 /* 30,000 unless changed */
};

enum instance_use {
	INSTANCE_CONFIG = 0, /* the configuration alone */
	INSTANCE_STORE_READ = 1,
	INSTANCE_STORE_WRITE = 2, /* takes the writers' lock (STATE/lock), waiting up to 30 s */
	INSTANCE_GATE = 4,
};

/* Opens what `use` (a sum of enum instance_use) asks for. A configuration that is wrong is refused
 * (-EINVAL): `fault` has its first fault and how many more there are; `sekisho check` shows all. A
 * store or gate that cannot be opened is NULL with its fault, for the caller to judge. -EBUSY: the
 * lock's holder did not end; it is named. With both open for writing, a kernel table older than the
 * store's generation is published anew (what an importer that was killed left undone). */
int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault);
void instance_close(struct instance *instance);

/* The writers' lock for an instance that lives long: taken for each change, up to lock_wait_ms
 * waited for. -EBUSY: somebody holds it, the fault names who; -EINTR: a signal came. Without effect
 * when this instance holds it already. */
int instance_lock(struct instance *instance, struct fault *fault);
void instance_unlock(struct instance *instance); /* also when it is not held */

#endif
