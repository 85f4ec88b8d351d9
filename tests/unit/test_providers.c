// SPDX-License-Identifier: GPL-2.0-or-later
/* The provider data: what providers_select() takes is what providers_find() says of each address,
 * whatever the format, of several files too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/types.h>
#include "contract.h"
#include "checked.h"
#include "lists/country.h"
#include "lists/providers.h"
#include "mmdb_write.h"

#if __has_include(<libloc/writer.h>)
#include <libloc/writer.h>
#define HAVE_LIBLOC 1
#else
#define HAVE_LIBLOC 0
#endif

static char folder[] = "/tmp/sekisho-providers-XXXXXX";

static char *path_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	return path;
}

static char *write_file(const char *name, const char *text, size_t size)
{
	char *path = path_of(name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, size, out), size);
	fclose(out);
	return path;
}

static char *write_text(const char *name, const char *text)
{
	return write_file(name, text, strlen(text));
}

static struct ranges select_of(char *const *files, size_t count, const uint32_t *numbers,
			       size_t number_count, bool *found)
{
	struct providers *providers = NULL;
	struct ranges ranges = { 0 };
	struct fault fault = { 0 };

	if (providers_load(files, count, false, &providers, &fault) ||
	    providers_select(providers, numbers, number_count, found, &ranges, &fault))
		fail_msg("%s", fault.text);
	providers_free(providers);
	return ranges;
}

static bool has(const struct ranges *ranges, const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, strlen(text), &address), 0);
	return ranges_find(ranges, &address) >= 0;
}

static void numbers_are_selected_of_lines(void **state)
{
	char *file = write_text("lines",
				"192.0.2.0,192.0.2.255,64500\n"
				"192.0.2.64,192.0.2.127,AS64501\n" /* in it */
				"198.51.100.0\t198.51.100.255\t64500\n"
				"203.0.113.0,203.0.113.255,64502\n"
				"2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,64500\n");
	const uint32_t numbers[] = { 64499, 64500, 64502 };
	bool found[3] = { false };
	struct ranges ranges = select_of(&file, 1, numbers, 3, found);

	assert_true(!found[0] && found[1] && found[2]);
	assert_true(has(&ranges, "192.0.2.63") && has(&ranges, "192.0.2.128"));
	assert_false(has(&ranges, "192.0.2.64") || has(&ranges, "192.0.2.127"));
	assert_true(has(&ranges, "198.51.100.9") && has(&ranges, "203.0.113.9"));
	assert_true(has(&ranges, "2001:db8:1::1"));
	assert_false(has(&ranges, "2001:db9::1") || has(&ranges, "203.0.114.0"));
	assert_true(ranges.v4 && !ranges.v4[0].value);
	ranges_free(&ranges);
	free(file);
	(void)state;
}

/* As providers_find(): an address is of the provider that the first file with one names. */
static void the_first_file_is_believed(void **state)
{
	char *files[] = { write_text("first", "192.0.2.0,192.0.2.127,64501\n"
					      "198.51.100.0,198.51.100.63,64500\n"),
			  write_text("second", "192.0.2.0,192.0.2.255,64500\n"
					       "203.0.113.0,203.0.113.255,64502\n") };
	const uint32_t numbers[] = { 64500, 64502 };
	bool found[2] = { false };
	struct ranges ranges = select_of(files, 2, numbers, 2, found);

	assert_false(has(&ranges, "192.0.2.127"));
	assert_true(has(&ranges, "192.0.2.128") && has(&ranges, "198.51.100.63"));
	assert_true(has(&ranges, "203.0.113.0") && found[0] && found[1]);
	ranges_free(&ranges);
	free(files[0]);
	free(files[1]);
	(void)state;
}

static void add(struct ranges *ranges, const char *text, uint32_t value)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	assert_int_equal(ranges_add_prefix(ranges, &prefix, value), 0);
}

static void numbers_are_selected_of_a_maxmind_file(void **state)
{
	const uint32_t numbers[] = { 64000, 64005 };
	struct ranges data = { 0 }, ranges;
	bool found[2] = { false };
	char *text, *file;
	size_t size;

	add(&data, "192.0.2.0/24", 5);
	add(&data, "198.51.100.0/24", 6);
	add(&data, "2001:db8::/32", 5);
	assert_int_equal(ranges_normalise(&data), 0);
	text = mmdb_write(&data, 6, 28, MMDB_ASN, &size);
	file = write_file("asn.mmdb", text, size);
	ranges = select_of(&file, 1, numbers, 2, found);
	assert_true(!found[0] && found[1]);
	assert_int_equal(ranges.count4, 1);
	assert_int_equal(ranges.count6, 2); /* 6to4 (2002::/16) is its IPv4 address' */
	assert_true(has(&ranges, "192.0.2.255") && has(&ranges, "2001:db8::9"));
	assert_true(has(&ranges, "2002:c000:0201::1"));
	assert_false(has(&ranges, "198.51.100.1"));
	ranges_free(&ranges);
	ranges_free(&data);
	free(text);
	free(file);
	(void)state;
}

#if HAVE_LIBLOC
static void write_network(struct loc_writer *writer, const char *text, uint32_t number)
{
	struct loc_network *network = NULL;

	assert_int_equal(loc_writer_add_network(writer, &network, text), 0);
	assert_int_equal(loc_network_set_asn(network, number), 0);
	loc_network_unref(network);
}

/* A network in a network of another provider's, and an unlisted one in between. */
static void numbers_are_selected_of_a_libloc_database(void **state)
{
	const uint32_t numbers[] = { 64500 };
	struct loc_ctx *context = NULL;
	struct loc_writer *writer = NULL;
	char *file = path_of("database.db");
	bool found[1] = { false };
	struct ranges ranges;
	FILE *out = fopen(file, "w+");

	assert_non_null(out);
	if (is_checked()) {
		fclose(out);
		free(file);
		skip(); /* libloc's writer writes what it has not set */
	}
	assert_int_equal(loc_new(&context), 0);
	assert_int_equal(loc_writer_new(context, &writer, NULL, NULL), 0);
	write_network(writer, "192.0.2.0/24", 64500);
	write_network(writer, "192.0.2.64/26", 64501);
	write_network(writer, "198.51.100.0/24", 64502);
	write_network(writer, "2001:db8::/32", 64500);
	assert_int_equal(loc_writer_write(writer, out, LOC_DATABASE_VERSION_LATEST), 0);
	fclose(out);
	loc_writer_unref(writer);
	loc_unref(context);
	ranges = select_of(&file, 1, numbers, 1, found);
	assert_true(found[0]);
	assert_true(has(&ranges, "192.0.2.63") && has(&ranges, "192.0.2.128"));
	assert_false(has(&ranges, "192.0.2.64") || has(&ranges, "198.51.100.1"));
	assert_true(has(&ranges, "2001:db8:ffff::"));
	assert_int_equal(ranges.count4, 2);
	ranges_free(&ranges);
	free(file);
	(void)state;
}
#endif

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "lines", "first", "second", "asn.mmdb",
					     "database.db" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = path_of(names[i]);

		unlink(path);
		free(path);
	}
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_selected_of_lines),
		cmocka_unit_test(the_first_file_is_believed),
		cmocka_unit_test(numbers_are_selected_of_a_maxmind_file),
#if HAVE_LIBLOC
		cmocka_unit_test(numbers_are_selected_of_a_libloc_database),
#endif
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
