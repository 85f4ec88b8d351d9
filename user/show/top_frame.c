// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes the frames of `top` (top.h) from gate, store and the daemon's status file. */
#include "show/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"

#define BANS_REST 20 /* of the time, at most a twentieth goes into reading bans */

/* Keeps the latest, the earliest of them last. */
static int take_ban(const struct ban_state *state, void *context)
{
	struct top_bans *bans = context;
	size_t at = bans->count;

	if (at == TOP_BANS_MOST && bans->items[at - 1].since_wall_ns >= state->since_wall_ns)
		return 0;
	if (at == TOP_BANS_MOST)
		at--;
	else
		bans->count++;
	while (at && bans->items[at - 1].since_wall_ns < state->since_wall_ns) {
		bans->items[at] = bans->items[at - 1];
		at--;
	}
	bans->items[at] = (struct top_ban){ .prefix = state->prefix,
					    .since_wall_ns = state->since_wall_ns,
					    .until_wall_ns = state->until_wall_ns,
					    .rule = state->rule,
					    .packets = state->packets };
	snprintf(bans->items[at].reason, sizeof(bans->items[at].reason), "%.159s",
		 state->reason ? state->reason : "");
	return 0;
}

static int read_bans(struct instance *instance, struct top_bans *bans, struct fault *fault)
{
	uint64_t begin = clock_boot_ns();
	int err;

	if (bans->items && begin - bans->read_boot_ns < bans->took_ns * BANS_REST)
		return 0;
	if (!bans->items)
		bans->items = calloc(TOP_BANS_MOST, sizeof(*bans->items));
	if (!bans->items)
		return fault_set(fault, -ENOMEM, "out of memory");
	bans->count = 0;
	err = bans_each(instance, take_ban, bans, fault);
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
	if (!err)
		top_name_countries(frame);
	return err;
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
