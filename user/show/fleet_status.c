// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_status.h. */
#include "show/fleet_status.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "show/json.h"
#include "show/number.h"
#include "show/prometheus.h"
#include "show/visible.h"

#define FILE_MOST (8 << 20) /* a thousand members take 1 MiB */

bool fleet_status_path(const char *runtime, char *path, size_t size)
{
	int length = snprintf(path, size, "%s-fleet/status.json", runtime);

	return length > 0 && (size_t)length < size;
}

int fleet_status_read(const char *runtime, json_t **status, struct fault *fault)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	json_error_t json_error;
	size_t size = 0;
	int error = fleet_status_path(runtime, path, sizeof(path)) ? 0 : -ENAMETOOLONG;

	if (!error)
		error = file_read_regular(path, FILE_MOST, &text, &size);
	if (error == -ENOENT)
		return fault_set(fault, error,
				 "the fleet process has not run; start sekisho-fleet.service");
	if (error)
		return fault_set(fault, error, "cannot read %s: %s", path, strerror(-error));
	*status = json_loadb(text, size, 0, &json_error);
	if (!json_is_object(*status)) {
		json_decref(*status);
		*status = NULL;
		return fault_set(fault, -EPROTO, "%s is no status", path);
	}
	return 0;
}

bool fleet_status_is_fresh(const json_t *status, long long now_wall_ns)
{
	int64_t written_ns = json_time_value(json_object_get(status, "written"));

	return written_ns && now_wall_ns - written_ns < FLEET_STATUS_STALE_S * NS_PER_S;
}

static uint64_t count_of(const json_t *object, const char *key)
{
	return json_count_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static uint64_t sum_of(const json_t *counts)
{
	uint64_t sum = 0;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)counts, name, value)
		sum += json_count_value(value);
	return sum;
}

/* ---- text ---- */

/* Prints a string of the file, which anybody may have written, so that it is safe for a
 * terminal. */
static void print_word(FILE *out, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	visible_print(out, text ? text : "?");
}

static void print_engine(FILE *out, const json_t *status)
{
	const json_t *engine = json_object_get(status, "engine");

	fputs("engine      ", out);
	print_word(out, engine, "server");
	if (is_true(engine, "reads") && is_true(engine, "appends"))
		fputs(is_true(engine, "caught_up") ? ", connected, caught up"
						   : ", connected, catching up",
		      out);
	else
		fputs(", NOT CONNECTED; bans here go on, others' are not heard", out);
	fprintf(out, "; %" PRIu64 " batches said, %" PRIu64 " entries read",
		count_of(engine, "appended"), count_of(engine, "entries_read"));
	if (json_is_string(json_object_get(engine, "fault"))) {
		fputs("\n            last fault: ", out);
		print_word(out, engine, "fault");
	}
	fputc('\n', out);
}

static void print_counts(FILE *out, const char *title, const json_t *counts)
{
	const char *name, *between = "";
	json_t *value;

	fputs(title, out);
	json_object_foreach ((json_t *)counts, name, value) {
		if (json_integer_value(value) <= 0)
			continue;
		fprintf(out, "%s%" JSON_INTEGER_FORMAT " ", between, json_integer_value(value));
		visible_print(out, name);
		between = ", ";
	}
	fputs(*between ? "\n" : "none\n", out);
}

static void print_member(FILE *out, const json_t *member, int64_t now_wall_ns)
{
	const json_t *verdicts = json_object_get(member, "verdicts");
	int64_t last_ns = json_time_value(json_object_get(member, "last"));
	uint64_t taken = count_of(verdicts, "taken");
	char age[NUMBER_TEXT_SIZE];

	fputs("  ", out);
	print_word(out, member, "name");
	if (is_true(member, "self")) {
		fputs(": this server\n", out);
		return;
	}
	if (is_true(member, "revoked"))
		fputs(": REVOKED", out);
	else if (is_true(member, "suspended"))
		fputs(": SUSPENDED", out);
	else if (!last_ns)
		fputs(": not heard of yet", out);
	else
		fprintf(out, ": heard of %s ago, lag %" JSON_INTEGER_FORMAT " ms",
			age_format(last_ns, now_wall_ns, age),
			json_integer_value(json_object_get(member, "lag_ms")));
	fprintf(out, "; %" PRIu64 " statements taken, %" PRIu64 " not, %" PRIu64 " sightings",
		taken, sum_of(verdicts) - taken, count_of(member, "sightings"));
	if (count_of(member, "sightings_refused"))
		fprintf(out, ", %" PRIu64 " TOO MANY", count_of(member, "sightings_refused"));
	if (count_of(member, "missing"))
		fprintf(out, ", %" PRIu64 " batches MISSING", count_of(member, "missing"));
	fputc('\n', out);
	if (sum_of(verdicts) != taken)
		print_counts(out, "    statements: ", verdicts);
	if (sum_of(json_object_get(member, "refused")))
		print_counts(out, "    batches refused: ", json_object_get(member, "refused"));
}

