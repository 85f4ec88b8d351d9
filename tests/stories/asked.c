// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A story's log as the questions that a mail server with [policy] would have asked: what is
 * refused, held and let through, of attackers and of the others. The rules see the judgement's
 * reports alone, as where no log is followed.
 *
 * usage: asked [--learned] ACCOUNT CONFIG LOG ATTACKERS...
 *
 * ACCOUNT's own are counted apart from others' as "owner"; "": nobody's. ATTACKERS are addresses,
 * "-" for a file of them on standard input. --learned: the installation is older than its first
 * week. Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/config.h"
#include "detect/detect.h"
#include "lists/country.h"
#include "lists/providers.h"
#include "log/past_logs.h"
#include "policy/judge.h"

#define ATTACKERS_MAX 20000

struct sums {
	unsigned long long logins, refused, banned, messages, left, held, deferred, recipients;
};

struct story {
	struct detect *detect;
	struct judge *judge;
	struct ranges countries;
	struct providers *providers;
	struct address attackers[ATTACKERS_MAX];
	size_t attacker_count;
	const char *account;
	struct sums honest, owner, hostile;
	unsigned long long alerts;
	uint64_t tag, number;
};

static unsigned country_of(const struct address *address, void *context)
{
	return country_find(context, address);
}

static uint32_t provider_of_address(const struct address *address, void *context)
{
	return providers_find(context, address);
}

static void print_fault(const char *text, void *context)
{
	(void)context;
	fprintf(stderr, "asked: %s\n", text);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address));
}

static void on_decision(const struct decision *decision, void *context)
{
	struct story *story = context;

	story->alerts += decision->action == ACTION_ALERT;
}

static struct policy_login login_of(const struct story *story, const struct event *event)
{
	struct policy_login login = { .wall_ns = event->wall_ns,
				      .has_source = true,
				      .source = event->source,
				      .service = event->service,
				      .has_account = true,
				      .secret = POLICY_SECRET_PASSWORD,
				      .success = event->kind != EVENT_FAILURE };

	memcpy(login.account, event->account, sizeof(login.account));
	/* The right password never changes; each wrong one is another. */
	snprintf(login.hash, sizeof(login.hash), "%016llx0000000000000000",
		 login.success ? 0xfeedULL << 48 : (unsigned long long)story->number | 1ULL << 62);
	login.hash_bits = 128;
	return login;
}

static bool log_in(struct story *story, const struct event *event, struct sums *sums)
{
	struct policy_login login = login_of(story, event);
	struct judge_login answer;
	struct judge_report report;

	judge_login(story->judge, &login, &answer);
	login.refused = answer.refuse;
	login.success &= !answer.refuse;
	sums->logins++;
	sums->refused += answer.refuse && event->kind != EVENT_FAILURE;
	judge_report(story->judge, &login, &report);
	if (report.counts)
		detect_event(story->detect, &report.event, ++story->tag, on_decision, story);
	return login.success;
}

static enum judge_verdict ask(struct story *story, struct policy_mail *mail,
			      enum policy_stage stage, struct judge_mail *answer)
{
	mail->stage = stage;
	judge_mail(story->judge, mail, answer);
	if (answer->told)
		detect_notice(story->detect, &answer->alert, on_decision, story);
	return answer->verdict;
}

static void hand_in(struct story *story, const struct event *event, struct sums *sums)
{
	struct policy_mail mail = { .wall_ns = event->wall_ns,
				    .has_source = true,
				    .source = event->source,
				    .has_account = true,
				    .size = 5000 };
	uint32_t recipients = event->recipients ? event->recipients : 1, accepted = 0;
	struct judge_mail answer;
	bool held = false;

	memcpy(mail.account, event->account, sizeof(mail.account));
	snprintf(mail.instance, sizeof(mail.instance), "%llu", (unsigned long long)story->number);
	sums->messages++;
	sums->recipients += recipients;
	for (uint32_t i = 0; i < recipients; i++) {
		enum judge_verdict verdict = ask(story, &mail, POLICY_STAGE_RCPT, &answer);

		held |= verdict == JUDGE_HOLD;
		accepted += verdict == JUDGE_PASS || verdict == JUDGE_HOLD;
	}
	sums->deferred += !accepted;
	if (!accepted)
		return;
	mail.recipients = accepted;
	held |= ask(story, &mail, POLICY_STAGE_END, &answer) == JUDGE_HOLD;
	sums->held += held;
	sums->left += held ? 0 : accepted;
	if (answer.has_event)
		detect_event(story->detect, &answer.event, ++story->tag, on_decision, story);
}

