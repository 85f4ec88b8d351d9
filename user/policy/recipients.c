// SPDX-License-Identifier: GPL-2.0-or-later
/* Judges mail: each recipient is reserved in the account's purse, and the end of the message
 * settles what was reserved. Logins are in judge.c, the purses in budgets.c. See judge.h. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "policy/judge_internal.h"

#define PATIENCE_NS \
	(600 * NS_PER_S) /* between a recipient and what follows it: no client needs more */

/* A message that is under way. */
struct message {
	int64_t last_ns;
	struct prefix account; /* key of its budget (budgets.h) */
	enum judge_purse purse;
	uint32_t asked;	   /* recipients that were asked about */
	uint32_t reserved; /* of these, how many are reserved in the purse */
	bool held;
};

static void leave(void *value, bool full, void *context)
{
	struct judge *judge = context;

	(void)value;
	/* What the message reserved stays spent, so that nobody gains by filling the table. */
	judge->usage.forgotten += full;
}

struct lru_table *messages_new(struct judge *judge, uint32_t most)
{
	return lru_new(sizeof(struct message), most, leave, judge);
}

/* Drops messages that did not end; they give back what they reserved. If the server never asks at
 * the end, it is not known which messages ended. */
static void sweep(struct judge *judge, int64_t now_ns)
{
	struct message *message;

	/* Messages with times of the future were there before the clock was set back. */
	while ((message = lru_oldest(judge->messages)) &&
	       (message->last_ns < time_less(now_ns, PATIENCE_NS) ||
		message->last_ns > time_plus(now_ns, PATIENCE_NS))) {
		struct judge_budget *budget = budgets_peek(judge->budgets, &message->account);

		if (budget && judge->ends) {
			budgets_spend(budget, message->purse, -(int64_t)message->reserved);
			budget->refused += message->asked;
			budget->held -= message->held && budget->held;
		}
		lru_drop(judge->messages, message);
	}
}

/* Who hands in mail, and what he may do. */
struct hand {
	struct judge *judge;
	const struct policy_mail *mail;
	struct detect_look look;
	enum judge_purse purse;
	struct judge_budget *budget;
	struct message *message; /* NULL: it has no name of its own, or needs no purse */
	struct judge_mail *answer;
};

static enum judge_purse purse_of(const struct policy_mail *mail, const struct detect_look *look)
{
	if (!mail->has_source || look->shared)
		return JUDGE_PURSE_SHARED;
	if (!look->known)
		return JUDGE_PURSE_UNKNOWN;
	return look->fresh ? JUDGE_PURSE_NEW : JUDGE_PURSE_NONE;
}

/* The message's key, together with the account: nobody can make the messages of two accounts
 * collide. */
static struct prefix message_key(const struct hand *hand)
{
	const struct policy_mail *mail = hand->mail;
	struct prefix message =
		lru_name_key(&hand->judge->seed, *mail->instance ? mail->instance : mail->queue);

	return lru_pair_key(&message, &hand->look.account);
}

static void find_message(struct hand *hand, bool make)
{
	struct prefix key;

	if (!*hand->mail->instance && !*hand->mail->queue)
		return;
	key = message_key(hand);
	hand->message = lru_find(hand->judge->messages, &key);
	if (!hand->message && (!make || hand->purse == JUDGE_PURSE_NONE))
		return;
	hand->message = lru_touch(hand->judge->messages, &key, NULL);
	if (!hand->message->last_ns)
		hand->message->purse = hand->purse;
	hand->purse = hand->message->purse;
	hand->message->account = hand->look.account;
	hand->message->last_ns = hand->mail->wall_ns;
}

static const char *purse_name(enum judge_purse purse)
{
	static const char *const names[] = {
		[JUDGE_PURSE_UNKNOWN] = "sources that the account does not know",
		[JUDGE_PURSE_NEW] = "sources that are new to the account",
		[JUDGE_PURSE_SHARED] = "a place that many share",
		[JUDGE_PURSE_NONE] = "its own sources",
	};

	return names[purse];
}

