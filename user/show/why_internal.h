/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of why.h share. Private to them. */
#ifndef SEKISHO_WHY_INTERNAL_H
#define SEKISHO_WHY_INTERNAL_H

#include <jansson.h>
#include "show/why.h"

/* A struct why while it is filled. */
struct why_filling {
	const struct instance *instance;
	struct why *why;
	const struct policy *policy;
	struct lookup leaves[SERVICE_MAX]; /* by service id */
	int64_t now_wall_ns;
	uint64_t now_boot_ns;
};

/* Adds what could not be asked to why->faults, as far as there is room. */
static inline void why_remember(struct why *why, const struct fault *fault)
{
	size_t room = sizeof(why->faults) / sizeof(*why->faults);

	if (why->fault_count < room)
		why->faults[why->fault_count++] = *fault;
}

/* Fills in all lists that contain the address. */
void why_fill_lists(struct why_filling *filling);
/* Fills in the lookups that the gate's table would have, from the store; countries from the
 * configured files if the store has none. */
void why_leaves_without_gate(struct why_filling *filling);

/* Fills in the last WHY_PAST_MAX ended bans of the source, and of networks around it. 0, -errno. */
int why_fill_past(struct why *why, struct store *store, int64_t now_wall_ns, struct fault *fault);
void why_print_past(FILE *out, const struct why *why);
json_t *why_past_to_json(const struct why *why);
/* A ban that has ended, or was in force then: with `ended`. */
json_t *why_past_ban_to_json(const struct why *why, const struct ban_record *ban);

/* Fills in the stale devices at the source in 30 days, the last first. 0, -errno. */
int why_fill_stale(struct why *why, struct store *store, int64_t now_wall_ns, struct fault *fault);
void why_print_stale(FILE *out, const struct why *why);
json_t *why_stale_to_json(const struct why *why);

/* The names of the services that a ban closes. */
json_t *why_closed_to_json(const struct why *why, enum ban_services services);
/* [{"time","line"}] */
json_t *why_evidence_to_json(const struct why_evidence *evidence, size_t count);

#endif
