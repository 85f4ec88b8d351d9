/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule is to the engine (detect.c): one file, one struct rule_type, one row in detect.c.
 * Private to user/detect/.
 */
#ifndef SEKISHO_RULE_H
#define SEKISHO_RULE_H

#include "detect/detect.h"

struct rule_type {
	enum ban_rule rule;
	void *(*create)(const struct detect_settings *settings); /* NULL: out of memory */
	void (*destroy)(void *state);
	/* Changed settings; what was seen is kept as far as it still means something. */
	void (*configure)(void *state, const struct detect_settings *settings);
	/* Looks at one event, whose time is set. True: it decides, and has filled in wall_ns,
	 * prefix, account, reason and evidence; rule, action and end of the ban are the engine's.
	 */
	bool (*event)(void *state, const struct event *event, uint64_t tag,
		      struct decision *decision);
	/* Adds its own figures. */
	void (*add_usage)(const void *state, struct detect_usage *usage);
};

extern const struct rule_type rule_source_failures;

#endif
