// SPDX-License-Identifier: GPL-2.0-or-later
/* See alert_test.h. */
#include "daemon/alert_test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "daemon/daemon.h"

#define TEST_ACCOUNT "sekisho-test"
#define RULE_MOST    64

static void path_of(const struct daemon *daemon, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", daemon->instance.config->paths.runtime, name);
}

static void answer(struct daemon *daemon, const char *text)
{
	char path[PATH_MAX];
	struct fault fault = { 0 };

	path_of(daemon, ALERT_TEST_RESULT, path);
	if (file_replace(path, text, strlen(text), &fault))
		daemon_fault(daemon, "%s", fault.text);
}

static void raise_alert(struct daemon *daemon, enum ban_rule rule)
{
	int64_t now = clock_wall_ns();
	struct decision decision = { .rule = rule,
				     .action = ACTION_ALERT,
				     .wall_ns = now,
				     .has_account = true,
				     .account = TEST_ACCOUNT,
				     .reason = "a test, by `sekisho alert --test`",
				     .source_count = 1 };
	struct store_evidence evidence = { now, "no log line: this is a test" };
	struct alert alert = {
		.decision = &decision, .evidence = &evidence, .evidence_count = 1, .test = true
	};

	prefix_parse("192.0.2.1/32", 12, &decision.sources[0].prefix);
	decision.sources[0].country = COUNTRY_ZZ;
	alerts_push(daemon->alerts, &alert);
}

static void begin(struct daemon *daemon)
{
	_cleanup_free_ char *name = NULL;
	struct alerts_usage usage;
	char path[PATH_MAX];
	size_t size;
	int rule;

	path_of(daemon, ALERT_TEST_ASKED, path);
	if (access(path, F_OK) || file_read(path, RULE_MOST, &name, &size))
		return;
	unlink(path);
	rule = rule_from_name(name);
	if (!daemon->instance.config->alert_program || rule < 0) {
		answer(daemon, rule < 0 ? "there is no such rule"
					: "no program is run for alerts; see [alert] program");
		return;
	}
	alerts_get_usage(daemon->alerts, &usage);
	daemon->alert_test.failed = usage.failed + usage.dropped;
	daemon->alert_test.runs = true;
	raise_alert(daemon, (enum ban_rule)rule);
}

void alert_test_tick(struct daemon *daemon)
{
	struct alerts_usage usage;

	if (!daemon->alert_test.runs) {
		begin(daemon);
		return;
	}
	alerts_get_usage(daemon->alerts, &usage);
	if (usage.running || usage.waiting)
		return;
	daemon->alert_test.runs = false;
	answer(daemon, usage.failed + usage.dropped > daemon->alert_test.failed
			       ? daemon->last_fault.text
			       : ALERT_TEST_DONE);
}
