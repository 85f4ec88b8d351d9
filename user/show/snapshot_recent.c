// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of a snapshot about time and about sources: since when the gate counts, the last
 * minute, and the sources and networks with the most attempts. */
#include "show/snapshot.h"

#include <errno.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "lists/providers.h"
#include "show/last_minute.h"

static void fill_since(struct snapshot *snapshot, const struct instance *instance,
		       void (*remember)(struct snapshot *snapshot, const struct fault *fault))
{
	int64_t boot_wall_ns = snapshot->now_wall_ns - (int64_t)snapshot->now_boot_ns;
	struct fault fault;

	if (gate_counted_since(instance->gate, &snapshot->since_wall_ns, &fault)) {
		remember(snapshot, &fault);
		return;
	}
	/* No map is older than the boot. If the time says so, the clock was set since then. */
	if (snapshot->since_wall_ns < boot_wall_ns)
		snapshot->since_wall_ns = boot_wall_ns;
	if (snapshot->since_wall_ns > snapshot->now_wall_ns)
		snapshot->since_wall_ns = snapshot->now_wall_ns;
}

void snapshot_fill_recent(struct snapshot *snapshot, const struct instance *instance,
			  void (*remember)(struct snapshot *snapshot, const struct fault *fault))
{
	struct counts_sample then, now = { .boot_ns = snapshot->now_boot_ns };
	struct fault fault = { 0 };
	int err;

	if (!instance->gate)
		return;
	fill_since(snapshot, instance, remember);
	/* Only the daemon writes it: without a daemon the last minute is not known. */
	err = minute_read(instance->config->paths.runtime, &then, &fault);
	if (err && err != -ENOENT && err != -EACCES)
		remember(snapshot, &fault);
	if (err || now.boot_ns - then.boot_ns > MINUTE_STALE_S * (uint64_t)NS_PER_S)
		return;
	for (unsigned id = 0; id <= snapshot->service_count; id++)
		now.services[id] = snapshot->services[id].sum;
	for (unsigned id = snapshot->service_count + 1; id < SERVICE_MAX; id++)
		then.services[id] = (struct snapshot_sum){ 0 };
	snapshot->has_minute = minute_between(&then, &now, snapshot->minute, &snapshot->minute_ns);
	for (unsigned id = 0; snapshot->has_minute && id < SERVICE_MAX; id++)
		snapshot_sum_add(&snapshot->minute_sum, &snapshot->minute[id]);
}

static void take_top(struct snapshot_top *top, struct gate *gate, const struct providers *providers,
		     struct talkers *talkers)
{
	talkers_sort(talkers, TALKERS_BY_ATTEMPTS, SNAPSHOT_TOP);
	for (size_t i = 0; i < talkers->count && i < SNAPSHOT_TOP; i++) {
		struct lookup leaves[SERVICE_MAX];

		/* Without a table every country is unknown. */
		(void)gate_table_find(gate, &talkers->items[i].prefix.address, leaves, NULL);
		top->talkers[i] = talkers->items[i];
		top->talkers[i].country = leaves[0].country < COUNTRY_COUNT ? leaves[0].country
									    : COUNTRY_ZZ;
		top->talkers[i].provider =
			providers_find(providers, &talkers->items[i].prefix.address);
		top->count = i + 1;
	}
}

void snapshot_fill_top(struct snapshot *snapshot, const struct instance *instance,
		       void (*remember)(struct snapshot *snapshot, const struct fault *fault))
{
	struct providers *providers = NULL;
	struct fault ignored = { 0 };

	if (!instance->gate)
		return;
	/* Without the data the providers are not known; `check` says what is wrong with it. */
	(void)providers_load(instance->config->provider_files,
			     instance->config->provider_file_count,
			     instance->config->provider_files_default, &providers, &ignored);
	snapshot->has_top = true;
	for (unsigned table = METERS_SOURCES; table <= METERS_NETWORKS; table++) {
		struct talkers talkers;
		struct fault fault;

		if (talkers_read(instance->gate, table, &talkers, &fault)) {
			remember(snapshot, &fault);
			snapshot->has_top = false;
			continue;
		}
		take_top(&snapshot->top[table], instance->gate, providers, &talkers);
		talkers_free(&talkers);
	}
	providers_free(providers);
}
