// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho import`: reads files into one list, in the store and in the kernel. Not here:
 * formats. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/import.h"
#include "cmd/near_names.h"
#include "cmd/list_diff.h"
#include "conf/codes.h"
#include "enforce/publish.h"

#define PUBLISH_SAID 1000000 /* prefixes; fewer are in force before a message could be read */

static void import_free(struct import *import)
{
	for (size_t i = 0; import->inputs && i < import->count; i++)
		input_free(&import->inputs[i]);
	free(import->inputs);
	ranges_free(&import->ranges);
}

static bool valid_name(const char *name)
{
	size_t size = strlen(name);

	if (!size || size >= CONFIG_NAME_SIZE || *name == '-' || *name == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       size;
}

/* EXIT_DONE, or another exit status. */
static int parse_options(struct import *import, int argc, char **argv)
{
	static const struct option options[] = {
		{ "allow", no_argument, NULL, 'a' },   { "deny", no_argument, NULL, 'd' },
		{ "force", no_argument, NULL, 'f' },   { "mask", no_argument, NULL, 'm' },
		{ "dry-run", no_argument, NULL, 'n' }, { "remove", no_argument, NULL, 'r' },
		{ "diff", no_argument, NULL, 'D' },    { 0 }
	};

	for (int c; (c = getopt_long(argc, argv, ":adfmnrD", options, NULL)) != -1;) {
		enum action action = c == 'a' ? ACTION_ALLOW : ACTION_DENY;

		if (c == '?')
			return cmd_bad_option(&cmd_import, options, c, argv);
		if (c != 'a' && c != 'd') {
			import->force |= c == 'f';
			import->mask |= c == 'm';
			import->dry_run |= c == 'n';
			import->remove |= c == 'r';
			import->diff |= c == 'D';
		} else if (import->action && import->action != action) {
			return cmd_usage(&cmd_import, "--allow and --deny exclude each other");
		} else {
			import->action = action;
		}
	}
	if (optind == argc)
		return cmd_usage(&cmd_import, "the list's name is missing");
	import->name = argv[optind++];
	import->files = argv + optind;
	import->count = (size_t)(argc - optind);
	if (!valid_name(import->name))
		return cmd_usage(&cmd_import,
				 "'%s' cannot name a list: letters, digits, '.', '_' and '-', at "
				 "most %d",
				 import->name, CONFIG_NAME_SIZE - 1);
	if (import->remove && import->count)
		return cmd_usage(&cmd_import, "--remove takes no files");
	if (!import->remove && !import->count)
		return cmd_usage(&cmd_import, "a file is missing, or '-' for standard input");
	return EXIT_DONE;
}

/* Whether the lists of the store are known: it can be read, or there is none. */
static bool knows_lists(const struct instance *instance)
{
	return instance->store || instance->store_fault.error == -ENOENT;
}

/* For a dry run, which changes nothing and may show the content of any file. */
static void warn_refusal(const struct fault *fault)
{
	cmd_warn(&cmd_import, "the import itself will be refused: %s", fault->text);
}

/* Refuses a name that nobody has declared: it may be mistyped, and would make a new list. */
static int refuse_undeclared(const struct import *import, const struct instance *instance,
			     struct fault *fault)
{
	char near[NEAR_LIST_SIZE];

	near_list(instance, import->name, near);
	return fault_set(fault, -EINVAL,
			 "there is no list '%s'%s%s a new one wants --deny or --allow, or "
			 "[list %s] in the configuration",
			 import->name, near, *near ? "" : ";", import->name);
}

/* The action: from the configuration, else from the option, else that of the existing list. */
static int find_action(struct import *import, const struct instance *instance, bool known,
		       const struct store_list *old, struct fault *fault)
{
	const struct config *config = instance->config;

	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];
		enum action declared = list->allow ? ACTION_ALLOW : ACTION_DENY;
		char code[COUNTRY_TEXT_SIZE];

		if (strcmp(list->name, import->name))
			continue;
		if (import->action && (import->action != declared || list->code))
			return fault_set(
				fault, -EINVAL,
				"[list %s] of the configuration says 'action = %s'; change "
				"it there, or leave the option out",
				import->name, list_action_name(list->allow, list->code, code));
		import->action = declared;
		import->code = list->code;
		return 0;
	}
	if (!import->action && known) {
		import->action = old->allow ? ACTION_ALLOW : ACTION_DENY;
		import->code = old->code;
	}
	if (!import->action && !import->dry_run)
		return refuse_undeclared(import, instance, fault);
	if (!import->action) {
		struct fault refusal;

		refuse_undeclared(import, instance, &refusal);
		if (knows_lists(instance))
			warn_refusal(&refusal);
		import->action = ACTION_DENY;
	}
	return 0;
}

