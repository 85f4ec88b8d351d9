// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and prefixes: what is read and what is refused, and the arithmetic against a model that
 * compares bit by bit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "in_range.h"
#include "net/address.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct address address(const char *text)
{
	struct address parsed;

	if (address_parse(text, strlen(text), &parsed))
		fail_msg("'%s' is an address", text);
	return parsed;
}

static struct prefix prefix(const char *text)
{
	struct prefix parsed;

	if (prefix_parse(text, strlen(text), &parsed))
		fail_msg("'%s' is a prefix", text);
	return parsed;
}

static void assert_prefix_text(const struct prefix *actual, const char *expected)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(actual, text);
	assert_string_equal(text, expected);
}

static void only_whole_strict_addresses_are_read(void **state)
{
	static const char *const refused[] = {
		"",
		"1.2.3",
		"010.1.1.1",
		"5",
		"1.2.3.4.5",
		"1.2.3.",
		"1.2.3.256",
		"0x1.2.3.4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.04",
		"1.2..4",
		"-1.2.3.4",
		"942.180.233.122",
		"1.2.3.4/32",
		"[::1]",
		"fe80::1%eth0",
		"::ffff:010.1.1.1",
		":::",
		"1::2::3",
		"12345::",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		":",
		"::1/128",
		"::g",
		"localhost",
		"1.2.3.4:25",
		"16777216",
		"::1.2.3",
		"0001:0002:0003:0004:0005:0006:0007:0008:0009:000a",
	};
	struct address parsed;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		if (address_parse(refused[i], strlen(refused[i]), &parsed) != -EINVAL)
			fail_msg("'%s' was read as an address", refused[i]);
	assert_int_equal(address_parse("1.2.3.4\0x", 9, &parsed), -EINVAL);
	assert_int_equal(address_parse("1.2.3.45", 7, &parsed), 0); /* not beyond `size` */
	assert_int_equal(address_to4(&parsed), 0x01020304);
}

static void addresses_are_written_in_their_canonical_form(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{ "1.2.3.4", "1.2.3.4" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::ffff:1.2.3.4", "1.2.3.4" },
		{ "::FFFF:102:304", "1.2.3.4" },
		{ "0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4" },
		{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "::1.2.3.4", "::1.2.3.4" },
		{ "fe80:0000:0000:0000:0204:61ff:254.157.241.86", "fe80::204:61ff:fe9d:f156" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address parsed = address(cases[i].text), again;
		char text[ADDRESS_TEXT_SIZE];

		address_format(&parsed, text);
		assert_string_equal(text, cases[i].canonical);
		again = address(text);
		assert_int_equal(address_compare(&parsed, &again), 0);
	}
}

static void mapped_addresses_are_ipv4_and_compatible_ones_are_not(void **state)
{
	struct address mapped = address("::ffff:192.0.2.1"), plain = address("192.0.2.1");
	struct address compatible = address("::192.0.2.1"), made = address_from4(0xc0000201);

	(void)state;
	assert_true(address_is4(&mapped));
	assert_int_equal(address_compare(&mapped, &plain), 0);
	assert_int_equal(address_compare(&mapped, &made), 0);
	assert_int_equal(address_to4(&mapped), 0xc0000201);
	assert_false(address_is4(&compatible));
}

static void halves_are_in_host_order(void **state)
{
	struct address a = address("2001:db8:1:2:3:4:5:6");

	(void)state;
	assert_true(address_high(&a) == 0x20010db800010002);
	assert_true(address_low(&a) == 0x0003000400050006);
}

static void prefixes_are_read(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "128.0.0.0/1", "128.0.0.0/1" },
		{ "2001:db8::", "2001:db8::/128" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2000::/3", "2000::/3" },
		{ "::/0", "::/0" },
		{ "::/64", "::/64" },
		{ "::/128", "::/128" },
		{ "::1", "::1/128" },
		{ "::/96", "::/96" },
		{ "::/81", "::/81" },
		{ "::ffff:0:0/96", "0.0.0.0/0" },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24" },
		{ "::ffff:192.0.2.1/128", "192.0.2.1/32" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix parsed = prefix(cases[i].text);

		assert_prefix_text(&parsed, cases[i].canonical);
	}
}

static void malformed_prefixes_are_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"/24",
		"1.2.3.4/",
		"1.2.3.4/33",
		"1.2.3.4/-1",
		"1.2.3.4/024",
		"1.2.3.4/+8",
		"1.2.3.4/ 8",
		"1.2.3.4/8 ",
		"1.2.3/24",
		"10/8",
		"10.1/16",
		"1.2.3.4/24/24",
		"9.9.9.9/0.0.0.255",
		"9.9.9.0/255.255.255.0",
		"::/129",
		"::/0x10",
		"::1/1280",
		"[2001:db8::]/32",
		"1.2.3.4/1000000000000",
		"1.2.3.4/4294967320",
		"host/24",
	};
	struct prefix parsed;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		if (prefix_parse(refused[i], strlen(refused[i]), &parsed) != -EINVAL)
			fail_msg("'%s' was read as a prefix", refused[i]);
}

