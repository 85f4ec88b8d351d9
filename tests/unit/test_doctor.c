// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of `doctor`: each finding, and the healthy twin that must not be one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "doctor/checks.h"
#include "doctor/doctor.h"
#include "log/journal.h"
#include "provided.h"

#define NOW_NS	(1795255200LL * NS_PER_S)
#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS	(24 * HOUR_NS)

static struct address address(const char *text)
{
	struct address result;

	assert_int_equal(address_parse(text, strlen(text), &result), 0);
	return result;
}

/* A server on which nothing is wrong: enforcing, one device, one log, the usual listeners. */
static struct doctor_facts *healthy(void)
{
	struct doctor_facts *facts = calloc(1, sizeof(*facts));
	struct doctor_log *log;

	assert_non_null(facts);
	*facts = (struct doctor_facts){ .now_wall_ns = NOW_NS,
					.root = true,
					.kernel_major = 6,
					.kernel_minor = 1,
					.has_btf = true,
					.has_bpffs = true,
					.has_cgroup2 = true,
					.can_destroy = 1,
					.jit = 1,
					.loaded = true,
					.has_policy = true,
					.mode = GATE_ENFORCE,
					.daemon_state = DAEMON_RUNNING,
					.names_countries = true,
					.has_countries = true,
					.countries_modified_wall_ns = NOW_NS - 30 * DAY_NS };
	for (unsigned table = 0; table < SNAPSHOT_TABLE_COUNT; table++)
		facts->tables[table] = (struct snapshot_usage){ true, { 89, 100, 0 } };
	facts->sources = (struct doctor_sources){ .known = true,
						  .handshakes = 1000,
						  .local_handshakes = 799 };
	facts->devices = calloc(1, sizeof(*facts->devices));
	facts->device_count = 1;
	facts->devices[0] = (struct doctor_device){ .name = "eth0",
						    .wanted = true,
						    .guarded = true,
						    .hook = HOOK_XDP,
						    .mtu = 1500,
						    .outflow = true };
	facts->outflow = (struct doctor_outflow){
		.known = true, .state = OUTFLOW_IS_OPEN, .mode = GATE_ENFORCE, .limited = true
	};
	facts->alerts = (struct daemon_alerts){ .has_program = true, .raised = 5, .run = 5 };
	facts->metrics = DAEMON_METRICS_OPEN;
	facts->listeners = calloc(4, sizeof(*facts->listeners));
	facts->listener_count = 4;
	facts->listeners[0] = (struct listener){ .port = 25, .program = "master" };
	facts->listeners[1] = (struct listener){ .local = address("127.0.0.1"),
						 .port = 10025,
						 .program = "master" };
	facts->listeners[2] = (struct listener){ .port = 22, .program = "sshd" };
	facts->listeners[3] = (struct listener){ .port = 993, .program = "dovecot" };
	facts->port_covered[25] = facts->port_covered[993] = 1;
	facts->logs = calloc(1, sizeof(*facts->logs));
	facts->log_count = 1;
	log = &facts->logs[0];
	*log = (struct doctor_log){ .name = "mail",
				    .path = "/var/log/mail.log",
				    .modified_wall_ns = NOW_NS - HOUR_NS,
				    .lines = 5000,
				    .failures_with_account = 10,
				    .with_source = 100,
				    .top_count = 79,
				    .followed = true,
				    .lag_bytes = 10 << 20 };
	log->top = address("10.0.0.1");
	log->events[EVENT_FAILURE] = 100;
	log->events[EVENT_SUCCESS] = log->logins = 1;
	return facts;
}

static const struct doctor_finding *find(const struct doctor_report *report, const char *id)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].id, id))
			return &report->findings[i];
	return NULL;
}

/* One fact that is off, and the finding it makes. */
struct ill {
	const char *id;
	void (*make)(struct doctor_facts *facts);
	int status;
};

#define ILL(name, body)                                 \
	static void make_##name(struct doctor_facts *f) \
	{                                               \
		body;                                   \
	}
ILL(not_root, f->root = false)
ILL(kernel_old, f->kernel_major = 5; f->kernel_minor = 14)
ILL(no_btf, f->has_btf = false)
ILL(no_bpffs, f->has_bpffs = false)
ILL(no_cgroup2, f->has_cgroup2 = false)
ILL(no_destroy, f->can_destroy = 0)
ILL(no_jit, f->jit = 0)
ILL(no_gate, f->loaded = f->has_policy = false; f->gate_fault.error = -ENOENT)
ILL(gate_unusable, f->loaded = f->has_policy = false; f->gate_fault.error = -EPROTO;
    strcpy(f->gate_fault.text, "of another version"))
