// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho unban`: lifts bans. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/fleet_tell.h"
#include "cmd/prefix_args.h"
#include "cmd/service_args.h"
#include "conf/ban_services.h"
#include "enforce/bans.h"

#define NAMED_MOST 3

struct search {
	const struct prefix *prefix;
	char names[NAMED_MOST * (PREFIX_TEXT_SIZE + 2)];
	size_t found;
	enum ban_services exact; /* the services that bans of exactly this prefix close */
};

static int name_overlap(const struct ban_record *ban, void *context)
{
	struct search *search = context;
	char text[PREFIX_TEXT_SIZE];
	size_t used = strlen(search->names);

	if (!prefix_overlaps(&ban->prefix, search->prefix))
		return 0;
	if (!memcmp(&ban->prefix, search->prefix, sizeof(ban->prefix)))
		search->exact |= ban->services;
	if (search->found++ < NAMED_MOST) {
		prefix_format(&ban->prefix, text);
		snprintf(search->names + used, sizeof(search->names) - used, "%s%s",
			 used ? ", " : "", text);
	}
	return 0;
}

/* Reports that there is no such ban, and which one may have been meant. */
static int not_banned(struct instance *instance, const struct prefix *prefix,
		      enum ban_services services)
{
	struct search search = { .prefix = prefix };
	char text[PREFIX_TEXT_SIZE], more[32] = "";
	struct fault fault;

	prefix_format(prefix, text);
	bans_each(instance, name_overlap, &search, NULL);
	if (search.found > NAMED_MOST)
		snprintf(more, sizeof(more), " and %zu more", search.found - NAMED_MOST);
	if (search.exact)
		fault_set(&fault, -ENOENT, "the ban of %s does not close %s, but %s", text,
			  ban_services_word(services), ban_services_word(search.exact));
	else if (search.found)
		fault_set(&fault, -ENOENT,
			  "there is no ban of exactly %s, but of %s%s; unban what you mean", text,
			  search.names, more);
	else
		fault_set(&fault, -ENOENT, "there is no ban of %s; `sekisho bans` shows them",
			  text);
	return cmd_failed(&cmd_unban, &fault);
}

/* Lifts one ban under the lock. As in cmd_ban.c, others do not have to wait for all of them. */
static int unban_one(struct instance *instance, struct fleet_tell *tell,
		     const struct prefix *prefix, enum ban_services services, struct fault *fault)
{
	int error = instance_lock(instance, fault);

	if (error)
		return error;
	error = bans_remove(instance, prefix, services, fault);
	instance_unlock(instance);
	if (!error)
		fleet_tell_unban(tell, instance->config, prefix, services);
	return error;
}

static void say_unbanned(const struct prefix *prefix, enum ban_services services)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	printf("unbanned %s%s%s\n", text, services == BAN_ALL ? "" : " from ",
	       services == BAN_ALL ? "" : ban_services_word(services));
}

/* The bans to be lifted. */
struct inside {
	const struct prefix *prefix; /* NULL: all */
	enum ban_services services;
	struct prefix_args found;
	bool out_of_memory;
};

static int collect(const struct ban_record *ban, void *context)
{
	struct inside *inside = context;
	struct prefix_args *found = &inside->found;
	struct prefix *grown;

	if (inside->prefix && (!prefix_overlaps(&ban->prefix, inside->prefix) ||
			       ban->prefix.length <= inside->prefix->length))
		return 0;
	/* The bans of the two groups of services come one after the other. */
	if (!(ban->services & inside->services) ||
	    (found->count &&
	     !memcmp(&found->items[found->count - 1], &ban->prefix, sizeof(ban->prefix))))
		return 0;
	grown = reallocarray(found->items, found->count + 1, sizeof(*grown));
	if (!grown) {
		inside->out_of_memory = true;
		return -ENOMEM;
	}
	found->items = grown;
	found->items[found->count++] = ban->prefix;
	return 0;
}

/* Lifts the bans within `prefix`, except for that of `prefix` itself; a single address has none. */
static int unban_inside(struct instance *instance, struct fleet_tell *tell,
			const struct prefix *prefix, enum ban_services services, size_t *lifted)
{
	_cleanup_(prefix_args_free) struct prefix_args found = { 0 };
	struct inside inside = { .prefix = prefix, .services = services };
	struct fault fault = { 0 };
	int error = 0, status = EXIT_DONE;

	if (!prefix || prefix->length < 128)
		error = bans_each(instance, collect, &inside, &fault);
	found = inside.found;
	if (inside.out_of_memory)
		fault_set(&fault, -ENOMEM, "out of memory");
	if (error)
		return cmd_failed(&cmd_unban, &fault);
	for (size_t i = 0; i < found.count; i++) {
		if (i % 64 == 63)
			instance_let_others();
		error = unban_one(instance, tell, &found.items[i], services, &fault);
		if (error && error != -ENOENT) { /* the ban may just have ended */
			status = cmd_failed(&cmd_unban, &fault);
			continue;
		}
		say_unbanned(&found.items[i], services);
		++*lifted;
	}
	return status;
}

