// SPDX-License-Identifier: GPL-2.0-or-later
/* See why_then.h. */
#include "show/why_then.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/detect.h"
#include "show/json.h"
#include "show/visible.h"
#include "show/why_internal.h"

#define AROUND_S    300 /* counts of so long before and after the time are shown */
#define EVIDENCE_NS (3600 * NS_PER_S)

/* ---- filling ---- */

/* Whether the ban was in force within the minute: people give no seconds. */
static bool was_in_force(const struct why_then *then, const struct ban_record *ban)
{
	return ban->since_wall_ns < time_plus(then->at_wall_ns, SPAN_MINUTE_S * NS_PER_S) &&
	       then->at_wall_ns < ban->until_wall_ns;
}

static int take_ban(const struct ban_record *ban, void *context)
{
	struct why_then *then = context;

	if (!was_in_force(then, ban))
		return 0;
	if (then->ban_count == WHY_PAST_MAX)
		return 1;
	then->bans[then->ban_count++] = *ban;
	return 0;
}

static int take_span(const struct store_span *span, void *context)
{
	struct why_then *then = context;
	_cleanup_free_ struct span_counts *counts = calloc(1, sizeof(*counts));

	if (!counts || span_from_json(span->counts, counts))
		return 0;
	span_add(&then->counts, counts);
	if (then->from_s == then->to_s)
		then->from_s = span->start_s;
	then->to_s = span->start_s + span->length_s;
	return 0;
}

static int take_evidence(const struct store_evidence *evidence, void *context)
{
	struct why_then *then = context;
	struct why_evidence *entry = &then->evidence[then->evidence_count];

	if (then->evidence_count == WHY_EVIDENCE_MAX)
		return 1;
	if (evidence->wall_ns < time_less(then->at_wall_ns, EVIDENCE_NS) ||
	    evidence->wall_ns > time_plus(then->at_wall_ns, EVIDENCE_NS))
		return 0;
	entry->line = strdup(evidence->line);
	if (!entry->line)
		return -ENOMEM;
	entry->wall_ns = evidence->wall_ns;
	then->evidence_count++;
	return 0;
}

static int take_refusal(const struct store_refusal *refusal, void *context)
{
	struct why_then *then = context;
	int64_t minute_s = refusal->wall_ns / NS_PER_S;
	struct why_refused *entry = then->refused;

	if (!refusal->source.length) {
		then->left_out += refusal->count;
		return 0;
	}
	for (; entry < then->refused + then->refused_count; entry++)
		if (!strcmp(entry->service, refusal->service))
			break;
	if (entry == then->refused + SERVICE_MAX)
		return 0;
	if (entry == then->refused + then->refused_count) {
		then->refused_count++;
		entry->first_s = minute_s;
		snprintf(entry->service, sizeof(entry->service), "%s", refusal->service);
	}
	entry->last_s = minute_s;
	entry->count += refusal->count;
	entry->would = refusal->would;
	return 0;
}

static void fill_refused(struct why_then *then, struct store *store, const struct prefix *source)
{
	static const struct prefix others;
	int64_t from_ns = time_less(then->at_wall_ns, AROUND_S * NS_PER_S),
		to_ns = time_plus(then->at_wall_ns, AROUND_S * NS_PER_S);

	if (!store_refusals_each(store, source, from_ns, to_ns, take_refusal, then, &then->fault))
		(void)store_refusals_each(store, &others, from_ns, to_ns, take_refusal, then,
					  &then->fault);
}

/* Uses minutes, which are kept for a week, or else hours, which are kept longer. */
static void fill_counts(struct why_then *then, struct store *store)
{
	int64_t at_s = then->at_wall_ns / NS_PER_S,
		hour = span_start(then->at_wall_ns, SPAN_HOUR_S);

	if (store_spans_each(store, SPAN_MINUTE_S, at_s - AROUND_S, at_s + AROUND_S, take_span,
			     then, &then->fault) ||
	    then->from_s != then->to_s)
		return;
	(void)store_spans_each(store, SPAN_HOUR_S, hour, hour + SPAN_HOUR_S, take_span, then,
			       &then->fault);
}

int why_then_fill(const struct instance *instance, const struct why *why, int64_t at_wall_ns,
		  int64_t now_wall_ns, struct why_then **result, struct fault *fault)
{
	_cleanup_(cleanup_why_then) struct why_then *then = calloc(1, sizeof(*then));
	int err;

	if (!then)
		return fault_set(fault, -ENOMEM, "out of memory");
	then->at_wall_ns = at_wall_ns;
	if (!instance->store) {
		then->fault = instance->store_fault;
	} else {
		(void)store_past_bans_each(instance->store, &why->source, at_wall_ns, now_wall_ns,
					   take_ban, then, &then->fault);
		fill_counts(then, instance->store);
		fill_refused(then, instance->store, &why->source);
		/* Reads all of it, since the newest evidence may be later than that time. */
		err = store_evidence_each(instance->store, &why->source, SIZE_MAX, take_evidence,
					  then, &then->fault);
		if (err == -ENOMEM)
			return fault_set(fault, err, "out of memory");
	}
	for (size_t i = 0; i < why->ban_count; i++)
		take_ban(&why->bans[i], then);
	*result = TAKE_PTR(then);
	return 0;
}

void why_then_free(struct why_then *then)
{
	for (size_t i = 0; then && i < then->evidence_count; i++)
		free(then->evidence[i].line);
	free(then);
}

/* ---- text ---- */

static const char *shown(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	time_show(wall_ns - wall_ns % NS_PER_S, text);
	return text;
}

