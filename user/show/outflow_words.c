// SPDX-License-Identifier: GPL-2.0-or-later
/* The outflow breaker's words: states, verdicts, senders (outflow_view.h). Pure. */
#include "show/outflow_view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "net/address.h"

#define NO_SOCKET UINT32_MAX /* as bpf/outflow_judge.h */

#define ROW(member, name, help)                                                             \
	MEMBER_METRIC(outflow_count, member, name, COUNT, "sekisho_outflow_" name "_total", \
		      "Attempts to leave " help ".")
#define VERDICT(verdict, name, help) ROW(verdicts[OUTFLOW_##verdict], name, help)
const struct member outflow_count_members[] = {
	ROW(attempts, "attempts", "for a mail port"),
	VERDICT(PASS, "passed", "that passed within the limit"),
	VERDICT(EXCEPT, "excepted", "to an excepted destination"),
	VERDICT(RELEASED, "released", "that passed because of a release"),
	VERDICT(HELD, "held", "over the limit, also in monitor mode"),
	VERDICT(USER, "refused", "by users who may not send, also in monitor mode"),
	VERDICT(UNREADABLE, "unreadable", "made so that they cannot be read"),
	ROW(dropped, "dropped", "whose first packet was dropped"),
	ROW(late, "late", "that were held back and passed later"),
	MEMBER(outflow_count, again, "repeated", COUNT),
	{ 0 },
};

enum outflow_state outflow_state(const struct outflow_view *view)
{
	const struct gate_outflow *state = view->state;

	if (!state->has_rules || !state->rules.port_count)
		return OUTFLOW_IS_OFF;
	for (size_t i = 0; i < state->breaker_count; i++)
		if (state->breakers[i].tripped)
			return OUTFLOW_IS_TRIPPED;
	return state->control.released_until_ns > state->now_boot_ns ? OUTFLOW_IS_RELEASED
								     : OUTFLOW_IS_OPEN;
}

const char *outflow_state_name(enum outflow_state state)
{
	static const char *const names[] = { "off", "open", "tripped", "released" };

	return (size_t)state < sizeof(names) / sizeof(*names) ? names[state] : "?";
}

const char *outflow_verdict_name(enum outflow_verdict verdict)
{
	static const char *const names[] = {
		[OUTFLOW_PASS] = "pass",	 [OUTFLOW_EXCEPT] = "except",
		[OUTFLOW_RELEASED] = "released", [OUTFLOW_HELD] = "held",
		[OUTFLOW_USER] = "refused",	 [OUTFLOW_UNREADABLE] = "unreadable",
	};
	_Static_assert(sizeof(names) / sizeof(*names) == OUTFLOW_VERDICTS, "each has its name");

	return (size_t)verdict < OUTFLOW_VERDICTS ? names[verdict] : "?";
}

const char *outflow_origin_name(__u32 origin)
{
	static const char *const names[] = {
		[OUTFLOW_LOCAL] = "local",	   [OUTFLOW_GUEST] = "guest",
		[OUTFLOW_NAMESPACE] = "namespace", [OUTFLOW_OTHER] = "other",
		[OUTFLOW_REFUSED] = "user",
	};
	_Static_assert(sizeof(names) / sizeof(*names) == OUTFLOW_ORIGINS, "each has its name");

	return origin < OUTFLOW_ORIGINS ? names[origin] : "?";
}

int64_t outflow_wall_ns(const struct outflow_view *view, uint64_t boot_ns)
{
	return boot_ns ? view->now_wall_ns - (int64_t)(view->state->now_boot_ns - boot_ns) : 0;
}

void outflow_whose_breaker(const struct outflow_key *key, const char *name,
			   char text[OUTFLOW_NAME_SIZE * 2])
{
	size_t size = OUTFLOW_NAME_SIZE * 2;

	switch (key->origin) {
	case OUTFLOW_LOCAL:
		snprintf(text, size, "this machine");
		break;
	case OUTFLOW_GUEST:
		snprintf(text, size, "guests from %s", name);
		break;
	case OUTFLOW_NAMESPACE:
		snprintf(text, size, "network namespace %u", key->id);
		break;
	case OUTFLOW_REFUSED:
		outflow_who_sends(key, name, text);
		break;
	default:
		snprintf(text, size, "guests for whom there was no room");
	}
}

void outflow_who_sends(const struct outflow_key *key, const char *name,
		       char text[OUTFLOW_NAME_SIZE * 2])
{
	size_t size = OUTFLOW_NAME_SIZE * 2;

	if (key->origin != OUTFLOW_LOCAL && key->origin != OUTFLOW_REFUSED)
		outflow_whose_breaker(key, name, text);
	else if (key->id == NO_SOCKET)
		snprintf(text, size, "nobody's socket");
	else if (*name)
		snprintf(text, size, "user %s (uid %u)", name, key->id);
	else
		snprintf(text, size, "uid %u", key->id);
}

void outflow_suspect_format(const struct outflow_suspect *suspect, char text[OUTFLOW_SUSPECT_TEXT])
{
	char who[OUTFLOW_NAME_SIZE * 2], address[ADDRESS_TEXT_SIZE];
	size_t size = OUTFLOW_SUSPECT_TEXT, used;

	outflow_who_sends(&suspect->who, suspect->name, who);
	used = (size_t)snprintf(text, size, "%s%s%s, %" PRIu64 " attempts, to", who,
				*suspect->cgroup_path ? " in " : "", suspect->cgroup_path,
				suspect->attempts);
	for (size_t i = 0; i < suspect->destination_count && used < size; i++) {
		address_format(&suspect->destinations[i], address);
		used += (size_t)snprintf(text + used, size - used, " %s", address);
	}
	if (suspect->more && used < size)
		snprintf(text + used, size - used, " and others");
}

void outflow_view_free(struct outflow_view *view)
{
	if (!view)
		return;
	gate_outflow_free(view->state);
	free(view->breaker_names);
	free(view->count_names);
	free(view->recent_names);
	free(view->suspects);
	free(view);
}
