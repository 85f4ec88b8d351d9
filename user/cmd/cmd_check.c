// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho check`: checks the configuration and every file that it names, without privilege and
 * without touching store or kernel. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/check_report.h"
#include "cmd/cmd.h"
#include "conf/ban_services.h"
#include "conf/config.h"
#include "enforce/provider_lists.h"
#include "feed/feed_key.h"
#include "lists/country.h"
#include "lists/input.h"
#include "lists/text.h"
#include "log/expand.h"
#include "log/follow.h"
#include "net/devices.h"

struct check {
	struct check_report report;
	struct prefix *own;
	size_t own_count;
	uint64_t list_prefixes, country_ranges;
};

/* ---- lists ---- */

struct absent {
	struct check *check;
	const struct config_list *list;
};

static void on_absent(uint32_t number, void *context)
{
	const struct absent *absent = context;

	check_tell(&absent->check->report, false, absent->list->where,
		   "list '%s': the provider data has no address of AS%u", absent->list->name,
		   number);
}

static void check_provider_list(struct check *check, const struct config *config,
				const struct config_list *list)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct absent absent = { check, list };
	struct fault fault = { 0 };

	if (provider_list_read(config, list, check->own, check->own_count, on_absent, &absent,
			       &ranges, &fault))
		check_tell(&check->report, true, list->where, "list '%s': %s", list->name,
			   fault.text);
	else
		check->list_prefixes += ranges_count_prefixes(&ranges);
}

static void check_code(struct check *check, const struct config *config,
		       const struct config_list *list)
{
	char code[COUNTRY_TEXT_SIZE];

	for (size_t i = 0; i < config->service_count; i++)
		if (config->services[i].country_class[list->code] != CLASS_UNNAMED)
			return;
	country_to_text(list->code, code);
	check_tell(
		&check->report, false, list->where,
		"list '%s': no service names its code; write %s:CLASS in the 'countries' of those "
		"that are to judge by it",
		list->name, code);
}

static void check_list(struct check *check, const struct config *config,
		       const struct config_list *list)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct check_refusals refusals = { 0 };
	_cleanup_(input_free) struct input input = { 0 };
	struct list_options options = { .allow = list->allow,
					.feed = list->url != NULL,
					.stream = list->crowdsec,
					.own = check->own,
					.own_count = check->own_count };
	struct list_callbacks callbacks = { .refused = check_add_refusal, .context = &refusals };
	struct list_report counts = { 0 };
	char header[FEED_KEY_MOST];
	struct fault fault = { 0 };
	int error;

	if (list->code)
		check_code(check, config, list);
	if (list->provider_count)
		check_provider_list(check, config, list);
	if (!list->file)
		return;
	if (list->key_file && feed_key_read(list->key_file, header, &fault))
		check_tell(&check->report, true, list->where, "list '%s': %s", list->name,
			   fault.text);
	if (list->url && access(list->file, F_OK)) {
		check_tell(&check->report, false, list->where,
			   "list '%s' has not been fetched yet; enable sekisho-fetch.timer, or run "
			   "`sekisho fetch`",
			   list->name);
		return;
	}
	error = input_read_file(list->file, &input, &fault);
	if (error) {
		check_tell(&check->report, true, list->where, "list '%s': %s", list->name,
			   fault.text);
		return;
	}
	error = list_read(input.text, input.size, &options, &callbacks, &ranges, &counts, &fault);
	check_tell_refusals(&check->report, error, list->file, &refusals);
	if (error)
		check_tell(&check->report, true, list->where, "list '%s': %s: %s", list->name,
			   list->file, fault.error ? fault.text : strerror(-error));
	else
		check->list_prefixes += counts.prefixes;
}

/* ---- countries ---- */

static void check_countries(struct check *check, const struct config *config)
{
	_cleanup_free_ char **files = calloc(config->country_file_count + 1, sizeof(*files));
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct fault fault = { 0 };
	size_t count = 0;

	for (size_t i = 0; files && i < config->country_file_count; i++)
		if (!config->country_files_default || !access(config->country_files[i], F_OK))
			files[count++] = config->country_files[i];
	for (size_t i = 0; i < CONFIG_DATA_COUNT; i++)
		if (config->data_feeds[i].url && access(config->data_feeds[i].file, F_OK))
			check_tell(
				&check->report, false, config->path,
				"%s has not been fetched yet; enable sekisho-fetch.timer, or run "
				"sekisho fetch",
				config->data_feeds[i].name);
	if (!count) {
		const struct config_service *service = config_needs_countries(config);

		if (service)
			check_tell(
				&check->report, true, config->path,
				"service '%s' denies unknown countries, and without country data "
				"every source is unknown; install tor-geoipdb, or name files in "
				"[country]",
				service->name);
		else if (config_tells_countries_apart(config))
			check_tell(&check->report, false, config->path,
				   "there is no country data, so every country is ZZ; install "
				   "tor-geoipdb, or name files in [country]");
		return;
	}
	if (country_load(files, count, &ranges, &fault))
		check_tell(&check->report, true, NULL, "%s", fault.text);
	else
		check->country_ranges = ranges.count4 + ranges.count6;
}

/* ---- logs, interfaces, classes ---- */