ILL(no_policy, f->has_policy = false)
ILL(open, strcpy(f->devices[0].open, "a filter is in front"))
ILL(unseen, strcpy(f->unseen, "of 9 handshakes the gate saw 0 SYNs"))
ILL(stray, strcpy(f->devices[0].stray, "the program gate_tc of a lost one"))
ILL(ipsec, f->transforms.transport = 2)
ILL(mtu_limit, strcpy(f->devices[0].driver, "virtio_net"))
ILL(carrier, strcpy(f->devices[0].driver, "igb"))
ILL(forgets, strcpy(f->devices[0].driver, "vmxnet3"))
ILL(monitor, f->mode = GATE_MONITOR)
ILL(differs, f->policy_differs = true)
ILL(not_published, f->generation_differs = true)
ILL(no_daemon, f->daemon_state = DAEMON_NOT_RUNNING)
ILL(daemon_hangs, f->daemon_state = DAEMON_STALE)
ILL(no_store, f->store_fault.error = -ENOSPC; strcpy(f->store_fault.text, "full"))
ILL(table_full, f->tables[SNAPSHOT_TABLE_BANS].usage.overflows = 1)
ILL(over_lost, f->tables[SNAPSHOT_TABLE_OVER_LIMIT].known = true;
    f->tables[SNAPSHOT_TABLE_OVER_LIMIT].usage = (struct gate_usage){ .size = 9 };
    f->tables[SNAPSHOT_TABLE_OVER_LIMIT].usage.overflows = 1)
ILL(table_nearly, f->tables[SNAPSHOT_TABLE_SOURCES].usage.used = 90)
ILL(no_device, f->device_count = 0)
ILL(unguarded, f->devices[0].guarded = false)
ILL(foreign, f->devices[0].hook = HOOK_TC; strcpy(f->devices[0].foreign, "of another"))
ILL(not_native, f->devices[0].hook = HOOK_TC)
ILL(lro, f->devices[0].hook = HOOK_TC; f->devices[0].lro = true)
ILL(mtu, f->devices[0].hook = HOOK_TC; f->devices[0].mtu = 9000)
ILL(rxvlan, f->devices[0].strips_vlan = f->devices[0].has_vlan = true)
ILL(syn_cookies, strcpy(f->devices[0].answers_why, "a sysctl"))
ILL(uncovered, f->port_covered[993] = 0)
ILL(uncovered_program, f->listeners[2].port = 2526; strcpy(f->listeners[2].program, "exim4"))
ILL(uncovered_port, f->listeners[2].port = 2525)
ILL(docker, strcpy(f->listeners[3].program, "docker-proxy"))
ILL(no_countries, f->has_countries = false)
ILL(countries_old, f->countries_modified_wall_ns = NOW_NS - 181 * DAY_NS)
ILL(countries_old_deny, f->denies_countries = true;
    f->countries_modified_wall_ns = NOW_NS - 181 * DAY_NS)
ILL(feed_old, f->stale_feed_count = 1; strcpy(f->stale_feeds[0].name, "far");
    f->stale_feeds[0].checked_wall_ns = NOW_NS - DAY_NS)
ILL(list_left, f->left_list_count = 1; strcpy(f->left_lists[0].name, "far"))
ILL(code_left, make_list_left(f); f->left_lists[0].has_code = true)
ILL(name_unasked, f->name_count = 1; strcpy(f->names[0].name, "home.example.org"))
ILL(name_fails, make_name_unasked(f); f->names[0].tried_s = 1;
    strcpy(f->names[0].problem, "no answer within 10 s"))
ILL(name_private, make_name_unasked(f); f->names[0].tried_s = 1; f->names[0].refused = 1)
ILL(providers_old, f->providers_modified_wall_ns = NOW_NS - 181 * DAY_NS)
ILL(no_log, f->log_count = 0)
ILL(log_missing, f->logs[0].error = -ENOENT)
ILL(log_unreadable, f->logs[0].error = -EACCES)
ILL(log_silent, f->logs[0].modified_wall_ns = NOW_NS - 25 * HOUR_NS)
ILL(log_unknown, memset(f->logs[0].events, 0, sizeof(f->logs[0].events)))
ILL(log_no_accounts, f->logs[0].failures_with_account = 9)
ILL(log_no_successes, f->logs[0].logins = 0)
ILL(log_behind, f->logs[0].lag_bytes++)
ILL(log_not_followed, f->logs[0].followed = false)
ILL(log_zone, f->logs[0].offset_s = 32400)
ILL(story_e_log, f->logs[0].top_count = 80)
ILL(story_e_gate, f->sources.local_handshakes = 800)
ILL(journal_unreadable, f->logs[0].journal = true; f->logs[0].error = -EACCES)
ILL(journal_empty, f->logs[0].journal = true; f->logs[0].lines = 0;
    strcpy(f->logs[0].path, "journal:postfix"))
