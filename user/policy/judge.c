// SPDX-License-Identifier: GPL-2.0-or-later
/* Judges logins: whether they are refused, and what their reports tell the rules. Mail that is
 * handed in is in recipients.c. See judge.h. */
#include "policy/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/judge_internal.h"

void judge_defaults(struct judge_settings *settings)
{
	*settings = (struct judge_settings){
		.recipients = 20,
		.recipients_day = 50,
		.shared_hour = 100,
		.over = JUDGE_OVER_HOLD,
		.held_messages = 200,
		.held_size = 100U << 20,
		.most_accounts = 1U << 17,
		.most_pairs = 1U << 18,
		.most_messages = 1U << 16,
	};
}

struct judge *judge_new(const struct judge_settings *settings, struct detect *detect)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return NULL;
	judge->settings = *settings;
	judge->detect = detect;
	judge->seed = lru_seed_new();
	judge->passwords = passwords_new(&judge->settings);
	judge->budgets = budgets_new(&judge->settings);
	judge->messages = messages_new(judge, settings->most_messages);
	if (judge->passwords && judge->budgets && judge->messages)
		return judge;
	judge_free(judge);
	return NULL;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	passwords_free(judge->passwords);
	budgets_free(judge->budgets);
	lru_free(judge->messages);
	free(judge);
}

void judge_configure(struct judge *judge, const struct judge_settings *settings)
{
	uint8_t key[JUDGE_KEY_SIZE];

	memcpy(key, judge->settings.key, sizeof(key));
	judge->settings = *settings;
	memcpy(judge->settings.key, key, sizeof(key));
	passwords_configure(judge->passwords, &judge->settings);
	budgets_configure(judge->budgets, &judge->settings);
	/* If there is no memory for another size, the table keeps its size. */
	lru_resize(judge->messages, settings->most_messages);
}

/* Whether a source that the account has no reason to let in is refused, while others have its
 * password. */
static bool is_shut_out(const struct detect_look *look)
{
	return look->leaked && !look->known && !look->near && !look->lan && !look->home;
}

void judge_login(struct judge *judge, const struct policy_login *login, struct judge_login *answer)
{
	struct detect_look look;

	*answer = (struct judge_login){ 0 };
	if (!login->has_account || !login->has_source)
		return;
	detect_look(judge->detect, login->account, &login->source, login->wall_ns, &look);
	if (!is_shut_out(&look))
		return;
	answer->would = true;
	answer->refuse = !judge->settings.monitor;
	snprintf(answer->text, sizeof(answer->text),
		 "a stranger to %.80s, whose password strangers have had", login->account);
	judge->usage.refused++;
}

static void begin_report(const struct policy_login *login, struct judge_report *report)
{
	struct event *event = &report->event;

	*report = (struct judge_report){ .counts = true };
	event->wall_ns = login->wall_ns;
	event->kind = login->success ? EVENT_SUCCESS : EVENT_FAILURE;
	event->service = login->service;
	event->daemon = EVENT_DAEMON_DOVECOT;
	event->count = 1;
	event->has_source = login->has_source;
	event->source = login->source;
	event->has_account = login->has_account;
	memcpy(event->account, login->account, sizeof(event->account));
}

static void describe(const struct policy_login *login, struct judge_report *report)
{
	const char *service = event_service_name(login->service), *what = "";
	char source[ADDRESS_TEXT_SIZE] = "-";

	if (login->has_source)
		address_format(&login->source, source);
	if (login->refused)
		what = ", refused before its password was looked at";
	else if (report->password == JUDGE_PASSWORD_OLD)
		what = ", with an old password";
	else if (report->password == JUDGE_PASSWORD_STALE)
		what = ", with an old password, from a device that is not up to date";
	else if (report->password == JUDGE_PASSWORD_REPEATED)
		what = ", with the same password as before";
	snprintf(report->text, sizeof(report->text), "policy: %s, %s from %s: %s%s",
		 login->has_account ? login->account : "-", service ? service : "a login", source,
		 login->success ? "logged in" : "failed", what);
}

/* Whether the login failed for another reason than a wrong password. */
static bool is_no_guess(const struct policy_login *login)
{
	return login->fail == POLICY_FAIL_INTERNAL || login->fail == POLICY_FAIL_DISABLED ||
	       login->fail == POLICY_FAIL_EXPIRED;
}

static void judge_failure(struct judge *judge, const struct policy_login *login,
			  const struct detect_look *look, struct judge_report *report)
{
	bool near = look->known || look->near || look->lan, sure;

	report->password = passwords_fail(judge->passwords, login, &look->source, near, &sure);
	report->counts = report->password != JUDGE_PASSWORD_REPEATED &&
			 report->password != JUDGE_PASSWORD_STALE;
	if (report->password == JUDGE_PASSWORD_OLD)
		report->event.password = sure ? EVENT_PASSWORD_OLD : EVENT_PASSWORD_PERHAPS_OLD;
	judge->usage.old += report->password == JUDGE_PASSWORD_OLD;
	judge->usage.stale += report->password == JUDGE_PASSWORD_STALE;
	judge->usage.repeated += report->password == JUDGE_PASSWORD_REPEATED;
}

/* Judges a success. The owner has changed the password if one of his own sources has another right
 * one. */
static void judge_success(struct judge *judge, const struct policy_login *login,
			  const struct detect_look *look, struct judge_report *report)
{
	bool other = passwords_succeed(judge->passwords, login);

	report->password = JUDGE_PASSWORD_RIGHT;
	report->changed = other && look->known &&
			  detect_password_changed(judge->detect, login->account, login->wall_ns);
	judge->usage.changed += report->changed;
}

void judge_report(struct judge *judge, const struct policy_login *login,
		  struct judge_report *report)
{
	struct detect_look look;

	begin_report(login, report);
	if (login->refused && !login->success) {
		describe(login, report);
		return;
	}
	if (!login->success && is_no_guess(login))
		report->counts = false;
	else if (login->has_account && login->has_source) {
		detect_look(judge->detect, login->account, &login->source, login->wall_ns, &look);
		if (login->success)
			judge_success(judge, login, &look, report);
		else
			judge_failure(judge, login, &look, report);
	}
	describe(login, report);
}

void judge_trust_account(struct judge *judge, const char *account)
{
	struct prefix key = detect_account_key(judge->detect, account);

	budgets_restore(judge->budgets, account, &key);
}

void judge_forget_account(struct judge *judge, const char *account)
{
	judge_trust_account(judge, account);
	passwords_forget(judge->passwords, account);
}

void judge_get_usage(const struct judge *judge, struct judge_usage *usage)
{
	*usage = judge->usage;
	passwords_add_usage(judge->passwords, usage);
	usage->messages += lru_used(judge->messages);
}
