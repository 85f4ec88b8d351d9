// SPDX-License-Identifier: GPL-2.0-or-later
/* See flood_queued.h. */
#include "detect/flood_queued.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* A short queue id is used again after a while. */
#define LASTS_NS  (600 * NS_PER_S)

#define NAME_SIZE 64 /* recipients of accounts with longer names are not counted */

struct queued_message {
	int64_t wall_ns;
	uint64_t tag;
	struct address source;
	bool has_source, counts; /* there was an account (rule_input.at) */
	enum login login;
	enum event_service service;
	char account[NAME_SIZE];
};
_Static_assert(sizeof(struct queued_message) == 112, "docs/rules.md");

struct flood_queued {
	struct lru_seed seed;
	struct lru_table *messages; /* struct queued_message, by queue id */
};

struct flood_queued *flood_queued_new(void)
{
	struct flood_queued *queued = calloc(1, sizeof(*queued));

	if (!queued)
		return NULL;
	queued->seed = lru_seed_new();
	queued->messages = lru_new(sizeof(struct queued_message), FLOOD_QUEUED_MOST, NULL, NULL);
	if (queued->messages)
		return queued;
	free(queued);
	return NULL;
}

void flood_queued_free(struct flood_queued *queued)
{
	if (!queued)
		return;
	lru_free(queued->messages);
	free(queued);
}

void flood_queued_note(struct flood_queued *queued, const struct rule_input *input)
{
	const struct event *event = input->event;
	size_t size = strlen(event->account) + 1;
	struct queued_message *message;
	struct prefix key;

	if (event->daemon != EVENT_DAEMON_POSTFIX || event->recipients || !*event->queue ||
	    size > NAME_SIZE)
		return;
	key = lru_name_key(&queued->seed, event->queue);
	message = lru_touch(queued->messages, &key, NULL);
	*message = (struct queued_message){ .wall_ns = event->wall_ns,
					    .tag = input->tag,
					    .source = event->source,
					    .has_source = event->has_source,
					    .counts = input->at != NULL,
					    .login = input->login,
					    .service = event->service };
	memcpy(message->account, event->account, size);
}

static void fill(const struct rule_input *input, const struct queued_message *message,
		 struct flood_more *more)
{
	const struct detect_settings *settings = input->settings;
	struct standing standing;

	more->event = (struct event){ .kind = EVENT_QUEUED,
				      .wall_ns = input->event->wall_ns,
				      .service = message->service,
				      .count = input->event->recipients - 1,
				      .has_source = message->has_source,
				      .source = message->source,
				      .has_account = true };
	memcpy(more->event.account, message->account, NAME_SIZE);
	more->input = *input;
	more->input.event = &more->event;
	more->input.tag = message->tag;
	more->input.account = accounts_key(input->accounts, message->account);
	more->input.login = message->login;
	if (message->has_source) {
		more->input.lan = address_is_lan(&message->source);
		more->input.source = address_source(&message->source, settings->source_length6);
	}
	if (!message->counts)
		return;
	accounts_judge(input->accounts, message->account, &more->input.account, &more->input.source,
		       input->event->wall_ns, &standing);
	more->input.at = standing.account;
}

bool flood_queued_take(struct flood_queued *queued, const struct rule_input *input,
		       struct flood_more *more)
{
	struct prefix key = lru_name_key(&queued->seed, input->event->queue);
	struct queued_message *message = lru_find(queued->messages, &key);
	bool found;

	if (!message)
		return false;
	found = input->event->recipients > 1 &&
		input->event->wall_ns <= time_plus(message->wall_ns, LASTS_NS);
	if (found)
		fill(input, message, more);
	lru_drop(queued->messages, message);
	return found;
}
