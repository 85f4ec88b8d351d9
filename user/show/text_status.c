// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of an instance as text for people (render.h), for 80 columns. Pure. */
#include "show/render.h"

#include <errno.h>
#include <string.h>
#include "base/time.h"
#include "show/country_files.h"
#include "show/number.h"
#include "show/visible.h"

static void print_key(FILE *out, const char *key)
{
	fprintf(out, "%-12s", key);
}

static void print_line(FILE *out, const char *key, const char *text)
{
	print_key(out, key);
	visible_print(out, text);
	fputc('\n', out);
}

static void print_faults(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->loaded && snapshot->gate_fault.error)
		print_line(out, "gate", snapshot->gate_fault.text);
	if (snapshot->store_fault.error)
		print_line(out, "store", snapshot->store_fault.text);
	for (size_t i = 0; i < snapshot->fault_count; i++)
		print_line(out, "unknown", snapshot->faults[i].text);
}

static void print_mode(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->loaded && snapshot->gate_fault.error != -ENOENT) {
		print_line(out, "mode", "unknown: the gate cannot be asked");
		return;
	}
	if (!snapshot->loaded) {
		print_line(out, "mode", "no gate is loaded: everything passes, uncounted");
		return;
	}
	if (!snapshot->has_policy)
		print_line(out, "mode", "no policy yet: everything passes");
	else if (snapshot->mode == GATE_ENFORCE)
		print_line(out, "mode", "enforce");
	else
		print_line(out, "mode", "monitor: counts what it would drop, drops nothing");
	if (snapshot->policy_differs)
		print_line(out, "", "the configuration has changed since: reload it (SIGHUP)");
}

static void print_services(FILE *out, const struct snapshot *snapshot)
{
	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		if (service->removed && !service->port_count)
			continue;
		print_key(out, id == 1 ? "services" : "");
		visible_print(out, service->name);
		for (size_t i = 0; i < service->port_count; i++)
			fprintf(out, " %u", service->ports[i]);
		fputc('\n', out);
	}
}

static void print_device(FILE *out, const struct attachment *at)
{
	bool lost_alone = !at->attached && *at->stray && !*at->why;

	fprintf(out, "%-16s %s", at->device,
		lost_alone	? "a stray program"
		: !at->attached ? "NOT GUARDED"
		: *at->open	? "OPEN, guarded by "
				: "");
	if (at->attached)
		fputs(hook_name(at->hook), out);
	if (*at->why) {
		fputs(": ", out);
		visible_print(out, at->why);
	}
	if (at->attached && *at->open) {
		fputs("; ", out);
		visible_print(out, at->open);
	}
	if (*at->stray) {
		fputs("; ", out);
		visible_print(out, at->stray);
	}
	fputc('\n', out);
}

static void print_devices(FILE *out, const struct snapshot *snapshot)
{
	if (snapshot->loaded && !snapshot->device_count)
		print_line(out, "devices", "none: nothing is looked at");
	for (size_t i = 0; i < snapshot->device_count; i++) {
		print_key(out, i ? "" : "devices");
		print_device(out, &snapshot->devices[i]);
	}
	if (snapshot->daemon_state == DAEMON_RUNNING && *snapshot->daemon->unseen) {
		print_key(out, "OPEN");
		fputs("connections get past the gate: ", out);
		visible_print(out, snapshot->daemon->unseen);
		fputc('\n', out);
	}
}

static void print_outflow(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->outflow)
		return;
	print_key(out, "outflow");
	text_outflow_short(out, snapshot->outflow);
	if (outflow_state(snapshot->outflow) == OUTFLOW_IS_OFF)
		return;
	for (size_t i = 0; i < snapshot->device_count; i++) {
		const struct attachment *at = &snapshot->devices[i];

		if (at->outflow && !*at->outflow_why)
			continue;
		print_key(out, "");
		fprintf(out, at->outflow ? "OPEN ON %s: " : "NOT ON %s: ", at->device);
		visible_print(out, *at->outflow_why ? at->outflow_why
						    : "what leaves by it is not looked at");
		fputc('\n', out);
	}
}

static void print_memory(FILE *out, const struct snapshot *snapshot)
{
	char text[NUMBER_TEXT_SIZE];
	uint64_t total = 0;

	if (!snapshot->map_count)
		return;
	for (size_t i = 0; i < snapshot->map_count; i++)
		total += snapshot->maps[i].bytes;
	print_key(out, "memory");
	fprintf(out, "%s in the kernel's maps\n", bytes_format(total, text));
	for (size_t i = 0; i < snapshot->map_count; i++) {
		print_key(out, "");
		fprintf(out, "%-18s %10s\n", snapshot->maps[i].name,
			bytes_format(snapshot->maps[i].bytes, text));
	}
}

