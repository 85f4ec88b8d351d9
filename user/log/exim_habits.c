// SPDX-License-Identifier: GPL-2.0-or-later
/* See exim_habits.h. Pure. */
#include "log/exim_habits.h"

/* For how many of Exim's lines something learnt holds. A process may have another client later, and
 * a setting may change in a log that does not show when Exim starts (the reject log). */
#define CALLER_LINES  2000
#define REFUSED_LINES 10000

#define ENOUGH	      32 /* lines that show whether ports are written */

/* The log's host, if a header names one: several machines may write to one file. */
static uint64_t host_of(const struct envelope *envelope)
{
	size_t end;

	if (!span_starts(envelope->program, "exim") ||
	    (envelope->layering != LAYER_SYSLOG && envelope->layering != LAYER_5424))
		return 0;
	end = span_find_char(envelope->whole, ' ');
	return end == SPAN_NONE ? 1 : span_hash(span_cut(envelope->whole, 0, end)) | 1;
}

static void forget(struct exim_habits *habits)
{
	*habits = (struct exim_habits){ .host = habits->host,
					.mixed = habits->mixed,
					.line = habits->line };
}

static struct exim_caller *find(struct exim_caller *callers, const struct exim_caller *wanted)
{
	struct exim_caller *oldest = callers;

	for (struct exim_caller *at = callers; at < callers + EXIM_CALLERS; at++) {
		if (at->seen && (wanted->pid ? at->pid == wanted->pid
					     : !address_compare(&at->address, &wanted->address)))
			return at;
		if (at->seen < oldest->seen)
			oldest = at;
	}
	return oldest;
}

static void remember(struct exim_habits *habits, struct exim_caller *callers,
		     const struct address *address, uint32_t pid)
{
	struct exim_caller caller = { .address = *address, .pid = pid, .seen = habits->line };

	*find(callers, &caller) = caller;
}

/* Reads "c1.client.example [192.0.2.7]:48269 I=[...]: syntactically invalid argument(s): ...",
 * behind "rejected EHLO from ". The name of the client's host comes from the DNS and has no
 * blank. */
static void learn_refusal(struct exim_habits *habits, struct span text)
{
	size_t open = span_find_char(text, '['), close = span_find_char(text, ']'), reason;
	struct address address;

	if (open == SPAN_NONE || close == SPAN_NONE || close < open ||
	    (open && span_find_char(text, ' ') != open - 1) ||
	    !span_address(span_cut(text, open + 1, close), &address))
		return;
	text = span_from(text, close);
	reason = span_find(text, ": ");
	if (reason == SPAN_NONE ||
	    !span_starts(span_from(text, reason), ": syntactically invalid argument(s): "))
		return;
	habits->refused = habits->line;
	remember(habits, habits->refusals, &address, 0);
}

void exim_habits_step(struct exim_habits *habits, const struct envelope *envelope, uint32_t pid,
		      struct span text)
{
	uint64_t host = host_of(envelope);
	struct address address;

	habits->mixed |= habits->line && host != habits->host;
	habits->host = host;
	habits->line++;
	habits->pid = pid;
	if (habits->mixed)
		return;
	if (span_skip(&text, "no host name found for IP address ")) {
		if (pid && span_address(text, &address))
			remember(habits, habits->callers, &address, pid);
	} else if (span_skip(&text, "rejected EHLO from ") ||
		   span_skip(&text, "rejected HELO from ")) {
		learn_refusal(habits, text);
	} else if ((span_starts(text, "exim ") && span_find(text, " daemon started: pid=") < 32) ||
		   span_starts(text, "SIGHUP received: re-exec daemon")) {
		forget(habits);
	}
}

void exim_habits_learn(struct exim_habits *habits, bool port)
{
	habits->ports += port;
	habits->no_ports += !port;
}

bool exim_habits_exclude(const struct exim_habits *habits, bool port)
{
	if (habits->mixed || (habits->ports && habits->no_ports) ||
	    habits->ports + habits->no_ports < ENOUGH)
		return false;
	return port ? !habits->ports : !habits->no_ports;
}

bool exim_habits_strict(const struct exim_habits *habits)
{
	return !habits->mixed && habits->refused && habits->line - habits->refused < REFUSED_LINES;
}

const struct address *exim_habits_caller(const struct exim_habits *habits)
{
	const struct exim_caller *at = habits->callers;

	for (; !habits->mixed && habits->pid && at < habits->callers + EXIM_CALLERS; at++)
		if (at->seen && at->pid == habits->pid)
			return habits->line - at->seen < CALLER_LINES ? &at->address : NULL;
	return NULL;
}

bool exim_habits_forgive(struct exim_habits *habits, const struct address *address)
{
	struct exim_caller wanted = { .address = *address };
	struct exim_caller *found = find(habits->refusals, &wanted);

	if (!found->seen || address_compare(&found->address, address) != 0 ||
	    habits->line - found->seen >= CALLER_LINES)
		return false;
	found->seen = 0;
	return true;
}
