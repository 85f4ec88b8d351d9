// SPDX-License-Identifier: GPL-2.0-or-later
/* The first line of `status`: whether mail is guarded here and, if not, what to do (render.h).
 * Pure. */
#include <errno.h>

#include "show/number.h"
#include "show/render.h"
#include "show/visible.h"

static bool is_open(const struct attachment *at)
{
	return !at->attached || *at->open;
}

/* Names the devices that are open, or the others, as "eth0, wg0"; at most four of them. Returns
 * their number. */
static size_t name_devices(FILE *out, const struct snapshot *snapshot, bool open)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->device_count; i++) {
		if (is_open(&snapshot->devices[i]) != open || ++count > 4)
			continue;
		fputs(count > 1 ? ", " : "", out);
		visible_print(out, snapshot->devices[i].device);
	}
	if (count > 4)
		fprintf(out, " and %zu more", count - 4);
	return count;
}

static size_t count_open(const struct snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->device_count; i++)
		count += is_open(&snapshot->devices[i]);
	return count;
}

/* What the daemon follows, and how many bans there are. */
static void print_watch(FILE *out, const struct snapshot *snapshot)
{
	const struct daemon_status *daemon = snapshot->daemon;
	const struct snapshot_usage *bans = &snapshot->tables[SNAPSHOT_TABLE_BANS];
	bool enforce = snapshot->mode == GATE_ENFORCE;
	size_t missing = 0;
	char text[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < daemon->log_count; i++)
		missing += daemon->logs[i].state.missing;
	if (!daemon->log_count)
		fputs(", NO LOG is followed", out);
	else if (missing)
		fprintf(out, ", %zu of %zu logs MISSING", missing, daemon->log_count);
	else
		fprintf(out, ", %zu log%s live", daemon->log_count,
			daemon->log_count == 1 ? "" : "s");
	if (bans->known)
		fprintf(out, ", %s %s%s", number_format(bans->usage.used, text),
			enforce ? "ban" : "would-be ban", bans->usage.used == 1 ? "" : "s");
	if (daemon->last_ban_wall_ns)
		fprintf(out, ", last ban %s ago",
			age_format(daemon->last_ban_wall_ns, snapshot->now_wall_ns, text));
}

void text_headline(FILE *out, const struct snapshot *snapshot)
{
	size_t open = count_open(snapshot);

	if (!snapshot->loaded) {
		fputs(snapshot->gate_fault.error == -ENOENT
			      ? "NOT GUARDED: no gate is loaded; start the daemon, or `sekisho "
				"load`\n"
			      : "UNKNOWN: the gate cannot be asked; the cause is below\n",
		      out);
		return;
	}
	if (!snapshot->has_policy || open == snapshot->device_count) {
		fputs("NOT GUARDED: a gate is loaded, and looks at nothing; see `sekisho doctor`\n",
		      out);
		return;
	}
	fputs(snapshot->mode == GATE_ENFORCE ? "enforcing on " : "only monitoring ", out);
	name_devices(out, snapshot, false);
	if (open) {
		fputs(", OPEN on ", out);
		name_devices(out, snapshot, true);
	}
	if (snapshot->daemon_state == DAEMON_RUNNING)
		print_watch(out, snapshot);
	else
		fputs(snapshot->daemon_state == DAEMON_STALE
			      ? ", the daemon HANGS: nobody new is banned"
			      : ", NO DAEMON runs: nobody new is banned",
		      out);
	if (open || snapshot->daemon_state != DAEMON_RUNNING)
		fputs("; see `sekisho doctor`", out);
	fputs("\n\n", out);
}
