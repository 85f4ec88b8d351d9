// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of rules where the first match counts (chains of iptables, hosts.allow) or the narrowest
 * (an ipset): an exception takes its addresses out of the rules that it precedes, and out of no
 * others. See reader.h.
 */
#include "lists/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ORDER_MIDDLE (1U << 30)

struct rule_set *list_rule_set(struct list_reader *reader, const char *name)
{
	struct rule_set *set;

	for (size_t i = 0; i < reader->set_count; i++)
		if (!strcmp(reader->sets[i].name, name))
			return &reader->sets[i];
	if (reader->set_count == LIST_RULE_SETS || strlen(name) >= sizeof(set->name))
		return NULL;
	if (!reader->sets)
		reader->sets = calloc(LIST_RULE_SETS, sizeof(*reader->sets));
	if (!reader->sets) {
		reader->error = -ENOMEM;
		return NULL;
	}
	set = &reader->sets[reader->set_count++];
	strcpy(set->name, name);
	return set;
}

void list_rule_add(struct list_reader *reader, struct rule_set *set, const struct ranges *ranges,
		   bool exception, bool head)
{
	uint32_t order = head ? ORDER_MIDDLE - ++set->inserted : ORDER_MIDDLE + set->appended++;
	uint32_t value = order * 2 + exception;
	int error = 0;

	if (set->inserted == ORDER_MIDDLE || set->appended == ORDER_MIDDLE)
		error = -ENOMEM; /* a thousand million rules */
	for (size_t i = 0; i < ranges->count4 && !error; i++)
		error = ranges_add4(&set->ranges, ranges->v4[i].first, ranges->v4[i].last, value);
	for (size_t i = 0; i < ranges->count6 && !error; i++)
		error = ranges_add6(&set->ranges, ranges->v6[i].first, ranges->v6[i].last, value);
	set->excepting |= exception;
	if (error)
		reader->error = error;
}

static int parse_entry(const struct list_reader *reader, const char *text, size_t size, bool check,
		       struct ranges *ranges, char reason[LIST_REASON_SIZE])
{
	const char *dash = memchr(text, '-', size);
	struct prefix prefix;
	int error;

	if (dash)
		return list_parse_range(reader, text, (size_t)(dash - text), dash + 1,
					size - (size_t)(dash + 1 - text), check, ranges, reason);
	error = list_parse_prefix(reader, text, size, &prefix, reason);
	if (!error && check)
		error = list_check_prefix(reader, &prefix, reason);
	return error ? error : ranges_add_prefix(ranges, &prefix, 0);
}

void list_rule_take(struct list_reader *reader, struct rule_set *set, size_t number,
		    const char *text, size_t size, bool exception)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	char reason[LIST_REASON_SIZE];
	int error = parse_entry(reader, text, size, !exception, &ranges, reason);

	if (error == -ENOMEM) {
		reader->error = error;
	} else if (error) {
		list_refuse(reader, number, "%s%s",
			    exception ? "an exception that cannot be honoured: " : "", reason);
	} else {
		reader->report->lines += !exception;
		reader->report->taken += !exception;
		reader->report->skipped += exception;
		list_rule_add(reader, set, &ranges, exception, false);
	}
}

static void drop_order(struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count4; i++)
		ranges->v4[i].value &= 1;
	for (size_t i = 0; i < ranges->count6; i++)
		ranges->v6[i].value &= 1;
}

static int set_resolve(struct rule_set *set)
{
	if (!set->excepting)
		return 0;
	if (!set->narrowest)
		return ranges_resolve_lowest(&set->ranges);
	drop_order(&set->ranges);
	return ranges_normalise(&set->ranges);
}

static int set_finish(struct rule_set *set, struct ranges *result)
{
	const struct ranges *ranges = &set->ranges;
	int error = set_resolve(set);

	for (size_t i = 0; i < ranges->count4 && !error; i++)
		if (!(ranges->v4[i].value & 1))
			error = ranges_add4(result, ranges->v4[i].first, ranges->v4[i].last, 0);
	for (size_t i = 0; i < ranges->count6 && !error; i++)
		if (!(ranges->v6[i].value & 1))
			error = ranges_add6(result, ranges->v6[i].first, ranges->v6[i].last, 0);
	return error;
}

static int take_exceptions(struct list_reader *reader)
{
	struct ranges rest;
	int error = ranges_normalise(&reader->except);

	if (!error)
		error = ranges_subtract(&rest, reader->ranges, &reader->except);
	if (error)
		return error;
	ranges_free(reader->ranges);
	*reader->ranges = rest;
	return 0;
}

void list_rules_finish(struct list_reader *reader)
{
	for (size_t i = 0; i < reader->set_count; i++) {
		if (!reader->error)
			reader->error = set_finish(&reader->sets[i], reader->ranges);
		ranges_free(&reader->sets[i].ranges);
	}
	free(reader->sets);
	reader->sets = NULL;
	reader->set_count = 0;
	if (!reader->error)
		reader->error = ranges_normalise(reader->ranges);
	if (!reader->error && (reader->except.count4 || reader->except.count6))
		reader->error = take_exceptions(reader);
	ranges_free(&reader->except);
}
