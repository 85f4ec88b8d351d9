// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho list add|remove`: adds single prefixes to a list, or removes them. Not here: whole
 * files. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/near_names.h"
#include "cmd/prefix_args.h"
#include "enforce/publish.h"
#include "lists/ends.h"
#include "lists/text.h"
#include "net/devices.h"

struct edit {
	bool remove, force;
	const char *name;
	uint64_t seconds; /* 0: for ever */
	struct prefix_args prefixes;
	struct ranges ranges; /* the list, before and after the change */
};

static void edit_free(struct edit *edit)
{
	prefix_args_free(&edit->prefixes);
	ranges_free(&edit->ranges);
}

static int read_options(struct edit *edit, int argc, char **argv)
{
	static const struct option options[] = { { "for", required_argument, NULL, 'F' },
						 { "force", no_argument, NULL, 'f' },
						 { 0 } };

	for (int c; (c = getopt_long(argc, argv, ":f", options, NULL)) != -1;) {
		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_list, options, c, argv);
		if (c == 'f')
			edit->force = true;
		else if (duration_parse(optarg, &edit->seconds))
			return cmd_usage(&cmd_list,
					 "--for %s: not a duration like 90s, 5m, 1h30m, 7d or 2w",
					 optarg);
	}
	if (argc - optind < 3)
		return cmd_usage(&cmd_list, "'add' or 'remove', a list and a prefix are needed");
	edit->remove = !strcmp(argv[optind], "remove");
	if (!edit->remove && strcmp(argv[optind], "add") != 0)
		return cmd_usage(&cmd_list, "'%s' is neither 'add' nor 'remove'", argv[optind]);
	if (edit->remove && edit->seconds)
		return cmd_usage(&cmd_list, "--for is of 'add'");
	edit->name = argv[optind + 1];
	return prefix_args(&cmd_list, argv + optind + 2, argc - optind - 2, &edit->prefixes);
}

/* Refuses a list that is kept in a file or a feed: it would be replaced when that is read again. */
static int check_kept(const struct config *config, const char *name, struct fault *fault)
{
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];

		if (strcmp(list->name, name) != 0)
			continue;
		if (list->url || list->provider_count)
			return fault_set(
				fault, -EINVAL,
				"the list %s is kept by its '%s' (%s); make a list of your "
				"own beside it",
				name, list->url ? "url" : "providers",
				config_where(config, "list", name, ""));
		if (list->file)
			return fault_set(
				fault, -EINVAL,
				"the list %s is kept in %s; edit the file, it is read within "
				"seconds",
				name, list->file);
	}
	return 0;
}

/* Refuses what an import refuses in a deny list. */
static int check_prefixes(const struct edit *edit, bool allow, struct fault *fault)
{
	_cleanup_free_ struct prefix *own = NULL;
	struct list_options options = { .allow = allow, .force = edit->force };

	if (allow || edit->force)
		return 0;
	if (!devices_own(&own, &options.own_count, NULL))
		options.own = own;
	for (size_t i = 0; i < edit->prefixes.count; i++) {
		char reason[256];

		if (list_may_have(&options, &edit->prefixes.items[i], reason, sizeof(reason)))
			return fault_set(fault, -EPERM, "%s", reason);
	}
	return 0;
}

static int add(struct edit *edit)
{
	uint32_t end =
		edit->seconds ? end_value(clock_wall_ns() / NS_PER_S + (int64_t)edit->seconds) : 0;
	int error = 0;

	for (size_t i = 0; i < edit->prefixes.count && !error; i++)
		error = ranges_add_prefix(&edit->ranges, &edit->prefixes.items[i], end);
	return error ? error : ranges_resolve_lowest(&edit->ranges);
}

static int take_away(struct edit *edit)
{
	_cleanup_(ranges_free) struct ranges gone = { 0 };
	struct ranges rest;
	int error = 0;

	for (size_t i = 0; i < edit->prefixes.count && !error; i++)
		error = ranges_add_prefix(&gone, &edit->prefixes.items[i], 0);
	if (!error)
		error = ranges_normalise(&gone);
	if (!error)
		error = ranges_subtract(&rest, &edit->ranges, &gone);
	if (error)
		return error;
	ranges_free(&edit->ranges);
	edit->ranges = rest;
	return 0;
}

/* Loads the list from the store; one that is declared but was never filled is empty. */
static int load_list(struct edit *edit, struct instance *instance, struct store_list *list,
		     struct fault *fault)
{
	const struct config *config = instance->config;
	char near[NEAR_LIST_SIZE];
	int error = store_list_get(instance->store, edit->name, list, &edit->ranges, fault);

	for (size_t i = 0; error == -ENOENT && !edit->remove && i < config->list_count; i++)
		if (!strcmp(config->lists[i].name, edit->name)) {
			*list = (struct store_list){ .allow = config->lists[i].allow,
						     .code = config->lists[i].code };
			snprintf(list->name, sizeof(list->name), "%s", edit->name);
			error = 0;
		}
	if (error == -ENOENT)
		fault_set(fault, error, "there is no list '%.60s'%s", edit->name,
			  *near_list(instance, edit->name, near)
				  ? near
				  : "; declare [list] of that name in the configuration, or fill "
				    "one by `sekisho import`");
	return error;
}

static int change(struct edit *edit, struct instance *instance, struct fault *fault)
{
	struct store_list list = { 0 };
	uint64_t before;
	int error = check_kept(instance->config, edit->name, fault);

	if (!error)
		error = load_list(edit, instance, &list, fault);
	if (!error && !edit->remove)
		error = check_prefixes(edit, list.allow, fault);
	if (error)
		return error;
	before = ranges_count_prefixes(&edit->ranges);
	error = edit->remove ? take_away(edit) : add(edit);
	if (error)
		return fault_set(fault, error, "no memory for the list");
	list.updated_wall_ns = clock_wall_ns();
	error = publish_list(instance, &list, &edit->ranges, fault);
	if (!error)
		printf("%s: %" PRIu64 " prefixes, before %" PRIu64 "\n", edit->name, list.prefixes,
		       before);
	return error;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(edit_free) struct edit edit = { .name = "" };
	struct fault fault = { 0 };
	int status = read_options(&edit, argc, argv);

	if (status)
		return status;
	/* A configuration with faults does not say for which services its lists are. */
	if (instance_open(globals->config_path, INSTANCE_TABLES | INSTANCE_GATE, &instance, &fault))
		return cmd_failed(&cmd_list, &fault);
	if (!instance.store) {
		fault = instance.store_fault;
		return cmd_failed(&cmd_list, &fault);
	}
	if (change(&edit, &instance, &fault))
		return cmd_failed(&cmd_list, &fault);
	return edit.prefixes.refused ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_list = {
	.name = "list",
	.summary = "add single prefixes to a list, or remove them",
	.usage = "add|remove [--for TIME] [--force] NAME PREFIX...|-",
	.help = "Changes the list NAME, in the kernel and in the store. Adding a prefix "
		"that is there already changes only its end, if the new end is later. "
		"Removing a part of a wider prefix leaves the rest of it. Lists that a "
		"file, a feed or providers keep cannot be changed with this command.\n\n"
		"  -            reads prefixes from standard input\n"
		"  --for TIME   90s, 5m, 1h30m, 7d: the entry ends by itself, while "
		"`sekisho run` runs\n"
		"  -f, --force  adds to a deny list also prefixes wider than /8 (IPv6: "
		"/16), private, loopback and own addresses\n\n"
		"Needs root.\n",
	.run = run,
};
