// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of rules where the first match counts (chains of iptables, hosts.allow) or the narrowest
 * one (an ipset). Where the first counts, an exception takes its addresses out of the rules behind
 * it only. See list_reader.h.
 */
#include "lists/list_reader.h"

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

void list_rule_close(struct rule_set *set, size_t number)
{
	if (!set->closed)
		set->closed = number;
}

bool list_rule_closed(struct list_reader *reader, const struct rule_set *set, size_t number)
{
	if (set->closed)
		list_refuse(reader, number,
			    "the rule on line %zu comes first, and a list cannot say for whom",
			    set->closed);
	return set->closed;
}

static int add_valued(struct ranges *to, const struct ranges *from, uint32_t value)
{
	int error = 0;

	for (size_t i = 0; i < from->count4 && !error; i++)
		error = ranges_add4(to, from->v4[i].first, from->v4[i].last, value);
	for (size_t i = 0; i < from->count6 && !error; i++)
		error = ranges_add6(to, from->v6[i].first, from->v6[i].last, value);
	return error;
}

/* Collects the entries among the rules, without their order. */
static int add_entries(struct ranges *to, const struct ranges *rules)
{
	int error = 0;

	for (size_t i = 0; i < rules->count4 && !error; i++)
		if (!(rules->v4[i].value & 1))
			error = ranges_add4(to, rules->v4[i].first, rules->v4[i].last, 0);
	for (size_t i = 0; i < rules->count6 && !error; i++)
		if (!(rules->v6[i].value & 1))
			error = ranges_add6(to, rules->v6[i].first, rules->v6[i].last, 0);
	return error;
}

/* Notes the end of an entry. The rules' own values are their order, so ends are kept apart. From
 * the first entry with an end on, entries without one are noted as well. */
static int note_end(struct rule_set *set, const struct ranges *entry, uint32_t end)
{
	int error = 0;

	if (!end && !set->timed)
		return 0;
	if (!set->timed)
		error = add_entries(&set->ends, &set->ranges);
	set->timed = true;
	return error ? error : add_valued(&set->ends, entry, end);
}

void list_rule_add(struct list_reader *reader, struct rule_set *set, const struct ranges *ranges,
		   bool exception, bool head)
{
	uint32_t order = head ? ORDER_MIDDLE - ++set->inserted : ORDER_MIDDLE + set->appended++;
	int error = -ENOMEM; /* more than a thousand million rules */

	if (set->inserted < ORDER_MIDDLE && set->appended < ORDER_MIDDLE)
		error = add_valued(&set->ranges, ranges, order * 2 + exception);
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
	int error;

	if (list_has_ended(reader) || (!exception && list_rule_closed(reader, set, number)))
		return;
	error = parse_entry(reader, text, size, !exception, &ranges, reason);
	if (error == -ENOMEM) {
		reader->error = error;
	} else if (error) {
		list_refuse(reader, number, "%s%s",
			    exception ? "an exception that cannot be honoured: " : "", reason);
	} else {
		reader->report->lines += !exception;
		reader->report->taken += !exception;
		reader->report->skipped += exception;
		set->taken += !exception;
		if (exception)
			reader->end = 0; /* an exception holds as long as the list does */
		else
			reader->error = note_end(set, &ranges, list_take_end(reader));
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

/* Computes the entries with their ends, without what exceptions take away: `left` is what
 * remains. */
static int finish_timed(struct rule_set *set, struct ranges *left, struct ranges *result)
{
	_cleanup_(ranges_free) struct ranges excepted = { 0 }, kept = { 0 };
	int error = ranges_resolve_lowest(&set->ends);

	if (!error)
		error = ranges_normalise(left);
	if (!error)
		error = ranges_subtract(&excepted, &set->ends, left);
	if (!error)
		error = ranges_subtract(&kept, &set->ends, &excepted);
	return error ? error : ranges_add_all(result, &kept);
}

static int set_finish(struct rule_set *set, struct ranges *result)
{
	_cleanup_(ranges_free) struct ranges left = { 0 };
	int error = set_resolve(set);

	if (!error && !set->timed)
		return add_entries(result, &set->ranges);
	if (!error)
		error = add_entries(&left, &set->ranges);
	return error ? error : finish_timed(set, &left, result);
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
		ranges_free(&reader->sets[i].ends);
	}
	free(reader->sets);
	reader->sets = NULL;
	reader->set_count = 0;
	if (!reader->error)
		reader->error = reader->report->timed ? ranges_resolve_lowest(reader->ranges)
						      : ranges_normalise(reader->ranges);
	if (!reader->error && (reader->except.count4 || reader->except.count6))
		reader->error = take_exceptions(reader);
	ranges_free(&reader->except);
}
