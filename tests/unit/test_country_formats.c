// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One random world of countries, written in every format that is read, answers a million random
 * addresses of each family as a naive model does; and files that are damaged or cut are refused.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "checked.h"
#include "conf/codes.h"
#include "lists/country.h"
#include "lists_random.h"
#include "mmdb_write.h"

#define RANDOMS (is_under_valgrind() ? 20000U : 1000000U)

#define BLOCKS4 65536 /* the world: what each /16, and each /28 of 2000::/4, is; -1: nothing */

/* Countries by /16 and by the top 16 bits below 2000::/4, then finer pieces that win over them. The
 * model looks a piece up by its own index: no search, no normalising. */
struct world {
	int16_t four[BLOCKS4], six[BLOCKS4];
	int16_t fine4[BLOCKS4], fine6[BLOCKS4]; /* within the block, the part below */
	uint32_t from4[BLOCKS4], to4[BLOCKS4];	/* offsets within the /16, inclusive */
	uint64_t from6[BLOCKS4], to6[BLOCKS4];	/* of the 64 bits behind the top 20 */
};

/* Not UK, which reads as GB, nor LAN and the codes of lists, which are no countries. */
static int16_t random_country(void)
{
	int country = (int)random_below(COUNTRY_ZZ);

	if (country == country_from_text("UK", 2) || country == COUNTRY_LAN ||
	    country_code_is_list((unsigned)country))
		country = COUNTRY_ZZ;
	return (int16_t)country;
}

static struct world *make_world(bool whole_prefixes)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	for (size_t i = 0; i < BLOCKS4; i++) {
		world->four[i] = random_below(4) ? random_country() : -1;
		world->six[i] = random_below(4) ? random_country() : -1;
		world->fine4[i] = world->fine6[i] = -1;
		if (i >> 8 == 0 || random_below(2))
			continue;
		world->fine4[i] = random_country();
		world->fine6[i] = random_country();
		world->from4[i] = random_below(65536);
		world->to4[i] = world->from4[i] + random_below(65536 - world->from4[i]);
		world->from6[i] = random32();
		world->to6[i] = world->from6[i] + random32();
		if (whole_prefixes) { /* what a length can say: the second half of an eighth */
			world->from6[i] = (uint64_t)random_below(8) << 41;
			world->to6[i] = world->from6[i] + ((1ULL << 41) - 1);
		}
	}
	return world;
}

static int model4(const struct world *world, uint32_t address)
{
	uint32_t block = address >> 16, rest = address & 0xffff;

	if (world->fine4[block] >= 0 && rest >= world->from4[block] && rest <= world->to4[block])
		return world->fine4[block];
	return world->four[block] < 0 ? COUNTRY_ZZ : world->four[block];
}

/* Block i of IPv6 is 2i:ii..., /20; offsets count in /64s, of which it has 2^44. */
static int model6(const struct world *world, u128 address)
{
	uint64_t high = (uint64_t)(address >> 64), rest = high & ((1ULL << 44) - 1);
	size_t block = high >> 44 & 0xffff;

	if (high >> 60 != 2)
		return COUNTRY_ZZ;
	if (world->fine6[block] >= 0 && rest >= world->from6[block] && rest <= world->to6[block])
		return world->fine6[block];
	return world->six[block] < 0 ? COUNTRY_ZZ : world->six[block];
}

static u128 first6(size_t block)
{
	return ((u128)2 << 124) | (u128)block << 108;
}

typedef void write4(FILE *out, uint32_t first, uint32_t last, int country);
typedef void write6(FILE *out, u128 first, u128 last, int country);