ILL(outflow_tripped, f->outflow.state = OUTFLOW_IS_TRIPPED)
ILL(outflow_would, f->outflow.state = OUTFLOW_IS_TRIPPED; f->outflow.mode = f->mode = GATE_MONITOR)
ILL(outflow_released, f->outflow.state = OUTFLOW_IS_RELEASED)
ILL(outflow_off, f->outflow.state = OUTFLOW_IS_OFF; f->devices[0].outflow = false)
ILL(outflow_unlimited, f->outflow.limited = false; f->outflow.mode = GATE_MONITOR)
ILL(outflow_monitor, f->outflow.mode = GATE_MONITOR)
ILL(outflow_not_attached, f->devices[0].outflow = false; strcpy(f->devices[0].outflow_why, "no"))
ILL(outflow_full, f->outflow.overflows = 1)
ILL(no_program, f->alerts.has_program = false)
ILL(alerts_failed, f->alerts.failed = 1)
ILL(alerts_dropped, f->alerts.dropped = 1)
ILL(accounts_locked, strcpy(f->locked[0].path, "/etc/dovecot/locked");
    doctor_read_locked("bob\n", &f->locked[0]))
ILL(metrics_closed, f->metrics = DAEMON_METRICS_CLOSED)
ILL(policy_closed, f->policy.dovecot = DAEMON_LISTENER_CLOSED)
ILL(policy_unasked, f->policy.postfix = DAEMON_LISTENER_OPEN; f->policy_uptime_s = 7200)
ILL(policy_key, f->policy.counts.unauthorized = 1)
ILL(policy_short_hash, f->policy.counts.hash_bits = 12)
ILL(policy_unnamed, f->policy.counts.unnamed = true)
ILL(policy_stand_in, f->policy.dovecot = DAEMON_LISTENER_OPEN; f->stood_in_for = true;
    f->stand_in.unit = STAND_IN_MASKED)
ILL(policy_fails_closed, f->policy.postfix = DAEMON_LISTENER_OPEN;
    strcpy(f->fails_closed, "/etc/postfix/main.cf"))
#define FLEET_RUNS(f) \
	(f)->fleet.wanted = (f)->fleet.runs = (f)->fleet.has_engine = (f)->fleet.has_daemon = true
ILL(fleet_down, f->fleet.wanted = true)
ILL(fleet_no_engine, FLEET_RUNS(f); f->fleet.has_engine = false; strcpy(f->fleet.fault, "NOAUTH"))
ILL(fleet_no_daemon, FLEET_RUNS(f); f->fleet.has_daemon = false)
ILL(fleet_suspended, FLEET_RUNS(f); f->fleet.member_count = 1;
    f->fleet.members[0] = ((struct doctor_member){ .name = "mx2", .suspended = true, .refused = 1 }))
ILL(fleet_refused, FLEET_RUNS(f); f->fleet.member_count = 1;
    f->fleet.members[0] = ((struct doctor_member){ .name = "mx2", .refused = 7 }))
ILL(fleet_too_much, FLEET_RUNS(f); f->fleet.member_count = 1;
    f->fleet.members[0] = ((struct doctor_member){ .name = "mx2", .too_much = 7 }))
ILL(fleet_clock, FLEET_RUNS(f); f->fleet.member_count = 1;
    f->fleet.members[0] = ((struct doctor_member){ .name = "mx2", .lag_ms = -600000 }))
ILL(unknown, f->fault_count = 1; strcpy(f->faults[0].text, "cannot look"))

