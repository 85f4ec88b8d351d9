// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of accounts with an incident, for `status` and `top`: the rules keep no names, only
 * hashes. Whether an incident still lasts, the rules tell. These names are only shown. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "daemon/daemon.h"

struct incidents {
	struct daemon_account items[INCIDENTS_MAX]; /* last_wall_ns: when it was last noted */
	size_t count;
};

static struct daemon_account *place_for(struct incidents *incidents, const char *account,
					enum ban_rule rule)
{
	struct daemon_account *oldest = &incidents->items[0];

	for (size_t i = 0; i < incidents->count; i++) {
		struct daemon_account *at = &incidents->items[i];

		if (at->rule == rule && !strcasecmp(at->account, account))
			return at;
		if (at->last_wall_ns < oldest->last_wall_ns)
			oldest = at;
	}
	return incidents->count < INCIDENTS_MAX ? &incidents->items[incidents->count++] : oldest;
}

void incidents_note(struct daemon *daemon, const char *account, enum ban_rule rule,
		    int64_t last_wall_ns)
{
	struct daemon_account *at;

	if (!daemon->incidents)
		daemon->incidents = calloc(1, sizeof(*daemon->incidents));
	if (!daemon->incidents)
		return;
	at = place_for(daemon->incidents, account, rule);
	snprintf(at->account, sizeof(at->account), "%s", account);
	at->rule = rule;
	at->last_wall_ns = last_wall_ns;
	/* The status file shows it at once, but is written once for all that a portion of a log
	 * tells. */
	if (daemon->loop)
		loop_again(daemon->loop, daemon->report, daemon);
}

static int latest_first(const void *a, const void *b)
{
	const struct daemon_account *x = a, *y = b;

	return (x->last_wall_ns < y->last_wall_ns) - (x->last_wall_ns > y->last_wall_ns);
}

size_t incidents_list(struct daemon *daemon, int64_t now_wall_ns,
		      const struct daemon_account **accounts)
{
	struct incidents *incidents = daemon->incidents;
	size_t kept = 0;

	for (size_t i = 0; incidents && i < incidents->count; i++) {
		struct daemon_account *at = &incidents->items[i];

		if (detect_in_incident(daemon->detect, at->account, at->rule, now_wall_ns,
				       &at->last_wall_ns))
			incidents->items[kept++] = *at;
	}
	if (!incidents)
		return 0;
	incidents->count = kept;
	qsort(incidents->items, kept, sizeof(*incidents->items), latest_first);
	*accounts = incidents->items;
	return kept;
}