static void describe_source(const struct import *import, struct store_list *list)
{
	size_t used = 0;

	for (size_t i = 0; i < import->count && used < sizeof(list->source); i++) {
		_cleanup_free_ char *full = realpath(import->files[i], NULL);

		used += (size_t)snprintf(
			list->source + used, sizeof(list->source) - used, "%s%s", i ? " " : "",
			full && strcmp(import->files[i], "-") ? full : import->files[i]);
	}
	if (import->count == 1) {
		list->source_mtime_ns = import->inputs[0].mtime_ns;
		list->source_size = import->inputs[0].file_size;
	}
}

static void print_result(const struct import *import, const struct instance *instance)
{
	char code[COUNTRY_TEXT_SIZE];

	printf("%s: %s%s list of %" PRIu64
	       " prefixes; took %zu, merged %zu, refused %zu, skipped %zu\n",
	       import->name, import->dry_run ? "would be " : "",
	       list_action_name(import->action == ACTION_ALLOW, import->code, code),
	       import->total.prefixes, import->total.taken, import->total.merged,
	       import->total.refused, import->total.skipped);
	if (import->total.timed)
		printf("%s: %zu of them end by themselves, while `sekisho run` runs\n",
		       import->name, import->total.timed);
	if (!import->dry_run && !instance->gate)
		printf("no gate is loaded: it takes effect with the next `sekisho run` or "
		       "`load`\n");
}

/* Shows how the list changes; a new list is compared with an empty one. Without the right to read
 * the store, there is nothing to compare with. */
static int show_changes(const struct import *import, struct instance *instance, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges before = { 0 };
	_cleanup_(list_diff_free) struct list_diff diff = { 0 };
	char before_code[COUNTRY_TEXT_SIZE], after_code[COUNTRY_TEXT_SIZE];
	const char *was, *becomes;
	struct store_list old = { 0 };
	int error;

	if (!knows_lists(instance)) {
		cmd_warn(&cmd_import, "not compared with the list in force: %s",
			 instance->store_fault.text);
		return 0;
	}
	error = instance->store
			? store_list_get(instance->store, import->name, &old, &before, fault)
			: -ENOENT;
	if (error && error != -ENOENT)
		return error;
	if (list_diff_make(&diff, &before, &import->ranges))
		return fault_set(fault, -ENOMEM, "no memory to compare the lists");
	list_diff_print(&diff, import->name, import->diff);
	was = list_action_name(old.allow, old.code, before_code);
	becomes = list_action_name(import->action == ACTION_ALLOW, import->code, after_code);
	if (!error && strcmp(was, becomes) != 0)
		printf("%s: turns from %s to %s\n", import->name, was, becomes);
	return 0;
}

static void show_publishing(struct import *import)
{
	if (import->total.prefixes >= PUBLISH_SAID)
		progress_line_say(&import->progress, "putting %" PRIu64 " prefixes in force",
				  import->total.prefixes);
}

/* Warns if the store has no room for one more list. */
static void foretell_room(const struct import *import, const struct instance *instance)
{
	struct store_list list = { 0 };
	struct fault refusal = { 0 };

	snprintf(list.name, sizeof(list.name), "%s", import->name);
	if (instance->store && store_list_id(instance->store, &list, &refusal))
		warn_refusal(&refusal);
}

static int import_list(struct import *import, struct instance *instance, struct fault *fault)
{
	struct store_list list = { 0 };
	struct fault ignored = { 0 };
	bool known = instance->store &&
		     !store_list_get(instance->store, import->name, &list, NULL, &ignored);
	int error = find_action(import, instance, known, &list, fault);

	if (!error)
		error = import_read_lists(import, fault);
	if (error)
		return error;
	if (!import->total.prefixes)
		return fault_set(
			fault, -EBADMSG,
			"nothing is left of the list (exceptions take all of it away); the "
			"old list stays. `sekisho import --remove %s` removes it",
			import->name);
	if (import->dry_run && !known)
		foretell_room(import, instance);
	if (import->dry_run || import->diff)
		error = show_changes(import, instance, fault);
	if (!error && !import->dry_run) {
		snprintf(list.name, sizeof(list.name), "%s", import->name);
		list.allow = import->action == ACTION_ALLOW;
		list.code = import->code;
		list.updated_wall_ns = clock_wall_ns();
		list.source_mtime_ns = list.source_size = 0;
		describe_source(import, &list);
		show_publishing(import);
		error = publish_list(instance, &list, &import->ranges, fault);
		progress_line_clear(&import->progress);
	}
	if (!error)
		print_result(import, instance);
	return error;
}