static void tell(const struct hand *hand, const char *what)
{
	struct decision *alert = &hand->answer->alert;

	hand->answer->told = true;
	alert->rule = RULE_ACCOUNT_FLOOD;
	alert->action = ACTION_ALERT;
	alert->wall_ns = hand->mail->wall_ns;
	alert->services = BAN_LOGIN;
	alert->has_account = true;
	memcpy(alert->account, hand->mail->account, sizeof(alert->account));
	if (hand->mail->has_source) {
		alert->source_count = 1;
		alert->sources[0].prefix = hand->look.source;
		alert->sources[0].country = (uint16_t)hand->look.country;
	}
	snprintf(alert->reason, sizeof(alert->reason),
		 "the budget of %s is used up: a message %s%s", purse_name(hand->purse),
		 hand->answer->verdict ? "" : "would be ", what);
}

/* Decides what happens to a message over the budget. */
static void judge_over(struct hand *hand)
{
	static const char *const words[] = { "passes", "on hold", "deferred", "rejected" };
	const struct judge_settings *settings = &hand->judge->settings;
	struct judge_budget *budget = hand->budget;
	struct judge_mail *answer = hand->answer;
	bool acts = !settings->monitor && !hand->look.young;

	answer->would = settings->over == JUDGE_OVER_REJECT  ? JUDGE_REJECT
			: settings->over == JUDGE_OVER_DEFER ? JUDGE_DEFER
			: settings->over == JUDGE_OVER_OFF   ? JUDGE_PASS
							     : JUDGE_HOLD;
	if (answer->would == JUDGE_HOLD &&
	    (budget->held >= settings->held_messages || budget->held_size >= settings->held_size))
		answer->would = JUDGE_DEFER;
	answer->verdict = acts ? answer->would : JUDGE_PASS;
	budget->over++;
	hand->judge->usage.held += answer->verdict == JUDGE_HOLD;
	hand->judge->usage.deferred += answer->verdict == JUDGE_DEFER;
	hand->judge->usage.rejected += answer->verdict == JUDGE_REJECT;
	if (answer->verdict == JUDGE_HOLD)
		budget->held++;
	if (answer->verdict)
		snprintf(answer->text, sizeof(answer->text), "too many recipients of %.60s from %s",
			 hand->mail->account, purse_name(hand->purse));
	tell(hand, words[answer->would]);
}

static void on_recipient(struct hand *hand)
{
	struct judge_budget *budget = hand->budget;
	struct message *message;

	budget->recipients++;
	budget->first_time +=
		budgets_meet(hand->judge->budgets, &hand->look.account, hand->mail->recipient);
	find_message(hand, true);
	message = hand->message;
	if (message)
		message->asked++;
	if (message && message->held) {
		hand->answer->verdict = hand->answer->would = JUDGE_HOLD;
		return;
	}
	if (budgets_left(hand->judge->budgets, budget, hand->purse, hand->look.usual)) {
		budgets_spend(budget, hand->purse, 1);
		if (message)
			message->reserved++;
		else
			budgets_keep(hand->judge->budgets, hand->mail->account, budget);
		return;
	}
	judge_over(hand);
	if (hand->answer->verdict != JUDGE_HOLD || !message)
		return;
	/* Nothing of the message leaves now. */
	message->held = true;
	budgets_spend(budget, message->purse, -(int64_t)message->reserved);
	message->reserved = 0;
}

