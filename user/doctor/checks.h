/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the checks report findings. Private to user/doctor/. */
#ifndef SEKISHO_DOCTOR_CHECKS_H
#define SEKISHO_DOCTOR_CHECKS_H

#include "base/time.h"
#include "doctor/doctor.h"

/* The kinds of findings; their texts are in kinds.c. */
enum doctor_find {
	FIND_NOT_ROOT,
	FIND_KERNEL_OLD,
	FIND_NO_BTF,
	FIND_NO_BPFFS,
	FIND_NO_CGROUP2,
	FIND_NO_DESTROY,
	FIND_NO_JIT,
	FIND_NO_GATE,
	FIND_GATE_UNUSABLE,
	FIND_MONITOR,
	FIND_NO_POLICY,
	FIND_NOT_RELOADED,
	FIND_NOT_PUBLISHED,
	FIND_NO_DAEMON,
	FIND_DAEMON_HANGS,
	FIND_NO_STORE,
	FIND_TABLE_FULL,
	FIND_TABLE_NEARLY_FULL,
	FIND_OVER_LIMIT_LOST,
	FIND_NO_DEVICE,
	FIND_DEVICE_UNGUARDED,
	FIND_DEVICE_OPEN,
	FIND_HANDSHAKES_UNSEEN,
	FIND_STRAY_PROGRAM,
	FIND_FOREIGN_XDP,
	FIND_TRANSFORMS,
	FIND_MTU_LIMIT,
	FIND_CARRIER,
	FIND_FORGETS,
	FIND_NOT_NATIVE,
	FIND_LRO,
	FIND_MTU,
	FIND_RXVLAN,
	FIND_SYN_COOKIES,
	FIND_PORT_UNCOVERED,
	FIND_DOCKER_PROXY,
	FIND_NO_COUNTRIES,
	FIND_COUNTRIES_OLD,
	FIND_COUNTRIES_OLD_DENY,
	FIND_PROVIDERS_OLD,
	FIND_FEED_OLD,
	FIND_LIST_LEFT,
	FIND_NAME_UNKNOWN,
	FIND_UNKNOWN,
	FIND_ONE_LOCAL_SOURCE,
	FIND_NO_LOG,
	FIND_LOG_MISSING,
	FIND_LOG_UNREADABLE,
	FIND_JOURNAL_UNREADABLE,
	FIND_JOURNAL_EMPTY,
	FIND_LOG_SILENT,
	FIND_LOG_ZONE,
	FIND_LOG_UNKNOWN_FORMAT,
	FIND_LOG_NO_ACCOUNTS,
	FIND_LOG_NO_SUCCESSES,
	FIND_LOG_BEHIND,
	FIND_LOG_NOT_FOLLOWED,
	FIND_OUTFLOW_TRIPPED,
	FIND_WOULD_TRIP,
	FIND_OUTFLOW_RELEASED,
	FIND_OUTFLOW_OFF,
	FIND_OUTFLOW_UNLIMITED,
	FIND_OUTFLOW_MONITOR,
	FIND_OUTFLOW_NOT_ATTACHED,
	FIND_OUTFLOW_TABLE_FULL,
	FIND_NO_ALERT_PROGRAM,
	FIND_ALERTS_FAILED,
	FIND_ACCOUNTS_LOCKED,
	FIND_METRICS_CLOSED,
	FIND_POLICY_CLOSED,
	FIND_POLICY_UNASKED,
	FIND_POLICY_KEY,
	FIND_POLICY_SHORT_HASH,
	FIND_POLICY_UNNAMED,
	FIND_POLICY_FAILS_CLOSED,
	FIND_POLICY_STAND_IN,
	FIND_FLEET_DOWN,
	FIND_FLEET_NO_ENGINE,
	FIND_FLEET_NO_DAEMON,
	FIND_FLEET_SUSPENDED,
	FIND_FLEET_REFUSED,
	FIND_FLEET_CLOCK,
	FIND_COUNT,
};

/* Severity, id, meaning and remedy of a finding. */
const struct doctor_kind *doctor_kind(enum doctor_find find);

/* Adds a finding. `subject` is what it is about (a device, a file, a service; "": the machine).
 * Beyond DOCTOR_FINDINGS_MAX it is only counted. Texts are cut to their room. */
void doctor_add(struct doctor_report *report, enum doctor_find find, const char *subject,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* checks_seen.c: logs and sources. */
void doctor_check_seen(const struct doctor_facts *facts, struct doctor_report *report);

/* checks_leaves.c: the outflow breaker, alerts, metrics. */
void doctor_check_leaves(const struct doctor_facts *facts, struct doctor_report *report);

/* asked.c: whether, by Postfix's and Dovecot's own files, they refuse when there is no answer. */
void doctor_policy_files(struct doctor_facts *facts);
/* The same for a text: it has a check_policy_service with neither a default_action of its own nor a
 * general one; it has "yes" for auth_policy_reject_on_fail. Pure. */
bool doctor_postfix_fails_closed(const char *text);
bool doctor_dovecot_fails_closed(const char *text);
void doctor_check_policy(const struct doctor_facts *facts, struct doctor_report *report);

/* doctor_locked.c: looks into the lock unit's files, those that lock.conf names or the default
 * ones. */
void doctor_take_locked(struct doctor_facts *facts);
/* doctor_lists.c: the lists whose section is gone. */
void doctor_take_lists(const struct instance *instance, struct doctor_facts *facts);
/* Counts the accounts that `text` locks, and names the first ones; comments and empty lines do not
 * count. Pure. */
void doctor_read_locked(const char *text, struct doctor_locked *locked);
/* Reads the value of LOCK_FILE in the text of lock.conf, without its quotes, into `path` of `size`
 * bytes. False: there is none, or it is too long. Pure. */
bool doctor_lock_file(const char *text, char *path, size_t size);
void doctor_check_locked(const struct doctor_facts *facts, struct doctor_report *report);

/* doctor_fleet.c: reads the status file of the fleet process. */
void doctor_take_fleet(const struct config *config, int64_t now_wall_ns,
		       struct doctor_fleet *fleet);
void doctor_check_fleet(const struct doctor_facts *facts, struct doctor_report *report);

#endif
