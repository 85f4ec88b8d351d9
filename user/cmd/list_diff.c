// SPDX-License-Identifier: GPL-2.0-or-later
/* See list_diff.h. */
#include "cmd/list_diff.h"

#include <inttypes.h>
#include <stdio.h>

int list_diff_make(struct list_diff *diff, const struct ranges *before, const struct ranges *after)
{
	int error;

	*diff = (struct list_diff){ 0 };
	error = ranges_subtract(&diff->added, after, before);
	if (!error)
		error = ranges_subtract(&diff->removed, before, after);
	if (error)
		list_diff_free(diff);
	return error;
}

void list_diff_free(struct list_diff *diff)
{
	ranges_free(&diff->added);
	ranges_free(&diff->removed);
}

static int print_prefix(const struct prefix *prefix, uint32_t value, void *context)
{
	char text[PREFIX_TEXT_SIZE];

	(void)value;
	prefix_format(prefix, text);
	printf("%s%s\n", (const char *)context, text);
	return 0;
}

void list_diff_print(const struct list_diff *diff, const char *name, bool full)
{
	char minus[] = "-", plus[] = "+";

	if (full) {
		ranges_each_prefix(&diff->removed, print_prefix, minus);
		ranges_each_prefix(&diff->added, print_prefix, plus);
	}
	printf("%s: +%" PRIu64 " -%" PRIu64 " prefixes\n", name,
	       ranges_count_prefixes(&diff->added), ranges_count_prefixes(&diff->removed));
}