static const struct ill ills[] = {
	{ "not-root", make_not_root, 1 },
	{ "kernel-old", make_kernel_old, 1 },
	{ "no-btf", make_no_btf, 1 },
	{ "no-bpffs", make_no_bpffs, 1 },
	{ "no-cgroup2", make_no_cgroup2, 1 },
	{ "no-destroy", make_no_destroy, 1 },
	{ "no-jit", make_no_jit, 1 },
	{ "no-gate", make_no_gate, 1 },
	{ "gate-unusable", make_gate_unusable, 1 },
	{ "no-policy", make_no_policy, 1 },
	{ "monitor", make_monitor, 0 },
	{ "not-reloaded", make_differs, 1 },
	{ "not-published", make_not_published, 1 },
	{ "no-daemon", make_no_daemon, 1 },
	{ "daemon-hangs", make_daemon_hangs, 1 },
	{ "no-store", make_no_store, 1 },
	{ "table-full", make_table_full, 1 },
	{ "table-nearly-full", make_table_nearly, 1 },
	{ "over-limit-lost", make_over_lost, 1 },
	{ "no-device", make_no_device, 1 },
	{ "device-unguarded", make_unguarded, 1 },
	{ "device-open", make_open, 1 },
	{ "handshakes-unseen", make_unseen, 1 },
	{ "stray-program", make_stray, 1 },
	{ "ipsec", make_ipsec, 1 },
	{ "mtu-limit", make_mtu_limit, 0 },
	{ "carrier", make_carrier, 0 },
	{ "forgetful-driver", make_forgets, 1 },
	{ "foreign-xdp", make_foreign, 0 },
	{ "not-native", make_not_native, 0 },
	{ "lro", make_lro, 1 },
	{ "mtu", make_mtu, 0 },
	{ "rxvlan", make_rxvlan, 0 },
	{ "syn-cookies", make_syn_cookies, 0 },
	{ "port-uncovered", make_uncovered, 1 },
	{ "port-uncovered", make_uncovered_program, 1 },
	{ "port-uncovered", make_uncovered_port, 1 },
	{ "docker-proxy", make_docker, 0 },
	{ "no-countries", make_no_countries, 1 },
	{ "countries-old", make_countries_old, 1 },
	{ "countries-old-deny", make_countries_old_deny, 1 },
	{ "providers-old", make_providers_old, 0 },
	{ "feed-old", make_feed_old, 1 },
	{ "list-left", make_list_left, 1 },
	{ "list-left", make_code_left, 1 },
	{ "name-unknown", make_name_unasked, 1 },
	{ "name-unknown", make_name_fails, 1 },
	{ "name-unknown", make_name_private, 1 },
	{ "no-log", make_no_log, 1 },
	{ "log-missing", make_log_missing, 1 },
	{ "log-unreadable", make_log_unreadable, 1 },
	{ "log-silent", make_log_silent, 1 },
	{ "log-unknown-format", make_log_unknown, 1 },
	{ "log-no-accounts", make_log_no_accounts, 1 },
	{ "log-no-successes", make_log_no_successes, 1 },
	{ "log-behind", make_log_behind, 1 },
	{ "log-not-followed", make_log_not_followed, 1 },
	{ "log-zone", make_log_zone, 1 },
	{ "one-local-source", make_story_e_log, 1 },
	{ "one-local-source", make_story_e_gate, 1 },
	{ "journal-unreadable", make_journal_unreadable, 1 },
	{ "journal-empty", make_journal_empty, 1 },
	{ "outflow-tripped", make_outflow_tripped, 1 },
	{ "outflow-released", make_outflow_released, 0 },
	{ "outflow-off", make_outflow_off, 0 },
	{ "outflow-unlimited", make_outflow_unlimited, 0 },
	{ "outflow-monitor", make_outflow_monitor, 0 },
	{ "outflow-not-attached", make_outflow_not_attached, 1 },
	{ "outflow-table-full", make_outflow_full, 1 },
	{ "no-alert-program", make_no_program, 0 },
	{ "alerts-failed", make_alerts_failed, 1 },
	{ "alerts-failed", make_alerts_dropped, 1 },
	{ "accounts-locked", make_accounts_locked, 0 },
	{ "metrics-closed", make_metrics_closed, 1 },
	{ "policy-closed", make_policy_closed, 1 },
	{ "policy-unasked", make_policy_unasked, 1 },
	{ "policy-key", make_policy_key, 1 },
	{ "policy-short-hash", make_policy_short_hash, 1 },
	{ "policy-unnamed-mechanism", make_policy_unnamed, 1 },
	{ "policy-fails-closed", make_policy_fails_closed, 1 },
	{ "policy-stand-in", make_policy_stand_in, 1 },
	{ "fleet-down", make_fleet_down, 1 },
	{ "fleet-no-engine", make_fleet_no_engine, 1 },
	{ "fleet-no-daemon", make_fleet_no_daemon, 1 },
	{ "fleet-suspended", make_fleet_suspended, 1 },
	{ "fleet-refused", make_fleet_refused, 1 },
	{ "fleet-refused", make_fleet_too_much, 1 },
	{ "fleet-clock", make_fleet_clock, 1 },
	{ "unknown", make_unknown, 1 },
};

