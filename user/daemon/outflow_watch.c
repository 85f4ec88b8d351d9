// SPDX-License-Identifier: GPL-2.0-or-later
/* See outflow_watch.h. */
#include "daemon/outflow_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/config.h"
#include "daemon/daemon_log.h"
#include "show/json.h"

#define SWEEP_EVERY_NS (3600 * (uint64_t)NS_PER_S)
#define IDLE_NS	       (7 * 86400 * (uint64_t)NS_PER_S)

/* ---- who handed in the mail ---- */

void outflow_watch_message(struct outflow_watch *watch, const struct event *event)
{
	size_t slot = watch->next_message;

	if (event->kind != EVENT_MESSAGE || !event->account[0])
		return;
	free(watch->messages[slot].account);
	watch->messages[slot].account = strdup(event->account);
	watch->messages[slot].wall_ns = event->wall_ns;
	watch->next_message = (slot + 1) % OUTFLOW_MESSAGES;
}

static bool is_late(const struct outflow_watch *watch, size_t slot, int64_t now_wall_ns)
{
	return watch->messages[slot].account &&
	       watch->messages[slot].wall_ns + OUTFLOW_MESSAGES_NS >= now_wall_ns;
}

/* Finds the account with the most recent messages. */
static void find_account(const struct outflow_watch *watch, struct outflow_event *event)
{
	for (size_t i = 0; i < OUTFLOW_MESSAGES; i++) {
		uint64_t count = 0;

		for (size_t j = 0; j < OUTFLOW_MESSAGES && is_late(watch, i, event->now_wall_ns);
		     j++)
			count += is_late(watch, j, event->now_wall_ns) &&
				 !strcmp(watch->messages[i].account, watch->messages[j].account);
		if (count > event->account_messages) {
			event->account_messages = count;
			event->account = watch->messages[i].account;
		}
	}
}

void outflow_watch_free(struct outflow_watch *watch)
{
	for (size_t i = 0; i < OUTFLOW_MESSAGES; i++)
		free(watch->messages[i].account);
}

/* ---- logging ---- */

static void say_event(const struct outflow_event *event)
{
	bool enforce = event->mode == GATE_ENFORCE;
	char since[TIME_TEXT_SIZE], text[OUTFLOW_SUSPECT_TEXT];

	time_format(event->since_wall_ns / NS_PER_S * NS_PER_S, since);
	if (!event->begins) {
		log_line(false, "outflow: %s: the trip of %s has ended%s; %" PRIu64 " %s back",
			 event->subject, since, event->by_hand ? " by hand" : "", event->held,
			 enforce ? "held" : "would have been held");
		return;
	}
	log_line(false,
		 "outflow tripped: %s: since %s, %" PRIu64 " %s back; `sekisho outflow` shows more",
		 event->subject, since, event->held,
		 enforce ? "held" : "would be held (monitor mode)");
	for (size_t i = 0; i < event->suspect_count; i++) {
		outflow_suspect_format(&event->suspects[i], text);
		log_line(false, "outflow: %s: %s", event->subject, text);
	}
	if (event->account)
		log_line(false,
			 "outflow: most messages of late came in by the account %s: %" PRIu64,
			 event->account, event->account_messages);
}

json_t *outflow_event_to_json(const struct outflow_event *event)
{
	return json_pack("{s:s,s:o,s:b,s:b,s:s,s:o,s:o,s:o,s:o}", "event",
			 event->begins ? "tripped" : "ended", "subject", json_text(event->subject),
			 "by_hand", event->by_hand, "refused", event->refused, "mode",
			 gate_mode_name(event->mode), "since", json_time(event->since_wall_ns),
			 "held", json_count(event->held), "suspects",
			 outflow_suspects_to_json(event->suspects, event->suspect_count),
			 "account_messages",
			 event->account ? json_count(event->account_messages) : json_null());
}

static void tell(struct outflow_watch *watch, struct outflow_view *view, size_t index, bool begins)
{
	const struct gate_breaker *breaker = &view->state->breakers[index];
	char subject[OUTFLOW_NAME_SIZE * 2];
	struct outflow_event event = {
		.begins = begins,
		.by_hand = breaker->key.origin != OUTFLOW_REFUSED &&
			   breaker->state.since_ns <= view->state->control.released_ns,
		.refused = breaker->key.origin == OUTFLOW_REFUSED,
		.subject = subject,
		.mode = view->state->rules.mode,
		.since_wall_ns = outflow_wall_ns(view, breaker->state.since_ns),
		.now_wall_ns = view->now_wall_ns,
		.held = breaker->state.trip_held,
		.suspects = view->suspects[index].list,
	};

	if (!begins)
		outflow_view_suspects(view, index);
	event.suspect_count = view->suspects[index].count;
	outflow_whose_breaker(&breaker->key, view->breaker_names[index], subject);
	find_account(watch, &event);
	say_event(&event);
	if (watch->alert)
		watch->alert(&event, watch->context);
}

int outflow_watch_check(struct outflow_watch *watch, struct gate *gate, struct fault *fault)
{
	_cleanup_(cleanup_outflow_view) struct outflow_view *view = NULL;
	uint64_t now = clock_boot_ns();
	int err = outflow_view_fill(gate, clock_wall_ns(), now, &view, fault);

	for (size_t i = 0; !err && i < view->state->breaker_count; i++) {
		const struct gate_breaker *breaker = &view->state->breakers[i];
		uint64_t told = gate_outflow_reported(gate, &breaker->key);
		uint64_t since = breaker->tripped ? breaker->state.since_ns : 0;

		if (told == since)
			continue;
		err = gate_outflow_set_reported(gate, &breaker->key, since, fault);
		if (!err)
			tell(watch, view, i, since != 0);
	}
	if (!err && now - watch->sweep_boot_ns > SWEEP_EVERY_NS) {
		watch->sweep_boot_ns = now;
		err = gate_outflow_sweep(gate, now, IDLE_NS, fault);
	}
	return err;
}
