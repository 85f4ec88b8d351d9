/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers to mutate at: each a network namespace of its own with the same addresses and the same
 * listeners, one without a gate, one behind XDP, one behind tc. Everything is gone with the process
 * but the pins, which lab_close() removes.
 */
#ifndef SEKISHO_MUTATE_LAB_H
#define SEKISHO_MUTATE_LAB_H

#include <stdbool.h>

#include "conf/config.h"
#include "kernel/gate.h"

enum { SERVER_BARE = 0, SERVER_XDP, SERVER_TC, SERVER_COUNT };

/* To see that the test notices, the gate can be told to do wrong. */
enum sabotage { SABOTAGE_NONE = 0, SABOTAGE_MONITOR, SABOTAGE_BAN_ALL };

struct server {
	const char *name;
	bool used;
	int namespace;	  /* fd */
	unsigned ifindex; /* of the attacker's end of the cable */
};

struct lab {
	struct server servers[SERVER_COUNT];
	int outside; /* fd of the attacker's namespace, in which the process stays */
	struct gate *gate;
	char pins[64];
};

/* `hook`: HOOK_XDP, HOOK_TC, or HOOK_AUTO for both. */
int lab_open(struct lab *lab, enum gate_hook hook, enum sabotage sabotage, struct fault *fault);
void lab_close(struct lab *lab);

#endif
