// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes the frames of `top` (top.h) from gate, store and the daemon's status file. */
#include "show/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "history/span.h"

#define BANS_REST 20 /* reading bans takes at most a twentieth of the time */

/* Keeps the latest bans, in order, the latest first. */
static int take_ban(const struct ban_record *ban, void *context)
{
	struct top_bans *bans = context;
	size_t at = bans->count;

	if (at == TOP_BANS_MOST && bans->items[at - 1].ban.since_wall_ns >= ban->since_wall_ns)
		return 0;
	if (at == TOP_BANS_MOST)
		at--;
	else
		bans->count++;
	while (at && bans->items[at - 1].ban.since_wall_ns < ban->since_wall_ns) {
		bans->items[at] = bans->items[at - 1];
		at--;
	}
	bans->items[at] = (struct top_ban){ .ban = *ban, .country = COUNTRY_ZZ };
	return 0;
}

/* Computes the rate of each ban's packets from its counts at the read before. Two bans of one
 * prefix for different services share their counts. */
static void fill_ban_rates(struct top_bans *bans, const struct top_ban *before, size_t count,
			   uint64_t elapsed_ns)
{
	double minutes = (double)elapsed_ns / 60e9;

	for (size_t i = 0; i < bans->count && minutes > 0; i++)
		for (size_t j = 0; j < count; j++) {
			struct top_ban *ban = &bans->items[i];

			if (memcmp(&ban->ban.prefix, &before[j].ban.prefix,
				   sizeof(ban->ban.prefix)) ||
			    before[j].ban.packets > ban->ban.packets ||
			    before[j].ban.attempts > ban->ban.attempts)
				continue;
			ban->packets_pm =
				(double)(ban->ban.packets - before[j].ban.packets) / minutes;
			ban->attempts_pm =
				(double)(ban->ban.attempts - before[j].ban.attempts) / minutes;
			break;
		}
}

static void name_ban_countries(struct instance *instance, struct top_bans *bans)
{
	struct gate_table_view view = { 0 };

	if (gate_table_view(instance->gate, &view, NULL))
		return;
	for (size_t i = 0; i < bans->count; i++) {
		unsigned country =
			gate_table_look(&view, &bans->items[i].ban.prefix.address, 0).country;

		bans->items[i].country = country < COUNTRY_COUNT ? country : COUNTRY_ZZ;
	}
	gate_table_view_end(&view);
}

static int read_bans(struct instance *instance, struct top_bans *bans, struct fault *fault)
{
	uint64_t begin = clock_boot_ns();
	_cleanup_free_ struct top_ban *before = NULL;
	size_t count = bans->count;
	int err;

	if (bans->items && begin - bans->read_boot_ns < bans->took_ns * BANS_REST)
		return 0;
	if (!bans->items)
		bans->items = calloc(TOP_BANS_MOST, sizeof(*bans->items));
	if (!bans->items)
		return fault_set(fault, -ENOMEM, "out of memory");
	before = calloc(count + 1, sizeof(*before));
	if (before)
		memcpy(before, bans->items, count * sizeof(*before));
	bans->count = 0;
	err = bans_each(instance, take_ban, bans, fault);
	if (before)
		fill_ban_rates(bans, before, count, begin - bans->read_boot_ns);
	name_ban_countries(instance, bans);
	bans->read_boot_ns = clock_boot_ns();
	bans->took_ns = bans->read_boot_ns - begin;
	return err;
}

void top_name_countries(struct top_frame *frame)
{
	for (size_t table = 0; table < 2; table++)
		for (size_t i = 0; i < frame->tables[table].count; i++) {
			struct talker *talker = &frame->tables[table].items[i];
			struct lookup leaves[SERVICE_MAX];

			(void)gate_table_find(frame->instance.gate, &talker->prefix.address, leaves,
					      NULL);
			talker->country = leaves[0].country < COUNTRY_COUNT ? leaves[0].country
									    : COUNTRY_ZZ;
		}
}

static int take_minute(const struct store_span *span, void *context)
{
	struct top_history *history = context;
	int64_t at = (span->start_s - history->from_s) / SPAN_MINUTE_S;
	_cleanup_free_ struct span_counts *counts = calloc(1, sizeof(*counts));

	if (at < 0 || at >= TOP_HISTORY_MINUTES || !counts || span_from_json(span->counts, counts))
		return 0;
	for (unsigned i = 0; i < counts->service_count; i++) {
		history->values[TOP_CONNECTIONS][at] += counts->services[i].attempts;
		history->values[TOP_REFUSED][at] +=
			span_dropped(&counts->services[i]) + span_would_drop(&counts->services[i]);
	}
	history->values[TOP_FAILURES][at] = counts->events[EVENT_FAILURE];
	return 0;
}

/* Without a store there is no history, but everything else is shown. */
static void fill_history(struct top_frame *frame)
{
	int64_t end_s = span_start(frame->snapshot->now_wall_ns, SPAN_MINUTE_S);

	frame->history.from_s = end_s - TOP_HISTORY_MINUTES * (int64_t)SPAN_MINUTE_S;
	if (frame->instance.store)
		(void)store_spans_each(frame->instance.store, SPAN_MINUTE_S, frame->history.from_s,
				       end_s, take_minute, &frame->history, NULL);
}

static int fill(struct top_frame *frame, struct top_bans *bans, struct fault *fault)
{
	struct instance *instance = &frame->instance;
	int err;

	if (!instance->gate)
		return fault_set(fault, instance->gate_fault.error, "%s",
				 instance->gate_fault.text);
	err = snapshot_fill(instance, SNAPSHOT_COUNTS | SNAPSHOT_STATUS, clock_wall_ns(),
			    clock_boot_ns(), &frame->snapshot, fault);
	for (unsigned table = METERS_SOURCES; !err && table <= METERS_NETWORKS; table++)
		err = talkers_read(instance->gate, table, &frame->tables[table], fault);
	if (!err)
		err = read_bans(instance, bans, fault);
	if (err)
		return err;
	fill_history(frame);
	top_name_countries(frame);
	return 0;
}

int top_frame_take(const char *config_path, struct top_frame *frame, struct top_bans *bans,
		   struct fault *fault)
{
	int err;

	frame->instance.lock_fd = -1;
	err = instance_open(config_path, INSTANCE_STORE_READ | INSTANCE_GATE | INSTANCE_FAULTY,
			    &frame->instance, fault);
	if (err)
		return err;
	err = fill(frame, bans, fault);
	if (err)
		top_frame_free(frame);
	return err;
}

void top_frame_free(struct top_frame *frame)
{
	instance_close(&frame->instance);
	snapshot_free(frame->snapshot);
	talkers_free(&frame->tables[0]);
	talkers_free(&frame->tables[1]);
	*frame = (struct top_frame){ .instance.lock_fd = -1 };
}

void top_bans_free(struct top_bans *bans)
{
	free(bans->items);
	*bans = (struct top_bans){ 0 };
}
