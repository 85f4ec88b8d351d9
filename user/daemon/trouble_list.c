// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of accounts in trouble, so that status and top can show them: the rules keep no names,
 * only their hashes. Whether one still is, the rules say. Nothing depends on it but what is shown. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "daemon/daemon.h"

struct troubles {
	struct daemon_account items[TROUBLES_MAX]; /* last_wall_ns: when it was noted last */
	size_t count;
};

static struct daemon_account *place_for(struct troubles *troubles, const char *account,
					enum ban_rule rule)
{
	struct daemon_account *oldest = &troubles->items[0];

	for (size_t i = 0; i < troubles->count; i++) {
		struct daemon_account *at = &troubles->items[i];

		if (at->rule == rule && !strcasecmp(at->account, account))
			return at;
		if (at->last_wall_ns < oldest->last_wall_ns)
			oldest = at;
	}
	return troubles->count < TROUBLES_MAX ? &troubles->items[troubles->count++] : oldest;
}

static void report_now(void *context)
{
	report_write(context);
}

void troubles_note(struct daemon *daemon, const char *account, enum ban_rule rule,
		   int64_t last_wall_ns)
{
	struct daemon_account *at;

	if (!daemon->troubles)
		daemon->troubles = calloc(1, sizeof(*daemon->troubles));
	if (!daemon->troubles)
		return;
	at = place_for(daemon->troubles, account, rule);
	snprintf(at->account, sizeof(at->account), "%s", account);
	at->rule = rule;
	at->last_wall_ns = last_wall_ns;
	/* Whoever looks on should see it at once; one file for all that one portion of a log says. */
	if (daemon->loop)
		loop_again(daemon->loop, report_now, daemon);
}

static int latest_first(const void *a, const void *b)
{
	const struct daemon_account *x = a, *y = b;

	return (x->last_wall_ns < y->last_wall_ns) - (x->last_wall_ns > y->last_wall_ns);
}

size_t troubles_list(struct daemon *daemon, int64_t now_wall_ns,
		     const struct daemon_account **accounts)
{
	struct troubles *troubles = daemon->troubles;
	size_t kept = 0;

	for (size_t i = 0; troubles && i < troubles->count; i++) {
		struct daemon_account *at = &troubles->items[i];

		if (detect_in_trouble(daemon->detect, at->account, at->rule, now_wall_ns,
				      &at->last_wall_ns))
			troubles->items[kept++] = *at;
	}
	if (!troubles)
		return 0;
	troubles->count = kept;
	qsort(troubles->items, kept, sizeof(*troubles->items), latest_first);
	*accounts = troubles->items;
	return kept;
}