static void host_bits_are_refused_with_the_corrected_prefix(void **state)
{
	static const struct {
		const char *text, *corrected;
	} cases[] = {
		{ "192.0.2.1/24", "192.0.2.0/24" },
		{ "1.2.3.4/0", "0.0.0.0/0" },
		{ "2001:db8::1/64", "2001:db8::/64" },
		{ "2001:db8:0:1::/63", "2001:db8::/63" },
		{ "::ffff:1.2.3.4/100", "0.0.0.0/4" },
		{ "::ffff:1.2.3.4/24", "::/24" }, /* IPv6: nothing of IPv4 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix parsed;

		assert_int_equal(prefix_parse(cases[i].text, strlen(cases[i].text), &parsed),
				 -EDOM);
		assert_prefix_text(&parsed, cases[i].corrected);
	}
}

static void no_prefix_holds_addresses_of_the_other_family(void **state)
{
	static const char *const around[] = { "::/0",  "::/32",		"::/64",
					      "::/80", "::8000:0:0/81", "::fffe:0:0/95" };
	struct prefix all4 = prefix("0.0.0.0/0"), loopback4 = prefix("127.0.0.0/8");
	struct address four = address("192.0.2.1"), six = address("::fffe:1:2");

	(void)state;
	for (size_t i = 0; i < COUNT(around); i++) {
		struct prefix p = prefix(around[i]);

		assert_false(prefix_contains(&p, &four));
		assert_false(prefix_overlaps(&p, &all4));
		assert_false(prefix_overlaps(&loopback4, &p));
	}
	assert_false(prefix_contains(&all4, &six));
	assert_true(prefix_contains(&all4, &four));
}

static void the_source_beside_the_mapped_range_is_not_all_of_ipv4(void **state)
{
	struct address a = address("::5"), four = address("192.0.2.1");
	struct prefix source = address_source(&a, 64), network = address_network(&a, 120, 48);

	(void)state;
	assert_prefix_text(&source, "::/64");
	assert_true(prefix_contains(&source, &a));
	assert_false(prefix_contains(&source, &four));
	assert_false(prefix_contains(&network, &four));
}

/* ---- the arithmetic against a model ---- */

static unsigned bit(const struct address *a, unsigned i)
{
	return a->byte[i / 8] >> (7 - i % 8) & 1;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed >> 33;
}

/* Half of them differ from `near` only from a random bit on, so that prefixes match often. */
static struct address random_address(uint64_t *seed, const struct address *near)
{
	struct address a;
	unsigned shared = next_random(seed) % 2 ? (unsigned)(next_random(seed) % 129) : 0;

	for (unsigned i = 0; i < 16; i++)
		a.byte[i] = (__u8)next_random(seed);
	for (unsigned i = 0; i < shared; i++) {
		a.byte[i / 8] &= (__u8) ~(0x80 >> i % 8);
		a.byte[i / 8] |= (__u8)(bit(near, i) << (7 - i % 8));
	}
	return a;
}

static unsigned model_shared(const struct address *a, const struct address *b)
{
	unsigned i = 0;

	while (i < 128 && bit(a, i) == bit(b, i))
		i++;
	return i;
}

static bool model_is4(const struct address *a, unsigned length)
{
	unsigned i = 0;

	while (i < 96 && bit(a, i) == (i >= 80))
		i++;
	return i == 96 && length >= 96;
}

static void check_pair(const struct address *a, const struct address *b, unsigned length,
		       unsigned other)
{
	struct address masked = address_mask(a, length);
	struct prefix p = { .address = masked, .length = length };
	struct prefix q = { .address = address_mask(b, other), .length = other };
	unsigned shared = model_shared(a, b), shorter = length < other ? length : other;
	bool a4 = model_is4(&p.address, length), b4 = model_is4(&q.address, other);

	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(bit(&masked, i), i < length ? bit(a, i) : 0);
	assert_int_equal(prefix_contains(&p, a), a4 == model_is4(a, 128));
	assert_int_equal(prefix_contains(&p, b), shared >= length && a4 == model_is4(b, 128));
	assert_int_equal(prefix_overlaps(&p, &q), shared >= shorter && a4 == b4);
	assert_int_equal(prefix_overlaps(&q, &p), shared >= shorter && a4 == b4);
	assert_int_equal(address_compare(a, b) < 0,
			 shared < 128 && bit(a, shared) < bit(b, shared));
}

static void masks_and_containment_agree_with_the_model(void **state)
{
	uint64_t seed = 20261121;
	struct address near = address("::ffff:192.0.2.1");
	unsigned contained = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct address a = random_address(&seed, &near), b = random_address(&seed, &a);
		unsigned length = (unsigned)(next_random(&seed) % 129);

		check_pair(&a, &b, length, (unsigned)(next_random(&seed) % 129));
		contained += model_shared(&a, &b) >= length;
		near = a;
	}
	assert_within(contained, 10000, 90000); /* both answers were asked for */
}

static void what_is_written_reads_back_the_same(void **state)
{
	uint64_t seed = 7;
	struct address near = address("::ffff:1.2.3.4");

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct address a = random_address(&seed, &near);
		struct prefix p = { .length = (unsigned)(next_random(&seed) % 129) }, again;
		char text[PREFIX_TEXT_SIZE];

		p.address = address_mask(&a, p.length);
		prefix_format(&p, text);
		again = prefix(text);
		assert_memory_equal(&p, &again, sizeof(p));
	}
}