/* Disjoint pieces, in order: what no format can misread. */
static void each_piece(const struct world *world, FILE *out, write4 *four, write6 *six)
{
	for (size_t i = 0; i < BLOCKS4 && four; i++) {
		uint32_t base = (uint32_t)i << 16, begin = base;

		if (world->fine4[i] >= 0) {
			if (world->four[i] >= 0 && world->from4[i])
				four(out, base, base + world->from4[i] - 1, world->four[i]);
			four(out, base + world->from4[i], base + world->to4[i], world->fine4[i]);
			begin = base + world->to4[i] + 1;
		}
		if (world->four[i] >= 0 && (begin >> 16 == i))
			four(out, begin, base | 0xffff, world->four[i]);
	}
	for (size_t i = 0; i < BLOCKS4 && six; i++) {
		u128 base = first6(i), begin = base, end = base | (((u128)1 << 108) - 1);

		if (world->fine6[i] >= 0) {
			u128 from = base + ((u128)world->from6[i] << 64);
			u128 to = base + (((u128)world->to6[i] + 1) << 64) - 1;

			if (world->six[i] >= 0 && from > base)
				six(out, base, from - 1, world->six[i]);
			six(out, from, to, world->fine6[i]);
			begin = to + 1;
		}
		if (world->six[i] >= 0 && begin <= end)
			six(out, begin, end, world->six[i]);
	}
}

static const char *code(int country)
{
	static char text[COUNTRY_TEXT_SIZE];

	country_to_text((unsigned)country, text);
	return text;
}

static void text6(u128 key, char text[ADDRESS_TEXT_SIZE])
{
	struct address address = address_from_key(key);

	address_format(&address, text);
}

static void text4(uint32_t key, char text[ADDRESS_TEXT_SIZE])
{
	struct address address = address_from4(key);

	address_format(&address, text);
}

static void decimal4(FILE *out, uint32_t first, uint32_t last, int country)
{
	fprintf(out, "%" PRIu32 ",%" PRIu32 ",%s\n", first, last, code(country));
}

static void quoted4(FILE *out, uint32_t first, uint32_t last, int country)
{
	char a[ADDRESS_TEXT_SIZE], b[ADDRESS_TEXT_SIZE];

	text4(first, a);
	text4(last, b);
	fprintf(out, "\"%s\",\"%s\",\"%s\"\r\n", a, b, code(country));
}

static void csv6(FILE *out, u128 first, u128 last, int country)
{
	char a[ADDRESS_TEXT_SIZE], b[ADDRESS_TEXT_SIZE];

	text6(first, a);
	text6(last, b);
	fprintf(out, "%s,%s,%s\n", a, b, code(country));
}

static size_t rir_records[2];

static void rir4(FILE *out, uint32_t first, uint32_t last, int country)
{
	char text[ADDRESS_TEXT_SIZE];

	text4(first, text);
	fprintf(out, "ripencc|%s|ipv4|%s|%" PRIu64 "|20100910|%s|0a0b\n", code(country), text,
		(uint64_t)last - first + 1, first & 1 << 20 ? "allocated" : "assigned");
	rir_records[0]++;
}

static int rir_prefix(const struct prefix *prefix, uint32_t country, void *context)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(&prefix->address, text);
	fprintf(context, "ripencc|%s|ipv6|%s|%u|20100910|allocated|0a0b\n", code((int)country),
		text, prefix->length);
	rir_records[1]++;
	return 0;
}

static void rir6(FILE *out, u128 first, u128 last, int country)
{
	struct ranges ranges = { 0 };

	assert_int_equal(ranges_add6(&ranges, first, last, (uint32_t)country), 0);
	ranges_each_prefix(&ranges, rir_prefix, out);
	ranges_free(&ranges);
}

static void check(const struct world *world, const struct ranges *ranges, bool four, bool six)
{
	for (size_t i = 0; i < RANDOMS; i++) {
		struct address address = address_from4(random32());
		int64_t found = four ? ranges_find(ranges, &address) : 0;
		u128 key = random128();
		char text[ADDRESS_TEXT_SIZE];

		if (random_below(64)) /* most in the part of the space that has something */
			key = (key >> 4) | (u128)2 << 124;
		if (random_below(4) == 0) /* and many near the pieces */
			key &= ~(((u128)0xfff) << 96);
		if (four &&
		    (found < 0 ? COUNTRY_ZZ : found) != model4(world, address_to4(&address))) {
			address_format(&address, text);
			fail_msg("%s: %d", text, (int)found);
		}
		address = address_from_key(key);
		found = six ? ranges_find(ranges, &address) : 0;
		if (six && key >> 112 != 0x2002 && !address_is4(&address) &&
		    (found < 0 ? COUNTRY_ZZ : found) != model6(world, key)) {
			address_format(&address, text);
			fail_msg("%s: %d, not %d", text, (int)found, model6(world, key));
		}
	}
}

