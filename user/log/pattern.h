/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's own patterns for lines that no format here knows: PCRE2, with <HOST> for the
 * address and <USER> for the account. A failregex of fail2ban can be pasted in. Matching is bounded
 * (PATTERN_STEPS), and just-in-time compiled if the system allows it. Not here: the configuration's
 * syntax.
 *
 * A pattern with `program`, or one that begins with %(__prefix_line)s, is matched against the
 * message; any other against all behind the time stamp, host and program included.
 */
#ifndef SEKISHO_PATTERN_H
#define SEKISHO_PATTERN_H

#include "base/fault.h"
#include "log/format.h"

#define PATTERN_SIZE	      8192   /* bytes of one, as written and as translated */
#define PATTERN_STEPS	      200000 /* of backtracking for one line, compiled: a few milliseconds */
#define PATTERN_SLOW_STEPS    10000  /* the same, interpreted (MemoryDenyWriteExecute=) */
#define PATTERN_MOST_GIVEN_UP 2 /* after so many for one line the other patterns are left out */

struct pattern_rule {
	const char *expression;
	const char *program; /* only lines that name it, or a path that ends so; NULL: any line */
	enum event_kind kind;
	enum event_service service;
};

/* A filter of fail2ban's: expressions that share a prefix. NULL ends each array. */
struct pattern_filter {
	const char *prefix;  /* prefregex, with <F-CONTENT>; NULL: none */
	const char *program; /* an expression for the program's name; NULL: any */
	const char *const *failures, *const *ignored;
	enum event_kind kind;
	enum event_service service;
};

struct patterns; /* for one thread */

/* Compiles one more pattern; *patterns is NULL at first. -EINVAL: not a pattern, or one that only
 * fail2ban can use; the fault says why. Nothing of the rule is kept. */
int patterns_add(struct patterns **patterns, const struct pattern_rule *rule, struct fault *fault);
/* The same for a filter. `*which`: the expression that the fault is about. */
int patterns_add_filter(struct patterns **patterns, const struct pattern_filter *filter,
			const char **which, struct fault *fault);
void patterns_free(struct patterns *patterns);

/* Whether a pattern matches; the first one that does fills *parsed, with spans into the line. */
bool patterns_match(struct patterns *patterns, const struct envelope *envelope,
		    struct parsed_line *parsed);

/* On how many lines a pattern was given up, since it took too many steps. */
uint64_t patterns_given_up(const struct patterns *patterns);

/* pattern_text.c: translates fail2ban's tags to PCRE2's groups "ip4", "ip6", "host" and "user".
 * *message: the pattern is for the message alone. -EINVAL, with the reason. */
int pattern_translate(const char *expression, char out[PATTERN_SIZE], bool *message,
		      struct fault *fault);

#endif
