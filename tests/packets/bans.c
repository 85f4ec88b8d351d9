// SPDX-License-Identifier: GPL-2.0-or-later
/* See bans.h. */
#include "bans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "bits.h"

#define MANY  1000 /* bans, of addresses 100.64.0.0 and up */
#define CROWD 40000
#define NEW   64
#define CLEAN 2000 /* sources of open sessions: more than the gate has room to note */

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, strlen(text), &prefix))
		abort();
	return prefix;
}

/* The same with the last two bytes of its address. */
static struct prefix numbered(const char *text, uint32_t index)
{
	struct prefix prefix = prefix_of(text);

	prefix.address.byte[14] |= (uint8_t)(index >> 8);
	prefix.address.byte[15] = (uint8_t)index;
	return prefix;
}

static void put(struct gate *gate, const struct prefix *prefix, uint64_t for_ns)
{
	uint64_t end_ns = clock_boot_ns() + for_ns;
	struct ban ban = { .expires_ns = { end_ns, end_ns } };

	if (gate_ban_put(gate, prefix, &ban, NULL))
		abort();
}

static void ban(struct gate *gate, const char *text)
{
	struct prefix prefix = prefix_of(text);

	put(gate, &prefix, 3600ULL * NS_PER_S);
}

/* A table with one list, of `listed` and no more; NULL: with none. All of it is in AQ. */
static void publish_list(struct gate *gate, const char *listed, bool allows)
{
	_cleanup_(ranges_free) struct ranges addresses = { 0 }, countries = { 0 };
	struct compile_list list = { "list", 2, allows, &addresses, 0 };
	struct prefix prefix = prefix_of(listed ? listed : "192.0.2.1/32");
	struct prefix four = prefix_of("0.0.0.0/0"), six = prefix_of("::/0");
	uint32_t country = (uint32_t)country_from_text("AQ", 2);
	struct table_image image;
	struct gate_table *table;

	if (ranges_add_prefix(&addresses, &prefix, 0) ||
	    ranges_add_prefix(&countries, &four, country) ||
	    ranges_add_prefix(&countries, &six, country) || ranges_normalise(&addresses) ||
	    ranges_normalise(&countries) ||
	    table_compile(&countries, &list, listed ? 1 : 0, 1, &image, NULL) ||
	    gate_table_prepare(&image, &table, NULL) || gate_table_publish(gate, table, NULL))
		abort();
	gate_table_free(table);
	table_image_free(&image);
}

static void publish(struct gate *gate, const char *allowed)
{
	publish_list(gate, allowed, true);
}

/* A packet of an open session. */
static bool data(struct gate *gate, bans_send *send, struct address from, bool drop)
{
	return send(gate, address_is4(&from) ? "eth ip4 tcp:25:PA" : "eth ip6 tcp:25:PA", &from,
		    &from, drop);
}

/* A SYN and a packet of an open session, from an address of either family. */
static bool both(struct gate *gate, bans_send *send, const char *source, bool drop)
{
	struct address from;
	bool is4;

	if (address_parse(source, strlen(source), &from))
		abort();
	is4 = address_is4(&from);
	return send(gate, is4 ? "eth ip4 tcp:25:S" : "eth ip6 tcp:25:S", &from, &from, drop) &&
	       data(gate, send, from, drop);
}

/* Once to make the ban remember, once more from memory. */
static bool twice(struct gate *gate, bans_send *send, const char *source, bool drop)
{
	bool good = true;

	for (int i = 0; i < 2; i++)
		good &= both(gate, send, source, drop);
	return good;
}

static bool dropped(struct gate *gate, bans_send *send, const char *source)
{
	return twice(gate, send, source, true);
}

static bool passed(struct gate *gate, bans_send *send, const char *source)
{
	return twice(gate, send, source, false);
}

uint64_t attempts_of(struct gate *gate, unsigned service, const char *country)
{
	_cleanup_free_ struct gate_counts *counts = malloc(sizeof(*counts));

	if (!counts || gate_counts_read(gate, counts, NULL))
		abort();
	return counts->countries[service][country_from_text(country, 2)].attempts;
}

static uint64_t packets_of(struct gate *gate, const char *banned)
{
	struct prefix prefix = prefix_of(banned);
	struct ban ban;

	if (gate_ban_get(gate, &prefix, &ban, NULL))
		abort();
	return ban.packets;
}