/* Checks that store and gate can be written, or reports why not. */
static int check_instance(const struct instance *instance, struct fault *fault)
{
	if (!instance->store) {
		*fault = instance->store_fault;
		return fault->error ? fault->error : -ENOENT;
	}
	if (!instance->gate && instance->gate_fault.error &&
	    instance->gate_fault.error != -ENOENT) {
		*fault = instance->gate_fault;
		return fault->error;
	}
	return 0;
}

/* -ENOENT: there is no such list. 0 also if nobody may look. */
static int find_removed(const struct import *import, const struct instance *instance,
			struct fault *fault)
{
	struct store_list list;
	int error = knows_lists(instance) ? -ENOENT : 0;

	if (instance->store)
		error = store_list_get(instance->store, import->name, &list, NULL, fault);
	return error == -ENOENT ? near_list_fault(instance, import->name, fault) : error;
}

static int remove_list(struct import *import, struct instance *instance, struct fault *fault)
{
	int error = find_removed(import, instance, fault);

	if (!error && (import->dry_run || import->diff))
		error = show_changes(import, instance, fault);
	if (!error && !import->dry_run)
		error = publish_list_removal(instance, import->name, fault);
	if (!error)
		printf("%s: %s\n", import->name, import->dry_run ? "would be removed" : "removed");
	return error;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(import_free) struct import import = { .command = &cmd_import };
	struct fault fault = { 0 };
	int status = parse_options(&import, argc, argv), error;

	if (status)
		return status;
	/* All input is read before the tables lock is taken: standard input may be slow. */
	error = import.remove ? 0 : import_read_inputs(&import, &fault);
	if (!error)
		error = instance_open(globals->config_path,
				      import.dry_run ? INSTANCE_STORE_READ
						     : INSTANCE_TABLES | INSTANCE_GATE,
				      &instance, &fault);
	if (!error && instance.sync_fault.error)
		cmd_warn(&cmd_import, "%s", instance.sync_fault.text);
	if (!error && !import.dry_run)
		error = check_instance(&instance, &fault);
	if (!error)
		error = import.remove ? remove_list(&import, &instance, &fault)
				      : import_list(&import, &instance, &fault);
	return error ? cmd_failed(&cmd_import, &fault) : EXIT_DONE;
}

const struct command cmd_import = {
	.name = "import",
	.summary = "replace a list by what files hold, in the kernel and in the store",
	.usage = "[OPTION...] NAME FILE... | - | --remove NAME",
	.help = "The list NAME becomes the prefixes of all the files, '-' is standard input. Each "
		"line's\nformat is detected: addresses, prefixes, ranges, FireHOL, Spamhaus DROP "
		"(text, JSON),\nblocklist.de, ipsum, DShield, abuse.ch, CrowdSec, P2P, E-Post, "
		"hosts.deny and hosts.allow,\niptables, ipset, nft, Postfix, CSF and more "
		"(/usr/share/doc/sekisho/list-formats.md);\ngzip, xz, bzip2, zstd, zip and tar are "
		"unpacked. What a line does not clearly say is refused\nwith its file and line. "
		"Entries with an end (ipset and nft timeouts, fail2ban, "
		"CrowdSec...)\nend by themselves; those that have ended are skipped. If more than "
		"a "
		"tenth of a file is refused,\nnothing is left, or its own count "
		"says that it was cut short, the old list stays and the\nexit status is 1.\n\n"
		"The action is that of [list NAME] in the configuration; for a list that is not "
		"declared,\nthat of the option, else what it was. A new name that is not declared "
		"is "
		"refused without\n--allow or --deny.\n\n"
		"  -a, --allow    an allow list: its sources pass whatever else says no\n"
		"  -d, --deny     a deny list\n"
		"  -f, --force    take prefixes wider than /8 (IPv6: /16), private, loopback and "
		"own\n                 addresses into a deny list\n"
		"  -m, --mask     bits beyond a prefix's length are cleared, not refused\n"
		"  -n, --dry-run  say what would change or be refused, and do nothing\n"
		"  -D, --diff     print each prefix that comes (+) and goes (-)\n"
		"  -r, --remove   remove the list NAME\n\n"
		"Needs root; with --dry-run only to compare with the list in force.\n",
	.run = run,
};