/* Elsewhere nobody expects one: without systemd, or where Dovecot asks nothing. */
static void a_stand_in_is_missed_where_systemd_would_start_it(void **state)
{
	static const struct {
		enum daemon_listener dovecot;
		bool follows;
		enum stand_in_unit unit;
		size_t found;
	} cases[] = {
		{ DAEMON_LISTENER_OPEN, true, STAND_IN_ABSENT, 1 },
		{ DAEMON_LISTENER_OPEN, true, STAND_IN_MASKED, 1 },
		{ DAEMON_LISTENER_OPEN, true, STAND_IN_UNCALLED, 1 },
		{ DAEMON_LISTENER_OPEN, true, STAND_IN_READY, 0 },
		{ DAEMON_LISTENER_OPEN, true, STAND_IN_UNKNOWN, 0 },
		{ DAEMON_LISTENER_OPEN, false, STAND_IN_MASKED, 0 },
		{ DAEMON_LISTENER_OFF, true, STAND_IN_MASKED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct doctor_facts facts = { .daemon_state = DAEMON_RUNNING,
					      .policy.dovecot = cases[i].dovecot,
					      .stood_in_for = cases[i].follows,
					      .stand_in.unit = cases[i].unit };
		struct doctor_report report = { 0 };

		doctor_check_policy(&facts, &report);
		assert_int_equal(report.count, cases[i].found);
	}
}

static void locked_accounts_are_counted_and_the_first_ones_named(void **state)
{
	struct doctor_locked locked = { .count = 9 };
	char text[4096] =
		"# by hand\n\nbob@example.org\n alice\ncarol REJECT This account\ndan:*\n";
	char path[32] = "as before";

	(void)state;
	doctor_read_locked(text, &locked);
	assert_string_equal(locked.names, "bob@example.org, carol, dan");
	assert_int_equal(locked.count, 3);
	*text = '\0';
	doctor_read_locked(text, &locked);
	assert_int_equal(locked.count, 0);
	for (int i = 0; i < 200; i++)
		strcat(text, "somebody@example\n");
	doctor_read_locked(text, &locked);
	assert_int_equal(locked.count, 200);
	assert_string_equal(locked.names + strlen(locked.names) - 18, ", somebody@example");

	assert_false(doctor_lock_file("#LOCK_FILE=/a\nLOCK_KIND=dovecot\nLOCK_FILE=\n", path, 32));
	assert_string_equal(path, "as before");
	assert_true(doctor_lock_file("LOCK_FILE=/a\nLOCK_FILE=\"/b c\"", path, 32));
	assert_string_equal(path, "/b c");
	assert_false(doctor_lock_file("LOCK_FILE=/a", path, 2));
}

static void nothing_is_found_where_nothing_is_wrong(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));

	(void)state;
	/* It failed once, and works again. */
	facts->alerts.failed = 1;
	facts->alerts.succeeded = 1;
	doctor_check(facts, report);
	for (size_t i = 0; i < report->count; i++)
		print_error("%s: %s\n", report->findings[i].id, report->findings[i].text);
	assert_int_equal(report->count, 0);
	assert_int_equal(doctor_status(report), 0);
}

static void each_ill_is_found_by_itself_and_says_what_it_means_and_what_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ills) / sizeof(*ills); i++) {
		_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
		_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
		const struct doctor_finding *finding;

		ills[i].make(facts);
		doctor_check(facts, report);
		finding = find(report, ills[i].id);
		if (!finding || report->count != 1) {
			fail_msg("%s: %zu findings, first %s", ills[i].id, report->count,
				 report->count ? report->findings[0].id : "-");
			return; /* fail_msg() does not, which the analyser cannot know */
		}
		assert_true(*finding->text && *finding->means && *finding->remedy);
		if (doctor_status(report) != ills[i].status)
			fail_msg("%s: status %d", ills[i].id, doctor_status(report));
	}
}

static void what_the_fetch_timer_had_no_time_for_is_no_finding_yet(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	_cleanup_free_ struct doctor_report *failed = calloc(1, sizeof(*failed));

	(void)state;
	make_name_unasked(facts);
	facts->stale_feed_count = 1;
	facts->fetch_waits = true;
	doctor_check(facts, report);
	assert_int_equal(report->count, 0);
	/* What it tried, and failed at, is one at once. */
	make_name_fails(facts);
	make_feed_old(facts);
	doctor_check(facts, failed);
	assert_non_null(find(failed, "feed-old"));
	assert_non_null(find(failed, "name-unknown"));
}

static void every_finding_that_there_is_has_been_seen(void **state)
{
	const struct doctor_kind *kind;

	(void)state;
	for (size_t i = 0; (kind = doctor_kind_at(i)); i++) {
		bool seen = false;

		for (size_t j = 0; j < sizeof(ills) / sizeof(*ills); j++)
			seen |= !strcmp(ills[j].id, kind->id);
		if (!seen)
			fail_msg("no test finds %s", kind->id);
	}
}

static void mail_servers_that_refuse_without_an_answer_are_found(void **state)
{
	(void)state;
	assert_true(doctor_postfix_fails_closed(
		"smtpd_recipient_restrictions =\n  check_policy_service unix:private/sekisho,\n"
		"  permit\n# default_action=DUNNO\n"));
	assert_true(doctor_postfix_fails_closed(
		"x = check_policy_service { inet:127.0.0.1:10040, timeout=1s }\n"));
	assert_false(doctor_postfix_fails_closed(
		"x = check_policy_service { unix:private/sekisho, default_action=DUNNO }\n"
		"y = check_policy_service unix:private/other\n"));
	assert_true(doctor_postfix_fails_closed(
		"x = check_policy_service { unix:private/sekisho, default_action=451 later }\n"));
	assert_false(doctor_postfix_fails_closed("# check_policy_service unix:private/sekisho\n"));
	assert_false(
		doctor_postfix_fails_closed("smtpd_policy_service_default_action = DUNNO\n"
					    "x = check_policy_service unix:private/sekisho\n"));
	assert_true(doctor_dovecot_fails_closed("a = b\nauth_policy_reject_on_fail = yes\n"));
	assert_true(doctor_dovecot_fails_closed("auth_policy {\n  reject_on_fail = yes\n}\n"));
	assert_false(doctor_dovecot_fails_closed("auth_policy_reject_on_fail = no\n"));
	assert_false(doctor_dovecot_fails_closed(
		"auth_policy_reject_on_fail = yes\nauth_policy_reject_on_fail = no\n"));
	assert_false(doctor_dovecot_fails_closed("  # auth_policy_reject_on_fail = yes\n"));
}