/* A leaf that a ban remembers holds for the table it was of, and for all whom the ban is over. */
static void test_remembered(struct gate *gate, bans_send *send,
			    void (*report)(bool good, const char *claim))
{
	static const char *const alone[] = { "100.99.1.1", "2001:db8:99:1::1" };
	uint64_t attempts, packets;
	bool good = true;

	ban(gate, "100.99.1.1");
	ban(gate, "2001:db8:99:1::/64");
	ban(gate, "100.99.2.0/24");
	ban(gate, "2001:db8:99:2::/64");
	ban(gate, "2001:db8:98::/48");
	publish(gate, NULL);
	attempts = attempts_of(gate, 1, "AQ");
	for (size_t i = 0; i < 2; i++)
		good &= dropped(gate, send, alone[i]);
	report(good && attempts_of(gate, 1, "AQ") - attempts >= 8,
	       "a banned source's attempts are counted in its country, remembered or not");
	packets = packets_of(gate, alone[0]);
	for (size_t i = 0; i < 2; i++) {
		publish(gate, alone[i]);
		good &= passed(gate, send, alone[i]);
	}
	report(good, "a banned source passes as soon as an allow list has it");
	report(packets_of(gate, alone[0]) == packets,
	       "a ban counts nothing of whom an allow list lets in");
	publish(gate, NULL);
	report(dropped(gate, send, alone[0]) && dropped(gate, send, alone[1]),
	       "and is dropped again as soon as none has it");
	publish(gate, "100.99.2.7/32");
	report(dropped(gate, send, "100.99.2.6") && passed(gate, send, "100.99.2.7") &&
		       dropped(gate, send, "100.99.2.8"),
	       "of a banned /24 only the allowed address passes");
	publish(gate, "2001:db8:99:2::7/128");
	report(dropped(gate, send, "2001:db8:99:2::6") && passed(gate, send, "2001:db8:99:2::7") &&
		       dropped(gate, send, "2001:db8:99:2::8"),
	       "of a banned IPv6 /64 only the allowed address passes");
	publish(gate, "2001:db8:98:7::/64");
	report(dropped(gate, send, "2001:db8:98:6::1") && passed(gate, send, "2001:db8:98:7::1") &&
		       dropped(gate, send, "2001:db8:98:8::1"),
	       "of a banned IPv6 /48 only the allowed /64 passes");
}

static struct prefix many(uint32_t index)
{
	return numbered("100.64.0.0/32", index);
}

/* How many of the bans with this remainder the gate drops, or does not. */
static uint32_t count_many(struct gate *gate, bans_send *send, uint32_t remainder, bool drop)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		struct address from = many(i).address;

		count += i % 3 == remainder && send(gate, "eth ip4 tcp:25:S", &from, &from, drop);
	}
	return count;
}

static void clear(struct gate *gate, uint64_t bits)
{
	memset(&gate->ban_bloom.words[1], 0,
	       (gate->ban_bloom.count - 1) * sizeof(*gate->ban_bloom.words));
	gate->ban_bloom.words[0] = bits;
}

/* Of MANY bans a third stays, a third is lifted, a third ends. */
static void test_bloom(struct gate *gate, bans_send *send,
		       void (*report)(bool good, const char *claim))
{
	uint32_t third = MANY / 3 + 1;
	unsigned before = bits_set(&gate->ban_bloom, UINT64_MAX), full;
	uint64_t bits = gate->ban_bloom.words[0];
	size_t removed;

	for (uint32_t i = 0; i < MANY; i++) {
		struct prefix prefix = many(i);

		put(gate, &prefix, i % 3 == 2 ? 1 : 3600ULL * NS_PER_S);
	}
	full = bits_set(&gate->ban_bloom, UINT64_MAX);
	report(bits && full > before + MANY / 2 && full <= before + MANY,
	       "the Bloom filter has a bit for each ban");
	for (uint32_t i = 1; i < MANY; i += 3) {
		struct prefix prefix = many(i);

		if (gate_ban_remove(gate, &prefix, NULL))
			abort();
	}
	report(count_many(gate, send, 0, true) == third &&
		       count_many(gate, send, 1, false) == third - 1,
	       "whom a ban is lifted from passes, the others do not, before a sweep");
	if (gate_ban_sweep(gate, clock_boot_ns(), &removed, NULL))
		abort();
	report(count_many(gate, send, 0, true) == third &&
		       count_many(gate, send, 1, false) == third - 1 &&
		       count_many(gate, send, 2, false) == third - 1,
	       "nor after it");
	report(removed >= third - 1 && bits_set(&gate->ban_bloom, UINT64_MAX) <= before + third &&
		       gate->ban_bloom.words[0] == bits,
	       "a sweep clears the bits of bans that ended or were lifted");
	clear(gate, bits);
	report(count_many(gate, send, 0, false) == third, "the gate believes the Bloom filter");
	clear(gate, 0);
	report(count_many(gate, send, 0, true) == third,
	       "a Bloom filter that is not filled yet lets no banned source in");
	if (bans_rebuild(gate, NULL))
		abort();
	report(gate->ban_bloom.words[0] == bits &&
		       bits_set(&gate->ban_bloom, UINT64_MAX) <= before + third &&
		       count_many(gate, send, 0, true) == third,
	       "a new Bloom filter is filled from the bans that are there");
}

