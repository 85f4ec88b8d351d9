// SPDX-License-Identifier: GPL-2.0-or-later
/* See joining.h. Pure. */
#include "log/joining.h"

#include <stdlib.h>
#include "log/attempts.h"
#include "log/copies.h"
#include "log/held.h"
#include "log/deferred_event.h"

struct joining {
	struct attempts *attempts;
	struct copies *copies; /* NULL while there is only one log */
	unsigned logs;
	bool past;
	struct deferred_event deferred;
	struct held held;
};

struct joining *joining_new(void)
{
	struct joining *joining = calloc(1, sizeof(*joining));

	if (!joining)
		return NULL;
	joining->attempts = attempts_new();
	if (!joining->attempts) {
		free(joining);
		return NULL;
	}
	return joining;
}

void joining_free(struct joining *joining)
{
	if (!joining)
		return;
	attempts_free(joining->attempts);
	copies_free(joining->copies);
	free(joining);
}

unsigned joining_add_log(struct joining *joining)
{
	/* Without memory each log counts as another server's. */
	if (joining->logs && !joining->copies)
		joining->copies = copies_new();
	return joining->logs++;
}

void joining_set_past(struct joining *joining)
{
	joining->past = joining->held.in_order = true;
}

void joining_expect_reports(struct joining *joining, bool will_come)
{
	attempts_expect_reports(joining->attempts, will_come);
}

void joining_asked(struct joining *joining, int64_t wall_ns)
{
	attempts_asked(joining->attempts, wall_ns);
}

/* Whether the event may go on at once. Otherwise it waits behind others of a log of the past. */
static bool pass(struct joining *joining, struct event *event)
{
	struct held_entry entry;

	if (!joining->held.in_order || !joining->held.count)
		return true;
	entry = (struct held_entry){ .event = *event };
	return held_put(&joining->held, &entry, event);
}

static bool hold(struct joining *joining, const struct line_event *line_event,
		 const struct attempts_verdict *verdict, struct event *event)
{
	struct held_entry entry = { .event = *event,
				    .session = line_event->session,
				    .account = line_event->account,
				    .serial = verdict->serial,
				    .at_ns = event->wall_ns,
				    .open = true,
				    .may_repeat = verdict->may_repeat,
				    .nameless = line_event->evidence == EVIDENCE_BACKEND &&
						!line_event->session };

	return held_put(&joining->held, &entry, event);
}

/* Whether another line, or a report, may say that the attempt does not count. */
static bool is_open(const struct joining *joining, const struct line_event *line_event,
		    const struct attempts_verdict *verdict)
{
	if (!line_event->event.wall_ns || !verdict->serial ||
	    line_event->evidence == EVIDENCE_REPORT)
		return false;
	return (verdict->may_pass && (joining->past || attempts_several(joining->attempts))) ||
	       attempts_is_reported(joining->attempts, line_event);
}

/* Whether the line decides that an attempt has failed. Where reports come, only the report does. */
static bool decides(const struct joining *joining, const struct line_event *line_event)
{
	return line_event->evidence == EVIDENCE_REPORT ||
	       !attempts_is_reported(joining->attempts, line_event);
}

static bool take_failure(struct joining *joining, const struct line_event *line_event,
			 struct event *event)
{
	struct attempts_verdict verdict;

	attempts_count(joining->attempts, line_event, &verdict);
	for (unsigned i = 0; i < verdict.settled_count; i++)
		if (line_event->uncounted)
			held_drop(&joining->held, verdict.settled[i]);
		else if (decides(joining, line_event))
			held_settle(&joining->held, verdict.settled[i], line_event->event.password);
	if (verdict.joined)
		held_join(&joining->held, verdict.joined, line_event->session,
			  line_event->event.wall_ns);
	if (line_event->evidence == EVIDENCE_UNDECIDED)
		held_take_back(&joining->held, line_event);
	if (!verdict.count || line_event->uncounted)
		return false;
	*event = line_event->event;
	event->count = verdict.count;
	if (event->named > event->count)
		event->named = event->count;
	if (line_event->evidence == EVIDENCE_ACCOUNT)
		return deferred_put(&joining->deferred, event) && pass(joining, event);
	if (line_event->evidence == EVIDENCE_FRONTEND && joining->deferred.count)
		deferred_join(&joining->deferred, event);
	if (is_open(joining, line_event, &verdict))
		return hold(joining, line_event, &verdict, event);
	return pass(joining, event);
}

bool joining_take(struct joining *joining, const struct line_event *line_event, struct event *event)
{
	if ((joining->copies && line_event->evidence != EVIDENCE_REPORT &&
	     copies_is_one(joining->copies, line_event)) ||
	    (line_event->text && attempts_note_copy(joining->attempts, line_event)))
		return false;
	if (line_event->may_be_rest && attempts_is_rest(joining->attempts, line_event))
		return false;
	if (line_event->event.kind == EVENT_FAILURE)
		return take_failure(joining, line_event, event);
	/* The client was disconnected after attempts that the server could not judge. */
	if (line_event->event.kind == EVENT_ABUSE && line_event->evidence == EVIDENCE_SUMMARY &&
	    attempts_only_explained(joining->attempts, line_event))
		return false;
	*event = line_event->event;
	if (event->kind == EVENT_SUCCESS || event->kind == EVENT_MESSAGE) {
		if (joining->held.count)
			held_take_back(&joining->held, line_event);
		attempts_succeed(joining->attempts, line_event);
		if (attempts_note_told(joining->attempts, line_event))
			return false;
	}
	return pass(joining, event);
}

/* Whether a held attempt counts if no other line told of it in time. It does not if the server has
 * several databases and its front end logs failures: another database has let the client in. Nor
 * does it if the server has two databases of a kind and this may be the second one's answer to the
 * same attempt. */
static bool keep(const struct held_entry *entry, const void *context)
{
	const struct joining *joining = context;

	if (entry->may_repeat && attempts_repeats(joining->attempts))
		return false;
	return !entry->nameless || !attempts_several(joining->attempts) ||
	       !attempts_fronts(joining->attempts);
}

bool joining_waits(const struct joining *joining)
{
	return joining->deferred.count || joining->held.count;
}

bool joining_next(struct joining *joining, int64_t now_wall_ns, struct event *event)
{
	if (joining->deferred.count && deferred_take(&joining->deferred, now_wall_ns, event) &&
	    pass(joining, event))
		return true;
	return joining->held.count && held_next(&joining->held, now_wall_ns, keep, joining, event);
}
