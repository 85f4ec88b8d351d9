// SPDX-License-Identifier: GPL-2.0-or-later
/* Country files: the source's answers survive, damage is named with file and line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "checked.h"
#include "lists/country.h"
#include "lists/input.h"
#include "lists_random.h"
#include "provided.h"

static int read_copy(const char *text, struct ranges *ranges, struct fault *fault)
{
	size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);
	int error;

	for (size_t i = 0; i < size; i++) /* no NUL: it ends where the memory ends */
		copy[i] = text[i];
	*fault = (struct fault){ 0 };
	error = country_read("geoip", copy, size, ranges, fault);
	free(copy);
	return error;
}

static void expect_country(const struct ranges *ranges, const char *text, const char *country)
{
	struct address address;
	char found[COUNTRY_TEXT_SIZE];
	int64_t value;

	assert_int_equal(address_parse(text, strlen(text), &address), 0);
	value = ranges_find(ranges, &address);
	country_to_text(value < 0 ? COUNTRY_ZZ : (unsigned)value, found);
	if (strcmp(found, country))
		fail_msg("%s: %s, not %s", text, found, country);
}

static void both_families_answer_as_written(void **state)
{
	struct ranges ranges = { 0 };
	struct fault fault;

	(void)state;
	assert_int_equal(read_copy("# comment\r\n15726992,15726999,??\r\n16777216,16777471,AU\n"
				   "4294967295,4294967295,EU\n\n16777472,16778239,UK\n"
				   "33554432,33554687,XA\n33554688,33554943,XK\n",
				   &ranges, &fault),
			 0);
	assert_int_equal(read_copy("\xef\xbb\xbf"
				   "2001:4:112::,2001:4:112:ffff:ffff:ffff:ffff:ffff,US\n"
				   "2001:506:9::4,2001:506:9::5,BR\n"
				   "2002::,2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff,JP",
				   &ranges, &fault),
			 0);
	assert_int_equal(ranges_normalise(&ranges), 0);
	expect_country(&ranges, "0.239.248.16", "ZZ");
	expect_country(&ranges, "1.0.0.0", "AU");
	expect_country(&ranges, "1.0.0.255", "AU");
	expect_country(&ranges, "1.0.1.0", "GB");
	expect_country(&ranges, "2.0.0.1", "ZZ"); /* only a list gives a source this code */
	expect_country(&ranges, "2.0.1.1", "XK"); /* Kosovo, as most data has it */
	expect_country(&ranges, "255.255.255.255", "EU");
	expect_country(&ranges, "9.9.9.9", "ZZ");
	expect_country(&ranges, "2001:4:112::1", "US");
	expect_country(&ranges, "2001:506:9::3", "ZZ");
	expect_country(&ranges, "2001:506:9::4", "BR");
	expect_country(&ranges, "2002:7f00::", "JP");
	ranges_free(&ranges);
}

static void a_malformed_line_is_named(void **state)
{
	static const char *const lines[] = {
		"1,2",
		"1,2,",
		"1,2,A",
		"1,2,AUS",
		"1,2,1A",
		",2,AU",
		"1,,AU",
		"2,1,AU",
		"1,4294967296,AU",
		"01,2,AU",
		"-1,2,AU",
		"1,2001:db8::,AU",
		"1, 2,AU",
		"2001:db8::2,2001:db8::1,AU",
		"<html>",
		"1.2.3,1.2.4,AU",
		"99999999999,99999999999,AU",
		"1,2,AU,X",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct ranges ranges = { 0 };
		struct fault fault;
		char text[256];

		snprintf(text, sizeof(text), "# head\n1,2,AU\n%s\n5,6,AU\n", lines[i]);
		if (read_copy(text, &ranges, &fault) != -EBADMSG)
			fail_msg("'%s' was taken", lines[i]);
		assert_memory_equal(fault.text, "geoip:3: ", 9);
		ranges_free(&ranges);
	}
}

static void an_empty_file_is_no_country_data(void **state)
{
	struct ranges ranges = { 0 };
	struct fault fault;

	(void)state;
	assert_int_equal(read_copy("", &ranges, &fault), -EBADMSG);
	assert_int_equal(read_copy("# nothing\n", &ranges, &fault), -EBADMSG);
	assert_non_null(strstr(fault.text, "geoip:1: "));
}

