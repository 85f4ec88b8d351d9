// SPDX-License-Identifier: GPL-2.0-or-later
/* See start.h. */
#include "enforce/start.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/attached_file.h"
#include "enforce/bans.h"
#include "enforce/guarded.h"
#include "enforce/publish.h"
#include "enforce/repair.h"
#include "kernel/attach_ports.h"
#include "kernel/outflow.h"
#include "net/devices.h"

__attribute__((format(printf, 3, 4))) static void log_it(const struct start_options *options,
							 bool fault, const char *format, ...)
{
	char text[1536];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	options->log(fault, text, options->context);
}

/* Notes each service's id before the policy uses it. */
static int name_services(struct instance *instance, struct fault *fault)
{
	const struct config *config = instance->config;
	int err = 0;

	for (unsigned id = 1; id <= config->service_count && !err; id++)
		if (!config->services[id - 1].removed)
			err = gate_service_name(instance->gate, id, config->services[id - 1].name,
						fault);
	return err;
}

int start_policy(struct instance *instance, struct fault *fault)
{
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	struct outflow_rules rules;
	int err;

	if (!policy)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = name_services(instance, fault);
	if (err)
		return err;
	config_to_policy(instance->config, policy);
	err = gate_policy_publish(instance->gate, policy, fault);
	if (err)
		return err;
	config_to_outflow(instance->config, &rules);
	return gate_outflow_publish(instance->gate, &rules, fault);
}

/* Whether lists are lost: a new store does not know the lists that were imported into the one
 * before it. */
static void look_for_lost(struct instance *instance)
{
	struct gate_table_state state;
	uint64_t generation;

	if (instance->gate && !store_generation(instance->store, &generation, NULL) &&
	    !generation && !gate_table_state(instance->gate, &state, NULL) && state.generation)
		instance->lists_lost = true;
}

/* Keeps the kernel's table, which still has the lost lists, until the next import. */
static int keep_table(struct instance *instance, const struct start_options *options,
		      struct fault *fault)
{
	struct gate_table_state state;
	int err = gate_table_state(instance->gate, &state, fault);

	instance->lists_lost = false;
	if (err)
		return err == -ENOENT ? publish_sync(instance, NULL, fault) : err;
	log_it(options, true,
	       "the store may lack lists that the kernel has; these go on until the next import "
	       "(`sekisho lists` shows what the store has)");
	return store_generation_set(instance->store, state.generation, fault);
}

/* Refuses a service that denies unknown countries if there is no country data, neither new nor
 * stored: it would shut everybody out. */
static int check_countries(struct instance *instance, struct fault *fault)
{
	const struct config_service *service = config_needs_countries(instance->config);

	if (!service || !instance->store ||
	    !store_countries_get(instance->store, NULL, 0, NULL, NULL, NULL))
		return 0;
	return fault_set(fault, -EINVAL,
			 "service '%s' denies unknown countries, and without country data every "
			 "source is unknown; install tor-geoipdb, or name files in [country]",
			 service->name);
}

/* Refreshes lists and countries: first in the store, then in the kernel, once for all of them. */
int start_sources(struct instance *instance, const struct start_options *options,
		  struct fault *fault)
{
	int changed;

	if (!instance->store) {
		log_it(options, true,
		       "the store cannot be used: %s; lists, countries and old bans are "
		       "what the kernel still has",
		       instance->store_fault.text);
		return 0;
	}
	look_for_lost(instance);
	changed = list_files_refresh(instance, clock_wall_ns(), options->log, options->context);
	if (changed < 0)
		return fault_set(fault, changed, "cannot refresh the lists: %s",
				 strerror(-changed));
	if (check_countries(instance, fault))
		return fault->error;
	return instance->lists_lost && instance->gate ? keep_table(instance, options, fault)
						      : publish_sync(instance, NULL, fault);
}

int start_apply(struct instance *instance, const struct start_options *options, struct fault *fault)
{
	int err = start_sources(instance, options, fault);

	return err ? err : start_policy(instance, fault);
}

/* Starts the counter. A gate that cannot count still bans and applies lists, so a fault is only
 * logged. Corrects the counts by connections that were open before, and by those that opened or
 * ended while nothing counted. */
