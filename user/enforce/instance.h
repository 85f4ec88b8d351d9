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
	int lock_fd; /* held while writing; -1 */
};

enum instance_use {
	INSTANCE_CONFIG = 0, /* the configuration alone */
	INSTANCE_STORE_READ = 1,
	INSTANCE_STORE_WRITE = 2, /* takes the writers' lock (STATE/lock), waiting up to 30 s */
	INSTANCE_GATE = 4,
};

/* Opens what `use` (a sum of enum instance_use) asks for. A configuration that is wrong is printed
 * and refused (-EINVAL); a store or gate that cannot be opened is NULL with its fault, for the
 * caller to judge. With both open for writing, a kernel table older than the store's generation is
 * published anew (what an importer that was killed left undone). */
int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault);
void instance_close(struct instance *instance);

/* The writers' lock for an instance that lives long: taken for each change, up to 30 s waited for.
 * -EBUSY: somebody holds it; the fault names who. */
int instance_lock(struct instance *instance, struct fault *fault);
void instance_unlock(struct instance *instance); /* also when it is not held */

#endif
