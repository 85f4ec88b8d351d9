/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources, the limits and the meters by which limits.c and networks.c ask the gate. */
#ifndef SEKISHO_PACKET_LIMITS_WORLD_H
#define SEKISHO_PACKET_LIMITS_WORLD_H

#include "limits.h"
#include "rebuild_args.h"

#define CLASS_LIMITED 2
#define LATER_NS      (3600ULL * NS_PER_S)

/* A source of each family that is known, and others of AQ. */
struct family {
	const char *words, *deny_words, *other_words;
	const char *banned, *listed, *plain, *source, *network;
};

extern const struct family families[2];

/* Ends the program if it is none. */
struct prefix prefix_of(const char *text);

/* The policy that test_limits() and test_networks() begin with, for free(). */
struct policy *limited_policy(enum gate_mode mode);

/* Puts it in force. */
void publish(struct gate *gate, enum gate_mode mode);

/* Writes a meter as handshakes would have left it. `spent`: its tokens are gone for LATER_NS. */
void put_meter(struct gate *gate, enum gate_map map, const char *prefix, unsigned service,
	       uint32_t open, bool spent);

/* The meter of LIMITS_SERVICE. */
struct meter get_meter(struct gate *gate, enum gate_map map, const char *prefix);

/* Every limit from `first` on is reached, those before it are not. */
void fill_meters(struct gate *gate, const struct family *family, enum reason first);

/* SYNs to the service that were counted under the reason. */
uint64_t attempts(const struct gate_counts *counts, unsigned service, enum reason reason,
		  enum gate_mode mode);

/* Sends it, and demands that it is counted under `reason`, and under no other. */
bool check_reason(struct gate *gate, limits_send *send, unsigned programs, const char *words,
		  const char *source, unsigned service, enum reason reason, enum gate_mode mode);

/* What the program gate_settle returns. */
int run_settle(struct gate *gate, const struct rebuild_args *arguments);

#endif
