/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One running or stopped sekisho as a command sees it: configuration, store and gate, opened
 * together, and the two locks under which they are written.
 *
 * The tables' lock (STATE/tables) is for lists and countries, in the store and in the kernel: an
 * import holds it while it reads, compiles and publishes, which takes longer for longer lists. The
 * bans' lock (STATE/lock) is for one ban at a time and held for milliseconds, so that no ban waits
 * for an import. Take the tables' lock first if both are needed (a start, an unload). SQLite's own
 * lock is taken within either, for one short transaction.
 */
#ifndef SEKISHO_INSTANCE_H
#define SEKISHO_INSTANCE_H

#include <stdbool.h>

#include "enforce/syn_cookies.h"
#include "base/fault.h"
#include "conf/config.h"
#include "kernel/gate.h"
#include "store/store.h"

/* The state of ban_room.c; then bans whose connections are still to be closed. */
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
	bool gate_lost;	   /* `unload` removed its pins: what is written to it has no effect */
	struct fault store_fault, gate_fault;
	struct fault config_fault; /* error != 0: INSTANCE_FAULTY, and there are faults */
	struct fault sync_fault;   /* error != 0: the kernel's table could not be published anew */
	int lock_fd;		   /* the bans' lock while it is held, else -1 */
	int tables_fd;		   /* the tables' lock, with tables_held */
	bool tables_held;
	unsigned lock_wait_ms; /* 30,000 unless changed */
	char boot_id[40];      /* instance_clock() */
	int64_t clock_jump_ns; /* instance_clock(): jumps of the wall clock that nobody was told of */
	bool lists_lost;       /* by the store, in repair_salvage(); the kernel still has them */
	/* list_files_refresh(): when the next entry of a list ends (lists/ends.h), and for which
	 * generation of the store this is known. */
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
	INSTANCE_FAULTY = 16, /* a configuration with faults is accepted if [paths] has none */
};

/* Opens what `use` (a sum of enum instance_use) asks for, waiting up to 30 s for a lock. A
 * configuration with faults is refused (-EINVAL), unless INSTANCE_FAULTY: `fault`, or config_fault,
 * has its first fault and how many more there are; `sekisho check` shows all. A store or gate that
 * cannot be opened is NULL with its fault, for the caller to judge. -EBUSY: the holder of a lock,
 * which the fault names, did not end. With the gate and the tables' lock, the table is published
 * anew if the kernel's is older than the store's generation (an importer was killed), but not for a
 * configuration with faults. */
int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault);
/* Tells the store the time, so that jumps of the wall clock change no ban's end (store_clock()). A
 * jump is added to clock_jump_ns, whichever process notices it first. -ENOENT without a store. */
int instance_clock(struct instance *instance, struct fault *fault);

/* Closes and unlocks what is open; allowed after a failure of instance_open(), and twice. */
void instance_close(struct instance *instance);

/* Takes the bans' lock, waiting up to lock_wait_ms; an instance that lives long takes it for each
 * ban. -EBUSY: another process holds it, the fault names it; -EINTR: a signal came; other -errno:
 * there are too few files or too little memory. Does nothing if this instance holds it already. If
 * the disk is full or read-only, the lock is taken on the folder; without a folder, 0 and not held.
 * A gate that was unloaded meanwhile is opened anew; one with programs (gate_load()) becomes
 * `gate_lost`. */
int instance_lock(struct instance *instance, struct fault *fault);
void instance_unlock(struct instance *instance); /* also when it is not held */
/* To be called between two takings of a lock: a pause in which waiting processes get it. */
void instance_let_others(void);

/* Gives the configuration's services the ids that they have in the kernel; instance_open() has done
 * it for instance->config. -ENOSPC as of config_place_services(): nothing has changed. */
int instance_place_services(struct gate *gate, struct config *config, struct fault *fault);

/* The same for the tables' lock. Never to be taken while the bans' lock is held. */
int instance_lock_tables(struct instance *instance, struct fault *fault);
void instance_unlock_tables(struct instance *instance);

#endif
