/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to an address at a time in the past, for `why --at`: the bans in force then, what
 * limits refused around then, and its log lines. Filled by one function, rendered by two pure ones.
 * The store does not keep, and so this does not show, which lists and countries were in force then,
 * and in which second a limit refused.
 */
#ifndef SEKISHO_WHY_THEN_H
#define SEKISHO_WHY_THEN_H

#include <jansson.h>
#include "history/span.h"
#include "show/why.h"

/* What limits refused within the minutes of `counts`. */
struct why_refused {
	char service[SERVICE_NAME_SIZE];
	int64_t first_s, last_s; /* beginnings of the first and the last minute */
	uint64_t count;		 /* connections */
	bool would;		 /* it was monitor mode */
};

struct why_then {
	int64_t at_wall_ns;
	struct ban_record bans[WHY_PAST_MAX]; /* in force then; those ended by now come first */
	size_t ban_count;
	int64_t from_s, to_s;	   /* time of `counts`, since 1970; equal: nothing is known */
	struct span_counts counts; /* of all sources */
	struct why_refused refused[SERVICE_MAX];
	size_t refused_count;
	uint64_t left_out; /* how many others were refused then, about which nothing is kept */
	struct why_evidence evidence[WHY_EVIDENCE_MAX]; /* within an hour of then, newest first */
	size_t evidence_count;
	struct fault fault; /* error != 0: something could not be read */
};

/* `why` is of the same address, now. *then is the caller's, why_then_free(). -ENOMEM. */
int why_then_fill(const struct instance *instance, const struct why *why, int64_t at_wall_ns,
		  int64_t now_wall_ns, struct why_then **then, struct fault *fault);
void why_then_free(struct why_then *then); /* NULL is allowed */

/* The part of `sekisho why --at` that is about the past, before text_why(). */
void text_why_then(FILE *out, const struct why_then *then);
json_t *why_then_to_json(const struct why *why, const struct why_then *then); /* NULL: no memory */

static inline void cleanup_why_then(struct why_then **then)
{
	why_then_free(*then);
}

#endif
