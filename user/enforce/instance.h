/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One running or stopped sekisho as a command sees it: configuration, store and gate, opened
 * together, and the two locks under which they are written.
 *
 * The tables' lock (STATE/tables) is for lists and countries, in the store and in the kernel: an
 * import holds it while it reads, compiles and publishes, which takes as long as the list is. The
 * bans' lock (STATE/lock) is for one ban at a time and held for milliseconds, so that no ban waits
 * for an import. Who needs both (a start, an unload) takes the tables' first. SQLite's own lock is
 * taken within either, for one short transaction.
 */
#ifndef SEKISHO_INSTANCE_H
#define SEKISHO_INSTANCE_H

#include <stdbool.h>

#include "enforce/syn_cookies.h"
#include "base/fault.h"
#include "conf/config.h"
#include "kernel/gate.h"
#include "store/store.h"

/* What ban_room.c has done and where it is; bans whose connections are still to be closed. */
struct instance_room {
	struct gate_ban_walk walk;
	uint64_t swept_boot_ns; /* the whole table; 0: never */
	uint64_t gave_way;	/* bans that made room for others */
	uint64_t networks;	/* banned as a whole */
};
struct instance_cut {
	struct prefix prefix;
	enum ban_services services;
};
struct instance_cuts {
	struct instance_cut *items;
	size_t count, room;
};

struct instance {
	struct config *config;
	struct store *store; /* NULL when it cannot be used; store_fault says why */
	struct gate *gate; /* NULL when none is loaded or it cannot be opened; gate_fault says why */
	bool gate_lost;	   /* `unload` took its pins away: nothing that is written there counts */
	struct fault store_fault, gate_fault;
	struct fault config_fault; /* error != 0: INSTANCE_FAULTY, and the configuration is */
	struct fault sync_fault;   /* error != 0: the kernel's table could not be published anew */
	int lock_fd;		   /* the bans' lock while it is held, else -1 */
	int tables_fd;		   /* the tables' lock, with tables_held */
	bool tables_held;
	unsigned lock_wait_ms; /* 30,000 unless changed */
	char boot_id[40];      /* instance_clock() */
	int64_t clock_jump_ns; /* instance_clock(): jumps of the wall clock that nobody was told of */
	bool lists_lost;       /* by the store, in repair_salvage(); the kernel has them still */
	/* list_files_refresh(): when the next entry of a list ends (lists/ends.h), of which
	 * generation. */
	int64_t lists_end_s;
	uint64_t lists_generation;
	bool unrestored; /* the maps are new, and the store's bans are not in them yet */
	struct instance_room room;
	struct instance_cuts cuts;
	struct syn_cookies_memory cookies;
};

enum instance_use {
	INSTANCE_CONFIG = 0, /* the configuration alone */
	INSTANCE_STORE_READ = 1,
	INSTANCE_STORE_WRITE = 2, /* the store for writing, under the bans' lock */
	INSTANCE_GATE = 4,
	INSTANCE_TABLES = 8,  /* the store for writing, under the tables' lock */
	INSTANCE_FAULTY = 16, /* a configuration with faults will do, when [paths] has none */
};

/* Opens what `use` (a sum of enum instance_use) asks for, waiting up to 30 s for a lock. A
 * configuration that is wrong is refused (-EINVAL), unless INSTANCE_FAULTY: `fault`, or
 * config_fault, has its first fault and how many more there are; `sekisho check` shows all. A store
 * or gate that cannot be opened is NULL with its fault, for the caller to judge. -EBUSY: a lock's
 * holder did not end; it is named. With the gate and the tables' lock, a kernel table older than
 * the store's generation is published anew (what an importer that was killed left undone). */
int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault);
/* Tells the store the time, so that the wall clock's jumps change no ban's end (store_clock()); a
 * jump is added to clock_jump_ns, whoever notices it first. -ENOENT without a store. */
int instance_clock(struct instance *instance, struct fault *fault);

/* Closes and unlocks what is open; allowed after a failure of instance_open(), and twice. */
void instance_close(struct instance *instance);

/* The bans' lock for an instance that lives long: taken for each ban, up to lock_wait_ms waited
 * for. -EBUSY: somebody holds it, the fault names who; -EINTR: a signal came; other -errno: there
 * are too few files or too little memory. Without effect when this instance holds it already. Where
 * the disk is full or read-only it is taken on the folder; without a folder, 0 and not held. A gate
 * that was unloaded meanwhile is opened anew; one with programs (gate_load()) is `gate_lost`. */
int instance_lock(struct instance *instance, struct fault *fault);
void instance_unlock(struct instance *instance); /* also when it is not held */
/* Between two takings of a lock: a pause in which those that wait for it get it. */
void instance_let_others(void);

/* Gives the configuration's services the ids that they have in the kernel; instance_open() has done
 * it for instance->config. -ENOSPC as of config_place_services(): nothing has changed. */
int instance_place_services(struct gate *gate, struct config *config, struct fault *fault);

/* The same of the tables' lock. Never asked for while the bans' lock is held. */
int instance_lock_tables(struct instance *instance, struct fault *fault);
void instance_unlock_tables(struct instance *instance);

#endif