static void start_counter(struct instance *instance, const struct start_options *options)
{
	struct gate_connections found = { 0 };
	struct fault fault = { 0 };
	int err;

	if (instance->config->count == COUNT_SYN)
		return;
	err = gate_counter_attach(instance->gate, instance->config->cgroup, &fault);
	if (!err)
		err = gate_connections_sweep(instance->gate, &found, &fault);
	if (err)
		log_it(options, true, "connections are not counted, or not all: %s", fault.text);
	else if (found.adopted)
		log_it(options, false, "%zu connections were open already and are counted",
		       found.adopted);
}

static void restore(struct instance *instance, const struct start_options *options, bool fresh)
{
	struct fault fault = { 0 };
	size_t restored = 0;
	int err;

	instance->unrestored = fresh && !instance->store;
	if (!instance->store)
		return;
	err = bans_restore(instance, fresh, &restored, &fault);
	/* Not tried again: more bans than fit, or a damaged store, of which all that could be read
	 * is restored. */
	instance->unrestored = fresh && err && err != -ENOSPC && err != -EBADMSG;
	if (err)
		log_it(options, true, "not every ban came back: %s", fault.text);
	else if (restored)
		log_it(options, false, "%zu bans restored", restored);
}

/* Replaces a damaged store: the gate is loaded nevertheless. */
static void repair(struct instance *instance, const struct start_options *options)
{
	_cleanup_free_ char *aside = NULL;
	struct fault fault = { 0 };

	if (!repair_is_needed(instance))
		return;
	if (repair_begin(instance, &aside, options->log, options->context, &fault) ||
	    repair_salvage(instance, aside, options->log, options->context, &fault))
		log_it(options, true, "%s", fault.text);
}

static bool has_country_file(const struct config *config)
{
	for (size_t i = 0; i < config->country_file_count; i++)
		if (!access(config->country_files[i], R_OK))
			return true;
	return false;
}

static bool is_wanted(const struct config *config, const struct device *device)
{
	if (config->interface_auto)
		return device->default_route;
	for (size_t i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i], device->name))
			return true;
	return false;
}

/* Notes the devices that are about to be guarded: connections that are open are counted before they
 * are attached. */
static void note_wanted(struct instance *instance)
{
	_cleanup_free_ struct device *devices = NULL;
	_cleanup_free_ bool *marked = NULL;
	size_t count;

	if (devices_list(&devices, &count, NULL))
		return;
	marked = calloc(count + 1, sizeof(*marked));
	for (size_t i = 0; marked && i < count; i++)
		marked[i] = is_wanted(instance->config, &devices[i]);
	if (marked)
		guarded_note_wanted(instance, devices, count, marked);
}

int start_gate(struct instance *instance, const struct start_options *options, struct fault *fault)
{
	struct gate_load_options load = {
		.pins = instance->config->paths.pins,
		.ban_size = instance->config->ban_size,
		.source_size = instance->config->source_size,
		.network_size = instance->config->network_size,
		.verbose = options->verbose,
	};
	struct fault migration = { 0 };
	enum gate_start how;
	bool fresh;
	int err;

	/* This is checked before anything is in the kernel if there is no country file; if there is
	 * one, after it was read. */
	if (!has_country_file(instance->config) && check_countries(instance, fault))
		return fault->error;
	gate_close(instance->gate);
	instance->gate = NULL;
	err = gate_load_begin(&load, &instance->gate, &how, fault);
	if (err)
		return err;
	fresh = how == GATE_FRESH;
	err = instance_place_services(instance->gate, instance->config, fault);
	if (err)
		return err;
	repair(instance, options);
	err = start_apply(instance, options, fault);
	if (!err && how == GATE_MIGRATED)
		err = gate_load_end(instance->gate, fault);
	/* As late as possible: of what the older programs count after this, only the bans' counts
	 * are carried over (migrate_rest()). */
	if (!err && how == GATE_MIGRATED && gate_migrate(instance->gate, &migration))
		log_it(options, true, "%s", migration.text);
	if (!err)
		restore(instance, options, fresh);
	if (repair_is_needed(instance)) {
		repair(instance, options);
		err = start_apply(instance, options, fault);
		if (!err && fresh)
			restore(instance, options, true);
		restore(instance, options, false);
	}
	if (!err)
		err = gate_load_end(instance->gate, fault);
	if (err)
		return err;
	if (how != GATE_KEPT && !instance->unrestored)
		gate_mark_filled(instance->gate);
	if (how != GATE_KEPT)
		note_wanted(instance);
	start_counter(instance, options);
	/* If the store's bans are missing, the next start, or the daemon, restores them. */
	if (!instance->unrestored)
		gate_mark_ready(instance->gate);
	return 0;
}