static uint32_t count_new(struct gate *gate, bans_send *send, bool drop)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < NEW; i++) {
		struct prefix prefix = prefix_of("100.80.0.0/27");

		prefix.address.byte[14] = (uint8_t)i;
		count += send(gate, "eth ip4 tcp:25:S", &prefix.address, &prefix.address, drop);
	}
	return count;
}

static void put_new(struct gate *gate)
{
	for (uint32_t i = 0; i < NEW; i++) {
		struct prefix prefix = prefix_of("100.80.0.0/27");

		prefix.address.byte[14] = (uint8_t)i;
		put(gate, &prefix, 3600ULL * NS_PER_S);
	}
}

/* More bans than a portion has, and such of another length between two portions: most of them where
 * the sweep has been already. */
static void test_portions(struct gate *gate, bans_send *send,
			  void (*report)(bool good, const char *claim))
{
	struct gate_ban_sweep sweep = { 0 }, other = { 0 };
	struct gate_usage before = gate_ban_usage(gate), after;
	unsigned portions = 1;
	int more;

	for (uint32_t i = 0; i < CROWD; i++) {
		struct prefix prefix = prefix_of("100.72.0.0/32");

		prefix.address.byte[13] += (uint8_t)(i >> 16);
		prefix.address.byte[14] = (uint8_t)(i >> 8);
		prefix.address.byte[15] = (uint8_t)i;
		put(gate, &prefix, i % 2 ? 1 : 3600ULL * NS_PER_S);
	}
	for (unsigned i = 0; i < 3; i++)
		if (gate_ban_sweep_some(gate, &sweep, clock_boot_ns(), NULL) != 1)
			abort();
	put_new(gate);
	while ((more = gate_ban_sweep_some(gate, &sweep, clock_boot_ns(), NULL)) > 0)
		portions++;
	after = gate_ban_usage(gate);
	report(!more && portions > 1 && sweep.removed >= CROWD / 2 &&
		       after.used == before.used + CROWD / 2 + NEW,
	       "a large table is swept in portions, and its entries are counted");
	report(count_new(gate, send, true) == NEW,
	       "bans that are put in between the portions of a sweep hold after it");
	sweep = (struct gate_ban_sweep){ 0 };
	if (gate_ban_sweep_some(gate, &sweep, clock_boot_ns(), NULL) != 1 ||
	    gate_ban_sweep_some(gate, &other, clock_boot_ns(), NULL) != 1)
		abort();
	more = gate_ban_sweep_some(gate, &sweep, clock_boot_ns(), NULL);
	report(more == -ECANCELED && gate->control->ban_sweep == other.id,
	       "a sweep that another one took over ends without effect");
	if (gate_ban_sweep(gate, UINT64_MAX, NULL, NULL))
		abort();
	report(count_new(gate, send, false) == NEW && !gate->control->length_count4 &&
		       !gate->control->length_count6 && !gate->control->ban_used,
	       "when all bans have ended the sweep leaves no length and no entry");
}

static bool session(struct gate *gate, bans_send *send, const char *source, bool drop)
{
	struct prefix prefix = prefix_of(source);

	return data(gate, send, prefix.address, drop) && data(gate, send, prefix.address, drop);
}

/* What the gate notes of sources whose open sessions' packets pass. */
static void test_passing(struct gate *gate, bans_send *send,
			 void (*report)(bool good, const char *claim))
{
	static const char *const alone[] = { "100.97.1.1/32", "2001:db8:97:1::1/128" };
	uint32_t passed = 0, dropped = 0;
	bool good = true;

	publish(gate, NULL);
	for (size_t i = 0; i < 2; i++) {
		good &= session(gate, send, alone[i], false);
		ban(gate, alone[i]);
		good &= session(gate, send, alone[i], true);
	}
	report(good, "a source whose packets passed is dropped from its ban on");
	good = session(gate, send, "100.97.2.1/32", false);
	publish_list(gate, "100.97.2.0/24", false);
	report(good && session(gate, send, "100.97.2.1/32", true),
	       "a source whose packets passed is dropped from the table on that denies it");
	publish(gate, NULL);
	report(session(gate, send, "100.97.2.1/32", false),
	       "and passes again with the table that does not");
	for (uint32_t i = 0; i < NEW; i++) {
		struct prefix prefix = numbered("100.97.128.0/32", i);

		put(gate, &prefix, 3600ULL * NS_PER_S);
	}
	for (uint32_t i = 0; i < CLEAN; i++)
		passed += data(gate, send, numbered("100.98.0.0/32", i).address, false);
	for (uint32_t i = 0; i < NEW; i++)
		dropped += data(gate, send, numbered("100.97.128.0/32", i).address, true);
	report(passed == CLEAN && dropped == NEW,
	       "what is noted of one source is said of no other that shares its place");
}

void test_bans(struct gate *gate, bans_send *send, void (*report)(bool good, const char *claim))
{
	test_remembered(gate, send, report);
	test_passing(gate, send, report);
	test_bloom(gate, send, report);
	test_portions(gate, send, report);
}