/* Lifts the ban of `prefix` and those within. If it has none, that of `around` is lifted: for an
 * IPv6 address that was given without a length, the whole source, as `ban` takes it. */
static int unban_prefix(struct instance *instance, struct fleet_tell *tell,
			const struct prefix *prefix, const struct prefix *around,
			enum ban_services services)
{
	struct fault fault = { 0 };
	size_t lifted = 0;
	int error = unban_one(instance, tell, prefix, services, &fault), status;

	if (error == -ENOENT && around->length != prefix->length &&
	    !unban_one(instance, tell, around, services, NULL)) {
		prefix = around;
		error = 0;
	}
	if (!error)
		say_unbanned(prefix, services);
	else if (error != -ENOENT)
		return cmd_failed(&cmd_unban, &fault);
	status = unban_inside(instance, tell, prefix, services, &lifted);
	if (error && !lifted && !status)
		return not_banned(instance, prefix, services);
	return status;
}

static int unban_all(struct instance *instance, struct fleet_tell *tell,
		     const struct prefix_args *prefixes, enum ban_services services)
{
	int status = prefixes->refused ? EXIT_FAILED : EXIT_DONE;

	for (size_t i = 0; i < prefixes->count; i++) {
		struct prefix around;

		if (i)
			instance_let_others();
		around = prefix_args_source(prefixes, i, instance->config->source_length6);
		if (unban_prefix(instance, tell, &prefixes->items[i], &around, services))
			status = EXIT_FAILED;
	}
	return status;
}

static int read_arguments(int argc, char **argv, bool *all, struct service_args *services,
			  struct prefix_args *prefixes)
{
	static const struct option known[] = { { "all", no_argument, NULL, 'a' },
					       { "service", required_argument, NULL, 's' },
					       { 0 } };

	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_unban, known, c, argv);
		*all |= c == 'a';
		if (c == 's' && !service_args_add(services, optarg))
			return cmd_usage(&cmd_unban, "--service is given too often");
	}
	if (*all && optind < argc)
		return cmd_usage(&cmd_unban, "--all, or prefixes: not both");
	return *all ? EXIT_DONE : prefix_args(&cmd_unban, argv + optind, argc - optind, prefixes);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(fleet_tell_end) struct fleet_tell tell = { .fd = -1 };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(prefix_args_free) struct prefix_args prefixes = { 0 };
	struct service_args wanted = { 0 };
	enum ban_services services;
	bool all = false;
	size_t lifted = 0;
	int status = read_arguments(argc, argv, &all, &wanted, &prefixes);

	if (status)
		return status;
	if (cmd_open(&cmd_unban, globals, INSTANCE_STORE_WRITE | INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	status = service_args_read(&cmd_unban, &wanted, instance.config, &services);
	if (status)
		return status;
	/* Without a gate only the store's ban needs to be removed. After any other failure the ban
	 * would stay in force. */
	if (!instance.gate && instance.gate_fault.error != -ENOENT)
		return cmd_failed(&cmd_unban, &instance.gate_fault);
	if (!instance.store && !instance.gate)
		return cmd_failed(&cmd_unban, &instance.store_fault);
	instance_unlock(&instance);
	status = all ? unban_inside(&instance, &tell, NULL, services, &lifted)
		     : unban_all(&instance, &tell, &prefixes, services);
	if (!instance.store)
		cmd_warn(&cmd_unban, "the store may bring it back after a reboot: %s",
			 instance.store_fault.text);
	return status;
}

const struct command cmd_unban = {
	.name = "unban",
	.summary = "let banned prefixes in again",
	.usage = "[--service SERVICE]... --all | PREFIX...|-",
	.help = "Needs root. Ends the ban of PREFIX and every ban inside it. The ban of a "
		"wider prefix around it stays, and is named.\n\n"
		"  -                  reads prefixes from standard input; what is not a "
		"prefix is reported, and the others are unbanned\n"
		"  --all              ends every ban\n"
		"  --service SERVICE  what is opened: smtp (port 25), login (all other "
		"services), or all, the default; the name of a service means its group\n",
	.run = run,
};
