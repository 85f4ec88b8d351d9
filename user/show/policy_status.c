// SPDX-License-Identifier: GPL-2.0-or-later
/* See policy_status.h. */
#include "show/policy_status.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "show/json.h"
#include "show/number.h"
#include "show/prometheus.h"

static bool is_off(const struct daemon_policy *policy)
{
	return policy->dovecot == DAEMON_LISTENER_OFF && policy->postfix == DAEMON_LISTENER_OFF;
}

/* ---- the status file ---- */

static json_t *listener_to_json(enum daemon_listener listener, int64_t last_wall_ns)
{
	if (listener == DAEMON_LISTENER_OFF)
		return json_null();
	return json_pack("{s:b,s:o}", "open", listener == DAEMON_LISTENER_OPEN, "last",
			 json_time(last_wall_ns));
}

json_t *policy_to_json(const struct daemon_policy *policy)
{
	struct policy_counts counts = policy->counts;
	_cleanup_(cleanup_json) json_t *object = NULL;

	if (is_off(policy))
		return json_null();
	object = json_pack("{s:o,s:o,s:I,s:o}", "dovecot",
			   listener_to_json(policy->dovecot, counts.dovecot_wall_ns), "postfix",
			   listener_to_json(policy->postfix, counts.postfix_wall_ns), "hash_bits",
			   (json_int_t)counts.hash_bits, "mechanism",
			   counts.dovecot_wall_ns ? json_boolean(!counts.unnamed) : json_null());
	for (size_t row = 0; row < POLICY_COUNT_ROWS; row++)
		if (json_object_set_new(object, policy_count_rows[row].name,
					json_count(*policy_count_at(&counts, row))))
			return NULL;
	return TAKE_PTR(object);
}

static enum daemon_listener listener_from_json(const json_t *object, int64_t *last_wall_ns)
{
	if (!json_is_object(object))
		return DAEMON_LISTENER_OFF;
	*last_wall_ns = json_time_value(json_object_get(object, "last"));
	return json_is_true(json_object_get(object, "open")) ? DAEMON_LISTENER_OPEN
							     : DAEMON_LISTENER_CLOSED;
}

void policy_from_json(const json_t *object, struct daemon_policy *policy)
{
	struct policy_counts *counts = &policy->counts;

	policy->dovecot =
		listener_from_json(json_object_get(object, "dovecot"), &counts->dovecot_wall_ns);
	policy->postfix =
		listener_from_json(json_object_get(object, "postfix"), &counts->postfix_wall_ns);
	counts->hash_bits =
		(unsigned)(json_count_value(json_object_get(object, "hash_bits")) % 4096);
	counts->unnamed = json_is_false(json_object_get(object, "mechanism"));
	for (size_t row = 0; row < POLICY_COUNT_ROWS; row++)
		*policy_count_at(counts, row) =
			json_count_value(json_object_get(object, policy_count_rows[row].name));
}

/* ---- text ---- */

static void print_listener(FILE *out, const char *name, enum daemon_listener listener,
			   int64_t last_wall_ns, int64_t now_wall_ns)
{
	char age[NUMBER_TEXT_SIZE];

	if (listener == DAEMON_LISTENER_OFF)
		return;
	if (listener == DAEMON_LISTENER_CLOSED)
		fprintf(out, "%s NOT SERVED, tried again; see the daemon's log; ", name);
	else if (!last_wall_ns)
		fprintf(out, "%s has not asked yet; ", name);
	else
		fprintf(out, "%s asked %s ago; ", name, age_format(last_wall_ns, now_wall_ns, age));
}

void text_policy(FILE *out, const struct daemon_policy *policy, int64_t now_wall_ns)
{
	const struct policy_counts *counts = &policy->counts;
	uint64_t bad = counts->malformed + counts->unauthorized + counts->oversized;

	if (is_off(policy))
		return;
	fprintf(out, "%-12s", "policy");
	print_listener(out, "Dovecot", policy->dovecot, counts->dovecot_wall_ns, now_wall_ns);
	print_listener(out, "Postfix", policy->postfix, counts->postfix_wall_ns, now_wall_ns);
	fprintf(out,
		"%" PRIu64 " logins and %" PRIu64 " recipients asked about, %" PRIu64 " refused",
		counts->questions, counts->mails, counts->refused);
	if (counts->would_refuse)
		fprintf(out, ", %" PRIu64 " would be", counts->would_refuse);
	if (counts->held + counts->deferred + counts->rejected)
		fprintf(out, ", %" PRIu64 " held, %" PRIu64 " deferred, %" PRIu64 " rejected",
			counts->held, counts->deferred, counts->rejected);
	if (bad)
		fprintf(out, "; %" PRIu64 " bad requests", bad);
	fputc('\n', out);
}

/* ---- metrics ---- */

void prometheus_policy(FILE *out, const struct daemon_policy *policy)
{
	struct policy_counts counts = policy->counts;

	if (is_off(policy))
		return;
	prometheus_family(out, "sekisho_policy_open", "1 if the mail server can ask there.");
	if (policy->dovecot != DAEMON_LISTENER_OFF)
		prometheus_sample1(out, "sekisho_policy_open", "listener", "dovecot",
				   policy->dovecot == DAEMON_LISTENER_OPEN);
	if (policy->postfix != DAEMON_LISTENER_OFF)
		prometheus_sample1(out, "sekisho_policy_open", "listener", "postfix",
				   policy->postfix == DAEMON_LISTENER_OPEN);
	for (size_t row = 0; row < POLICY_COUNT_ROWS; row++) {
		char name[64];

		snprintf(name, sizeof(name), "sekisho_policy_%s_total",
			 policy_count_rows[row].name);
		prometheus_value(out, name, policy_count_rows[row].help,
				 *policy_count_at(&counts, row));
	}
}
