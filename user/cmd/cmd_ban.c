// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho ban`: bans prefixes by hand. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/fleet_tell.h"
#include "cmd/prefix_args.h"
#include "cmd/service_args.h"
#include "conf/ban_services.h"
#include "enforce/bans.h"
#include "show/gate_verdict.h"

/* The longest time stands for ever: duration_parse() gives no longer one. */
#define PERMANENT_S (100ULL * 365 * 86400)

#define PORTION	    64
#define PORTION_NS  (NS_PER_S / 100)

struct ban_options {
	uint64_t seconds;
	const char *reason;
	struct service_args services;
};

static int read_options(int argc, char **argv, struct ban_options *options)
{
	static const struct option known[] = { { "for", required_argument, NULL, 'f' },
					       { "reason", required_argument, NULL, 'r' },
					       { "service", required_argument, NULL, 's' },
					       { 0 } };

	*options = (struct ban_options){ .seconds = 3600, .reason = "" };
	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		int error;

		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_ban, known, c, argv);
		if (c == 'r') {
			options->reason = optarg;
			continue;
		}
		if (c == 's') {
			if (!service_args_add(&options->services, optarg))
				return cmd_usage(&cmd_ban, "--service is given too often");
			continue;
		}
		if (!strcmp(optarg, "ever")) {
			options->seconds = PERMANENT_S;
			continue;
		}
		error = duration_parse(optarg, &options->seconds);
		if (error == -ERANGE)
			return cmd_usage(&cmd_ban, "--for %s: it must be from 1s to 100 years",
					 optarg);
		if (error)
			return cmd_usage(&cmd_ban,
					 "--for %s: not a duration like 90s, 5m, 1h30m, 7d or 2w, "
					 "nor \"ever\"",
					 optarg);
	}
	return EXIT_DONE;
}

static void report(const struct ban_record *ban, uint64_t seconds)
{
	char prefix[PREFIX_TEXT_SIZE], until[TIME_TEXT_SIZE], length[TIME_TEXT_SIZE];

	prefix_format(&ban->prefix, prefix);
	time_show(ban->until_wall_ns - ban->until_wall_ns % NS_PER_S, until);
	duration_format(seconds, length);
	printf("banned %s%s%s ", prefix, ban->services == BAN_ALL ? "" : " from ",
	       ban->services == BAN_ALL ? "" : ban_services_word(ban->services));
	if (seconds > BAN_EVER_S)
		fputs("until it is lifted", stdout);
	else
		printf("until %s (%s)", until, length);
}

static void report_closed(const char *between, size_t closed)
{
	printf("%s%zu open connection%s closed\n", between, closed, closed == 1 ? "" : "s");
}

/* A ban of a portion, and its result. */
struct hand_ban {
	struct ban_record ban;
	bool alone; /* as in struct prefix_args */
	int error;
	struct fault fault; /* with error 0: a warning */
};

/* Bans as many as PORTION_NS allows, PORTION at most, under one lock and in one transaction. So the
 * daemon and others do not wait for all bans, and each portion, not each ban, waits for the disk
 * and for a look at all sockets. Returns their number. */
static size_t ban_portion(struct instance *instance, const struct protected_set *set,
			  struct hand_ban *portion, size_t count, size_t *closed)
{
	uint64_t begun = clock_boot_ns();
	struct fault fault = { 0 };
	int error = instance_lock(instance, &fault);
	bool many = !error && count > 1 && instance->store && !store_begin(instance->store, NULL);
	struct bans_adding adding = { .cut_later = true };
	size_t done = 0;

	while (done < count && (!done || (many && clock_boot_ns() - begun < PORTION_NS))) {
		struct hand_ban *hand = &portion[done++];

		hand->fault = fault;
		hand->error = error ? error
				    : bans_add(instance, set, &hand->ban, &adding, &hand->fault);
	}
	error = many ? store_commit(instance->store, &fault) : 0;
	for (size_t i = 0; i < done && error; i++)
		if (!portion[i].error)
			fault_set(&portion[i].fault, error,
				  "it is banned, but the store does not know it: %.200s",
				  fault.text);
	instance_unlock(instance);
	fault = (struct fault){ 0 };
	if (cuts_make(instance, closed, &fault) && !portion[done - 1].fault.error)
		fault_set(&portion[done - 1].fault, fault.error,
			  "open connections are not closed: %.200s", fault.text);
	return done;
}

/* Warns if an allow list lets the prefix pass: it comes before bans, for each service. Of a network
 * only the first address is looked up. */
static void warn_of_allow_list(const struct instance *instance, const struct ban_record *ban)
{
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	struct lookup lookups[SERVICE_MAX];
	unsigned closed = 0, allowed = 0;
	char text[ADDRESS_TEXT_SIZE];
	struct fault fault;

	if (!policy || !instance->gate || gate_policy_get(instance->gate, policy, &fault) ||
	    gate_table_find(instance->gate, &ban->prefix.address, lookups, &fault))
		return;
	for (unsigned id = 1; id < SERVICE_MAX; id++) {
		if (!(verdict_group(policy, id) & ban->services))
			continue;
		closed++;
		allowed += !verdict_decide(policy, id, &lookups[id], true).drop;
	}
	if (!allowed)
		return;
	address_format(&ban->prefix.address, text);
	cmd_warn(&cmd_ban,
		 "an allow list covers %s, which passes all the same%s; "
		 "`sekisho why %s` names the list",
		 text, allowed < closed ? " on some of these services" : "", text);
}

