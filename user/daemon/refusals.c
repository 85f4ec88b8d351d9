// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Single sources that limits refused: read from the gate's counts whenever idle meters are
 * forgotten, and written once a minute with the other counters (past.c). Which of many are kept:
 * history/refused.h.
 */
#include <errno.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "history/refused.h"

#define MOST 131072 /* counts remembered, of 56 bytes; the gate's sources are fewer by default */

void refusals_end(struct daemon *daemon)
{
	refused_free(daemon->refused);
	daemon->refused = NULL;
}

struct refusal_look {
	struct daemon *daemon;
	struct service_names names;
};

static bool is_known(const struct prefix *source, void *context)
{
	const struct daemon *daemon = context;

	return daemon->detect &&
	       detect_vouches(daemon->detect, source, clock_wall_ns()) == VOUCH_KNOWN;
}

static void note(struct refusal_look *looking, const struct prefix *source, unsigned service,
		 uint64_t count)
{
	const struct detect_settings *settings = &looking->daemon->instance.config->detect;
	struct prefix network = address_network(&source->address, settings->network_length4,
						settings->network_length6);

	if (service < SERVICE_MAX)
		refused_add(looking->daemon->refused, source, &network, looking->names.of[service],
			    count, is_known, looking->daemon);
}

static void see(const struct meter_key *key, const struct meter *meter, void *context)
{
	struct refusal_look *looking = context;

	note(looking, &key->prefix, key->service,
	     refused_since(looking->daemon->refused, key, meter->dropped));
}

static int stands(const struct meter_key *key, const struct meter *meter, void *context)
{
	struct daemon *daemon = context;

	(void)refused_since(daemon->refused, key, meter->dropped);
	return 0;
}

int refusals_begin(struct daemon *daemon, struct fault *fault)
{
	struct gate *gate = daemon->instance.gate;
	int error = -ENOENT;

	daemon->refused = refused_new(MOST);
	if (!daemon->refused)
		return fault_set(fault, -ENOMEM, "out of memory");
	/* Takes the counts so far as the beginning. */
	refused_look(daemon->refused);
	if (gate)
		error = gate_meter_each(gate, METERS_SOURCES, stands, daemon, NULL);
	refused_looked(daemon->refused, !error);
	return 0;
}

int refusals_sweep(struct daemon *daemon, uint64_t idle_ns, struct fault *fault)
{
	struct gate *gate = daemon->instance.gate;
	struct refusal_look looking = { .daemon = daemon };
	bool looks = daemon->refused && !gate_service_names(gate, &looking.names, NULL);
	int error;

	if (looks)
		refused_look(daemon->refused);
	error = gate_meter_sweep(gate, clock_boot_ns(), idle_ns, looks ? see : NULL, &looking,
				 fault);
	if (looks)
		refused_looked(daemon->refused, !error);
	return error;
}

void refusals_closed(struct daemon *daemon, const struct over_limit *record)
{
	struct refusal_look looking = { .daemon = daemon };
	struct prefix source = address_source(&record->connection.remote,
					      daemon->instance.config->detect.source_length6);

	if (daemon->refused && !gate_service_names(daemon->instance.gate, &looking.names, NULL))
		note(&looking, &source, record->connection.service, 1);
}

int refusals_write(struct daemon *daemon, int64_t minute_s, struct fault *fault)
{
	const struct refused_row *rows = NULL;
	size_t count = daemon->refused ? refused_rows(daemon->refused, &rows) : 0;
	struct store_refusal refusal = {
		.wall_ns = minute_s * NS_PER_S,
		.service = "",
		.count = daemon->refused ? refused_left_out(daemon->refused) : 0,
		.would = daemon->instance.config->mode == GATE_MONITOR,
	};
	int error = refusal.count ? store_refusal_put(daemon->instance.store, &refusal, fault) : 0;

	for (size_t i = 0; i < count && !error; i++) {
		refusal.source = rows[i].source;
		refusal.service = rows[i].service;
		refusal.count = rows[i].count;
		error = store_refusal_put(daemon->instance.store, &refusal, fault);
	}
	return error;
}

void refusals_written(struct daemon *daemon)
{
	if (daemon->refused)
		refused_forget(daemon->refused);
}