/* Notes a message on hold, which stays in the queue until somebody looks at it. */
static void settle_held(struct hand *hand)
{
	const struct judge_settings *settings = &hand->judge->settings;
	const struct policy_mail *mail = hand->mail;
	struct judge_held held = { .wall_ns = mail->wall_ns,
				   .recipients = mail->recipients,
				   .size = mail->size };

	if (mail->size > settings->held_size ||
	    hand->budget->held_size > settings->held_size - mail->size) {
		hand->answer->verdict = hand->answer->would = JUDGE_DEFER;
		hand->judge->usage.deferred++;
		hand->budget->held -= hand->budget->held > 0;
		snprintf(hand->answer->text, sizeof(hand->answer->text),
			 "too much of %.60s is on hold", mail->account);
		return;
	}
	hand->answer->verdict = hand->answer->would = JUDGE_HOLD;
	hand->budget->held_size += mail->size;
	memcpy(held.queue, mail->queue, sizeof(held.queue));
	if (settings->memory.held)
		settings->memory.held(mail->account, &held, settings->memory.context);
}

static void hand_in(struct hand *hand)
{
	struct event *event = &hand->answer->event;
	const struct policy_mail *mail = hand->mail;

	hand->answer->has_event = true;
	event->wall_ns = mail->wall_ns;
	event->kind = EVENT_MESSAGE;
	event->service = EVENT_SERVICE_SUBMISSION;
	event->daemon = EVENT_DAEMON_POSTFIX;
	event->count = 1;
	event->recipients = mail->recipients;
	event->has_source = mail->has_source;
	event->source = mail->source;
	event->has_account = true;
	memcpy(event->account, mail->account, sizeof(event->account));
	memcpy(event->queue, mail->queue, sizeof(event->queue));
}

/* Lets a message pass although it is over the budget: the budget is empty then, but not below
 * zero. */
static void let_pass(struct hand *hand)
{
	budgets_spend(hand->budget, hand->purse,
		      budgets_left(hand->judge->budgets, hand->budget, hand->purse,
				   hand->look.usual));
	hand_in(hand);
}

/* Settles a message at its end: recipients that were reserved and not accepted come back, and those
 * that nobody asked about are taken now. */
static void on_end(struct hand *hand)
{
	struct judge_budget *budget = hand->budget;
	uint32_t accepted = hand->mail->recipients, reserved = 0;

	hand->judge->ends = true;
	find_message(hand, false);
	if (hand->message) {
		hand->purse = hand->message->purse;
		reserved = hand->message->reserved;
		if (hand->message->asked > accepted)
			budget->refused += hand->message->asked - accepted;
	}
	if (hand->message && hand->message->held) {
		settle_held(hand);
	} else if (!*hand->mail->instance && !*hand->mail->queue) {
		hand_in(hand);
	} else if (accepted > reserved &&
		   accepted - reserved > budgets_left(hand->judge->budgets, budget, hand->purse,
						      hand->look.usual)) {
		budgets_spend(budget, hand->purse, -(int64_t)reserved);
		judge_over(hand);
		if (hand->answer->verdict == JUDGE_HOLD)
			settle_held(hand);
		else if (!hand->answer->verdict)
			let_pass(hand);
	} else {
		budgets_spend(budget, hand->purse, (int64_t)accepted - (int64_t)reserved);
		hand_in(hand);
	}
	if (hand->message)
		lru_drop(hand->judge->messages, hand->message);
	budgets_keep(hand->judge->budgets, hand->mail->account, budget);
}

void judge_mail(struct judge *judge, const struct policy_mail *mail, struct judge_mail *answer)
{
	struct hand hand = { .judge = judge, .mail = mail, .answer = answer };

	memset(answer, 0, sizeof(*answer));
	sweep(judge, mail->wall_ns);
	if (!mail->has_account || mail->stage == POLICY_STAGE_OTHER)
		return;
	detect_look(judge->detect, mail->account, &mail->source, mail->wall_ns, &hand.look);
	hand.purse = purse_of(mail, &hand.look);
	hand.budget =
		budgets_find(judge->budgets, mail->account, &hand.look.account, mail->wall_ns);
	if (mail->stage == POLICY_STAGE_RCPT)
		on_recipient(&hand);
	else
		on_end(&hand);
}