static void read_and_check(const struct world *world, const char *name, char *text, size_t size,
			   bool four, bool six)
{
	struct ranges ranges = { 0 };
	struct fault fault;

	if (country_read(name, text, size, &ranges, &fault))
		fail_msg("%s", fault.text);
	assert_int_equal(ranges_normalise(&ranges), 0);
	check(world, &ranges, four, six);
	ranges_free(&ranges);
	free(text);
}

static void csv_answers_as_the_model(void **state)
{
	struct world *world = make_world(false);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	each_piece(world, out, decimal4, csv6);
	fclose(out);
	read_and_check(world, "geoip", text, size, true, true);
	out = open_memstream(&text, &size);
	each_piece(world, out, quoted4, NULL);
	fclose(out);
	read_and_check(world, "quoted.csv", text, size, true, false);
	free(world);
}

/* The whole block, and then its finer piece: the order and the overlap must not matter. */
static void overlapping_csv_answers_as_the_model(void **state)
{
	struct world *world = make_world(false);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (size_t i = BLOCKS4; i-- > 0;) {
		uint32_t base = (uint32_t)i << 16;

		if (world->fine4[i] >= 0 && world->to4[i] - world->from4[i] == 0xffff)
			world->four[i] = -1; /* neither is narrower */
		if (world->fine4[i] >= 0 && i % 2)
			decimal4(out, base + world->from4[i], base + world->to4[i],
				 world->fine4[i]);
		if (world->four[i] >= 0)
			decimal4(out, base, base | 0xffff, world->four[i]);
		if (world->fine4[i] >= 0 && !(i % 2))
			decimal4(out, base + world->from4[i], base + world->to4[i],
				 world->fine4[i]);
	}
	fclose(out);
	read_and_check(world, "geoip", text, size, true, false);
	free(world);
}

static char *write_rir(const struct world *world, const char *version, size_t *size)
{
	char *text, *body;
	size_t body_size;
	FILE *out = open_memstream(&body, &body_size);

	rir_records[0] = rir_records[1] = 0;
	each_piece(world, out, rir4, rir6);
	/* noise that says nothing, and is counted all the same */
	fputs("ripencc||ipv4|9.0.0.0|256||available|\nripencc|ZZ|ipv4|9.0.1.0|256||reserved|x\n"
	      "ripencc|FR|asn|7|1|19930901|allocated|0a\n",
	      out);
	fclose(out);
	out = open_memstream(&text, size);
	fprintf(out,
		"# a comment\n%s|ripencc|1795132800|%zu|19830705|20261120|+0100\n"
		"ripencc|*|ipv4|*|%zu|summary\nripencc|*|asn|*|1|summary\n"
		"ripencc|*|ipv6|*|%zu|summary\n",
		version, rir_records[0] + rir_records[1] + 3, rir_records[0] + 2, rir_records[1]);
	fwrite(body, 1, body_size, out);
	fclose(out);
	free(body);
	return text;
}

static void delegated_files_answer_as_the_model(void **state)
{
	struct world *world = make_world(true);
	size_t size;
	char *text;

	(void)state;
	text = write_rir(world, "2", &size);
	read_and_check(world, "delegated-ripencc-extended-latest", text, size, true, true);
	text = write_rir(world, "2.3", &size);
	read_and_check(world, "delegated-ripencc-latest", text, size, true, true);
	free(world);
}

static struct ranges *collected;

static void collect4(FILE *out, uint32_t first, uint32_t last, int country)
{
	(void)out;
	assert_int_equal(ranges_add4(collected, first, last, (uint32_t)country), 0);
}

