// SPDX-License-Identifier: GPL-2.0-or-later
/* What one event costs the rules: messages from known sources, and failures from new ones. The
 * smallest of several rounds counts, since others run beside. Not here: parsing (bench-parse). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "detect/detect.h"

#define ACCOUNTS 100000U
#define KNOWN	 5U	  /* sources of each */
#define FAILURES 1000000U /* sources */
#define ROUNDS	 5U
#define KNOWN_NS 1000.0 /* the targets */
#define NEW_NS	 2500.0
#define BEGIN_NS (1790000000LL * NS_PER_S)
#define DAY_NS	 (86400 * NS_PER_S)

static void ignore(const struct decision *decision, void *context)
{
	(void)decision;
	(void)context;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void feed(struct detect *detect, enum event_kind kind, uint32_t source, unsigned account,
		 int64_t wall_ns)
{
	static uint64_t tag;
	struct event event = { .kind = kind,
			       .has_source = true,
			       .has_account = true,
			       .count = 1,
			       .service = EVENT_SERVICE_SUBMISSION,
			       .wall_ns = wall_ns,
			       .source = address_from4(source) };

	snprintf(event.account, sizeof(event.account), "user%05u@example.org", account);
	detect_event(detect, &event, ++tag, ignore, NULL);
}

static uint32_t own_source(unsigned account, unsigned i)
{
	return 0x20000000 + (account * KNOWN + i) * 256;
}

/* What making the events costs by itself is part of no rule. */
static double making_ns(void)
{
	double begin = now_ns();
	struct event event;
	unsigned sum = 0;

	for (unsigned i = 0; i < FAILURES; i++) {
		snprintf(event.account, sizeof(event.account), "user%05u@example.org",
			 i % ACCOUNTS);
		sum += (unsigned char)event.account[8];
	}
	return (now_ns() - begin) / FAILURES + (sum ? 0 : 1);
}

static double messages(struct detect *detect, int64_t wall_ns)
{
	double begin = now_ns();

	for (unsigned i = 0; i < ACCOUNTS * KNOWN; i++) {
		unsigned account = i * 7919U % ACCOUNTS;

		feed(detect, EVENT_MESSAGE, own_source(account, i / ACCOUNTS), account,
		     wall_ns + i * 100000LL);
	}
	return (now_ns() - begin) / (ACCOUNTS * KNOWN);
}

static double failures(struct detect *detect, unsigned round, int64_t wall_ns)
{
	unsigned count = FAILURES / ROUNDS;
	double begin = now_ns();

	for (unsigned i = 0; i < count; i++)
		feed(detect, EVENT_FAILURE, 0x60000000 + (round * count + i) * 64,
		     i * 7919U % ACCOUNTS, wall_ns + i * 1000000LL);
	return (now_ns() - begin) / count;
}

static int report(const char *what, double took_ns, double target_ns)
{
	bool met = took_ns <= target_ns;

	printf("%-32s %8.0f ns, target %5.0f ns: %s\n", what, took_ns, target_ns,
	       met ? "met" : "MISSED");
	return !met;
}

int main(void)
{
	double known = 1e9, first = 1e9, fresh = 1e9, ever = 0, making = making_ns();
	struct detect_settings settings;
	struct detect *detect;
	int missed;

	detect_defaults(&settings);
	detect = detect_new(&settings);
	if (!detect)
		return 1;
	for (unsigned day = 0; day < 9; day += 4)
		for (unsigned i = 0; i < ACCOUNTS * KNOWN; i++)
			feed(detect, EVENT_SUCCESS, own_source(i / KNOWN, i % KNOWN), i / KNOWN,
			     BEGIN_NS + day * DAY_NS + i * 1000);
	for (unsigned round = 0; round < ROUNDS; round++) {
		int64_t wall_ns = BEGIN_NS + (9 + round) * DAY_NS;
		double took = messages(detect, wall_ns);

		if (!round)
			ever = took;
		else
			first = took < first ? took : first;
		took = messages(detect, wall_ns + 1800 * NS_PER_S);
		known = took < known ? took : known;
		took = failures(detect, round, wall_ns + 3600 * NS_PER_S);
		fresh = took < fresh ? took : fresh;
	}
	detect_free(detect);
	printf("making an event: %.0f ns, taken off\n", making);
	missed = report("message from a known source", known - making, KNOWN_NS);
	printf("%-32s %8.0f ns\n", "  its first of a day", first - making);
	printf("%-32s %8.0f ns\n", "  its first of all", ever - making);
	missed += report("failure from a new source", fresh - making, NEW_NS);
	return missed > 0;
}
