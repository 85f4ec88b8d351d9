// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho import`: files into one list, in the store and in the kernel. Not here: formats. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/publish.h"
#include "lists/input.h"
#include "lists/text.h"
#include "net/devices.h"

#define REFUSALS_SAID  20
#define PROGRESS_AFTER (NS_PER_S)
#define PROGRESS_EVERY (NS_PER_S / 10)

enum action { ACTION_UNSAID = 0, ACTION_DENY, ACTION_ALLOW };

struct import {
	const char *name;
	char **files;
	struct input *inputs; /* one per file */
	size_t count;
	enum action action;
	bool force, mask, dry_run, remove;
	struct ranges ranges;
	struct list_report total;
	/* while reading */
	const char *file;
	size_t said;
	int64_t started_ns, shown_ns;
};

static void import_free(struct import *import)
{
	for (size_t i = 0; import->inputs && i < import->count; i++)
		input_free(&import->inputs[i]);
	free(import->inputs);
	ranges_free(&import->ranges);
}

static void clear_progress(struct import *import)
{
	if (import->shown_ns)
		fputs("\r\033[K", stderr);
	import->shown_ns = 0;
}

static void say_refused(size_t line, const char *reason, void *context)
{
	struct import *import = context;
	char *file;

	if (import->said++ >= REFUSALS_SAID)
		return;
	clear_progress(import);
	file = cmd_visible(import->file);
	fprintf(stderr, "%s:%zu: %s\n", file ? file : "?", line, reason);
	free(file);
}

static void show_progress(size_t done, size_t size, void *context)
{
	struct import *import = context;
	int64_t now = clock_wall_ns();

	if (now - import->started_ns < PROGRESS_AFTER || now - import->shown_ns < PROGRESS_EVERY ||
	    !isatty(STDERR_FILENO))
		return;
	import->shown_ns = now;
	fprintf(stderr, "\rreading %s: %zu %%\033[K", import->name, done * 100 / size);
}