static void what_is_not_known_is_not_found_ill(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));

	(void)state;
	facts->can_destroy = facts->jit = -EPERM;
	facts->tables[SNAPSHOT_TABLE_SOURCES] = (struct snapshot_usage){ 0 };
	facts->sources = (struct doctor_sources){ .handshakes = 100, .local_handshakes = 100 };
	facts->countries_modified_wall_ns = 0;
	facts->outflow = (struct doctor_outflow){ 0 };
	facts->devices[0].outflow = false;
	/* Too little to judge by. */
	facts->logs[0].lines = 199;
	memset(facts->logs[0].events, 0, sizeof(facts->logs[0].events));
	facts->logs[0].events[EVENT_FAILURE] = facts->logs[0].with_source =
		facts->logs[0].top_count = 19;
	facts->logs[0].failures_with_account = 0;
	doctor_check(facts, report);
	assert_int_equal(report->count, 0);
}

static void a_trip_is_bad_when_it_holds_back_and_a_warning_when_it_would(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	const struct doctor_finding *finding;

	(void)state;
	facts->outflow.state = OUTFLOW_IS_TRIPPED;
	facts->outflow.trip = (struct outflow_trip){ 1, 0, 5, 12 };
	facts->outflow.since_wall_ns = NOW_NS - HOUR_NS;
	strcpy(facts->outflow.whose, "this machine");
	strcpy(facts->outflow.suspect, "uid 33, 14 attempts, to 192.0.2.9");
	doctor_check(facts, report);
	finding = find(report, "outflow-tripped");
	assert_int_equal(finding->severity, DOCTOR_BAD);
	assert_string_equal(finding->subject, "this machine");
	assert_string_equal(finding->text,
			    "tripped since 2026-11-21T09:00:00Z; 12 attempts held back; most by "
			    "uid 33, 14 attempts, to 192.0.2.9");
	make_outflow_would(facts);
	doctor_check(facts, report);
	finding = find(report, "outflow-tripped");
	assert_int_equal(finding->severity, DOCTOR_WARN);
	assert_non_null(strstr(finding->text, "12 attempts would be held back"));
}

static void the_gravest_comes_first_and_a_port_once(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));

	(void)state;
	facts->mode = GATE_MONITOR;
	facts->daemon_state = DAEMON_STALE;
	facts->listeners[2] = facts->listeners[3];
	facts->port_covered[993] = 0;
	doctor_check(facts, report);
	assert_int_equal(report->count, 3);
	assert_string_equal(report->findings[0].id, "daemon-hangs");
	assert_string_equal(report->findings[1].id, "port-uncovered");
	assert_string_equal(report->findings[1].subject, "port 993");
	assert_string_equal(report->findings[2].id, "monitor");
}

static void text_fits_the_terminal_and_hides_control_characters(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	char *text = NULL, *rest, *line;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (size_t i = 0; i < sizeof(ills) / sizeof(*ills); i++)
		if (strncmp(ills[i].id, "no-", 3) != 0 && strcmp(ills[i].id, "not-root") != 0)
			ills[i].make(facts);
	strcpy(facts->logs[0].path, "/var/log/\033[2Jmail.log");
	doctor_check(facts, report);
	doctor_text(out, report, 60, false);
	fclose(out);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\\x1b[2J"));
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (strlen(line) > 60)
			fail_msg("%zu columns: %s", strlen(line), line);
	free(text);
}

static void json_parses_and_is_of_the_documented_form(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	_cleanup_free_ char *text = NULL;
	json_t *root, *first;

	(void)state;
	facts->jit = 0;
	doctor_check(facts, report);
	text = doctor_json(report, NOW_NS);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_true(json_is_false(json_object_get(root, "well")));
	first = json_array_get(json_object_get(root, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "id")), "no-jit");
	assert_string_equal(json_string_value(json_object_get(first, "severity")), "warning");
	assert_true(json_is_null(json_object_get(first, "subject")));
	assert_true(json_is_string(json_object_get(first, "remedy")));
	json_decref(root);
}

