// SPDX-License-Identifier: GPL-2.0-or-later
/* See start.h. */
#include "enforce/start.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/publish.h"
#include "kernel/outflow.h"
#include "net/devices.h"

__attribute__((format(printf, 3, 4))) static void say(const struct start_options *options,
						      bool fault, const char *format, ...)
{
	char text[1536];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	options->say(fault, text, options->context);
}

static int apply_policy(struct instance *instance, struct fault *fault)
{
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	struct outflow_rules rules;
	int err;

	if (!policy)
		return fault_set(fault, -ENOMEM, "out of memory");
	config_to_policy(instance->config, policy);
	err = gate_policy_publish(instance->gate, policy, fault);
	if (err)
		return err;
	config_to_outflow(instance->config, &rules);
	return gate_outflow_publish(instance->gate, &rules, fault);
}

/* Lists and countries: store first, then the kernel once for all of them. */
static int apply_sources(struct instance *instance, const struct start_options *options,
			 struct fault *fault)
{
	int changed;

	if (!instance->store) {
		say(options, true,
		    "the store cannot be used: %s; lists, countries and old bans are "
		    "what the kernel still has",
		    instance->store_fault.text);
		return 0;
	}
	changed = sources_refresh(instance, clock_wall_ns(), options->say, options->context);
	if (changed < 0)
		return fault_set(fault, changed, "cannot refresh the lists: %s",
				 strerror(-changed));
	return publish_sync(instance, NULL, fault);
}

int start_apply(struct instance *instance, const struct start_options *options, struct fault *fault)
{
	int err = apply_sources(instance, options, fault);

	return err ? err : apply_policy(instance, fault);
}

/* A gate that cannot count still bans and lists, so a fault here is said and no more. */
static void start_counter(struct instance *instance, const struct start_options *options,
			  bool adopt)
{
	struct fault fault = { 0 };
	size_t adopted = 0;
	int err = 0;

	if (instance->config->count == COUNT_SYN)
		return;
	err = gate_counter_attach(instance->gate, instance->config->cgroup, &fault);
	if (!err && adopt)
		err = gate_adopt_open(instance->gate, &adopted, &fault);
	if (err)
		say(options, true, "connections are not counted, or not all: %s", fault.text);
	else if (adopted)
		say(options, false, "%zu connections were open already and are counted", adopted);
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
	struct fault restore = { 0 }, carry = { 0 };
	size_t restored = 0;
	enum gate_start how;
	int err;

	gate_close(instance->gate);
	instance->gate = NULL;
	err = gate_load(&load, &instance->gate, &how, fault);
	if (err)
		return err;
	err = start_apply(instance, options, fault);
	if (err)
		return err;
	/* As late as can be: what the older programs count from here on is not carried. */
	if (how == GATE_CARRIED && gate_carry(instance->gate, &carry))
		say(options, true, "%s", carry.text);
	if (instance->store) {
		err = bans_restore(instance, how == GATE_FRESH, &restored, &restore);
		if (err)
			say(options, true, "not every ban came back: %s", restore.text);
		else if (restored)
			say(options, false, "%zu bans restored", restored);
	}
	start_counter(instance, options, how != GATE_KEPT);
	gate_mark_ready(instance->gate);
	return 0;
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

static bool is_listed(const struct attachment *attachments, size_t count, unsigned ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (attachments[i].ifindex == ifindex)
			return true;
	return false;
}

/* Those named in the configuration that are not there now. */
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
	int found = now ? attach_list(instance->gate, now, START_DEVICES, NULL) : 0;

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
	attach_prune(instance->gate);
	for (size_t i = 0; i < count && used < START_DEVICES; i++)
		if (is_wanted(config, &devices[i]))
			attach_both(instance, devices[i].name, &attachments[used++]);
	used = add_missing(config, devices, count, attachments, used);
	if (!config->interface_auto)
		detach_unwanted(instance, attachments, used);
	attach_settled(instance->gate);
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
