// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho check`: checks the configuration and every file that it names, without privilege and
 * without touching store or kernel. Not here: the files (check.h). */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/check.h"
#include "conf/ban_services.h"
#include "net/devices.h"

/* ---- interfaces, services, classes ---- */

static void check_interfaces(struct check *check, const struct config *config)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!if_nametoindex(config->interfaces[i]))
			check_tell(&check->report, false,
				   config_where(config, "gate", "", "interface"),
				   "there is no interface '%s' now; the gate is attached when it "
				   "appears",
				   config->interfaces[i]);
}

/* Wider than a provider's or a country's own: with 0.0.0.0/0 and ::/0 nothing could be banned. */
static void check_never_ban(struct check *check, const struct config *config)
{
	for (size_t i = 0; i < config->never_ban_count; i++) {
		const struct prefix *prefix = &config->never_ban[i];
		char text[PREFIX_TEXT_SIZE];

		if (prefix->length >= (prefix_is4(prefix) ? 96 + 8 : 20))
			continue;
		prefix_format(prefix, text);
		check_tell(&check->report, false, config_where(config, "gate", "", "never-ban"),
			   "%s is wider than %s: nobody in it can ever be banned", text,
			   prefix_is4(prefix) ? "/8" : "/20");
	}
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
			check_tell(&check->report, false,
				   config_where(config, "service", service->name, "ports"),
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
			check_tell(&check->report, false,
				   config_where(config, "class", config->classes[i].name, ""),
				   "no service applies the class '%s'; name it in 'countries'",
				   config->classes[i].name);
}

/* ---- the command ---- */

static void check_all_of(struct check *check, const struct config *config)
{
	struct fault fault = { 0 };

	check->config = config;
	if (devices_own(&check->own, &check->own_count, &fault))
		check_tell(&check->report, false, NULL,
			   "%s; own addresses in deny lists go unnoticed", fault.text);
	check_lists(check);
	check_countries(check);
	check_providers(check);
	check_logs(check);
	check_interfaces(check, config);
	check_never_ban(check, config);
	check_cgroup(check);
	check_services(check, config);
	check_classes(check, config);
	check_keys(check);
	check_alert_program(check);
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
		check_all_of(check, config);
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
	.help = "Reads the configuration, its conf.d/, and the files that it names: of lists, "
		"countries and providers, keys and certificates; looks for the logs, the alert "
		"program and the cgroup. Prints each fault as FILE:LINE and exits 1 if there is "
		"one; warnings change no exit status. Needs no privilege, but cannot judge what "
		"only root may read. Touches neither kernel nor store.\n\n"
		"  --json  one object on standard output: valid, faults, warnings, and what is\n"
		"          configured\n",
	.run = check_run,
};