static void print_country_files(FILE *out, const struct snapshot *snapshot)
{
	struct country_source files[8];
	size_t count = country_files_read(snapshot->countries_source, files, 8);
	char stamp[TIME_TEXT_SIZE], bytes[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		print_key(out, "");
		visible_print(out, files[i].path);
		if (files[i].modified_wall_ns) {
			time_show(files[i].modified_wall_ns / NS_PER_S * NS_PER_S, stamp);
			fprintf(out, ", of %.10s, %s", stamp, bytes_format(files[i].bytes, bytes));
		}
		fputc('\n', out);
	}
}

static void print_countries(FILE *out, const struct snapshot *snapshot, bool verbose)
{
	char stamp[TIME_TEXT_SIZE], age[NUMBER_TEXT_SIZE], number[NUMBER_TEXT_SIZE];

	print_key(out, "countries");
	if (!snapshot->has_countries) {
		fputs("no data: every country is ZZ\n", out);
	} else {
		time_show(snapshot->countries_updated_wall_ns / NS_PER_S * NS_PER_S, stamp);
		fprintf(out, "read %s ago (%s)",
			age_format(snapshot->countries_updated_wall_ns, snapshot->now_wall_ns, age),
			stamp);
		if (snapshot->has_table)
			fprintf(out, ", %s ranges", number_format(snapshot->table.ranges, number));
		fputc('\n', out);
		print_country_files(out, snapshot);
	}
	if (!snapshot->has_table || !snapshot->has_generation ||
	    (!verbose && snapshot->table.generation == snapshot->generation))
		return;
	print_key(out, "generation");
	fprintf(out, "%llu", (unsigned long long)snapshot->table.generation);
	if (snapshot->table.generation != snapshot->generation)
		fprintf(out, " in the gate, %llu in the store: `sekisho load` publishes it",
			(unsigned long long)snapshot->generation);
	fputc('\n', out);
}

/* ---- the daemon ---- */

static void print_logs(FILE *out, const struct daemon_status *daemon)
{
	char number[NUMBER_TEXT_SIZE], lag[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < daemon->log_count; i++) {
		const struct daemon_log *log = &daemon->logs[i];
		const struct follow_state *state = &log->state;

		print_key(out, i ? "" : "logs");
		visible_print(out, log->name);
		fputs(": ", out);
		visible_print(out, log->path);
		if (*log->container) {
			fputs(" of ", out);
			visible_print(out, log->container);
		}
		fputc('\n', out);
		print_key(out, "");
		fprintf(out, "  %s%s lines, ", state->missing ? "MISSING, waited for; " : "",
			number_format(state->lines, number));
		fprintf(out, "%s events, %s behind", number_format(log->events, number),
			bytes_format(state->lag_bytes, lag));
		if (state->rotations)
			fprintf(out, ", rotations: %llu", (unsigned long long)state->rotations);
		if (state->cut)
			fprintf(out, ", lines cut: %llu", (unsigned long long)state->cut);
		if (*log->form)
			fprintf(out, "; %s", log->form);
		if (log->offset_s)
			fprintf(out, "; its clock is off by %+.2f h, which is taken off",
				-(double)log->offset_s / 3600);
		fputc('\n', out);
	}
	if (!daemon->log_count)
		print_line(out, "logs", "none is followed");
}

static void print_accounts(FILE *out, const struct daemon_status *daemon, int64_t now_wall_ns)
{
	char age[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < daemon->account_count; i++) {
		print_key(out, i ? "" : "accounts");
		visible_print(out, daemon->accounts[i].account);
		fprintf(out, ": %s, last %s ago\n", rule_name(daemon->accounts[i].rule),
			age_format(daemon->accounts[i].last_wall_ns, now_wall_ns, age));
	}
}

static void print_detection(FILE *out, const struct snapshot *snapshot,
			    const struct daemon_status *daemon, bool verbose)
{
	char used[NUMBER_TEXT_SIZE], size[NUMBER_TEXT_SIZE], number[NUMBER_TEXT_SIZE];
	const char *separator = "";

	print_key(out, "events");
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++) {
		fprintf(out, "%s%s %s", separator, event_kind_name(kind),
			number_format(daemon->events[kind], number));
		separator = ", ";
	}
	fputc('\n', out);
	print_key(out, "decisions");
	fprintf(out, "%s", number_format(daemon->decisions, number));
	fprintf(out, ", %s: %s\n",
		snapshot->loaded && snapshot->mode == GATE_MONITOR ? "would-be bans" : "bans made",
		number_format(daemon->bans, number));
	if (!verbose && !daemon->detect.forgotten)
		return;
	print_key(out, "remembers");
	fprintf(out, "%s of %s sources", number_format(daemon->detect.sources, used),
		number_format(daemon->detect.sources_size, size));
	if (daemon->detect.forgotten)
		fprintf(out, "; %s forgotten too early, for room",
			number_format(daemon->detect.forgotten, number));
	fputc('\n', out);
}