void fleet_status_print(FILE *out, const json_t *status, long long now_wall_ns)
{
	const json_t *members = json_object_get(status, "members");

	fputs("member      ", out);
	print_word(out, status, "member");
	fprintf(out, ", quorum %" PRIu64 ", budget %" PRIu64 "/h; ", count_of(status, "quorum"),
		count_of(status, "budget"));
	if (!fleet_status_is_fresh(status, now_wall_ns))
		fputs("THE FLEET PROCESS DOES NOT RUN, or hangs\n", out);
	else
		fputs(is_true(status, "daemon") ? "the daemon is connected\n"
						: "THE DAEMON IS NOT CONNECTED\n",
		      out);
	print_engine(out, status);
	fprintf(out,
		"own         %" PRIu64 " bans told and renewed, %" PRIu64
		" statements wait, %" PRIu64 " were dropped\n",
		count_of(status, "own_bans"), count_of(status, "backlog"),
		count_of(status, "lost"));
	print_counts(out, "adoptions   ", json_object_get(status, "outcomes"));
	fputs("members\n", out);
	for (size_t i = 0; i < json_array_size(members); i++)
		print_member(out, json_array_get(members, i), now_wall_ns);
}

/* ---- metrics ---- */

static void counters_by(FILE *out, const char *name, const char *label, const char *help,
			const json_t *counts)
{
	const char *key;
	json_t *value;

	prometheus_family(out, name, help);
	json_object_foreach ((json_t *)counts, key, value)
		prometheus_sample1(out, name, label, key, json_count_value(value));
}

static void print_metrics(FILE *out, const json_t *status, int64_t now_wall_ns)
{
	const json_t *engine = json_object_get(status, "engine");
	const json_t *members = json_object_get(status, "members");
	bool up = status && fleet_status_is_fresh(status, now_wall_ns);
	uint64_t refused = 0, missing = 0, suspended = 0;

	prometheus_value(out, "sekisho_fleet_up", "1 if the fleet process runs.", up);
	if (!up)
		return;
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *member = json_array_get(members, i);

		refused += sum_of(json_object_get(member, "refused"));
		missing += count_of(member, "missing");
		suspended += is_true(member, "suspended");
	}
	prometheus_value(out, "sekisho_fleet_engine_connected",
			 "1 if the engine is read and appended to.",
			 is_true(engine, "reads") && is_true(engine, "appends"));
	prometheus_value(out, "sekisho_fleet_members", "Members that the configuration names.",
			 json_array_size(members));
	prometheus_value(out, "sekisho_fleet_members_suspended",
			 "Members that nothing is taken of.", suspended);
	prometheus_value(out, "sekisho_fleet_own_bans", "Own bans that are told and renewed.",
			 count_of(status, "own_bans"));
	prometheus_value(out, "sekisho_fleet_backlog", "Statements that wait to be told.",
			 count_of(status, "backlog"));
	prometheus_value(out, "sekisho_fleet_appended_total", "Batches that the engine confirmed.",
			 count_of(engine, "appended"));
	prometheus_value(out, "sekisho_fleet_entries_read_total", "Entries read from the engine.",
			 count_of(engine, "entries_read"));
	prometheus_value(out, "sekisho_fleet_batches_refused_total",
			 "Batches that were not signed, not readable, or forked.", refused);
	prometheus_value(out, "sekisho_fleet_batches_missing_total",
			 "Batches of members that never came.", missing);
	counters_by(out, "sekisho_fleet_adoptions_total", "outcome",
		    "Bans of others with a quorum, by what became of them here.",
		    json_object_get(status, "outcomes"));
}

void fleet_status_metrics(FILE *out, const struct config *config, long long now_wall_ns)
{
	json_t *status = NULL;

	if (!config->fleet.server)
		return;
	(void)fleet_status_read(config->paths.runtime, &status, NULL);
	print_metrics(out, status, now_wall_ns);
	json_decref(status);
}
