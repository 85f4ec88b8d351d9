// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho lists`: the lists of store and configuration, with their hits from the gate. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "conf/ban_services.h"
#include "conf/codes.h"
#include "enforce/instance.h"
#include "show/json.h"

struct rows {
	struct store_list lists[LIST_MAX * 2]; /* id 0: declared, but never filled */
	size_t count;
	struct gate_counts *counts; /* NULL: no gate */
	const struct config *config;
};

static void rows_free(struct rows **rows)
{
	if (*rows)
		free((*rows)->counts);
	free(*rows);
}

static int note_list(const struct store_list *list, void *context)
{
	struct rows *rows = context;

	if (rows->count < LIST_MAX)
		rows->lists[rows->count++] = *list;
	return 0;
}

static void note_declared(struct rows *rows, const struct config_list *declared)
{
	struct store_list *row = &rows->lists[rows->count];

	for (size_t i = 0; i < rows->count; i++)
		if (!strcmp(rows->lists[i].name, declared->name))
			return;
	if (rows->count == sizeof(rows->lists) / sizeof(*rows->lists))
		return;
	snprintf(row->name, sizeof(row->name), "%s", declared->name);
	row->allow = declared->allow;
	row->code = declared->code;
	rows->count++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_list *)a)->name, ((const struct store_list *)b)->name);
}

static int rows_load(struct instance *instance, struct rows **rows, struct fault *fault)
{
	_cleanup_(rows_free) struct rows *loaded = calloc(1, sizeof(*loaded));
	struct fault ignored = { 0 };
	int error = 0;

	if (!loaded) {
		fault_set(fault, -ENOMEM, "no memory");
		return -ENOMEM;
	}
	if (instance->store) {
		error = store_list_each(instance->store, note_list, loaded, fault);
	} else if (instance->store_fault.error != -ENOENT) {
		*fault = instance->store_fault;
		error = fault->error;
	}
	if (error)
		return error;
	for (size_t i = 0; i < instance->config->list_count; i++)
		note_declared(loaded, &instance->config->lists[i]);
	qsort(loaded->lists, loaded->count, sizeof(*loaded->lists), by_name);
	if (instance->gate) {
		loaded->counts = calloc(1, sizeof(*loaded->counts));
		if (loaded->counts && gate_counts_read(instance->gate, loaded->counts, &ignored)) {
			free(loaded->counts);
			loaded->counts = NULL;
		}
	}
	loaded->config = instance->config;
	*rows = TAKE_PTR(loaded);
	return 0;
}

static int print_json(const struct rows *rows, struct fault *fault)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct store_list *list = &rows->lists[i];
		char updated[TIME_TEXT_SIZE], code[COUNTRY_TEXT_SIZE];
		json_t *hits =
			rows->counts && list->id
				? json_integer((json_int_t)rows->counts->lists[list->id].packets)
				: json_null();
		json_t *row;
		int written;

		time_format(list->updated_wall_ns / NS_PER_S * NS_PER_S, updated);
		row = json_pack("{s:s, s:s, s:o, s:I, s:s?, s:o, s:o}", "name", list->name,
				"action", list_action_name(list->allow, list->code, code),
				"services",
				json_list_services(rows->config,
						   config_list_services(rows->config, list->name,
									list->services)),
				"prefixes", (json_int_t)list->prefixes, "updated",
				list->id ? updated : NULL, "hits", hits, "source",
				json_text(*list->source ? list->source : NULL));
		written = row ? json_dumpf(row, stdout, JSON_COMPACT) : -1;
		json_decref(row);
		if (written < 0 || putchar('\n') == EOF)
			return fault_set(fault, -EIO, "cannot write the list '%s'", list->name);
	}
	return 0;
}

/* The age of a list in one unit, as "3h": a table is read at a glance. */
static void format_age(const struct store_list *list, char text[TIME_TEXT_SIZE])
{
	int64_t age_s = (clock_wall_ns() - list->updated_wall_ns) / NS_PER_S;
	uint64_t seconds = age_s > 0 ? (uint64_t)age_s : 0;

	if (!list->id) {
		snprintf(text, TIME_TEXT_SIZE, "never");
		return;
	}
	seconds -= seconds % (seconds >= 172800 ? 86400
			      : seconds >= 7200 ? 3600
			      : seconds >= 120	? 60
						: 1);
	duration_format(seconds, text);
}

/* Prints "all", or the names of the services. */
static void print_services(const struct config *config, const struct store_list *list)
{
	uint16_t services = config_list_services(config, list->name, list->services);
	const char *between = "  ";

	for (size_t i = 0; services != ALL_SERVICES && i < config->service_count; i++) {
		if (!(services >> (i + 1) & 1))
			continue;
		printf("%s%s", between, config->services[i].name);
		between = " ";
	}
	puts(services == ALL_SERVICES ? "  all" : "");
}

static void print_table(const struct rows *rows)
{
	int width = 4;

	for (size_t i = 0; i < rows->count; i++)
		if ((int)strlen(rows->lists[i].name) > width)
			width = (int)strlen(rows->lists[i].name);
	if (!rows->count) {
		printf("no lists; `sekisho import NAME FILE` makes one\n");
		return;
	}
	printf("%-*s  %-6s  %10s  %8s  %10s  %s\n", width, "list", "action", "prefixes", "age",
	       "hits", "services");
	for (size_t i = 0; i < rows->count; i++) {
		const struct store_list *list = &rows->lists[i];
		char age[TIME_TEXT_SIZE], hits[24] = "-", code[COUNTRY_TEXT_SIZE];

		format_age(list, age);
		if (rows->counts && list->id)
			snprintf(hits, sizeof(hits), "%" PRIu64,
				 (uint64_t)rows->counts->lists[list->id].packets);
		printf("%-*s  %-6s  %10" PRIu64 "  %8s  %10s", width, list->name,
		       list_action_name(list->allow, list->code, code), list->prefixes, age, hits);
		print_services(rows->config, list);
	}
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(rows_free) struct rows *rows = NULL;
	struct fault fault = { 0 };
	bool json = false;
	int error;

	for (int c; (c = getopt_long(argc, argv, ":j", options, NULL)) != -1; json = true)
		if (c != 'j')
			return cmd_bad_option(&cmd_lists, options, c, argv);
	if (optind < argc)
		return cmd_usage(&cmd_lists, "unexpected argument '%s'", argv[optind]);
	if (cmd_open(&cmd_lists, globals, INSTANCE_STORE_READ | INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	error = rows_load(&instance, &rows, &fault);
	if (!error && json)
		error = print_json(rows, &fault);
	else if (!error)
		print_table(rows);
	if (!error && fflush(stdout))
		error = fault_set(&fault, -errno, "cannot write: %s", strerror(errno));
	return error ? cmd_failed(&cmd_lists, &fault) : EXIT_DONE;
}

const struct command cmd_lists = {
	.name = "lists",
	.summary = "the lists: action, prefixes, age, hits",
	.usage = "[--json]",
	.help = "Hits are the packets that a list decided since the gate was loaded; '-' "
		"(null) when no gate is loaded. Where lists overlap, only the list that "
		"decides counts the packet: allow before deny, then the older one; for each "
		"service separately.\n\n"
		"  -j, --json  one object a line: name, action, services, prefixes, "
		"updated, hits, source\n\n"
		"Needs root.\n",
	.run = run,
};
