/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutations sent to every server from both sources, and what the answers mean. */
#ifndef SEKISHO_MUTATE_TRIAL_H
#define SEKISHO_MUTATE_TRIAL_H

#include "lab.h"
#include "mutation.h"
#include "wire.h"

#define BATCH 1000

enum violation {
	VIOLATION_NONE = 0,
	VIOLATION_BANNED,     /* a protected port answered a banned source */
	VIOLATION_REFUSED,    /* a port open to no country answered SYN-ACK */
	VIOLATION_CLEAN,      /* a clean source lost what the bare server answers */
	VIOLATION_OTHER_PORT, /* a banned source lost what is none of the gate's */
};

/* ANSWER_* bits of one mutation, by server and by source (0 banned, 1 clean). */
struct result {
	uint8_t bits[SERVER_COUNT][2];
};

struct trial_finding {
	enum violation violation;
	int server;
};

struct kind_count {
	uint64_t made, answered, unreadable;
};

struct trial {
	struct lab *lab;
	struct wire *wires[SERVER_COUNT];
	uint64_t next; /* source port and host part not yet used */
	uint8_t *arena;
	size_t arena_used;
	uint8_t host; /* of the batch that is on its way */
	uint16_t port;
	unsigned count;
	int settling;
	struct result results[BATCH];
	uint64_t strays, retried;
	struct train train;
};

int trial_open(struct lab *lab, struct trial **trial, struct fault *fault);
void trial_close(struct trial *trial);

/* At most BATCH mutations at once; trial->results[] then has what came of each. */
int trial_batch(struct trial *trial, const struct mutation *mutations, unsigned count,
		struct fault *fault);

/* Frames as they are, from the banned source `host` (and then the clean one) and `port`. */
int trial_train(struct trial *trial, const struct train *train, uint8_t host, uint16_t port,
		struct fault *fault);

/* `unreadable`: the gate may drop it for that. */
struct trial_finding trial_judge(const struct trial *trial, const struct result *result,
				 bool unreadable);

/*
 * One mutation by itself until it is certain: what is missing must be missing every time, for a
 * packet may get lost; one answer too many is enough. trial->train is what was sent last.
 */
int trial_certain(struct trial *trial, const struct mutation *mutation,
		  struct trial_finding *finding, struct fault *fault);

const char *violation_text(enum violation violation);

#endif
