// SPDX-License-Identifier: GPL-2.0-or-later
/* See providers.h. The answer of the first file that knows an address is taken. */
#include "lists/providers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lists/country_reader.h"
#include "lists/input.h"
#include "lists/locdb.h"
#include "lists/mmdb_walk.h"

struct source {
	struct locdb *loc;
	MMDB_s mmdb;
	bool is_mmdb;
	struct ranges ranges;
};

struct providers {
	struct source *sources;
	size_t count;
};

void providers_free(struct providers *providers)
{
	for (size_t i = 0; providers && i < providers->count; i++) {
		locdb_close(providers->sources[i].loc);
		if (providers->sources[i].is_mmdb)
			MMDB_close(&providers->sources[i].mmdb);
		ranges_free(&providers->sources[i].ranges);
	}
	if (providers)
		free(providers->sources);
	free(providers);
}

static bool read_number(const struct country_field *field, uint32_t *number)
{
	const char *text = field->text;
	size_t size = field->size;
	uint64_t value = 0;

	if (size > 2 && (*text == 'A' || *text == 'a') && (text[1] == 'S' || text[1] == 's')) {
		text += 2;
		size -= 2;
	}
	if (!size || size > 10)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= UINT32_MAX;
}

static const char *read_line(const char *line, size_t size, void *context, int *error)
{
	char separator = memchr(line, '\t', size) ? '\t' : ',';
	struct country_field fields[3];
	struct address first, last;
	uint32_t number;

	if (country_fields(line, size, separator, fields, 3) < 3)
		return "not of the form FIRST, LAST, NUMBER";
	if (address_parse(fields[0].text, fields[0].size, &first) ||
	    address_parse(fields[1].text, fields[1].size, &last) ||
	    address_is4(&first) != address_is4(&last) || address_compare(&first, &last) > 0)
		return "not a range of addresses";
	if (!read_number(&fields[2], &number))
		return "not the number of an autonomous system";
	if (!number)
		return NULL; /* not routed */
	if (address_is4(&first))
		*error = ranges_add4(context, address_to4(&first), address_to4(&last), number);
	else
		*error = ranges_add6(context,
				     (u128)address_high(&first) << 64 | address_low(&first),
				     (u128)address_high(&last) << 64 | address_low(&last), number);
	return *error ? "no memory" : NULL;
}

static int read_lines(const char *path, struct source *source, struct fault *fault)
{
	_cleanup_(input_free) struct input input = { 0 };
	struct country_file file = { .name = path };
	int error = input_read(path, &input, fault);

	if (error)
		return error;
	file.text = input.text;
	file.size = input.size;
	error = country_lines(&file, read_line, &source->ranges, fault);
	if (!error && ranges_normalise(&source->ranges))
		return fault_set(fault, -ENOMEM, "no memory for %s", path);
	return error;
}

static int open_source(const char *path, struct source *source, struct fault *fault)
{
	int error = locdb_open(path, &source->loc, fault);

	if (error != -EBADMSG)
		return error;
	if (MMDB_open(path, MMDB_MODE_MMAP, &source->mmdb) == MMDB_SUCCESS) {
		source->is_mmdb = true;
		return 0;
	}
	return read_lines(path, source, fault);
}

int providers_load(char *const *files, size_t count, bool optional, struct providers **result,
		   struct fault *fault)
{
	struct providers *providers = calloc(1, sizeof(*providers));
	int error = 0;

	*result = NULL;
	if (providers)
		providers->sources = calloc(count + 1, sizeof(*providers->sources));
	if (!providers || !providers->sources) {
		providers_free(providers);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count && !error; i++) {
		if (optional && access(files[i], F_OK))
			continue;
		error = open_source(files[i], &providers->sources[providers->count], fault);
		providers->count++;
	}
	if (error || !providers->count) {
		providers_free(providers);
		return error;
	}
	*result = providers;
	return 0;
}

static uint32_t read_data(const MMDB_entry_data_s *data)
{
	return data->type == MMDB_DATA_TYPE_UINT32   ? data->uint32
	       : data->type == MMDB_DATA_TYPE_UINT16 ? data->uint16
						     : 0;
}

static uint32_t find_mmdb(const struct source *source, const struct address *address)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	const struct sockaddr *at = (const struct sockaddr *)&six;
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int error = 0;

	memcpy(&six.sin6_addr, address->byte, sizeof(six.sin6_addr));
	if (address_is4(address)) {
		four.sin_addr.s_addr = htonl(address_to4(address));
		at = (const struct sockaddr *)&four;
	}
	found = MMDB_lookup_sockaddr(&source->mmdb, at, &error);
	if (error || !found.found_entry ||
	    MMDB_get_value(&found.entry, &data, "autonomous_system_number", NULL) || !data.has_data)
		return 0;
	return read_data(&data);
}

