// SPDX-License-Identifier: GPL-2.0-or-later
/* sekisho unban: let prefixes in again. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/prefix_args.h"
#include "enforce/bans.h"

#define NAMED_MOST 3

struct search {
	const struct prefix *prefix;
	char names[NAMED_MOST * (PREFIX_TEXT_SIZE + 2)];
	size_t found;
};

static int name_overlap(const struct ban_state *state, void *context)
{
	struct search *search = context;
	char text[PREFIX_TEXT_SIZE];
	size_t used = strlen(search->names);

	if (!prefix_overlaps(&state->prefix, search->prefix))
		return 0;
	if (search->found++ < NAMED_MOST) {
		prefix_format(&state->prefix, text);
		snprintf(search->names + used, sizeof(search->names) - used, "%s%s",
			 used ? ", " : "", text);
	}
	return 0;
}

/* What may have been meant. */
static int not_banned(struct instance *instance, const struct prefix *prefix)
{
	struct search search = { .prefix = prefix };
	char text[PREFIX_TEXT_SIZE], more[32] = "";
	struct fault fault;

	prefix_format(prefix, text);
	bans_each(instance, name_overlap, &search, NULL);
	if (search.found > NAMED_MOST)
		snprintf(more, sizeof(more), " and %zu more", search.found - NAMED_MOST);
	if (search.found)
		fault_set(&fault, -ENOENT,
			  "there is no ban of exactly %s, but of %s%s; unban what you mean", text,
			  search.names, more);
	else
		fault_set(&fault, -ENOENT, "there is no ban of %s; `sekisho bans` shows them",
			  text);
	return cmd_failed(&cmd_unban, &fault);
}

/* As in ban.c: the lock for one at a time. */
static int unban_one(struct instance *instance, const struct prefix *prefix, struct fault *fault)
{
	int error = instance_lock(instance, fault);

	if (error)
		return error;
	error = bans_remove(instance, prefix, fault);
	instance_unlock(instance);
	return error;
}

static int unban_all(struct instance *instance, const struct prefix *prefixes, int count)
{
	int status = EXIT_DONE;

	for (int i = 0; i < count; i++) {
		char text[PREFIX_TEXT_SIZE];
		struct fault fault = { 0 };
		int result;

		if (i)
			instance_let_others();
		result = unban_one(instance, &prefixes[i], &fault);
		prefix_format(&prefixes[i], text);
		if (!result)
			printf("unbanned %s\n", text);
		else if (result == -ENOENT)
			status = not_banned(instance, &prefixes[i]);
		else
			status = cmd_failed(&cmd_unban, &fault);
	}
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option known[] = { { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_free_ struct prefix *prefixes = NULL;
	struct fault fault = { 0 };
	int status;

	opterr = 0;
	if (getopt_long(argc, argv, "", known, NULL) != -1)
		return cmd_usage(&cmd_unban, "there is no option %s", argv[optind - 1]);
	status = prefix_args(&cmd_unban, argv + optind, argc - optind, &prefixes);
	if (status)
		return status;
	if (instance_open(globals->config_path, INSTANCE_STORE_WRITE | INSTANCE_GATE, &instance,
			  &fault))
		return cmd_failed(&cmd_unban, &fault);
	/* Without a gate there is only the store's ban to be removed; any other failure would leave
	 * the ban in force. */
	if (!instance.gate && instance.gate_fault.error != -ENOENT)
		return cmd_failed(&cmd_unban, &instance.gate_fault);
	if (!instance.store && !instance.gate)
		return cmd_failed(&cmd_unban, &instance.store_fault);
	instance_unlock(&instance);
	status = unban_all(&instance, prefixes, argc - optind);
	if (!instance.store)
		cmd_warn(&cmd_unban, "the store may bring it back after a reboot: %s",
			 instance.store_fault.text);
	return status;
}

const struct command cmd_unban = {
	.name = "unban",
	.summary = "let banned prefixes in again",
	.usage = "PREFIX...",
	.help = "Needs root. Takes the prefix exactly as it was banned (`sekisho bans`); a ban "
		"around\n"
		"or inside it is named, and stays.\n",
	.run = run,
};
