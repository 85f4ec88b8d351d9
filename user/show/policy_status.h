/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy server in the status file, as text and as metrics. Pure. */
#ifndef SEKISHO_POLICY_STATUS_H
#define SEKISHO_POLICY_STATUS_H

#include <jansson.h>
#include <stdio.h>
#include "policy/counts.h"

/* Of one listener. */
enum daemon_listener { DAEMON_LISTENER_OFF = 0, DAEMON_LISTENER_OPEN, DAEMON_LISTENER_CLOSED };

struct daemon_policy {
	enum daemon_listener dovecot, postfix;
	struct policy_counts counts;
};

/* null if both are off; a new reference, NULL: out of memory. */
json_t *policy_to_json(const struct daemon_policy *policy);
void policy_from_json(const json_t *object, struct daemon_policy *policy);

/* Write nothing if both are off. */
void text_policy(FILE *out, const struct daemon_policy *policy, int64_t now_wall_ns);
void prometheus_policy(FILE *out, const struct daemon_policy *policy);

#endif
