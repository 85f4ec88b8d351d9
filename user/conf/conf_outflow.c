// SPDX-License-Identifier: GPL-2.0-or-later
/* The values of [outflow] that are lists of words, one word at a time, and their conversion for the
 * breaker. Not here: single values (values.c), what must fit together (finish.c). */
#include "conf/load.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "net/address.h"

void conf_outflow_defaults(struct config_outflow *outflow)
{
	static const uint16_t ports[] = { 25, 465, 587 };

	outflow->mode = -1;
	outflow->calm_s = 600;
	memcpy(outflow->ports, ports, sizeof(ports));
	outflow->port_count = sizeof(ports) / sizeof(*ports);
}

/* ---- ports ---- */

/* A 0 in ports[0] stands for the word "none" while the list is read; it is never handed on. */
void conf_clear_outflow_ports(struct conf_load *load, void *base)
{
	struct config_outflow *outflow = base;

	(void)load;
	outflow->port_count = 0;
	outflow->ports[0] = 1;
}

void conf_outflow_port(struct conf_load *load, const struct conf_key *key, void *base,
		       const char *value)
{
	struct config_outflow *outflow = base;
	bool none = !strcmp(value, "none");
	uint64_t port;

	(void)key;
	if ((none && outflow->port_count) || !outflow->ports[0]) {
		conf_fault(load, NULL, "'ports' is either 'none' or numbers, not both");
		return;
	}
	if (none) {
		outflow->ports[0] = 0;
		return;
	}
	if (!conf_read_number(value, 1, 65535, &port)) {
		conf_fault(load, NULL, "'%s' is no TCP port; ports are 1 to 65535", value);
		return;
	}
	for (size_t i = 0; i < outflow->port_count; i++)
		if (outflow->ports[i] == port) {
			conf_fault(load, NULL, "port %s is named twice", value);
			return;
		}
	if (outflow->port_count == OUTFLOW_PORTS) {
		conf_fault(load, NULL, "the breaker has at most %d ports", OUTFLOW_PORTS);
		return;
	}
	outflow->ports[outflow->port_count++] = (uint16_t)port;
}

/* ---- users ---- */

void conf_clear_outflow_users(struct conf_load *load, void *base)
{
	struct config_outflow *outflow = base;

	(void)load;
	outflow->user_count = 0;
	outflow->users_only = true;
}

/* A name of the user database, or a uid. */
static bool read_user(struct conf_load *load, const char *value, uint32_t *uid)
{
	struct passwd entry, *found = NULL;
	char room[16384];
	uint64_t number;
	int error;

	if (conf_read_number(value, 0, UINT32_MAX - 1, &number)) {
		*uid = (uint32_t)number;
		return true;
	}
	error = getpwnam_r(value, &entry, room, sizeof(room), &found);
	if (found) {
		*uid = found->pw_uid;
		return true;
	}
	/* Without a file or a service to ask, getpwnam(3) says that there is no such user, too. */
	if (!error || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
		conf_fault(load, NULL,
			   "there is no user '%s' on this machine; `getent passwd` lists them, a "
			   "number is taken as it is",
			   value);
	else
		conf_fault(load, NULL, "the user '%s' cannot be looked up: %s; write his number",
			   value, strerror(error));
	return false;
}

void conf_outflow_user(struct conf_load *load, const struct conf_key *key, void *base,
		       const char *value)
{
	struct config_outflow *outflow = base;
	uint32_t uid;

	(void)key;
	if (!read_user(load, value, &uid))
		return;
	for (size_t i = 0; i < outflow->user_count; i++)
		if (outflow->users[i] == uid) {
			conf_fault(load, NULL, "the user '%s' is named twice", value);
			return;
		}
	if (outflow->user_count == OUTFLOW_USERS) {
		conf_fault(load, NULL, "the breaker knows at most %d users", OUTFLOW_USERS);
		return;
	}
	outflow->users[outflow->user_count++] = uid;
}

/* ---- prefixes ---- */

static void add_prefix(struct conf_load *load, const struct conf_key *key, struct prefix *prefixes,
		       size_t *count, const char *value)
{
	struct prefix prefix;

	if (!conf_read_prefix(load, value, &prefix))
		return;
	if (*count == OUTFLOW_PREFIXES) {
		conf_fault(load, NULL, "'%s' takes at most %d prefixes", key->name,
			   OUTFLOW_PREFIXES);
		return;
	}
	prefixes[(*count)++] = prefix;
}

void conf_clear_outflow_excepts(struct conf_load *load, void *base)
{
	struct config_outflow *outflow = base;

	(void)load;
	outflow->except_count = 0;
}

void conf_outflow_except(struct conf_load *load, const struct conf_key *key, void *base,
			 const char *value)
{
	struct config_outflow *outflow = base;

	add_prefix(load, key, outflow->excepts, &outflow->except_count, value);
}

void conf_clear_outflow_guests(struct conf_load *load, void *base)
{
	struct config_outflow *outflow = base;

	(void)load;
	outflow->guest_count = 0;
}

void conf_outflow_guest(struct conf_load *load, const struct conf_key *key, void *base,
			const char *value)
{
	struct config_outflow *outflow = base;

	add_prefix(load, key, outflow->guests, &outflow->guest_count, value);
}

/* ---- for the breaker ---- */

static struct outflow_prefix to_outflow_prefix(const struct prefix *prefix)
{
	struct outflow_prefix converted = {
		.address = prefix->address,
		.length = prefix->length,
		.is4 = prefix_is4(prefix),
	};

	memset(&converted.mask, 0xff, sizeof(converted.mask));
	converted.mask = address_mask(&converted.mask, prefix->length);
	return converted;
}

/* The breaker takes the first prefix that holds an address, so the longest come first. */
static void convert_prefixes(const struct prefix *prefixes, size_t count,
			     struct outflow_prefix *converted)
{
	size_t used = 0;

	for (unsigned length = 129; length-- > 0;)
		for (size_t i = 0; i < count; i++)
			if (prefixes[i].length == length)
				converted[used++] = to_outflow_prefix(&prefixes[i]);
}

void config_to_outflow(const struct config *config, struct outflow_rules *rules)
{
	const struct config_outflow *outflow = &config->outflow;
	const struct limits *limits = &outflow->limits;
	bool own = limits->network_interval_ns; /* guests have limits of their own */

	memset(rules, 0, sizeof(*rules));
	rules->mode = outflow->mode < 0 ? config->mode : (__u32)outflow->mode;
	rules->interval_ns = limits->source_interval_ns;
	rules->burst = limits->source_burst;
	rules->guest_interval_ns = own ? limits->network_interval_ns : limits->source_interval_ns;
	rules->guest_burst = own ? limits->network_burst : limits->source_burst;
	rules->calm_ns = outflow->calm_s * (uint64_t)NS_PER_S;
	rules->port_count = (__u32)outflow->port_count;
	for (size_t i = 0; i < outflow->port_count; i++)
		rules->ports[i] = outflow->ports[i];
	rules->users_only = outflow->users_only;
	rules->user_count = (__u32)outflow->user_count;
	memcpy(rules->users, outflow->users, outflow->user_count * sizeof(*rules->users));
	rules->except_count = (__u32)outflow->except_count;
	convert_prefixes(outflow->excepts, outflow->except_count, rules->excepts);
	rules->guest_count = (__u32)outflow->guest_count;
	convert_prefixes(outflow->guests, outflow->guest_count, rules->guests);
}
