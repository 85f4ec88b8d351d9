// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho account NAME`: what is known of an account, and the administrator's orders about it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/near_names.h"
#include "enforce/instance.h"
#include "show/account_facts.h"
#include "show/daemon_status.h"

#define WAIT_MOST_NS (5 * NS_PER_S) /* wait for the daemon, which looks once a second */
#define WAIT_STEP_NS (NS_PER_S / 20)

static int print(const struct instance *instance, const struct account_facts *facts, bool as_json)
{
	_cleanup_free_ char *json = as_json ? account_facts_json(instance->config, facts) : NULL;
	struct fault fault = { 0 };

	if (as_json && !json) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(&cmd_account, &fault);
	}
	if (as_json)
		fputs(json, stdout);
	else
		account_facts_text(stdout, facts);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	fault_set(&fault, -errno, "cannot write to standard output: %m");
	return cmd_failed(&cmd_account, &fault);
}

static bool daemon_runs(const struct instance *instance)
{
	struct daemon_status *status = NULL;
	struct fault ignored = { 0 };
	bool runs;

	if (daemon_status_read(instance->config->paths.runtime, &status, &ignored))
		return false;
	runs = daemon_state(status, clock_boot_ns()) != DAEMON_NOT_RUNNING;
	daemon_status_free(status);
	return runs;
}

/* Waits until the daemon has obeyed, so that a script's next command finds the order done. */
static void wait_for_daemon(struct instance *instance, int64_t id)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_NS };
	uint64_t end_ns = clock_boot_ns() + WAIT_MOST_NS;
	struct store_order_row row;
	struct fault ignored = { 0 };

	instance_unlock(instance);
	if (!daemon_runs(instance))
		return;
	while (!store_order_next(instance->store, id - 1, &row, &ignored) && row.id == id) {
		if (clock_boot_ns() >= end_ns) {
			cmd_warn(&cmd_account,
				 "the daemon has not looked at it yet; it will as soon "
				 "as it can");
			return;
		}
		nanosleep(&step, NULL);
	}
}

/* If nothing is known of a name, it may be mistyped. */
static void hint(const struct instance *instance, const struct account_facts *facts,
		 const char *name)
{
	char near[EVENT_ACCOUNT_SIZE];

	if (facts->source_count || facts->ban_count || facts->failed_count || facts->alert_count ||
	    facts->held_count)
		return;
	if (near_account(instance, name, near))
		cmd_warn(&cmd_account, "there is nothing of '%s'; did you mean '%s'?", name, near);
}

static int order(struct instance *instance, const char *name, enum store_order what)
{
	_cleanup_(cleanup_account_facts) struct account_facts *facts = NULL;
	struct fault fault = { 0 };
	int64_t id = 0;
	int error;

	if (!instance->store)
		return cmd_failed(&cmd_account, &instance->store_fault);
	error = account_facts_fill(instance, name, clock_wall_ns(), &facts, &fault);
	if (!error)
		hint(instance, facts, name);
	for (size_t i = 0; !error && i < facts->name_count; i++)
		error = store_order_put(instance->store, facts->names[i], what, &id, &fault);
	if (error)
		return cmd_failed(&cmd_account, &fault);
	wait_for_daemon(instance, id);
	for (size_t i = 0; i < facts->name_count; i++) {
		_cleanup_free_ char *visible = cmd_visible(facts->names[i]);

		printf("%s %s\n", what == STORE_FORGET ? "forgot" : "trusted",
		       visible ? visible : "?");
	}
	if (facts->ban_count)
		printf("%zu bans name it and stay until they end; `sekisho account` lists them\n",
		       facts->ban_count);
	return EXIT_DONE;
}

struct arguments {
	bool json, trust, forget, held;
	const char *name;
};

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option known[] = { { "json", no_argument, NULL, 'j' },
					       { "trust", no_argument, NULL, 't' },
					       { "forget", no_argument, NULL, 'f' },
					       { "held", no_argument, NULL, 'h' },
					       { 0 } };

	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == '?')
			return cmd_bad_option(&cmd_account, known, c, argv);
		arguments->json |= c == 'j';
		arguments->trust |= c == 't';
		arguments->forget |= c == 'f';
		arguments->held |= c == 'h';
	}
	if (argc - optind != 1 || !*argv[optind])
		return cmd_usage(&cmd_account,
				 "needs one account; `sekisho accounts` lists those in "
				 "trouble");
	arguments->name = argv[optind];
	if (arguments->json + arguments->trust + arguments->forget + arguments->held > 1)
		return cmd_usage(&cmd_account,
				 "--json, --held, --trust and --forget exclude each other");
	if (strlen(arguments->name) >= EVENT_ACCOUNT_SIZE)
		return cmd_usage(&cmd_account, "no account has a name of more than %d bytes",
				 EVENT_ACCOUNT_SIZE - 1);
	return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(cleanup_account_facts) struct account_facts *facts = NULL;
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct arguments arguments = { 0 };
	struct fault fault = { 0 };
	int status = read_arguments(argc, argv, &arguments);
	bool orders = arguments.trust || arguments.forget;

	if (status)
		return status;
	if (cmd_open(&cmd_account, globals, orders ? INSTANCE_STORE_WRITE : INSTANCE_STORE_READ,
		     &instance))
		return EXIT_FAILED;
	if (orders)
		return order(&instance, arguments.name,
			     arguments.forget ? STORE_FORGET : STORE_TRUST);
	if (!instance.store)
		return cmd_failed(&cmd_account, &instance.store_fault);
	if (account_facts_fill(&instance, arguments.name, clock_wall_ns(), &facts, &fault))
		return cmd_failed(&cmd_account, &fault);
	hint(&instance, facts, arguments.name);
	if (!arguments.held)
		return print(&instance, facts, arguments.json);
	account_facts_queue(stdout, facts);
	return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_account = {
	.name = "account",
	.summary = "what is known of an account; trust it again, or forget it",
	.usage = "[--json | --held | --trust | --forget] NAME",
	.help = "Needs root. Shows the sources that logged in to the account (country, "
		"provider, first and last time, and whether the source is known), what is "
		"usual for it, whether it is under siege or its password has leaked, how "
		"many recipients its strangers have left and which messages were put on "
		"hold ([policy]), its alerts, the bans that name it, and the sources whose "
		"log lines are in evidence. A name without a realm is of the server's own "
		"realm, as in the rules.\n\n"
		"  --trust   ends its siege, spread and leak, and fills its budgets; for "
		"use after the password was changed; bans stay\n"
		"  --forget  the same, and forgets its sources, passwords and what is "
		"usual: every source is a stranger at once\n"
		"  --held    the queue ids of messages that were put on hold in the last 30 "
		"days, one a line, also of those released since: `sekisho account --held "
		"NAME | postsuper -H -` releases all (Exim: `... | xargs exim -M`)\n"
		"  --json    one object; its schema is in sekisho(8)\n\n"
		"A running daemon obeys within a second, and the command waits for it. "
		"Without a daemon the order takes effect at the next start.\n",
	.run = run,
};
