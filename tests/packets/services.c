// SPDX-License-Identifier: GPL-2.0-or-later
/* See services.h. */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/ban_entry.h"

#define SMTP   2U /* bits of services in a list: 1 << id */
#define LOGIN  4U
#define SECOND NS_PER_S
#define HOUR   (3600 * NS_PER_S)
/* Extension headers beyond what the program follows: no port is seen. */
#define PORTLESS "eth ip6 dest dest dest dest dest dest dest dest dest dest dest dest tcp:25:S"

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, strlen(text), &prefix))
		abort();
	return prefix;
}

/* 0: the group is not banned; else its ban ends then, or has. */
static void ban(struct gate *gate, const char *text, int64_t smtp_ns, int64_t login_ns)
{
	struct prefix prefix = prefix_of(text);
	uint64_t now = clock_boot_ns();
	struct ban ban = { .expires_ns = { smtp_ns ? now + (uint64_t)smtp_ns : 0,
					   login_ns ? now + (uint64_t)login_ns : 0 } };

	if (gate_ban_put(gate, &prefix, &ban, NULL))
		abort();
}

static uint64_t packets_of(struct gate *gate, const char *banned)
{
	struct prefix prefix = prefix_of(banned);
	struct ban ban;

	if (gate_ban_get(gate, &prefix, &ban, NULL))
		abort();
	return ban.packets;
}

/* A SYN to both ports. */
static bool syns_meet(struct gate *gate, bans_send *send, const char *source,
		      const char *smtp_login)
{
	struct prefix from = prefix_of(source);
	bool is4 = prefix_is4(&from);

	return send(gate, is4 ? "eth ip4 tcp:25:S" : "eth ip6 tcp:25:S", &from.address,
		    &from.address, *smtp_login == 'D') &&
	       send(gate, is4 ? "eth ip4 tcp:587:S" : "eth ip6 tcp:587:S", &from.address,
		    &from.address, smtp_login[1] == 'D');
}

/* A SYN and a packet of an open session to both ports, twice each: 'D' is dropped, 'p' passes. */
static bool meets(struct gate *gate, bans_send *send, const char *source, const char *smtp_login)
{
	static const char *const ports[] = { "25", "587" };
	struct address from;
	bool good = true;

	if (address_parse(source, strlen(source), &from))
		abort();
	for (int i = 0; i < 8; i++) {
		bool drop = smtp_login[i & 1] == 'D';
		char words[64];

		snprintf(words, sizeof(words), "eth %s tcp:%s:%s",
			 address_is4(&from) ? "ip4" : "ip6", ports[i & 1], i & 2 ? "PA" : "S");
		if (send(gate, words, &from, &from, drop))
			continue;
		printf("# %s, %s: %s\n", source, words, drop ? "not dropped" : "dropped");
		good = false;
	}
	return good;
}

struct test_list {
	const char *prefix;
	bool allow;
	uint16_t services, code;
};

/* A table with these lists, of ids from 1 on; every address is of one country. */
static void publish(struct gate *gate, const char *code, const struct test_list *from, size_t count)
{
	struct ranges ranges[8] = { 0 }, countries = { 0 };
	struct prefix four = prefix_of("0.0.0.0/0"), six = prefix_of("::/0");
	uint32_t country = (uint32_t)country_from_text(code, 2);
	struct compile_list lists[8];
	struct table_image image;
	struct gate_table *table;

	for (size_t i = 0; i < count; i++) {
		struct prefix prefix = prefix_of(from[i].prefix);

		lists[i] = (struct compile_list){ "test",     (uint8_t)(i + 1), from[i].allow,
						  &ranges[i], from[i].services, from[i].code };
		if (ranges_add_prefix(&ranges[i], &prefix, 0) || ranges_normalise(&ranges[i]))
			abort();
	}
	if (ranges_add_prefix(&countries, &four, country) ||
	    ranges_add_prefix(&countries, &six, country) || ranges_normalise(&countries) ||
	    table_compile(&countries, lists, count, 1, &image, NULL) ||
	    gate_table_prepare(&image, &table, NULL) || gate_table_publish(gate, table, NULL))
		abort();
	gate_table_free(table);
	table_image_free(&image);
	ranges_free(&countries);
	for (size_t i = 0; i < count; i++)
		ranges_free(&ranges[i]);
}

