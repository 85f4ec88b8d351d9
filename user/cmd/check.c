// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho check`: the configuration, and every file that it names, without privilege and without
 * touching store or kernel. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "conf/config.h"
#include "lists/country.h"
#include "lists/input.h"
#include "lists/text.h"
#include "log/follow.h"
#include "net/devices.h"

#define MOST_REFUSALS 20 /* of a list, told one by one */

struct check {
	bool json;
	json_t *faults, *warnings; /* texts, with --json */
	size_t fault_count;
	struct prefix *own;
	size_t own_count;
	uint64_t list_prefixes, country_ranges;
};

/* ---- how faults are told ---- */

/* JSON is UTF-8; file names need not be. */
static json_t *json_text(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	bool valid = utf8_valid(text, strlen(text));

	for (char *at = copy; at && !valid && *at; at++)
		if (*at & 0x80)
			*at = '?';
	return copy ? json_string(copy) : NULL;
}

static void tell(struct check *check, json_t *texts, const char *text)
{
	_cleanup_free_ char *visible = NULL;

	if (check->json) {
		json_array_append_new(texts, json_text(text));
		return;
	}
	visible = cmd_visible(text);
	fprintf(stderr, "%s\n", visible ? visible : "out of memory");
}

static void add_fault(const char *text, void *context)
{
	struct check *check = context;

	check->fault_count++;
	tell(check, check->faults, text);
}

/* "WHERE: TEXT" as a fault, or "WHERE: warning: TEXT". `where` NULL: `text` names its place. */
static void report(struct check *check, bool fault, const char *where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void report(struct check *check, bool fault, const char *where, const char *format, ...)
{
	char text[2048];
	va_list arguments;
	size_t used;

	snprintf(text, sizeof(text), "%s%s%s", where ? where : "", where ? ": " : "",
		 fault || check->json ? "" : "warning: ");
	used = strlen(text);
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used, format, arguments);
	va_end(arguments);
	if (fault)
		add_fault(text, check);
	else
		tell(check, check->warnings, text);
}

/* ---- lists ---- */

struct refusals {
	struct {
		size_t line;
		char reason[256];
	} first[MOST_REFUSALS];
	size_t count;
};

static void add_refusal(size_t line, const char *reason, void *context)
{
	struct refusals *refusals = context;

	if (refusals->count < MOST_REFUSALS) {
		refusals->first[refusals->count].line = line;
		snprintf(refusals->first[refusals->count].reason, sizeof(refusals->first->reason),
			 "%s", reason);
	}
	refusals->count++;
}

/* Refused lines are faults only where `import` would refuse the file for them. */
static void report_refusals(struct check *check, bool fault, const char *file,
			    const struct refusals *refusals)
{
	size_t shown = refusals->count < MOST_REFUSALS ? refusals->count : MOST_REFUSALS;
	char where[512];

	for (size_t i = 0; i < shown; i++) {
		snprintf(where, sizeof(where), "%s:%zu", file, refusals->first[i].line);
		report(check, fault, where, "%s", refusals->first[i].reason);
	}
	if (refusals->count > shown)
		report(check, fault, file, "and %zu more lines are refused",
		       refusals->count - shown);
}

static void check_list(struct check *check, const struct config_list *list)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct refusals refusals = { 0 };
	_cleanup_(input_free) struct input input = { 0 };
	struct list_options options = { .allow = list->allow,
					.own = check->own,
					.own_count = check->own_count };
	struct list_callbacks callbacks = { .refused = add_refusal, .context = &refusals };
	struct list_report counts = { 0 };
	struct fault fault = { 0 };
	int error;

	if (!list->file)
		return;
	error = input_read(list->file, &input, &fault);
	if (error) {
		report(check, true, list->where, "list '%s': %s", list->name, fault.text);
		return;
	}
	error = list_read(input.text, input.size, &options, &callbacks, &ranges, &counts, &fault);
	report_refusals(check, error, list->file, &refusals);
	if (error)
		report(check, true, list->where, "list '%s': %s: %s", list->name, list->file,
		       fault.error ? fault.text : strerror(-error));
	else
		check->list_prefixes += counts.prefixes;
}

/* ---- countries ---- */

/* Does any service treat one country other than the rest? */
static bool countries_matter(const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++)
		for (size_t country = 1; country < COUNTRY_COUNT; country++)
			if (config->services[i].country_class[country] !=
			    config->services[i].country_class[0])
				return true;
	return false;
}

static void check_countries(struct check *check, const struct config *config)
{
	_cleanup_free_ char **files = calloc(config->country_file_count + 1, sizeof(*files));
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct fault fault = { 0 };
	size_t count = 0;

	for (size_t i = 0; files && i < config->country_file_count; i++)
		if (!config->country_files_default || !access(config->country_files[i], F_OK))
			files[count++] = config->country_files[i];
	if (!count) {
		if (countries_matter(config))
			report(check, false, config->path,
			       "there is no country data, so every country is ZZ; install "
			       "tor-geoipdb, or name files in [country]");
		return;
	}
	if (country_load(files, count, &ranges, &fault))
		report(check, true, NULL, "%s", fault.text);
	else
		check->country_ranges = ranges.count4 + ranges.count6;
}

/* ---- logs, interfaces, classes ---- */