static void collect6(FILE *out, u128 first, u128 last, int country)
{
	(void)out;
	assert_int_equal(ranges_add6(collected, first, last, (uint32_t)country), 0);
}

static void mmdb_answers_as_the_model(void **state)
{
	static const struct {
		unsigned version, bits;
		enum mmdb_shape shape;
	} files[] = { { 6, 28, MMDB_ISO_CODE },
		      { 6, 32, MMDB_COUNTRY_CODE },
		      { 4, 24, MMDB_COUNTRY } };
	struct world *world = make_world(true);
	struct ranges ranges = { 0 };
	struct address sixtofour;

	(void)state;
	world->four[0] = world->fine4[0] = -1;	 /* ::/112 is IPv4's */
	for (size_t i = 0x0020; i < 0x0030; i++) /* 2002::/16 is the alias */
		world->six[i] = world->fine6[i] = -1;
	collected = &ranges;
	each_piece(world, NULL, collect4, collect6);
	assert_int_equal(ranges_normalise(&ranges), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		size_t size;
		char *text =
			mmdb_write(&ranges, files[i].version, files[i].bits, files[i].shape, &size);

		read_and_check(world, "GeoLite2-Country.mmdb", text, size, true,
			       files[i].version == 6);
	}
	/* what the alias says of 6to4 is what the file says */
	{
		struct ranges read = { 0 };
		struct fault fault;
		size_t size;
		char *text = mmdb_write(&ranges, 6, 28, MMDB_ISO_CODE, &size);

		assert_int_equal(country_read("x.mmdb", text, size, &read, &fault), 0);
		assert_int_equal(ranges_normalise(&read), 0);
		for (size_t i = 0; i < 10000; i++) {
			uint32_t four = random32();
			int64_t found;

			sixtofour = address_from_key((u128)0x2002 << 112 | (u128)four << 80 | 1);
			found = ranges_find(&read, &sixtofour);
			assert_int_equal(found < 0 ? COUNTRY_ZZ : found, model4(world, four));
		}
		ranges_free(&read);
		free(text);
	}
	ranges_free(&ranges);
	free(world);
}

static void damaged_mmdb_files_are_refused_or_read_safely(void **state)
{
	struct ranges ranges = { 0 };
	struct fault fault;
	size_t size;
	char *text;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		ranges_add4(&ranges, 0x01000000 + (i << 12), 0x01000fff + (i << 12), i);
	assert_int_equal(ranges_normalise(&ranges), 0);
	text = mmdb_write(&ranges, 6, 24, MMDB_ISO_CODE, &size);
	for (unsigned round = 0; round < (is_under_valgrind() ? 30 : 600); round++) {
		struct ranges read = { 0 };
		size_t length = round % 3 ? size : random_below(size) + 1;
		char *copy = malloc(length);

		assert_non_null(copy);
		memcpy(copy, text, length);
		for (unsigned i = 0; i < 4 && round % 3; i++)
			copy[random_below(length)] = (char)random32();
		country_read("x.mmdb", copy, length, &read, &fault);
		ranges_free(&read);
		free(copy);
	}
	/* a tree whose nodes all name one another has 2^128 leaves */
	for (size_t i = 0; i < 6 * 90; i += 6)
		for (size_t side = 0; side < 2; side++)
			text[i + 3 * side] = text[i + 3 * side + 1] = 0,
				     text[i + 3 * side + 2] = (char)(i / 6 + 1);
	if (!is_under_valgrind()) { /* 64 million steps before it gives up */
		struct ranges read = { 0 };

		assert_int_equal(country_read("x.mmdb", text, size, &read, &fault), -EBADMSG);
		ranges_free(&read);
	}
	free(text);
	ranges_free(&ranges);
}

