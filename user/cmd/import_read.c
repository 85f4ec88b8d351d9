// SPDX-License-Identifier: GPL-2.0-or-later
/* See import.h. Reading the files of an import, their refusals, and progress. Not here: formats. */
#include "cmd/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "net/devices.h"

#define REFUSALS_SAID 20

static void say_refused(size_t line, const char *reason, void *context)
{
	struct import *import = context;
	char *file;

	if (import->said++ >= REFUSALS_SAID)
		return;
	progress_line_clear(&import->progress);
	file = cmd_visible(import->file);
	fprintf(stderr, "%s:%zu: %s\n", file ? file : "?", line, reason);
	free(file);
}

static void show_progress(size_t done, size_t size, void *context)
{
	struct import *import = context;

	progress_line_tell(&import->progress, "reading %s: %zu %%", import->name,
			   done * 100 / size);
}

int import_read_inputs(struct import *import, struct fault *fault)
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
	progress_line_clear(&import->progress);
	if (import->said > REFUSALS_SAID)
		fprintf(stderr, "... and %zu more refused\n", import->said - REFUSALS_SAID);
	import->total.lines += report.lines;
	import->total.taken += report.taken;
	import->total.refused += report.refused;
	import->total.skipped += report.skipped;
	import->total.timed += report.timed;
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

int import_read_lists(struct import *import, struct fault *fault)
{
	struct list_options options = { .allow = import->action == ACTION_ALLOW,
					.force = import->force,
					.mask = import->mask };
	_cleanup_free_ struct prefix *own = NULL;
	struct fault own_fault = { 0 };

	if (!options.allow && !options.force && devices_own(&own, &options.own_count, &own_fault)) {
		cmd_warn(import->command,
			 "this machine's addresses are not known, so not kept out: %s",
			 own_fault.text);
		options.own_count = 0;
	}
	options.own = own;
	import->progress.began_ns = clock_wall_ns();
	options.now_s = import->progress.began_ns / NS_PER_S;
	for (size_t i = 0; i < import->count; i++) {
		int error = read_file(import, i, &options, fault);

		if (error)
			return error;
	}
	if (import->count > 1 && ranges_resolve_lowest(&import->ranges)) /* the latest end counts */
		return fault_set(fault, -ENOMEM, "no memory for the list");
	import->total.prefixes = ranges_count_prefixes(&import->ranges);
	if (import->total.taken > import->total.prefixes)
		import->total.merged = import->total.taken - (size_t)import->total.prefixes;
	return 0;
}