static void check_log(struct check *check, const struct config_log *log)
{
	struct stat status;

	if (expand_is_pattern(log->file) ||
	    !strncmp(log->file, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL)))
		return; /* a unit of the journal need not exist */
	if (!stat(log->file, &status) && S_ISDIR(status.st_mode)) {
		check_tell(&check->report, true, log->where,
			   "log '%s': %s is a folder; name the file in it", log->name, log->file);
		return;
	}
	if (!access(log->file, R_OK))
		return;
	if (errno == EACCES)
		check_tell(&check->report, false, log->where, "log '%s': this user cannot read %s",
			   log->name, log->file);
	else if (errno != ENOENT)
		check_tell(&check->report, true, log->where, "log '%s': %s cannot be read: %s",
			   log->name, log->file, strerror(errno));
	else
		check_tell(&check->report, false, log->where,
			   "log '%s': %s does not exist; it is followed when it appears", log->name,
			   log->file);
}

static void check_interfaces(struct check *check, const struct config *config)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!if_nametoindex(config->interfaces[i]))
			check_tell(&check->report, false, config->path,
				   "there is no interface '%s' now; the gate is attached when it "
				   "appears",
				   config->interfaces[i]);
}

static uint16_t login_port(const struct config_service *service)
{
	static const uint16_t ports[] = { 110, 143, 465, 587, 993, 995 };

	for (size_t i = 0; i < service->port_count; i++)
		for (size_t j = 0; j < sizeof(ports) / sizeof(*ports); j++)
			if (service->ports[i] == ports[j])
				return ports[j];
	return 0;
}

/* Bans close one or both groups of services, and a service is in one group with all its ports. */
static void check_services(struct check *check, const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		uint16_t port = login_port(service);

		if (!service->removed && port && config_service_group(config, i) == BAN_SMTP)
			check_tell(&check->report, false, config->path,
				   "service '%s' is one of port 25, and has port %u: a ban for "
				   "failed logins leaves that port open; give it a service of its "
				   "own",
				   service->name, port);
	}
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
			check_tell(&check->report, false, config->path,
				   "no service applies the class '%s'; name it in 'countries'",
				   config->classes[i].name);
}

/* ---- the alert program ---- */

static void check_alert_program(struct check *check, const struct config *config)
{
	const char *program = config->alert_program ? config->alert_program[0] : NULL;
	struct stat status;

	if (!program)
		return;
	if (stat(program, &status))
		check_tell(&check->report, errno != EACCES, config->path, "[alert] program: %s: %s",
			   program, strerror(errno));
	else if (!S_ISREG(status.st_mode) || !(status.st_mode & 0111))
		check_tell(&check->report, true, config->path,
			   "[alert] program: %s is no program; chmod +x it", program);
	else if (status.st_uid || status.st_mode & 022)
		check_tell(&check->report, false, config->path,
			   "[alert] program: others than root may change %s", program);
}

/* ---- the command ---- */

static void check_files(struct check *check, const struct config *config)
{
	struct fault fault = { 0 };

	if (devices_own(&check->own, &check->own_count, &fault))
		check_tell(&check->report, false, NULL,
			   "%s; own addresses in deny lists go unnoticed", fault.text);
	for (size_t i = 0; i < config->list_count; i++)
		check_list(check, config, &config->lists[i]);
	check_countries(check, config);
	for (size_t i = 0; i < config->log_count; i++)
		check_log(check, &config->logs[i]);
	check_interfaces(check, config);
	check_services(check, config);
	check_classes(check, config);
	check_alert_program(check, config);
}

static size_t count_ports(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++)
		count += config->services[i].port_count;
	return count;
}

static void print_summary(const struct check *check, const struct config *config)
{
	_cleanup_free_ char *path = cmd_visible(config->path ? config->path : "built-in defaults");

	printf("%s: no faults; mode %s, services %zu, ports %zu, classes %zu, lists %zu (prefixes "
	       "%" PRIu64 "), logs %zu, country ranges %" PRIu64 "\n",
	       path ? path : "", gate_mode_name(config->mode), config->service_count,
	       count_ports(config), config->class_count - 2, config->list_count,
	       check->list_prefixes, config->log_count, check->country_ranges);
}

static int print_json(const struct check *check, const struct config *config)
{
	json_t *object = json_pack("{s:b, s:O, s:O}", "valid", !check->report.fault_count, "faults",
				   check->report.faults, "warnings", check->report.warnings);

	if (object && config) {
		json_object_set_new(object, "config",
				    config->path ? check_json_text(config->path) : json_null());
		json_object_update_new(object,
				       json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "mode",
						 gate_mode_name(config->mode), "services",
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
	int error = config_load(globals->config_path, check_add_fault, &check->report, &config);

	if (!error)
		check_files(check, config);
	else if (!check->report.fault_count)
		check->report.fault_count = 1; /* whatever the error, it is a fault */
	if (check->report.json)
		error = print_json(check, config);
	else if (!check->report.fault_count)
		print_summary(check, config);
	config_free(config);
	return check->report.fault_count || error ? EXIT_FAILED : EXIT_DONE;
}

static int check_run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	struct check check = { 0 };
	int status;

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (c != 'j')
			return cmd_bad_option(&cmd_check, options, c, argv);
		check.report.json = true;
	}
	if (optind < argc)
		return cmd_usage(&cmd_check,
				 "unexpected argument '%s'; name another configuration with "
				 "`sekisho -c FILE check`",
				 argv[optind]);
	check.report.faults = json_array();
	check.report.warnings = json_array();
	status = check_all(globals, &check);
	json_decref(check.report.faults);
	json_decref(check.report.warnings);
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