static void test_groups(struct gate *gate, bans_send *send,
			void (*report)(bool good, const char *claim))
{
	uint64_t packets;
	bool good;

	publish(gate, "JP", NULL, 0);
	ban(gate, "100.98.1.1", 0, HOUR);
	ban(gate, "2001:db8:97:1::/64", 0, HOUR);
	good = meets(gate, send, "100.98.1.1", "pD") && meets(gate, send, "2001:db8:97:1::9", "pD");
	report(good, "a ban from the login services leaves port 25 open");
	report(packets_of(gate, "100.98.1.1") % 4 == 0 && packets_of(gate, "100.98.1.1"),
	       "and counts what it dropped");
	packets = packets_of(gate, "100.98.1.1");
	ban(gate, "100.98.1.2", HOUR, 0);
	ban(gate, "2001:db8:97:2::/64", HOUR, 0);
	good = meets(gate, send, "100.98.1.2", "Dp") && meets(gate, send, "2001:db8:97:2::9", "Dp");
	report(good && packets_of(gate, "100.98.1.1") == packets,
	       "a ban from port 25 leaves the login services open");
	ban(gate, "100.98.2.1", 0, HOUR);
	ban(gate, "100.98.2.0/24", HOUR, 0);
	ban(gate, "2001:db8:96:1::/64", 0, HOUR);
	ban(gate, "2001:db8:96::/48", HOUR, 0);
	good = meets(gate, send, "100.98.2.1", "DD") && meets(gate, send, "100.98.2.2", "Dp") &&
	       meets(gate, send, "2001:db8:96:1::9", "DD") &&
	       meets(gate, send, "2001:db8:96:2::9", "Dp");
	report(good, "a longer ban of one group does not hide a shorter one of the other");
	ban(gate, "100.98.3.1", HOUR, -SECOND);
	ban(gate, "100.98.3.2", -SECOND, HOUR);
	ban(gate, "100.98.3.3", -SECOND, -SECOND);
	good = meets(gate, send, "100.98.3.1", "Dp") && meets(gate, send, "100.98.3.2", "pD") &&
	       meets(gate, send, "100.98.3.3", "pp");
	report(good, "each group's ban ends by itself");
}

static void test_lists(struct gate *gate, bans_send *send,
		       void (*report)(bool good, const char *claim))
{
	static const struct test_list lists[] = {
		{ "100.97.0.0/16", false, SMTP },     { "100.97.1.0/24", false, LOGIN },
		{ "100.97.2.0/24", true, SMTP },      { "100.97.2.0/25", false, 0 },
		{ "2001:db8:95::/48", false, LOGIN }, { "2001:db8:95:1::7/128", true, LOGIN },
		{ "2001:db8:94::/48", true, SMTP },
	};
	struct gate_counts *before = malloc(sizeof(*before)), *after = malloc(sizeof(*after));
	bool good;

	publish(gate, "JP", lists, sizeof(lists) / sizeof(*lists));
	if (!before || !after || gate_counts_read(gate, before, NULL))
		abort();
	good = meets(gate, send, "100.97.1.1", "DD");
	if (gate_counts_read(gate, after, NULL))
		abort();
	report(good, "of two deny lists each holds for its services");
	report(after->lists[1].packets - before->lists[1].packets ==
			       after->lists[2].packets - before->lists[2].packets &&
		       after->lists[1].packets - before->lists[1].packets >= 8 &&
		       after->lists[1].attempts - before->lists[1].attempts ==
			       after->lists[2].attempts - before->lists[2].attempts,
	       "and counts what it decided");
	good = meets(gate, send, "100.97.3.1", "Dp") && meets(gate, send, "2001:db8:95:2::1", "pD");
	report(good, "a deny list for some services leaves the others open");
	good = meets(gate, send, "100.97.2.1", "pD") && meets(gate, send, "100.97.2.200", "pp");
	report(good, "an allow list for one service opens no other");
	good = meets(gate, send, "2001:db8:95:1::7", "pp") &&
	       meets(gate, send, "2001:db8:95:1::8", "pD");
	report(good, "so within a /64");
	ban(gate, "100.97.2.77", HOUR, HOUR);
	ban(gate, "2001:db8:94:1::/64", HOUR, HOUR);
	good = meets(gate, send, "100.97.2.77", "pD") &&
	       meets(gate, send, "2001:db8:94:1::1", "pD");
	report(good, "an allow list lifts a ban for its services alone");
	free(before);
	free(after);
}

