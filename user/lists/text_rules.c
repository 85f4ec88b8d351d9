// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of rules where the first match counts (chains of iptables, hosts.allow): an exception takes
 * its addresses out of the rules behind it, and out of no others. See reader.h.
 */
#include "lists/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int set_finish(struct rule_set *set, struct ranges *result)
{
	const struct ranges *ranges = &set->ranges;
	int error = set->excepting ? ranges_resolve_lowest(&set->ranges) : 0;

	for (size_t i = 0; i < ranges->count4 && !error; i++)
		if (!(ranges->v4[i].value & 1))
			error = ranges_add4(result, ranges->v4[i].first, ranges->v4[i].last, 0);
	for (size_t i = 0; i < ranges->count6 && !error; i++)
		if (!(ranges->v6[i].value & 1))
			error = ranges_add6(result, ranges->v6[i].first, ranges->v6[i].last, 0);
	return error;
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
}