static void a_missing_file_is_named(void **state)
{
	char *files[] = { "/nonexistent/geoip" };
	struct ranges ranges;
	struct fault fault;

	(void)state;
	assert_int_equal(country_load(files, 1, &ranges, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nonexistent/geoip"));
}

/* Every line of the source against the normalised ranges: both ends and the middle. */
static size_t check_source(const char *path, const struct ranges *ranges)
{
	FILE *file = fopen(path, "r");
	char line[256];
	size_t checked = 0;

	while (file && fgets(line, sizeof(line), file)) {
		char *first = strtok(line, ","), *last = strtok(NULL, ",");
		char *country = strtok(NULL, "\r\n");
		struct address ends[2];
		int64_t expected;

		if (!country || *first == '#')
			continue;
		if (strchr(first, ':')) {
			assert_int_equal(address_parse(first, strlen(first), &ends[0]), 0);
			assert_int_equal(address_parse(last, strlen(last), &ends[1]), 0);
		} else {
			ends[0] = address_from4((uint32_t)strtoul(first, NULL, 10));
			ends[1] = address_from4((uint32_t)strtoul(last, NULL, 10));
		}
		expected = country_normal(country, strlen(country));
		assert_int_equal(ranges_find(ranges, &ends[0]), expected);
		assert_int_equal(ranges_find(ranges, &ends[1]), expected);
		checked++;
	}
	if (file)
		fclose(file);
	return checked;
}

struct line {
	u128 first, last;
	int country;
};

/* The file's lines as they are: it is sorted, and no line overlaps another. */
static struct line *read_lines(const char *path, size_t *count)
{
	struct line *lines = calloc(1 << 20, sizeof(*lines));
	FILE *file = fopen(path, "r");
	char text[256], country[8], ends[2][64];

	*count = 0;
	assert_non_null(lines);
	while (file && fgets(text, sizeof(text), file)) {
		u128 keys[2];

		if (sscanf(text, "%63[^,],%63[^,],%7s", ends[0], ends[1], country) != 3)
			continue;
		for (unsigned i = 0; i < 2; i++) {
			struct in6_addr six;

			keys[i] = strtoul(ends[i], NULL, 10);
			if (inet_pton(AF_INET6, ends[i], &six) == 1)
				for (unsigned byte = 0; byte < 16; byte++)
					keys[i] = keys[i] << 8 | six.s6_addr[byte];
		}
		lines[*count].first = keys[0];
		lines[*count].last = keys[1];
		lines[(*count)++].country = country_normal(country, strlen(country));
	}
	if (file)
		fclose(file);
	return lines;
}

static int model(const struct line *lines, size_t count, u128 key)
{
	size_t at = 0;

	for (size_t step = 1 << 20; step; step /= 2)
		if (at + step < count && lines[at + step].first <= key)
			at += step;
	return count && lines[at].first <= key && key <= lines[at].last ? lines[at].country
									: COUNTRY_ZZ;
}

static void debian_data_answers_a_million_random_addresses(void **state)
{
	char *files[2];
	unsigned randoms = is_under_valgrind() ? 20000 : 1000000;
	struct ranges ranges;
	struct fault fault;

	(void)state;
	if (!provided_geoip(files)) {
		print_message("no country data: scripts/bootstrap could not fetch tor-geoipdb\n");
		skip();
	}
	if (country_load(files, 2, &ranges, &fault))
		fail_msg("%s", fault.text);
	for (unsigned family = 0; family < 2; family++) {
		size_t count;
		struct line *lines = read_lines(files[family], &count);

		for (unsigned i = 0; i < randoms; i++) {
			const struct line *near = &lines[random_below(count)];
			u128 key = family ? random128() : random32();
			struct address address;
			int64_t found;

			/* in or beside a line, else most IPv6 ones would hit nothing */
			if (i % 4)
				key = near->first +
				      (i % 4 == 1 ? 0 : key % (near->last - near->first + 2));
			address = family ? address_from_key(key) : address_from4((uint32_t)key);
			found = ranges_find(&ranges, &address);
			assert_int_equal(found < 0 ? COUNTRY_ZZ : found, model(lines, count, key));
		}
		free(lines);
	}
	ranges_free(&ranges);
}

static void debian_data_keeps_the_answers_of_its_lines(void **state)
{
	char *files[2];
	struct ranges ranges;
	struct fault fault;

	(void)state;
	if (!provided_geoip(files)) {
		print_message("no country data: scripts/bootstrap could not fetch tor-geoipdb\n");
		skip();
	}
	if (country_load(files, 2, &ranges, &fault))
		fail_msg("%s", fault.text);
	assert_true(check_source(files[0], &ranges) > 100000);
	assert_true(check_source(files[1], &ranges) > 100000);
	ranges_free(&ranges);
}

/* gzip of "1,2,AU\n", twice as two members. */
static const unsigned char member[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					0x03, 0x33, 0xd4, 0x31, 0xd2, 0x71, 0x0c, 0xe5, 0x02,
					0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00 };

static size_t make_member(char *out)
{
	/* CRC32 of the text, bit by bit: zlib itself is what is tested */
	const char text[] = "1,2,AU\n";
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < 7; i++) {
		crc ^= (unsigned char)text[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	crc = ~crc;
	memcpy(out, member, sizeof(member));
	for (unsigned i = 0; i < 4; i++)
		out[sizeof(member) - 8 + i] = (char)(crc >> (8 * i));
	return sizeof(member);
}

static void gzip_members_are_unpacked_and_bombs_refused(void **state)
{
	char packed[2 * sizeof(member)], *unpacked;
	size_t one = make_member(packed), size;

	(void)state;
	make_member(packed + one);
	assert_int_equal(input_unpack(packed, 2 * one, 1000, &unpacked, &size), 0);
	assert_int_equal(size, 14);
	assert_memory_equal(unpacked, "1,2,AU\n1,2,AU\n", 14);
	free(unpacked);
	assert_int_equal(input_unpack(packed, 2 * one, 13, &unpacked, &size), -EFBIG);
	for (size_t cut = 2; cut < one; cut++)
		assert_int_equal(input_unpack(packed, cut, 1000, &unpacked, &size), -EBADMSG);
	packed[one - 8] ^= 1;
	assert_int_equal(input_unpack(packed, one, 1000, &unpacked, &size), -EBADMSG);
	assert_int_equal(input_unpack("1.2.3.4", 7, 1000, &unpacked, &size), 0);
	assert_null(unpacked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_answer_as_written),
		cmocka_unit_test(a_malformed_line_is_named),
		cmocka_unit_test(an_empty_file_is_no_country_data),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(debian_data_keeps_the_answers_of_its_lines),
		cmocka_unit_test(debian_data_answers_a_million_random_addresses),
		cmocka_unit_test(gzip_members_are_unpacked_and_bombs_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
