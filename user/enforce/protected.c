// SPDX-License-Identifier: GPL-2.0-or-later
/* See protected.h. */
#include "enforce/protected.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utmpx.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "feed/dns_names.h"
#include "net/devices.h"

#define WIDEST4 104 /* a /8, in the 128-bit space */
#define WIDEST6 16

static int add(struct protected_set *set, const struct prefix *prefix, const char *what)
{
	void *items = realloc(set->items, (set->count + 1) * sizeof(*set->items));
	char text[PREFIX_TEXT_SIZE];

	if (!items)
		return -ENOMEM;
	set->items = items;
	if (prefix->length == 128)
		address_format(&prefix->address, text);
	else
		prefix_format(prefix, text);
	set->items[set->count].prefix = *prefix;
	snprintf(set->items[set->count].why, sizeof(set->items[set->count].why), "%s %s", text,
		 what);
	set->count++;
	return 0;
}

static int add_own(struct protected_set *set, struct fault *fault)
{
	_cleanup_free_ struct prefix *own = NULL;
	size_t count = 0;
	int result = devices_own(&own, &count, fault);

	for (size_t i = 0; i < count && !result; i++)
		result = add(set, &own[i], "is an address of this machine or its gateway");
	return result;
}

/* Reads the address at the beginning of a text: "192.0.2.1 5022 ...", "fe80::1%eth0",
 * "192.0.2.1:S.0". False if there is none, for example a host name. */
static bool read_address(const char *text, size_t size, struct address *address)
{
	size_t used = 0;

	while (used < size && text[used] && strchr("0123456789abcdefABCDEF:.", text[used]))
		used++;
	if (!address_parse(text, used, address))
		return true;
	/* screen(1) and X put more behind a colon. */
	while (used && text[used - 1] != ':')
		used--;
	return used && !address_parse(text, used - 1, address);
}

static int add_peer(struct protected_set *set, const struct address *address)
{
	struct prefix prefix = { .address = *address, .length = 128 };

	if (prefix_special(&prefix) && !strcmp(prefix_special(&prefix), "unspecified"))
		return 0;
	return add(set, &prefix, PROTECTED_SESSION);
}

/* utmp has an IPv4 address in the first of four words, in network order like the rest. */
static bool entry_address(const struct utmpx *entry, struct address *address)
{
	const int32_t *word = entry->ut_addr_v6;

	if (word[0] && !word[1] && !word[2] && !word[3]) {
		*address = address_from4(0);
		memcpy(&address->word[3], &word[0], sizeof(address->word[3]));
		return true;
	}
	if (word[0] || word[1] || word[2] || word[3]) {
		memcpy(address->byte, word, sizeof(address->byte));
		return true;
	}
	return read_address(entry->ut_host, sizeof(entry->ut_host), address);
}

static int add_logins(struct protected_set *set)
{
	const struct utmpx *entry;
	struct address address;
	int result = 0;

	setutxent();
	while (!result && (entry = getutxent()))
		if (entry->ut_type == USER_PROCESS && entry_address(entry, &address))
			result = add_peer(set, &address);
	endutxent();
	return result;
}

static int add_own_session(struct protected_set *set, const char *variable)
{
	const char *text = getenv(variable);
	struct address address;

	return text && read_address(text, strlen(text), &address) ? add_peer(set, &address) : 0;
}

/* Adds the last known addresses of the names in never-ban. */
static int add_names(struct protected_set *set, const struct config *config)
{
	struct dns_name names[NEVER_BAN_NAMES_MOST];
	size_t count = dns_names_read(config, clock_wall_ns() / NS_PER_S, names);
	int result = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < names[i].count && !result; j++) {
			struct prefix prefix = { .address = names[i].addresses[j], .length = 128 };
			char why[96];

			snprintf(why, sizeof(why), "is an address of %.40s in never-ban",
				 names[i].name);
			result = add(set, &prefix, why);
		}
	return result;
}

int protected_load(const struct config *config, struct protected_set *set, struct fault *fault)
{
	int result;

	*set = (struct protected_set){ 0 };
	result = add_own(set, fault);
	if (result) {
		fault_prefix(fault, "cannot tell which addresses must not be banned");
		protected_free(set);
		return result;
	}
	for (size_t i = 0; i < config->never_ban_count && !result; i++)
		result = add(set, &config->never_ban[i], "is never banned, by the configuration");
	if (!result)
		result = add_names(set, config);
	if (!result)
		result = add_logins(set);
	if (!result)
		result = add_own_session(set, "SSH_CONNECTION");
	if (!result)
		result = add_own_session(set, "SSH_CLIENT");
	if (!result)
		return 0;
	protected_free(set);
	return fault_set(fault, result, "cannot tell which addresses must not be banned: %s",
			 strerror(-result));
}

void protected_free(struct protected_set *set)
{
	free(set->items);
	*set = (struct protected_set){ 0 };
}

static const char *too_wide(const struct prefix *prefix)
{
	if (prefix_is4(prefix) && prefix->length == 96)
		return "it is every IPv4 address: nobody could connect any more";
	if (!prefix->length)
		return "it is every IPv6 address: nobody could connect any more";
	if (prefix_is4(prefix) ? prefix->length < WIDEST4 : prefix->length < WIDEST6)
		return "it is too wide: /8 is the widest that can be banned, /16 for IPv6; ban its "
		       "parts, or refuse a country in the configuration";
	return NULL;
}

/* Why the prefix cannot be a stranger's; NULL: it may be one. Private addresses can be banned,
 * since attackers may be inside, too. */
static const char *never_a_stranger(const struct prefix *prefix)
{
	static const struct {
		const char *special, *why;
	} never[] = {
		{ "loopback", "it is loopback or holds it: connections from there are this "
			      "machine's own, or come through a tunnel or proxy on it" },
		{ "link-local", "it is link-local or holds such addresses" },
		{ "multicast", "it is multicast or holds such addresses, which nobody can connect "
			       "from" },
		{ "unspecified",
		  "it holds the unspecified address, which nobody can connect from" },
		{ "this network", "it is in or holds 0.0.0.0/8, which nobody can connect from" },
	};
	const char *special = prefix_special(prefix);

	for (size_t i = 0; special && i < sizeof(never) / sizeof(*never); i++)
		if (!strcmp(special, never[i].special))
			return never[i].why;
	return NULL;
}

const char *protected_why(const struct protected_set *set, const struct prefix *prefix)
{
	const char *why = too_wide(prefix);

	if (!why)
		why = never_a_stranger(prefix);
	for (size_t i = 0; i < set->count && !why; i++)
		if (prefix_overlaps(&set->items[i].prefix, prefix))
			why = set->items[i].why;
	return why;
}