static void on_event(const struct event *event, uint64_t tag, void *context)
{
	struct story *story = context;
	struct sums *sums = &story->honest;

	(void)tag;
	if (!event->has_source || !event->has_account ||
	    (event->kind != EVENT_FAILURE && event->kind != EVENT_SUCCESS &&
	     event->kind != EVENT_MESSAGE))
		return;
	story->number++;
	if (bsearch(&event->source, story->attackers, story->attacker_count, sizeof(event->source),
		    compare))
		sums = &story->hostile;
	else if (!strcmp(event->account, story->account))
		sums = &story->owner;
	if (detect_bans(story->detect, &event->source, detect_services(event->service),
			event->wall_ns)) {
		sums->banned++;
		return;
	}
	if (log_in(story, event, sums) && event->kind == EVENT_MESSAGE)
		hand_in(story, event, sums);
}

static void add_attacker(struct story *story, const char *text)
{
	if (story->attacker_count == ATTACKERS_MAX ||
	    address_parse(text, strlen(text), &story->attackers[story->attacker_count]))
		exit(2);
	story->attacker_count++;
}

static void read_attackers(struct story *story, char **words)
{
	char line[ADDRESS_TEXT_SIZE + 2];

	for (; *words; words++) {
		if (strcmp(*words, "-") != 0)
			add_attacker(story, *words);
		else
			while (fgets(line, sizeof(line), stdin)) {
				line[strcspn(line, "\n")] = '\0';
				add_attacker(story, line);
			}
	}
	qsort(story->attackers, story->attacker_count, sizeof(*story->attackers), compare);
}

static void note_first(const struct event *event, uint64_t tag, void *context)
{
	int64_t *first = context;

	(void)tag;
	if (!*first)
		*first = event->wall_ns;
}

static int run_log(const char *path, past_logs_take *each, void *context)
{
	struct past_logs *past_logs = past_logs_new(NULL);
	struct fault fault = { 0 };
	int error = past_logs ? past_logs_add(past_logs, path, &fault) : -1;

	if (!error)
		error = past_logs_run(past_logs, each, context, &fault);
	if (error)
		fprintf(stderr, "asked: %s\n", fault.text);
	past_logs_free(past_logs);
	return error;
}

static int start(struct story *story, const char *config_path, const char *log, bool learned)
{
	struct detect_settings settings;
	struct judge_settings judging;
	struct config *config = NULL;
	struct fault fault = { 0 };
	int64_t first = 0;

	if (config_load(config_path, print_fault, NULL, &config) ||
	    run_log(log, note_first, &first) ||
	    country_load(config->country_files, config->country_file_count, &story->countries,
			 &fault) ||
	    providers_load(config->provider_files, config->provider_file_count,
			   config->provider_files_default, &story->providers, &fault))
		return 1;
	settings = config->detect;
	settings.country = country_of;
	settings.country_context = &story->countries;
	settings.provider = provider_of_address;
	settings.provider_context = story->providers;
	settings.since_ns = learned ? first - 30 * 86400 * NS_PER_S : first;
	story->detect = detect_new(&settings);
	judge_defaults(&judging);
	judging.recipients = config->policy.recipients;
	judging.recipients_day = config->policy.recipients_day;
	if (story->detect)
		story->judge = judge_new(&judging, story->detect);
	config_free(config);
	return !story->judge;
}

static void print(const char *name, const struct sums *sums)
{
	printf("\"%s\": {\"logins\": %llu, \"refused\": %llu, \"banned\": %llu, "
	       "\"messages\": %llu, \"recipients\": %llu, \"left\": %llu, \"held\": %llu, "
	       "\"deferred\": %llu}",
	       name, sums->logins, sums->refused, sums->banned, sums->messages, sums->recipients,
	       sums->left, sums->held, sums->deferred);
}

int main(int argc, char **argv)
{
	bool learned = argc > 1 && !strcmp(argv[1], "--learned");
	struct story *story = calloc(1, sizeof(*story));

	argv += learned;
	argc -= learned;
	if (argc < 4 || !story)
		return 2;
	story->account = argv[1];
	read_attackers(story, argv + 4);
	if (start(story, argv[2], argv[3], learned) || run_log(argv[3], on_event, story))
		return 1;
	putchar('{');
	print("honest", &story->honest);
	fputs(", ", stdout);
	print("owner", &story->owner);
	fputs(", ", stdout);
	print("hostile", &story->hostile);
	printf(", \"alerts\": %llu}\n", story->alerts);
	return 0;
}