/* Reports the result of one ban. `closed`: connections closed, if this is the only ban; else
 * NULL. */
static int tell(const struct instance *instance, struct fleet_tell *fleet,
		const struct hand_ban *hand, const struct ban_options *options,
		const size_t *closed)
{
	if (hand->error) {
		cmd_failed(&cmd_ban, &hand->fault);
		if (hand->alone)
			cmd_warn(&cmd_ban, "with /128 the address alone would be banned");
		return EXIT_FAILED;
	}
	fleet_tell_ban(fleet, instance->config, &hand->ban);
	report(&hand->ban, options->seconds);
	if (closed)
		report_closed(", ", *closed);
	else
		putchar('\n');
	if (hand->fault.error)
		cmd_warn(&cmd_ban, "%s", hand->fault.text);
	if (closed)
		warn_of_allow_list(instance, &hand->ban);
	return EXIT_DONE;
}

/* Bans all prefixes; a refused one does not keep the others from being banned. */
static int ban_all(struct instance *instance, const struct protected_set *set,
		   const struct prefix_args *prefixes, const struct ban_options *options,
		   enum ban_services services)
{
	_cleanup_(fleet_tell_end) struct fleet_tell fleet = { .fd = -1 };
	int status = prefixes->refused ? EXIT_FAILED : EXIT_DONE;
	struct hand_ban portion[PORTION];
	size_t done, closed, all_closed = 0;

	for (size_t at = 0; at < prefixes->count; at += done) {
		int64_t now = clock_wall_ns();
		size_t count = 0;

		for (; count < PORTION && at + count < prefixes->count; count++) {
			struct hand_ban *hand = &portion[count];

			*hand = (struct hand_ban){
				.alone = prefixes->alone[at + count],
				.ban = { .prefix = prefix_args_source(
						 prefixes, at + count,
						 instance->config->source_length6),
					 .services = services,
					 .since_wall_ns = now,
					 .until_wall_ns =
						 now + (int64_t)options->seconds * NS_PER_S,
					 .rule = RULE_MANUAL },
			};
			snprintf(hand->ban.reason, sizeof(hand->ban.reason), "%s", options->reason);
		}
		if (at)
			instance_let_others();
		done = ban_portion(instance, set, portion, count, &closed);
		all_closed += closed;
		for (size_t i = 0; i < done; i++)
			if (tell(instance, &fleet, &portion[i], options,
				 prefixes->count == 1 ? &closed : NULL))
				status = EXIT_FAILED;
	}
	if (prefixes->count > 1)
		report_closed("", all_closed);
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(protected_free) struct protected_set set = { 0 };
	_cleanup_(prefix_args_free) struct prefix_args prefixes = { 0 };
	enum ban_services services;
	struct ban_options options;
	struct fault fault = { 0 };
	int status = read_options(argc, argv, &options);

	if (!status)
		status = prefix_args(&cmd_ban, argv + optind, argc - optind, &prefixes);
	if (status)
		return status;
	if (cmd_open(&cmd_ban, globals, INSTANCE_STORE_WRITE | INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	instance_unlock(&instance);
	status = service_args_read(&cmd_ban, &options.services, instance.config, &services);
	if (status)
		return status;
	if (instance.config->never_ban_faulty) {
		fault_set(&fault, -EINVAL,
			  "[gate] never-ban cannot be read whole, so a ban might shut out whom it "
			  "names; mend it first: %s",
			  instance.config_fault.text);
		return cmd_failed(&cmd_ban, &fault);
	}
	if (protected_load(instance.config, &set, &fault))
		return cmd_failed(&cmd_ban, &fault);
	status = ban_all(&instance, &set, &prefixes, &options, services);
	if (instance.gate && !bans_enforced(&instance))
		cmd_warn(&cmd_ban, "the gate is in monitor mode: it counts what it would drop, and "
				   "drops nothing");
	return status;
}

const struct command cmd_ban = {
	.name = "ban",
	.summary = "shut prefixes out until a time",
	.usage = "[--for TIME] [--service NAME]... [--reason TEXT] PREFIX...|-",
	.help = "Needs root and a loaded gate. The ban holds at once, ends by itself and "
		"outlasts a reboot. Open connections of the prefix are closed. If the "
		"prefix is banned already, that ban gets the new end and reason; a ban of "
		"other services stays as it is. These are refused: own, gateway and "
		"loopback addresses, addresses that login sessions come from, [gate] "
		"never-ban, and prefixes wider than /8 (IPv6: /16). An IPv6 address without "
		"a length means its whole /64 ([gate] source-prefix6), because one owner "
		"has all of it; ADDRESS/128 bans the address alone.\n\n"
		"  -               reads prefixes from standard input; what is not a prefix "
		"is reported, and the others are banned\n"
		"  --for TIME      90s, 5m, 1h30m, 7d; default 1h; ever, or over 50 "
		"years: until it is lifted\n"
		"  --service NAME  what the ban closes: smtp (port 25), login (all other "
		"services), or all, the default; the name of a service means its group\n"
		"  --reason TEXT   shown by `sekisho bans` and `sekisho why`\n",
	.run = run,
};
