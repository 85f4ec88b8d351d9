/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One verdict of the gate as a line for people, and as JSON. Pure. */
#ifndef SEKISHO_VERDICT_LINE_H
#define SEKISHO_VERDICT_LINE_H

#include <linux/types.h>
#include <stdio.h>
#include "conf/config.h"
#include "contract.h"
#include "verdict_word.h"

/* The names behind the numbers of a verdict, by id; "": it has none. */
struct verdict_names {
	struct service_names services;
	char lists[LIST_MAX][CONFIG_NAME_SIZE];
};

/* "12:00:00.123  would drop  198.51.100.7  JP  smtp:25  banned", and a newline. */
void verdict_print(FILE *out, const struct verdict_names *names, const struct watch_record *record,
		   int64_t wall_ns);
/* The same in words, without time and newline, as a capture's comment: "would drop: banned, smtp,
 * JP". Cut at `size`. */
void verdict_comment(const struct verdict_names *names, const struct watch_record *record,
		     char *text, size_t size);
/* One object and a newline, malloc()ed; NULL: out of memory. Schema: docs/json.md. */
char *verdict_json(const struct verdict_names *names, const struct watch_record *record,
		   int64_t wall_ns);

#endif