static void sources_and_networks_have_the_configured_length(void **state)
{
	struct address four = address("192.0.2.77"), six = address("2001:db8:1:2:3:4:5:6");
	struct prefix found;

	(void)state;
	found = address_source(&four, 64);
	assert_prefix_text(&found, "192.0.2.77/32");
	found = address_source(&six, 64);
	assert_prefix_text(&found, "2001:db8:1:2::/64");
	found = address_source(&six, 56);
	assert_prefix_text(&found, "2001:db8:1::/56");
	found = address_network(&four, 120, 48);
	assert_prefix_text(&found, "192.0.2.0/24");
	found = address_network(&six, 120, 48);
	assert_prefix_text(&found, "2001:db8:1::/48");
}

static void special_prefixes_are_named(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "127.0.0.1", "loopback" },
		{ "127.255.255.255", "loopback" },
		{ "::1", "loopback" },
		{ "10.0.0.0/8", "private" },
		{ "10.1.2.3", "private" },
		{ "172.16.0.0", "private" },
		{ "172.31.255.255", "private" },
		{ "192.168.1.0/24", "private" },
		{ "fd00::1", "private" },
		{ "fec0::1", "private" },
		{ "100.64.0.1", "shared (carrier NAT)" },
		{ "100.127.255.255", "shared (carrier NAT)" },
		{ "169.254.1.1", "link-local" },
		{ "fe80::1", "link-local" },
		{ "0.1.2.3", "this network" },
		{ "::", "unspecified" },
		{ "::5", "reserved" },
		{ "224.0.0.1", "multicast" },
		{ "ff02::1", "multicast" },
		{ "255.255.255.255", "reserved" },
		{ "0.0.0.0/0", "loopback" }, /* overlaps it */
		{ "192.0.0.0/8", "private" },
		{ "f800::/5", "private" },
		{ "126.255.255.255", NULL },
		{ "128.0.0.0", NULL },
		{ "11.0.0.0/8", NULL },
		{ "172.15.255.255", NULL },
		{ "172.32.0.0/11", NULL },
		{ "192.167.255.255", NULL },
		{ "192.0.2.1", NULL },
		{ "100.63.255.255", NULL },
		{ "100.128.0.0", NULL },
		{ "223.255.255.255", NULL },
		{ "2001:db8::/32", NULL },
		{ "2000::/3", NULL },
		{ "64:ff9b::/96", NULL },
		{ "fbff::", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix p = prefix(cases[i].text);
		const char *name = prefix_special(&p);

		if (name != cases[i].name &&
		    (!name || !cases[i].name || strcmp(name, cases[i].name)))
			fail_msg("%s is %s, not %s", cases[i].text, name ? name : "nothing",
				 cases[i].name ? cases[i].name : "nothing");
	}
}