/* Packets that Linux would accept and whose port the gate cannot see. */
static void test_portless(struct gate *gate, bans_send *send,
			  void (*report)(bool good, const char *claim))
{
	static const struct test_list lists[] = { { "2001:db8:93:1::/64", true, SMTP },
						  { "2001:db8:93:2::/64", true, 0 } };
	struct prefix some = prefix_of("2001:db8:93:1::1"), all = prefix_of("2001:db8:93:2::1"),
		      login = prefix_of("2001:db8:93:3::1");
	uint64_t packets;
	bool good;

	publish(gate, "JP", lists, 2);
	good = send(gate, PORTLESS, &some.address, &some.address, true) &&
	       send(gate, PORTLESS, &all.address, &all.address, false);
	report(good, "what hides its port is let in by a list for all services alone");
	ban(gate, "2001:db8:93:3::/64", 0, HOUR);
	packets = packets_of(gate, "2001:db8:93:3::/64");
	good = send(gate, PORTLESS, &login.address, &login.address, true);
	report(good && packets_of(gate, "2001:db8:93:3::/64") == packets,
	       "a ban of one group does not count it");
	ban(gate, "2001:db8:93:3::/64", HOUR, HOUR);
	good = send(gate, PORTLESS, &login.address, &login.address, true);
	report(good && packets_of(gate, "2001:db8:93:3::/64") > packets, "one of both does");
}

/* AQ is refused on port 587, and all that the data has is AQ. */
static void test_lan(struct gate *gate, bans_send *send,
		     void (*report)(bool good, const char *claim))
{
	static const char *const local[] = { "10.1.2.3",    "172.31.9.9", "192.168.7.7",
					     "169.254.1.1", "fd00::7",	  "fe80::7" };
	static const char *const others[] = { "11.1.2.3", "172.32.9.9", "100.64.1.1", "fe00::7" };
	bool good = true;

	publish(gate, "AQ", NULL, 0);
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		good &= meets(gate, send, local[i], "pp");
	report(good, "local addresses are of no country, whatever the data says");
	good = true;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct prefix from = prefix_of(others[i]);

		good &= send(gate, prefix_is4(&from) ? "eth ip4 tcp:587:S" : "eth ip6 tcp:587:S",
			     &from.address, &from.address, true);
	}
	report(good, "the addresses beside them are of theirs");
}

/* XA is refused on port 587 and named nowhere else; AQ is refused there, too. */
static void test_codes(struct gate *gate, bans_send *send,
		       void (*report)(bool good, const char *claim))
{
	static const struct test_list lists[] = {
		{ "100.97.1.0/24", false, 0, COUNTRY_XA },
		{ "2001:db8:92:1::/64", false, 0, COUNTRY_XA },
		{ "100.97.2.0/24", false, 0, COUNTRY_XA + 1 },
		{ "100.97.1.7/32", true, 0, 0 },
	};
	uint64_t coded = attempts_of(gate, 2, "XA"), own = attempts_of(gate, 1, "JP");
	bool good = true;

	publish(gate, "JP", lists, 4);
	good &= syns_meet(gate, send, "100.97.1.1", "pD");
	good &= syns_meet(gate, send, "2001:db8:92:1::9", "pD");
	report(good, "a service judges by a list's code where it names it");
	report(attempts_of(gate, 2, "XA") > coded && attempts_of(gate, 1, "JP") > own,
	       "and counts by it, another service by the country");
	good = syns_meet(gate, send, "100.97.2.1", "pp");
	good &= syns_meet(gate, send, "100.97.3.1", "pp");
	report(good, "a code that no service names changes nothing, nor does one of others");
	report(syns_meet(gate, send, "100.97.1.7", "pp"), "an allow list lets a code's address in");
	publish(gate, "AQ", lists, 3);
	report(syns_meet(gate, send, "100.97.2.1", "pD"), "and by the country where it does not");
}

void test_services(struct gate *gate, bans_send *send, void (*report)(bool good, const char *claim))
{
	test_groups(gate, send, report);
	test_lists(gate, send, report);
	test_portless(gate, send, report);
	test_lan(gate, send, report);
	test_codes(gate, send, report);
}