static void print_alerts(FILE *out, const struct daemon_alerts *alerts)
{
	char number[NUMBER_TEXT_SIZE];

	print_key(out, "alerts");
	fprintf(out, "%s", number_format(alerts->raised, number));
	if (!alerts->has_program) {
		fputs("; no program is run for them ([alert] program)\n", out);
		return;
	}
	fprintf(out, "; program run %s times", number_format(alerts->run, number));
	if (alerts->running || alerts->waiting)
		fprintf(out, ", %llu run now, %llu wait", (unsigned long long)alerts->running,
			(unsigned long long)alerts->waiting);
	if (alerts->failed)
		fprintf(out, ", FAILED %s times", number_format(alerts->failed, number));
	if (alerts->dropped)
		fprintf(out, ", DROPPED %s", number_format(alerts->dropped, number));
	fputc('\n', out);
}

static void print_daemon(FILE *out, const struct snapshot *snapshot, bool verbose)
{
	const struct daemon_status *daemon = snapshot->daemon;
	char started[TIME_TEXT_SIZE], age[NUMBER_TEXT_SIZE];

	print_key(out, "daemon");
	if (snapshot->daemon_state == DAEMON_NOT_RUNNING) {
		fprintf(out, "not running%s\n",
			snapshot->loaded ? "; the gate goes on without it" : "");
	} else if (snapshot->daemon_state == DAEMON_STALE) {
		fprintf(out, "process %ld says nothing for %s: it hangs%s\n", (long)daemon->pid,
			age_format(daemon->written_wall_ns, snapshot->now_wall_ns, age),
			snapshot->loaded ? "; the gate goes on without it" : "");
	} else {
		time_show(daemon->started_wall_ns / NS_PER_S * NS_PER_S, started);
		fprintf(out, "running, process %ld, since %s\n", (long)daemon->pid, started);
	}
	if (snapshot->stand_in.runs)
		text_stand_in(out, &snapshot->stand_in, snapshot->now_wall_ns);
	if (!daemon)
		return;
	if (daemon->last_fault.error) {
		time_show(daemon->last_fault_wall_ns / NS_PER_S * NS_PER_S, started);
		print_key(out, "last fault");
		fprintf(out, "%s ", started);
		visible_print(out, daemon->last_fault.text);
		fputc('\n', out);
	}
	/* Of a daemon that has ended, only the last fault still matters. */
	if (snapshot->daemon_state == DAEMON_NOT_RUNNING)
		return;
	print_logs(out, daemon);
	print_detection(out, snapshot, daemon, verbose);
	print_alerts(out, &daemon->alerts);
	if (daemon->metrics == DAEMON_METRICS_CLOSED)
		print_line(out, "metrics", "NOT SERVED, tried again; see the daemon's log");
	text_policy(out, &daemon->policy, snapshot->now_wall_ns);
	if (!snapshot->stand_in.runs)
		text_stand_in(out, &snapshot->stand_in, snapshot->now_wall_ns);
	print_accounts(out, daemon, snapshot->now_wall_ns);
}

static void print_names(FILE *out, const struct snapshot *snapshot)
{
	char text[ADDRESS_TEXT_SIZE], age[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < snapshot->name_count; i++) {
		const struct dns_name *name = &snapshot->names[i];

		print_key(out, i ? "" : "never-ban");
		fprintf(out, "%s:", name->name);
		for (size_t j = 0; j < name->count; j++) {
			address_format(&name->addresses[j], text);
			fprintf(out, " %s", text);
		}
		if (name->count)
			fprintf(out, " (%s ago)",
				age_format(name->answered_s * (int64_t)NS_PER_S,
					   snapshot->now_wall_ns, age));
		else
			fputs(" NO ADDRESS", out);
		if (*name->problem) {
			fputs("; ", out);
			visible_print(out, name->problem);
		}
		fputs(name->tried_s ? "\n" : ", never asked for (sekisho-fetch.timer)\n", out);
	}
}

void text_status(FILE *out, const struct snapshot *snapshot, bool verbose)
{
	text_headline(out, snapshot);
	print_mode(out, snapshot);
	if (verbose)
		fprintf(out, "%-12s%d (sekisho " SEKISHO_VERSION ")\n", "contract",
			CONTRACT_VERSION);
	print_services(out, snapshot);
	print_devices(out, snapshot);
	if (verbose)
		text_cookies(out, snapshot);
	print_outflow(out, snapshot);
	print_countries(out, snapshot, verbose);
	print_names(out, snapshot);
	print_daemon(out, snapshot, verbose);
	print_faults(out, snapshot);
	if (!snapshot->loaded)
		return;
	if (verbose) {
		print_memory(out, snapshot);
		fputc('\n', out);
	}
	text_tables(out, snapshot, verbose);
}