static char *nagios(const struct doctor_report *report, int *state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	*state = doctor_nagios(out, report);
	fclose(out);
	return text;
}

static void nagios_line_has_the_worst_finding_and_the_counts(void **state)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = healthy();
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	_cleanup_free_ char *well = NULL, *warned = NULL, *bad = NULL;
	int status;

	(void)state;
	doctor_check(facts, report);
	well = nagios(report, &status);
	assert_int_equal(status, NAGIOS_OK);
	assert_non_null(strstr(well, "SEKISHO OK - nothing is wrong | bad=0 warnings=0 notes="));

	facts->jit = 0;
	memset(report, 0, sizeof(*report));
	doctor_check(facts, report);
	warned = nagios(report, &status);
	assert_int_equal(status, NAGIOS_WARNING);
	assert_int_equal(strncmp(warned, "SEKISHO WARNING - warning no-jit: ", 34), 0);
	assert_non_null(strstr(warned, " | bad=0 warnings=1 notes="));

	/* What somebody else named begins no counts, and reaches no terminal. */
	strcpy(facts->logs[0].path, "/var/log/a|b\033[2J=9.log");
	facts->logs[0].error = -ENOENT;
	memset(report, 0, sizeof(*report));
	doctor_check(facts, report);
	bad = nagios(report, &status);
	assert_int_equal(status, NAGIOS_CRITICAL);
	assert_int_equal(strncmp(bad, "SEKISHO CRITICAL - bad ", 23), 0);
	assert_non_null(strstr(bad, " | bad=1 warnings=1 notes="));
	assert_null(strstr(bad, "a|b"));
	assert_null(strchr(bad, '\033'));
	assert_non_null(strstr(bad, "\nwarning no-jit: "));
}

/* ---- the end of a log ---- */

static struct doctor_log read_text(const char *text, int times)
{
	char path[] = "/tmp/test-doctor-XXXXXX";
	struct doctor_log log = { 0 };
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	for (int i = 0; i < times; i++)
		fputs(text, file);
	fclose(file);
	snprintf(log.path, sizeof(log.path), "%s", path);
	assert_int_equal(doctor_read_log(&log, NULL, NULL, NOW_NS), 0);
	unlink(path);
	return log;
}

#define FAILURE                                                                             \
	"Nov 21 09:00:00 mx postfix/submission/smtpd[7]: warning: unknown[%s]: SASL LOGIN " \
	"authentication failed: UGFzc3dvcmQ6%s\n"

static void a_log_is_counted_by_accounts_and_local_sources(void **state)
{
	char text[1024];
	struct address expected;
	struct doctor_log log;

	(void)state;
	snprintf(text, sizeof(text), FAILURE FAILURE, "172.17.0.1", "", "203.0.113.9",
		 ", sasl_username=bob@example.com");
	log = read_text(text, 3);
	assert_int_equal(log.error, 0);
	assert_int_equal(log.lines, 6);
	assert_int_equal(log.events[EVENT_FAILURE], 6);
	assert_int_equal(log.failures_with_account, 3);
	assert_int_equal(log.with_source, 6);
	assert_int_equal(log.top_count, 3);
	expected = address("172.17.0.1");
	assert_memory_equal(&log.top, &expected, sizeof(expected));
}

static void only_the_end_of_a_long_log_is_read_from_the_begin_of_a_line(void **state)
{
	struct doctor_log log = read_text("a line of thirty-two characters\n", 200000);

	(void)state;
	assert_true(log.lines <= DOCTOR_LOG_BYTES / 32 && log.lines >= DOCTOR_LOG_BYTES / 32 - 1);
	assert_int_equal(log.events[EVENT_FAILURE], 0);
}

static void a_log_that_is_not_there_or_no_file_is_named_by_its_error(void **state)
{
	struct doctor_log log = { .path = "/nonexistent/mail.log" };

	(void)state;
	assert_int_equal(doctor_read_log(&log, NULL, NULL, NOW_NS), 0);
	assert_int_equal(log.error, -ENOENT);
	log = (struct doctor_log){ .path = "/dev/null" };
	assert_int_equal(doctor_read_log(&log, NULL, NULL, NOW_NS), 0);
	assert_int_equal(log.error, -EINVAL);
}

/* ---- the journal ---- */

#define FIRST (NOW_NS / 1000 - 3600 * 1000000LL) /* microseconds */

