/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy server's counts since the daemon's start. The status file, JSON, metrics and text are
 * made from one table of their names. */
#ifndef SEKISHO_POLICY_COUNTS_H
#define SEKISHO_POLICY_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy_counts {
	uint64_t questions, reports, mails; /* requests that were answered */
	uint64_t refused;		    /* logins and recipients */
	uint64_t would_refuse;		    /* likewise, if it were not mode = monitor */
	uint64_t held, deferred, rejected;  /* messages over a budget */
	uint64_t malformed;		    /* requests not of the protocol */
	uint64_t unauthorized;		    /* without the key, or of another user */
	uint64_t oversized;
	uint64_t dropped;			 /* connections ended: too slow, or too many */
	uint64_t repeated, stale, old_passwords; /* failed logins, by their password: judge.h */
	uint64_t password_changes;		 /* that ended a leak */
	/* Times of the last requests; 0: none yet. Not in the table. */
	int64_t dovecot_wall_ns, postfix_wall_ns;
	/* Of Dovecot's requests; not in the table either. */
	unsigned hash_bits; /* of a digest: digest_width_bits(); 0: none yet */
	bool unnamed;	    /* the last request did not name the mechanism */
};

struct policy_count {
	const char *name; /* in JSON; in metrics sekisho_policy_NAME_total */
	const char *help;
	size_t offset; /* of the uint64_t */
};

#define POLICY_COUNT_ROWS 16
extern const struct policy_count policy_count_rows[POLICY_COUNT_ROWS];

/* The member of `counts` for row `row` (below POLICY_COUNT_ROWS). */
static inline uint64_t *policy_count_at(struct policy_counts *counts, size_t row)
{
	return (uint64_t *)((char *)counts + policy_count_rows[row].offset);
}

#endif