static bool valid_name(const char *name)
{
	size_t size = strlen(name);

	if (!size || size >= CONFIG_NAME_SIZE || *name == '-' || *name == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       size;
}

/* EXIT_DONE, or the status to end with. */
static int parse_options(struct import *import, int argc, char **argv)
{
	static const struct option options[] = { { "allow", no_argument, NULL, 'a' },
						 { "deny", no_argument, NULL, 'd' },
						 { "force", no_argument, NULL, 'f' },
						 { "mask", no_argument, NULL, 'm' },
						 { "dry-run", no_argument, NULL, 'n' },
						 { "remove", no_argument, NULL, 'r' },
						 { 0 } };

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "adfmnr", options, NULL)) != -1;) {
		enum action action = c == 'a' ? ACTION_ALLOW : ACTION_DENY;

		if (c == '?')
			return cmd_usage(&cmd_import, "unknown option '%s'", argv[optind - 1]);
		if (c != 'a' && c != 'd') {
			import->force |= c == 'f';
			import->mask |= c == 'm';
			import->dry_run |= c == 'n';
			import->remove |= c == 'r';
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

static int read_inputs(struct import *import, struct fault *fault)
{
	bool standard = false;

	import->inputs = calloc(import->count + 1, sizeof(*import->inputs));
	if (!import->inputs)
		return fault_set(fault, -ENOMEM, "no memory");
	for (size_t i = 0; i < import->count; i++) {
		bool here = !strcmp(import->files[i], "-");
		int error;

		if (here && standard)
			return fault_set(fault, -EINVAL, "standard input can be read only once");
		standard |= here;
		error = input_read(import->files[i], &import->inputs[i], fault);
		if (error)
			return error;
	}
	return 0;
}

/* hosts.allow says by its name what it is. */
static enum action action_of_files(const struct import *import, struct fault *fault)
{
	size_t allowing = 0;

	for (size_t i = 0; i < import->count; i++) {
		const char *slash = strrchr(import->files[i], '/');

		allowing += !strncmp(slash ? slash + 1 : import->files[i], "hosts.allow", 11);
	}
	if (!allowing)
		return ACTION_DENY;
	if (allowing == import->count)
		return ACTION_ALLOW;
	fault_set(fault, -EINVAL, "a hosts.allow among other files: say --allow or --deny");
	return ACTION_UNSAID;
}

/* The configuration's word, else the option's, else what the list is, else what the files are. */
static int find_action(struct import *import, const struct instance *instance, bool known,
		       const struct store_list *old, struct fault *fault)
{
	const struct config *config = instance->config;

	for (size_t i = 0; i < config->list_count; i++) {
		enum action declared = config->lists[i].allow ? ACTION_ALLOW : ACTION_DENY;

		if (strcmp(config->lists[i].name, import->name))
			continue;
		if (import->action && import->action != declared)
			return fault_set(
				fault, -EINVAL,
				"[list %s] of the configuration says 'action = %s'; change "
				"it there, or leave the option out",
				import->name, declared == ACTION_ALLOW ? "allow" : "deny");
		import->action = declared;
		return 0;
	}
	if (!import->action && known)
		import->action = old->allow ? ACTION_ALLOW : ACTION_DENY;
	if (!import->action)
		import->action = action_of_files(import, fault);
	return import->action ? 0 : -EINVAL;
}

static int read_file(struct import *import, size_t index, const struct list_options *options,
		     struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct list_callbacks callbacks = { say_refused, show_progress, import };
	const struct input *input = &import->inputs[index];
	struct list_report report;
	int error;

	import->file = import->files[index];
	import->said = 0;
	error = list_read(input->text, input->size, options, &callbacks, &ranges, &report, fault);
	clear_progress(import);
	if (import->said > REFUSALS_SAID)
		fprintf(stderr, "... and %zu more refused\n", import->said - REFUSALS_SAID);
	import->total.lines += report.lines;
	import->total.taken += report.taken;
	import->total.refused += report.refused;
	import->total.skipped += report.skipped;
	if (error) {
		fault_prefix(fault, "%s", import->file);
		return error;
	}
	if (import->count == 1) {
		import->ranges = ranges;
		ranges = (struct ranges){ 0 };
		return 0;
	}
	if (ranges_add_all(&import->ranges, &ranges))
		return fault_set(fault, -ENOMEM, "no memory for the list");
	return 0;
}

static int read_lists(struct import *import, struct fault *fault)
{
	struct list_options options = { .allow = import->action == ACTION_ALLOW,
					.force = import->force,
					.mask = import->mask };
	_cleanup_free_ struct prefix *own = NULL;
	struct fault own_fault = { 0 };

	if (!options.allow && !options.force && devices_own(&own, &options.own_count, &own_fault)) {
		cmd_warn(&cmd_import, "this machine's addresses are not known, so not kept out: %s",
			 own_fault.text);
		options.own_count = 0;
	}
	options.own = own;
	import->started_ns = clock_wall_ns();
	for (size_t i = 0; i < import->count; i++) {
		int error = read_file(import, i, &options, fault);

		if (error)
			return error;
	}
	if (import->count > 1 && ranges_normalise(&import->ranges))
		return fault_set(fault, -ENOMEM, "no memory for the list");
	import->total.prefixes = ranges_count_prefixes(&import->ranges);
	if (import->total.taken > import->total.prefixes)
		import->total.merged = import->total.taken - (size_t)import->total.prefixes;
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
	printf("%s: %s%s list of %" PRIu64
	       " prefixes; took %zu, merged %zu, refused %zu, skipped %zu\n",
	       import->name, import->dry_run ? "would be " : "",
	       import->action == ACTION_ALLOW ? "allow" : "deny", import->total.prefixes,
	       import->total.taken, import->total.merged, import->total.refused,
	       import->total.skipped);
	if (!import->dry_run && !instance->gate)
		printf("no gate is loaded: it takes effect with the next `sekisho run` or "
		       "`load`\n");
}

static int import_list(struct import *import, struct instance *instance, struct fault *fault)
{
	struct store_list list = { 0 };
	struct fault ignored = { 0 };
	bool known = instance->store &&
		     !store_list_get(instance->store, import->name, &list, NULL, &ignored);
	int error = find_action(import, instance, known, &list, fault);

	if (!error)
		error = read_lists(import, fault);
	if (error)
		return error;
	if (!import->total.prefixes)
		return fault_set(
			fault, -EBADMSG,
			"nothing is left of the list (exceptions take all of it away); the "
			"old list stays. `sekisho import --remove %s` removes it",
			import->name);
	if (!import->dry_run) {
		snprintf(list.name, sizeof(list.name), "%s", import->name);
		list.allow = import->action == ACTION_ALLOW;
		list.updated_wall_ns = clock_wall_ns();
		list.source_mtime_ns = list.source_size = 0;
		describe_source(import, &list);
		error = publish_list(instance, &list, &import->ranges, fault);
	}
	if (!error)
		print_result(import, instance);
	return error;
}

/* What writing needs, or the fault that says why it cannot be had. */
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

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(import_free) struct import import = { 0 };
	struct fault fault = { 0 };
	int status = parse_options(&import, argc, argv), error;

	if (status)
		return status;
	/* All input before the writers' lock: standard input may be slow. */
	error = import.remove ? 0 : read_inputs(&import, &fault);
	if (!error)
		error = instance_open(globals->config_path,
				      import.dry_run ? INSTANCE_STORE_READ
						     : INSTANCE_STORE_WRITE | INSTANCE_GATE,
				      &instance, &fault);
	if (!error && !import.dry_run)
		error = check_instance(&instance, &fault);
	if (!error && !import.remove) {
		error = import_list(&import, &instance, &fault);
	} else if (!error && !import.dry_run) {
		error = publish_list_removal(&instance, import.name, &fault);
		if (!error)
			printf("%s: removed\n", import.name);
	}
	return error ? cmd_failed(&cmd_import, &fault) : EXIT_DONE;
}

const struct command cmd_import = {
	.name = "import",
	.summary = "replace a list by what files hold, in the kernel and in the store",
	.usage = "[OPTION...] NAME FILE... | - | --remove NAME",
	.help = "The list NAME becomes the prefixes of all the files, '-' is standard input. Each "
		"line's\nformat is detected: addresses, prefixes, ranges, FireHOL, Spamhaus DROP, "
		"hosts.deny and\nhosts.allow, iptables rules; gzip is unpacked. What a line does "
		"not "
		"clearly say is refused\nwith its file and line. If more than a tenth of a file is "
		"refused, or nothing is left,\nthe old list stays and the exit status is 1.\n\n"
		"The action is that of [list NAME] in the configuration; for a list that is not "
		"declared,\nthat of the option, else what it was, else deny (allow for files named "
		"hosts.allow).\n\n"
		"  -a, --allow    an allow list: its sources pass whatever else says no\n"
		"  -d, --deny     a deny list\n"
		"  -f, --force    take prefixes wider than /8 (IPv6: /16), private, loopback and "
		"own\n                 addresses into a deny list\n"
		"  -m, --mask     bits beyond a prefix's length are cleared, not refused\n"
		"  -n, --dry-run  say what would be done, and do nothing; needs no privilege\n"
		"  -r, --remove   remove the list NAME\n\nNeeds root.\n",
	.run = run,
};