static void zones_have_their_country_in_the_name(void **state)
{
	static const char zone[] = "198.51.100.0/24\n2001:db8::/32\n";
	static const char *const names[] = { "/x/jp.zone", "jp-aggregated.zone", "JP.cidr",
					     "de.d/jp.zone.gz", "jp-aggregated.zone.zst" };
	struct address address;
	struct fault fault;

	(void)state;
	address_parse("2001:db8::1", 11, &address);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct ranges ranges = { 0 };

		assert_int_equal(country_read(names[i], zone, strlen(zone), &ranges, &fault), 0);
		assert_int_equal(ranges_find(&ranges, &address), country_from_text("JP", 2));
		ranges_free(&ranges);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[][2] = { { "japan.zone", "198.51.100.0/24\n" },
						      { "jp.zone", "<html>\n" },
						      { "jp.zone", "198.51.100.1/24\n" } };
		struct ranges ranges = { 0 };

		assert_int_equal(country_read(bad[i][0], bad[i][1], strlen(bad[i][1]), &ranges,
					      &fault),
				 -EBADMSG);
		ranges_free(&ranges);
	}
}

static void expect_rir(const char *text, const char *words)
{
	struct ranges ranges = { 0 };
	struct fault fault = { 0 };
	int error = country_read("delegated", text, strlen(text), &ranges, &fault);

	if (words ? error != -EBADMSG || !strstr(fault.text, words) : error)
		fail_msg("%d %s: %s", error, fault.text, text);
	ranges_free(&ranges);
}

#define HEAD	"2|ripencc|1795132800|3|19830705|20261120|+0100\n"
#define SUMS(n) "ripencc|*|ipv4|*|" #n "|summary\nripencc|*|ipv6|*|0|summary\n"

static void damaged_or_cut_delegated_files_are_refused(void **state)
{
	(void)state;
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|2.16.0.0|524288|20100910|allocated\n", NULL);
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|2.16.0.0|393216|20100910|allocated\n", NULL);
	expect_rir(HEAD SUMS(2) "ripencc|EU|ipv4|2.16.0.0|524288|20100910|allocated\n",
		   "cut short");
	expect_rir(HEAD SUMS(0) "ripencc|EU|ipv4|2.16.0.0|524288|20100910|allocated\n",
		   "cut short");
	expect_rir(HEAD "ripencc|EU|ipv4|2.16.0.0|524288|20100910|allocated\n", "summary");
	expect_rir(HEAD, "summary");
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|2.16.0.0|0|20100910|allocated\n", "delegated:4:");
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|255.0.0.0|33554432|20100910|allocated\n",
		   "delegated:4:");
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|2.16.0|256|20100910|allocated\n", "delegated:4:");
	expect_rir(HEAD SUMS(1) "ripencc|EUR|ipv4|2.16.0.0|256|20100910|allocated\n",
		   "delegated:4:");
	expect_rir(HEAD SUMS(0) "ripencc|EU|ipv6|2001:db8::|129|20100910|allocated\n",
		   "delegated:4:");
	expect_rir(HEAD SUMS(0) "ripencc|EU|ipv6|2001:db8::1|32|20100910|allocated\n",
		   "delegated:4:");
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|2.16.0.0|524288|2010\n", "delegated:4:");
	/* two files behind each other: each by its own counts */
	expect_rir(HEAD SUMS(1) "ripencc|EU|ipv4|2.16.0.0|256|20100910|allocated\n" HEAD SUMS(
			   1) "arin|US|ipv4|3.16.0.0|256|20100910|assigned\n",
		   NULL);
	expect_rir(HEAD SUMS(2) "ripencc|EU|ipv4|2.16.0.0|256|20100910|allocated\n" HEAD SUMS(
			   1) "arin|US|ipv4|3.16.0.0|256|20100910|assigned\n",
		   "delegated:5:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_answers_as_the_model),
		cmocka_unit_test(overlapping_csv_answers_as_the_model),
		cmocka_unit_test(delegated_files_answer_as_the_model),
		cmocka_unit_test(mmdb_answers_as_the_model),
		cmocka_unit_test(damaged_mmdb_files_are_refused_or_read_safely),
		cmocka_unit_test(zones_have_their_country_in_the_name),
		cmocka_unit_test(damaged_or_cut_delegated_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