static void countries_are_two_letters(void **state)
{
	char text[COUNTRY_TEXT_SIZE];

	(void)state;
	assert_int_equal(country_from_text("AA", 2), 0);
	assert_int_equal(country_from_text("jp", 2), 9 * 26 + 15);
	assert_int_equal(country_from_text("ZZ", 2), COUNTRY_ZZ);
	assert_int_equal(country_from_text("??", 2), -EINVAL);
	assert_int_equal(country_from_text("A1", 2), -EINVAL);
	assert_int_equal(country_from_text("JPN", 3), -EINVAL);
	assert_int_equal(country_from_text("J", 1), -EINVAL);
	assert_int_equal(country_from_text("\xc4\xd6", 2), -EINVAL);
	for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
		country_to_text(country, text);
		assert_int_equal(country_from_text(text, strlen(text)), country);
	}
	country_to_text(COUNTRY_COUNT, text);
	assert_string_equal(text, "ZZ");
	country_to_text(COUNTRY_LAN, text);
	assert_string_equal(text, "LAN");
	assert_int_equal(country_from_text("lan", 3), COUNTRY_LAN);
	assert_int_equal(country_from_text("ZY", 2), -EINVAL); /* in whose place it stands */
}

static void local_addresses_are_those_of_no_stranger(void **state)
{
	static const char *const lan[] = {
		"10.0.0.0",    "10.255.255.255", "172.16.0.0",	"172.31.255.255",
		"192.168.0.1", "127.0.0.1",	 "169.254.7.7", "::1",
		"fc00::",      "fdff:ffff::1",	 "fe80::1",	"febf::1"
	};
	static const char *const other[] = { "9.255.255.255", "11.0.0.0",    "172.15.255.255",
					     "172.32.0.0",    "192.167.0.1", "192.169.0.0",
					     "100.64.0.1",    "126.1.1.1",   "128.0.0.1",
					     "169.253.1.1",   "::2",	     "fbff::1",
					     "fe00::1",	      "fec0::1",     "2001:db8::1",
					     "0.0.0.1" };
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof(lan) / sizeof(*lan); i++) {
		assert_int_equal(address_parse(lan[i], strlen(lan[i]), &address), 0);
		if (!address_is_lan(&address))
			fail_msg("%s is local", lan[i]);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
		assert_int_equal(address_parse(other[i], strlen(other[i]), &address), 0);
		if (address_is_lan(&address))
			fail_msg("%s is not local", other[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_strict_addresses_are_read),
		cmocka_unit_test(addresses_are_written_in_their_canonical_form),
		cmocka_unit_test(mapped_addresses_are_ipv4_and_compatible_ones_are_not),
		cmocka_unit_test(halves_are_in_host_order),
		cmocka_unit_test(prefixes_are_read),
		cmocka_unit_test(malformed_prefixes_are_refused),
		cmocka_unit_test(host_bits_are_refused_with_the_corrected_prefix),
		cmocka_unit_test(no_prefix_holds_addresses_of_the_other_family),
		cmocka_unit_test(the_source_beside_the_mapped_range_is_not_all_of_ipv4),
		cmocka_unit_test(masks_and_containment_agree_with_the_model),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(sources_and_networks_have_the_configured_length),
		cmocka_unit_test(special_prefixes_are_named),
		cmocka_unit_test(countries_are_two_letters),
		cmocka_unit_test(local_addresses_are_those_of_no_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
