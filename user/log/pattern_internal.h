/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of pattern.h. */
#ifndef SEKISHO_PATTERN_INTERNAL_H
#define SEKISHO_PATTERN_INTERNAL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "log/pattern.h"

#define MOST_GROUPS 32 /* groups that hold an address or an account */

struct group {
	uint16_t number;
	bool is_user;
};

struct pattern {
	pcre2_code *code;
	char *program;
	size_t filter;	 /* the number of its filter, from 1; 0: it has none */
	bool no_failure; /* a line that it matches is no failure of its filter */
	bool message;
	enum event_kind kind;
	enum event_service service;
	struct group groups[MOST_GROUPS];
	unsigned group_count;
};

struct filter {
	struct pattern prefix; /* no code: none */
	pcre2_code *program;   /* NULL: any */
	pcre2_code **ignored;
	size_t ignored_count;
	uint32_t content; /* the prefix's group */
	bool message;
};

struct patterns {
	struct pattern *all;
	size_t count;
	struct filter *filters;
	size_t filter_count;
	uint64_t given_up;
	pcre2_match_context *context;
	pcre2_match_data *match;
	pcre2_jit_stack *stack;
};

/* Makes *patterns if it is NULL. */
int pattern_begin(struct patterns **patterns, struct fault *fault);

/* Compiles an expression as fail2ban writes it. */
int pattern_compile(struct patterns *patterns, const char *expression, bool *message,
		    pcre2_code **code, struct fault *fault);

/* Finds the groups that hold an address or an account; there may be none. */
int pattern_find_groups(struct pattern *pattern, struct fault *fault);

/* Takes what `one` owns. */
int pattern_append(struct patterns *patterns, const struct pattern *one, struct fault *fault);

/* pcre2_match(); counts if it was given up. */
int pattern_match(struct patterns *patterns, const pcre2_code *code, struct span subject,
		  unsigned *given_up);

/* Reads a match's groups into *parsed. False: they are empty. */
bool pattern_read_groups(const struct pattern *pattern, struct span subject,
			 const PCRE2_SIZE *offsets, unsigned set, struct parsed_line *parsed);

/* Finds the part of the line that the filter's expressions are for, and reads the address or
 * account in its prefix. False: the filter is not for this line. */
bool pattern_enter_filter(struct patterns *patterns, const struct filter *filter, bool message,
			  const struct envelope *envelope, struct span *subject,
			  struct parsed_line *parsed, unsigned *given_up);

#endif