uint32_t providers_find(const struct providers *providers, const struct address *address)
{
	uint32_t number = 0;

	for (size_t i = 0; providers && i < providers->count && !number; i++) {
		const struct source *source = &providers->sources[i];
		int64_t found =
			source->loc || source->is_mmdb ? -1 : ranges_find(&source->ranges, address);

		if (source->loc)
			number = locdb_find(source->loc, address);
		else if (source->is_mmdb)
			number = find_mmdb(source, address);
		else if (found > 0)
			number = (uint32_t)found;
	}
	return number;
}

/* ---- all addresses of some providers ---- */

static int64_t number_of(MMDB_entry_s *entry)
{
	MMDB_entry_data_s data;
	int status = MMDB_get_value(entry, &data, "autonomous_system_number", NULL);
	uint32_t number = status == MMDB_SUCCESS && data.has_data ? read_data(&data) : 0;

	if (status != MMDB_SUCCESS && status != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return -EBADMSG;
	return number ? (int64_t)number : -EINVAL;
}

/* Collects all ranges of a source, with the providers' numbers as values. The caller owns
 * *ranges. */
static int walk_source(struct source *source, struct ranges *ranges)
{
	int error = source->loc	      ? locdb_walk(source->loc, ranges)
		    : source->is_mmdb ? mmdb_walk(&source->mmdb, number_of, ranges)
				      : ranges_add_all(ranges, &source->ranges);

	return error ? error : ranges_normalise(ranges);
}

int providers_count(const struct providers *providers, size_t *count)
{
	*count = 0;
	for (size_t i = 0; providers && i < providers->count; i++) {
		_cleanup_(ranges_free) struct ranges all = { 0 };
		int error = walk_source(&providers->sources[i], &all);

		if (error)
			return error;
		*count += all.count4 + all.count6;
	}
	return 0;
}

/* The numbers that are asked for, and what was found. */
struct selection {
	const uint32_t *numbers;
	size_t count;
	bool *found;
	struct ranges known; /* all ranges of the sources so far, of any number */
	struct ranges *ranges;
};

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool is_wanted(const struct selection *selection, uint32_t number)
{
	const uint32_t *at =
		bsearch(&number, selection->numbers, selection->count, sizeof(*at), by_number);

	if (at)
		selection->found[at - selection->numbers] = true;
	return at;
}

/* Collects those ranges of `all` that have one of the numbers. */
static int keep_wanted(const struct selection *selection, const struct ranges *all,
		       struct ranges *kept)
{
	int error = 0;

	for (size_t i = 0; i < all->count4 && !error; i++)
		if (is_wanted(selection, all->v4[i].value))
			error = ranges_add4(kept, all->v4[i].first, all->v4[i].last, 0);
	for (size_t i = 0; i < all->count6 && !error; i++)
		if (is_wanted(selection, all->v6[i].value))
			error = ranges_add6(kept, all->v6[i].first, all->v6[i].last, 0);
	return error ? error : ranges_normalise(kept);
}

/* Adds the ranges of a source, without those that an earlier source knows. */
static int select_of(struct source *source, struct selection *selection)
{
	_cleanup_(ranges_free) struct ranges all = { 0 }, fresh = { 0 }, kept = { 0 };
	int error = walk_source(source, &all);

	if (!error)
		error = ranges_subtract(&fresh, &all, &selection->known);
	if (!error)
		error = keep_wanted(selection, &fresh, &kept);
	if (!error)
		error = ranges_add_all(selection->ranges, &kept);
	if (!error)
		error = ranges_add_all(&selection->known, &all);
	return error ? error : ranges_normalise(&selection->known);
}

int providers_select(const struct providers *providers, const uint32_t *numbers, size_t count,
		     bool *found, struct ranges *ranges, struct fault *fault)
{
	struct selection selection = { numbers, count, found, { 0 }, ranges };
	int error = 0;

	*ranges = (struct ranges){ 0 };
	for (size_t i = 0; providers && i < providers->count && !error; i++)
		error = select_of(&providers->sources[i], &selection);
	if (!error)
		error = ranges_normalise(ranges);
	ranges_free(&selection.known);
	if (!error)
		return 0;
	ranges_free(ranges);
	return fault_set(fault, error, "the provider data cannot be read: %s",
			 error == -ENOMEM ? "no memory" : "it is damaged; fetch it again");
}