static bool is_listed(const struct attachment *attachments, size_t count, unsigned ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (attachments[i].ifindex == ifindex)
			return true;
	return false;
}

/* Adds devices that the configuration names and that do not exist. */
static size_t add_missing(const struct config *config, const struct device *devices, size_t count,
			  struct attachment *attachments, size_t used)
{
	for (size_t i = 0; i < config->interface_count && used < START_DEVICES; i++) {
		struct attachment *attachment = &attachments[used];
		bool found = false;

		for (size_t j = 0; j < count && !found; j++)
			found = !strcmp(config->interfaces[i], devices[j].name);
		if (found || config->interface_auto)
			continue;
		memset(attachment, 0, sizeof(*attachment));
		snprintf(attachment->device, sizeof(attachment->device), "%s",
			 config->interfaces[i]);
		snprintf(attachment->why, sizeof(attachment->why), "%s",
			 if_nametoindex(config->interfaces[i])
				 ? "it is loopback, where this machine speaks with itself"
				 : "there is no such device; `ip link` lists them");
		used++;
	}
	return used;
}

static void detach_unwanted(struct instance *instance, const struct attachment *wanted,
			    size_t count)
{
	_cleanup_free_ struct attachment *now = calloc(START_DEVICES, sizeof(*now));
	int found = now ? attach_list(instance->config->paths.pins, now, START_DEVICES, NULL) : 0;

	for (int i = 0; i < found && i < START_DEVICES; i++)
		if (!is_listed(wanted, count, now[i].ifindex))
			detach_device(instance->gate, now[i].ifindex, NULL);
}

static void attach_both(struct instance *instance, const char *device,
			struct attachment *attachment)
{
	attach_device(instance->gate, device, instance->config->hook, attachment, NULL);
	attach_outflow(instance->gate, instance->config->outflow.port_count, attachment, NULL);
}

int start_attach(struct instance *instance, struct attachment *attachments, struct fault *fault)
{
	const struct config *config = instance->config;
	_cleanup_free_ struct device *devices = NULL;
	size_t count, used = 0;
	int err = devices_list(&devices, &count, fault);

	if (err)
		return err;
	for (size_t i = 0; i < count && used < START_DEVICES; i++)
		if (is_wanted(config, &devices[i]))
			attach_both(instance, devices[i].name, &attachments[used++]);
	used = add_missing(config, devices, count, attachments, used);
	if (!config->interface_auto)
		detach_unwanted(instance, attachments, used);
	guarded_note(instance, devices, count, attachments, used);
	attach_ports(instance->gate, &config->outflow, devices, count, attachments, used);
	attach_settled(instance->gate);
	attached_write(config->paths.runtime, attachments, used);
	return (int)used;
}

int start_wanted(const struct config *config, struct attachment *attachments, struct fault *fault)
{
	_cleanup_free_ struct device *devices = NULL;
	size_t count, used = 0;
	int err = devices_list(&devices, &count, fault);

	if (err)
		return err;
	for (size_t i = 0; i < count && used < START_DEVICES; i++) {
		struct attachment *attachment = &attachments[used];

		if (!is_wanted(config, &devices[i]))
			continue;
		memset(attachment, 0, sizeof(*attachment));
		memcpy(attachment->device, devices[i].name, sizeof(attachment->device));
		attachment->ifindex = devices[i].ifindex;
		used++;
	}
	return (int)add_missing(config, devices, count, attachments, used);
}