static void check_log(struct check *check, const struct config_log *log)
{
	struct stat status;

	if (!strncmp(log->file, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL)))
		return; /* units need not be there */
	if (!stat(log->file, &status) && S_ISDIR(status.st_mode)) {
		report(check, true, log->where, "log '%s': %s is a folder; name the file in it",
		       log->name, log->file);
		return;
	}
	if (!access(log->file, R_OK))
		return;
	if (errno == EACCES)
		report(check, false, log->where, "log '%s': this user cannot read %s", log->name,
		       log->file);
	else if (errno != ENOENT)
		report(check, true, log->where, "log '%s': %s cannot be read: %s", log->name,
		       log->file, strerror(errno));
	else
		report(check, false, log->where,
		       "log '%s': %s does not exist; it is followed when it appears", log->name,
		       log->file);
}

static void check_interfaces(struct check *check, const struct config *config)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!if_nametoindex(config->interfaces[i]))
			report(check, false, config->path,
			       "there is no interface '%s' now; the gate is attached when it "
			       "appears",
			       config->interfaces[i]);
}

static bool class_used(const struct config *config, size_t class)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (memchr(config->services[i].country_class, (int)class, COUNTRY_COUNT))
			return true;
	return false;
}

static void check_classes(struct check *check, const struct config *config)
{
	for (size_t i = CLASS_DENY + 1; i < config->class_count; i++)
		if (!class_used(config, i))
			report(check, false, config->path,
			       "no service applies the class '%s'; name it in 'countries'",
			       config->classes[i].name);
}

/* ---- the command ---- */

static void check_files(struct check *check, const struct config *config)
{
	struct fault fault = { 0 };

	if (devices_own(&check->own, &check->own_count, &fault))
		report(check, false, NULL, "%s; own addresses in deny lists go unnoticed",
		       fault.text);
	for (size_t i = 0; i < config->list_count; i++)
		check_list(check, &config->lists[i]);
	check_countries(check, config);
	for (size_t i = 0; i < config->log_count; i++)
		check_log(check, &config->logs[i]);
	check_interfaces(check, config);
	check_classes(check, config);
}

static size_t count_ports(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++)
		count += config->services[i].port_count;
	return count;
}

static const char *mode_name(const struct config *config)
{
	return config->mode == GATE_ENFORCE ? "enforce" : "monitor";
}

static void print_summary(const struct check *check, const struct config *config)
{
	_cleanup_free_ char *path = cmd_visible(config->path ? config->path : "built-in defaults");

	printf("%s: no faults; mode %s, services %zu, ports %zu, classes %zu, lists %zu (prefixes "
	       "%" PRIu64 "), logs %zu, country ranges %" PRIu64 "\n",
	       path ? path : "", mode_name(config), config->service_count, count_ports(config),
	       config->class_count - 2, config->list_count, check->list_prefixes, config->log_count,
	       check->country_ranges);
}

static int print_json(const struct check *check, const struct config *config)
{
	json_t *object = json_pack("{s:b, s:O, s:O}", "valid", !check->fault_count, "faults",
				   check->faults, "warnings", check->warnings);

	if (object && config) {
		json_object_set_new(object, "config",
				    config->path ? json_text(config->path) : json_null());
		json_object_update_new(object,
				       json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "mode",
						 mode_name(config), "services",
						 (json_int_t)config->service_count, "ports",
						 (json_int_t)count_ports(config), "classes",
						 (json_int_t)config->class_count - 2, "lists",
						 (json_int_t)config->list_count, "prefixes",
						 (json_int_t)check->list_prefixes, "logs",
						 (json_int_t)config->log_count, "country_ranges",
						 (json_int_t)check->country_ranges));
	}
	if (!object || json_dumpf(object, stdout, JSON_COMPACT)) {
		json_decref(object);
		return -ENOMEM;
	}
	putchar('\n');
	json_decref(object);
	return 0;
}

static int check_all(const struct globals *globals, struct check *check)
{
	struct config *config = NULL;
	int error = config_load(globals->config_path, add_fault, check, &config);

	if (!error)
		check_files(check, config);
	else if (!check->fault_count)
		check->fault_count = 1; /* whatever it was, it is not fine */
	if (check->json)
		error = print_json(check, config);
	else if (!check->fault_count)
		print_summary(check, config);
	config_free(config);
	return check->fault_count || error ? EXIT_FAILED : EXIT_DONE;
}

static int check_run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	struct check check = { 0 };
	int status;

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (c != 'j')
			return cmd_usage(&cmd_check, "there is no option '%s'", argv[optind - 1]);
		check.json = true;
	}
	if (optind < argc)
		return cmd_usage(&cmd_check,
				 "unexpected argument '%s'; name another configuration with "
				 "`sekisho -c FILE check`",
				 argv[optind]);
	check.faults = json_array();
	check.warnings = json_array();
	status = check_all(globals, &check);
	json_decref(check.faults);
	json_decref(check.warnings);
	free(check.own);
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "validate the configuration and the files it names",
	.usage = "[--json]",
	.help = "Reads the configuration, its conf.d/, the files of lists and countries, and "
		"looks\n"
		"for the logs. Prints each fault as FILE:LINE and exits 1 if there is one; "
		"warnings\n"
		"change no exit status. Needs no privilege, touches neither kernel nor store.\n\n"
		"  --json  one object on standard output: valid, faults, warnings, and what is\n"
		"          configured\n",
	.run = check_run,
};
