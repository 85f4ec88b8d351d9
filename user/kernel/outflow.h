/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outflow breaker's maps as verbs: rules in, state out, release. Where its programs are
 * attached: attach.h. What a trip means to people: show/outflow_view.h.
 */
#ifndef SEKISHO_KERNEL_OUTFLOW_H
#define SEKISHO_KERNEL_OUTFLOW_H

#include "kernel/gate.h"
#include "outflow_contract.h"

/* Replaces the rules in one step; counters, tokens and trips stay. */
int gate_outflow_publish(struct gate *gate, const struct outflow_rules *rules, struct fault *fault);

struct gate_breaker {
	struct outflow_key key;
	struct outflow_breaker state;
	bool tripped; /* at the time of reading */
};

struct gate_outflow_count {
	struct outflow_key key;
	struct outflow_count count;
};

/* The whole state at one instant. */
struct gate_outflow {
	bool has_rules; /* false: there are none yet, so everything passes uncounted */
	struct outflow_rules rules;
	struct outflow_control control;
	uint64_t now_boot_ns;
	struct gate_breaker *breakers; /* in the order of their keys, LOCAL first */
	size_t breaker_count;
	struct gate_outflow_count *counts; /* in the order of their keys */
	size_t count_count;
	struct outflow_recent *recent; /* oldest first */
	size_t recent_count;
};

/* *outflow is the caller's, gate_outflow_free(). */
int gate_outflow_read(struct gate *gate, uint64_t now_boot_ns, struct gate_outflow **outflow,
		      struct fault *fault);
void gate_outflow_free(struct gate_outflow *outflow);

/* Whether the breaker is tripped now. A release does not end the refusal of users. Pure. */
bool gate_outflow_tripped(const struct outflow_rules *rules, const struct outflow_control *control,
			  const struct gate_breaker *breaker, uint64_t now_boot_ns);

/* Ends every trip, and holds nothing back until `until_boot_ns`; users who may not send at all
 * still may not. A time that is now or past arms the breaker again. */
int gate_outflow_release(struct gate *gate, uint64_t now_boot_ns, uint64_t until_boot_ns,
			 struct fault *fault);

/* The trip (struct outflow_breaker, since_ns) that was alerted to last; 0: none, or its end was
 * alerted to as well. It is kept in the kernel, so that no restart alerts to it twice. */
uint64_t gate_outflow_reported(struct gate *gate, const struct outflow_key *key);
int gate_outflow_set_reported(struct gate *gate, const struct outflow_key *key, uint64_t since_ns,
			      struct fault *fault);

/* Removes entries on which nothing has happened for `idle_ns`, so that devices and users that came
 * and went do not fill the tables. */
int gate_outflow_sweep(struct gate *gate, uint64_t now_boot_ns, uint64_t idle_ns,
		       struct fault *fault);

static inline void cleanup_gate_outflow(struct gate_outflow **outflow)
{
	gate_outflow_free(*outflow);
}

#endif