/* `count` failed logins, a second apart, of Postfix' unit, in a journal of its own. */
static bool journal_made(char folder[64], unsigned count)
{
	struct journal *journal = NULL;
	char command[160];
	FILE *pipe;
	int error;

	strcpy(folder, "/tmp/test-doctor-XXXXXX");
	assert_non_null(mkdtemp(folder));
	error = journal_open(folder, "x", NULL, true, &journal, &(struct fault){ 0 });
	journal_close(journal);
	if (error == -ENOTSUP || !provided_journal_remote()) {
		print_message("systemd-journal-remote or libsystemd is not on this machine\n");
		rmdir(folder);
		return false;
	}
	snprintf(command, sizeof(command), "%s -o %s/x.journal - >/dev/null 2>&1",
		 provided_journal_remote(), folder);
	pipe = popen(command, "w"); /* NOLINT(cert-env33-c,bugprone-command-processor) */
	assert_non_null(pipe);
	for (unsigned i = 0; i < count; i++)
		fprintf(pipe,
			"__REALTIME_TIMESTAMP=%lld\n__MONOTONIC_TIMESTAMP=%u\n"
			"_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=mx\n_PID=12\n"
			"_SYSTEMD_UNIT=postfix@-.service\nSYSLOG_IDENTIFIER=postfix/smtpd\n"
			"MESSAGE=warning: unknown[10.0.0.%u]: SASL LOGIN authentication failed: "
			"x\n\n",
			(long long)FIRST + i * 1000000LL, i + 1, i + 1);
	assert_int_equal(pclose(pipe), 0);
	return true;
}

static void remove_journal(const char *folder)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/x.journal", folder);
	unlink(path);
	rmdir(folder);
}

static void the_journal_is_read_as_a_log(void **state)
{
	struct doctor_log log = { .path = "journal:dovecot postfix@-.service" };
	char folder[64];

	(void)state;
	if (!journal_made(folder, 30))
		skip();
	assert_int_equal(doctor_read_log(&log, NULL, folder, NOW_NS), 0);
	assert_true(log.journal);
	assert_int_equal(log.error, 0);
	assert_int_equal(log.lines, 30);
	assert_int_equal(log.events[EVENT_FAILURE], 30);
	assert_int_equal(log.modified_wall_ns, (FIRST + 29 * 1000000LL) * 1000);
	log = (struct doctor_log){ .path = "journal:another" };
	assert_int_equal(doctor_read_log(&log, NULL, folder, NOW_NS), 0);
	assert_int_equal(log.error, 0);
	assert_int_equal(log.lines, 0);
	remove_journal(folder);
}

static void keep_line(const char *line, size_t size, void *context)
{
	struct doctor_log *log = context;

	if (!log->lines++)
		snprintf(log->fault, sizeof(log->fault), "%.*s", (int)size, line);
}

static void of_a_long_journal_only_the_end_is_read(void **state)
{
	static const struct {
		size_t entries;
		const char *first;
		uint64_t lines;
	} cases[] = { { 3, "[10.0.0.10]", 3 }, { 12, "[10.0.0.1]", 12 }, { 13, "[10.0.0.1]", 12 } };
	struct journal *journal;
	struct fault fault;
	char folder[64];

	(void)state;
	if (!journal_made(folder, 12))
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct doctor_log log = { 0 };

		assert_int_equal(journal_open(folder, "postfix@-", NULL, false, &journal, &fault),
				 0);
		assert_int_equal(journal_seek_last(journal, cases[i].entries), 0);
		assert_int_equal(journal_read(journal, 100, keep_line, &log, &fault), 0);
		assert_int_equal(log.lines, cases[i].lines);
		assert_non_null(strstr(log.fault, cases[i].first));
		journal_close(journal);
	}
	remove_journal(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_where_nothing_is_wrong),
		cmocka_unit_test(locked_accounts_are_counted_and_the_first_ones_named),
		cmocka_unit_test(a_stand_in_is_missed_where_systemd_would_start_it),
		cmocka_unit_test(each_ill_is_found_by_itself_and_says_what_it_means_and_what_to_do),
		cmocka_unit_test(what_the_fetch_timer_had_no_time_for_is_no_finding_yet),
		cmocka_unit_test(every_finding_that_there_is_has_been_seen),
		cmocka_unit_test(mail_servers_that_refuse_without_an_answer_are_found),
		cmocka_unit_test(what_is_not_known_is_not_found_ill),
		cmocka_unit_test(a_trip_is_bad_when_it_holds_back_and_a_warning_when_it_would),
		cmocka_unit_test(the_gravest_comes_first_and_a_port_once),
		cmocka_unit_test(text_fits_the_terminal_and_hides_control_characters),
		cmocka_unit_test(json_parses_and_is_of_the_documented_form),
		cmocka_unit_test(nagios_line_has_the_worst_finding_and_the_counts),
		cmocka_unit_test(a_log_is_counted_by_accounts_and_local_sources),
		cmocka_unit_test(only_the_end_of_a_long_log_is_read_from_the_begin_of_a_line),
		cmocka_unit_test(a_log_that_is_not_there_or_no_file_is_named_by_its_error),
		cmocka_unit_test(the_journal_is_read_as_a_log),
		cmocka_unit_test(of_a_long_journal_only_the_end_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
