/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ban as the pages show it: a copy of what the store says, with what the gate or the past adds. */
#ifndef SEKISHO_SHOWN_BAN_H
#define SEKISHO_SHOWN_BAN_H

#include <jansson.h>
#include <stdio.h>
#include "store/store.h"

struct shown_ban {
	struct prefix prefix;
	enum ban_services services;
	int64_t since_wall_ns, until_wall_ns;
	uint32_t rule;
	char reason[STORE_REASON_SIZE]; /* "" when the store does not know it */
	bool lifted;			/* of one that is over: before its time; `until` is when */
	bool counted; /* what follows, of all bans of the prefix, is known: it is in the gate */
	uint64_t packets, attempts;
	int64_t last_wall_ns; /* of the last packet; 0: none met it yet, or not known */
};

/* What the row says; the rest is zero. The reason may be NULL. */
struct shown_ban shown_ban_of(const struct store_ban *row);

/* One that is over, behind `before`: "192.0.2.1/32 from login, 10:00 to 11:00, source-failures",
 * and a line with the reason. */
void shown_ban_print_past(FILE *out, const char *before, const struct shown_ban *ban);

/* A new object with prefix, services (a new reference, or NULL), since, `end` ("until", "ended"),
 * rule and reason. NULL: out of memory. */
json_t *shown_ban_to_json(const struct shown_ban *ban, json_t *services, const char *end);

#endif
