/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the cost benchmark: a gate full of everything, and the packets it is asked about. */
#ifndef SEKISHO_BENCH_COST_H
#define SEKISHO_BENCH_COST_H

#include "kernel/gate_internal.h"
#include "world.h"

/* Ports of the services that cost_gate() makes; the ids are the index + 1. */
enum { PORT_LIMITED = 25, PORT_HOME = 587, PORT_SPENT = 143 };

struct cost_sizes {
	uint32_t list, bans, sources; /* IPv4 entries; of the first two a tenth as many IPv6 ones */
	uint32_t set;		      /* that many different sources in a measurement */
	char *countries[2];	      /* files; NULL: none */
};

/* What filling took, in milliseconds. */
struct cost_filled {
	double countries, compile, publish, bans;
	uint64_t table_bytes, ranges, prefixes;
};

/* Loads a gate under `pins` and fills it; ends the program when it cannot. */
struct gate *cost_gate(const char *pins, const struct cost_sizes *sizes,
		       struct cost_filled *filled);

_Noreturn void cost_die(const char *what, const char *why);
double cost_now_ms(void);

#endif