static void print_service(FILE *out, const struct span_service *service)
{
	uint64_t dropped = span_dropped(service), would = span_would_drop(service);

	if (!service->attempts)
		return;
	fprintf(out, "    %s: %" PRIu64 " connections, %" PRIu64 " %srefused",
		*service->name ? service->name : "(no known port)", service->attempts,
		dropped ? dropped : would, would && !dropped ? "would have been " : "");
	for (unsigned reason = 1; reason < REASON_COUNT; reason++) {
		uint64_t count = service->dropped[reason] + service->would_drop[reason];

		if (count)
			fprintf(out, ", %s %" PRIu64, reason_name(reason), count);
	}
	fputc('\n', out);
}

/* Says nothing in monitor mode, which refuses nobody. */
static void print_refused(FILE *out, const struct why_then *then)
{
	char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];

	for (size_t i = 0; i < then->refused_count; i++) {
		const struct why_refused *refused = &then->refused[i];

		fprintf(out, "  by limits: %s: %" PRIu64 " connections %s, %s to %s\n",
			*refused->service ? refused->service : "(no known port)", refused->count,
			refused->would ? "would have been refused" : "refused",
			shown(refused->first_s * NS_PER_S, first),
			shown((refused->last_s + SPAN_MINUTE_S) * NS_PER_S, last));
	}
	if (then->from_s == then->to_s)
		return;
	if (!then->refused_count)
		fputs("  no limit is known to have refused it\n", out);
	if (then->left_out)
		fprintf(out, "  (of %" PRIu64 " others that limits refused nothing is kept)\n",
			then->left_out);
}

void text_why_then(FILE *out, const struct why_then *then)
{
	char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];

	fprintf(out, "at %s\n", shown(then->at_wall_ns, from));
	for (size_t i = 0; i < then->ban_count; i++)
		shown_ban_print_past(out, "  banned: ", &then->bans[i]);
	if (!then->ban_count)
		fputs("  no ban that is known was over it\n", out);
	print_refused(out, then);
	if (then->from_s == then->to_s) {
		fputs("  nothing was counted then: the daemon did not run, or it is too long ago\n",
		      out);
	} else {
		fprintf(out, "  of everybody, %s to %s:\n", shown(then->from_s * NS_PER_S, from),
			shown(then->to_s * NS_PER_S, to));
		for (unsigned i = 0; i < then->counts.service_count; i++)
			print_service(out, &then->counts.services[i]);
	}
	if (then->evidence_count)
		fputs("  its log lines within an hour, newest first:\n", out);
	for (size_t i = 0; i < then->evidence_count; i++) {
		fprintf(out, "    %s  ", shown(then->evidence[i].wall_ns, from));
		visible_print(out, then->evidence[i].line);
		fputc('\n', out);
	}
	if (then->fault.error) {
		fputs("  unknown: ", out);
		visible_print(out, then->fault.text);
		fputc('\n', out);
	}
	fputs("  Lists, countries and limits of then are not kept; below is what holds now.\n\n",
	      out);
}

/* ---- JSON ---- */

static json_t *reasons_to_json(const uint64_t counts[REASON_COUNT])
{
	_cleanup_(cleanup_json) json_t *object = json_object();

	for (unsigned reason = 1; object && reason < REASON_COUNT; reason++)
		if (counts[reason] &&
		    json_object_set_new(object, reason_name(reason), json_count(counts[reason])))
			return NULL;
	return TAKE_PTR(object);
}

static json_t *counts_to_json(const struct why_then *then)
{
	_cleanup_(cleanup_json) json_t *services = json_object();

	if (then->from_s == then->to_s)
		return json_null();
	for (unsigned i = 0; services && i < then->counts.service_count; i++) {
		const struct span_service *service = &then->counts.services[i];

		if (*service->name &&
		    json_object_set_new(services, service->name,
					json_pack("{s:o,s:o,s:o}", "attempts",
						  json_count(service->attempts), "dropped",
						  reasons_to_json(service->dropped), "would_drop",
						  reasons_to_json(service->would_drop))))
			return NULL;
	}
	return json_pack("{s:o,s:o,s:O}", "from", json_time(then->from_s * NS_PER_S), "to",
			 json_time(then->to_s * NS_PER_S), "services", services);
}

static json_t *refused_to_json(const struct why_then *then)
{
	_cleanup_(cleanup_json) json_t *all = json_array();

	for (size_t i = 0; i < then->refused_count; i++) {
		const struct why_refused *refused = &then->refused[i];

		if (!json_add(all,
			      json_pack("{s:o,s:o,s:b,s:o,s:o}", "service",
					json_text(refused->service), "connections",
					json_count(refused->count), "would", refused->would, "from",
					json_time(refused->first_s * NS_PER_S), "to",
					json_time((refused->last_s + SPAN_MINUTE_S) * NS_PER_S))))
			return NULL;
	}
	return TAKE_PTR(all);
}

static json_t *bans_to_json(const struct why *why, const struct why_then *then)
{
	_cleanup_(cleanup_json) json_t *bans = json_array();

	for (size_t i = 0; i < then->ban_count; i++)
		if (!json_add(bans, why_past_ban_to_json(why, &then->bans[i])))
			return NULL;
	return TAKE_PTR(bans);
}

json_t *why_then_to_json(const struct why *why, const struct why_then *then)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "at", json_time(then->at_wall_ns),
			 "limits", refused_to_json(then), "limits_left_out",
			 json_count(then->left_out), "bans", bans_to_json(why, then), "counts",
			 counts_to_json(then), "evidence",
			 why_evidence_to_json(then->evidence, then->evidence_count), "fault",
			 json_text(then->fault.error ? then->fault.text : NULL));
}
