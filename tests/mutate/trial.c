// SPDX-License-Identifier: GPL-2.0-or-later
/* See trial.h. */
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ARENA		(16U << 20)
#define PORT_FIRST	1024
#define PORT_COUNT_USED 64000
#define HOSTS		240
#define TRIES		4

int trial_open(struct lab *lab, struct trial **result, struct fault *fault)
{
	struct trial *trial = calloc(1, sizeof(*trial));
	int err = 0;

	if (trial)
		trial->arena = malloc(ARENA);
	if (!trial || !trial->arena) {
		trial_close(trial);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	trial->lab = lab;
	for (int i = 0; i < SERVER_COUNT && !err; i++)
		if (lab->servers[i].used)
			err = wire_open(lab->servers[i].ifindex, &trial->wires[i], fault);
	if (err)
		trial_close(trial);
	else
		*result = trial;
	return err;
}

void trial_close(struct trial *trial)
{
	if (!trial)
		return;
	for (int i = 0; i < SERVER_COUNT; i++)
		wire_close(trial->wires[i]);
	free(trial->arena);
	free(trial);
}

static int flush(struct trial *trial, struct fault *fault)
{
	int err = 0;

	for (int i = 0; i < SERVER_COUNT && !err; i++)
		if (trial->wires[i])
			err = wire_flush(trial->wires[i], fault);
	trial->arena_used = 0;
	return err;
}

static int send_frames(struct trial *trial, const struct train *train, bool clean,
		       struct fault *fault)
{
	const uint8_t *bytes = trial->arena + trial->arena_used;
	int err = 0;

	memcpy(trial->arena + trial->arena_used, train->bytes, train->used);
	trial->arena_used += train->used;
	for (int i = clean ? SERVER_BARE : SERVER_XDP; i < SERVER_COUNT; i++)
		for (unsigned j = 0; j < train->count && !err && trial->wires[i]; j++)
			err = wire_send(trial->wires[i], bytes + train->at[j], train->size[j],
					fault);
	return err;
}

/* The banned source's frames, then the clean one's, to all servers. */
static int send_train(struct trial *trial, const struct train *train, struct fault *fault)
{
	struct train clean = *train;
	int err = 0;

	if (trial->arena_used + 2 * TRAIN_BYTES > ARENA)
		err = flush(trial, fault);
	train_make_clean(&clean, trial->host);
	if (!err)
		err = send_frames(trial, train, false, fault);
	return err ? err : send_frames(trial, &clean, true, fault);
}

static void take_answer(const struct answer *answer, void *context)
{
	struct trial *trial = context;
	unsigned index = (unsigned)(answer->port - trial->port);

	/* An answer to nothing that is on its way: damage can make any port out of another. */
	if (answer->host != trial->host || index >= trial->count) {
		trial->strays++;
		return;
	}
	trial->results[index].bits[trial->settling][answer->clean] |= answer->bits;
}

static int settle(struct trial *trial, struct fault *fault)
{
	int err = flush(trial, fault);

	for (int i = 0; i < SERVER_COUNT && !err; i++) {
		trial->settling = i;
		if (trial->wires[i])
			err = wire_settle(trial->wires[i], take_answer, trial, fault);
	}
	return err;
}

/* A pair of host and first port that no packet has come from for a long while. */
static void take_ports(struct trial *trial, unsigned count)
{
	if (trial->next % PORT_COUNT_USED + count > PORT_COUNT_USED)
		trial->next += PORT_COUNT_USED - trial->next % PORT_COUNT_USED;
	trial->port = (uint16_t)(PORT_FIRST + trial->next % PORT_COUNT_USED);
	trial->host = (uint8_t)(1 + trial->next / PORT_COUNT_USED % HOSTS);
	trial->count = count;
	trial->next += count;
	memset(trial->results, 0, sizeof(trial->results));
}

int trial_batch(struct trial *trial, const struct mutation *mutations, unsigned count,
		struct fault *fault)
{
	int err = 0;

	take_ports(trial, count);
	for (unsigned i = 0; i < count && !err; i++) {
		mutation_render(&mutations[i], (uint16_t)(trial->port + i), trial->host,
				&trial->train);
		err = send_train(trial, &trial->train, fault);
	}
	return err ? err : settle(trial, fault);
}

int trial_train(struct trial *trial, const struct train *train, uint8_t host, uint16_t port,
		struct fault *fault)
{
	int err;

	take_ports(trial, 1);
	trial->host = host;
	trial->port = port;
	err = send_train(trial, train, fault);
	return err ? err : settle(trial, fault);
}

struct trial_finding trial_judge(const struct trial *trial, const struct result *result,
				 bool unreadable)
{
	const uint8_t refused_syn = ANSWER_SYNACK << ANSWER_REFUSED;
	const uint8_t protected = (ANSWER_RESET | ANSWER_SYNACK) * (1 | 1 << ANSWER_REFUSED);
	uint8_t bare = result->bits[SERVER_BARE][1];

	for (int i = SERVER_XDP; i < SERVER_COUNT; i++) {
		uint8_t banned = result->bits[i][0], clean = result->bits[i][1];

		if (!trial->wires[i])
			continue;
		if (banned & protected)
			return (struct trial_finding){ VIOLATION_BANNED, i };
		if (clean & refused_syn)
			return (struct trial_finding){ VIOLATION_REFUSED, i };
		if (unreadable)
			continue;
		if (bare & ~clean & ~refused_syn)
			return (struct trial_finding){ VIOLATION_CLEAN, i };
		if (bare & ~banned & ~protected)
			return (struct trial_finding){ VIOLATION_OTHER_PORT, i };
	}
	return (struct trial_finding){ VIOLATION_NONE, 0 };
}

int trial_certain(struct trial *trial, const struct mutation *mutation,
		  struct trial_finding *finding, struct fault *fault)
{
	for (int i = 0; i < TRIES; i++) {
		int err = trial_batch(trial, mutation, 1, fault);

		if (err)
			return err;
		trial->retried++;
		*finding = trial_judge(trial, &trial->results[0], train_unreadable(&trial->train));
		if (finding->violation == VIOLATION_BANNED ||
		    finding->violation == VIOLATION_REFUSED)
			return 0;
		if (finding->violation == VIOLATION_NONE)
			return 0;
	}
	return 0;
}

const char *violation_text(enum violation violation)
{
	switch (violation) {
	case VIOLATION_NONE:
		break;
	case VIOLATION_BANNED:
		return "a banned source was answered by a protected port";
	case VIOLATION_REFUSED:
		return "a port that is open to no country answered SYN-ACK";
	case VIOLATION_CLEAN:
		return "a clean source got no answer, which it has without the gate";
	case VIOLATION_OTHER_PORT:
		return "a banned source got no answer from a port that is none of the gate's";
	}
	return "nothing is wrong";
}
