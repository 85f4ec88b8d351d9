// SPDX-License-Identifier: GPL-2.0-or-later
/* See span.h. */
#include "history/span.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "kernel/gate.h"
#include "show/json.h"

static void add(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = UINT64_MAX;
}

static uint64_t since(uint64_t then, uint64_t now)
{
	return now < then ? now : now - then;
}

/* The service's counts; if there is no room for it, those of the service without a name. */
static struct span_service *service_of(struct span_counts *counts, const char *name)
{
	struct span_service *fresh;

	if (!counts->service_count)
		counts->service_count = 1;
	for (unsigned i = 0; i < counts->service_count; i++)
		if (!strcmp(counts->services[i].name, name))
			return &counts->services[i];
	if (counts->service_count == SERVICE_MAX)
		return &counts->services[0];
	fresh = &counts->services[counts->service_count++];
	strncpy(fresh->name, name, sizeof(fresh->name) - 1);
	return fresh;
}

static const struct span_service *find_service(const struct span_counts *counts, const char *name)
{
	static const struct span_service none;

	for (unsigned i = 0; i < counts->service_count; i++)
		if (!strcmp(counts->services[i].name, name))
			return &counts->services[i];
	return &none;
}

void span_add(struct span_counts *sum, const struct span_counts *more)
{
	for (unsigned i = 0; i < more->service_count; i++) {
		const struct span_service *from = &more->services[i];
		struct span_service *to = service_of(sum, from->name);

		add(&to->attempts, from->attempts);
		for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
			add(&to->dropped[reason], from->dropped[reason]);
			add(&to->would_drop[reason], from->would_drop[reason]);
		}
	}
	for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
		add(&sum->events[kind], more->events[kind]);
	add(&sum->bans, more->bans);
	add(&sum->alerts, more->alerts);
}

void span_between(const struct span_counts *then, const struct span_counts *now,
		  struct span_counts *between)
{
	*between = (struct span_counts){ 0 };
	for (unsigned i = 0; i < now->service_count; i++) {
		const struct span_service *after = &now->services[i];
		const struct span_service *before = find_service(then, after->name);
		struct span_service *to = service_of(between, after->name);

		to->attempts = since(before->attempts, after->attempts);
		for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
			to->dropped[reason] =
				since(before->dropped[reason], after->dropped[reason]);
			to->would_drop[reason] =
				since(before->would_drop[reason], after->would_drop[reason]);
		}
	}
	for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
		between->events[kind] = since(then->events[kind], now->events[kind]);
	between->bans = since(then->bans, now->bans);
	between->alerts = since(then->alerts, now->alerts);
}

uint64_t span_dropped(const struct span_service *service)
{
	uint64_t sum = 0;

	for (unsigned reason = 0; reason < REASON_COUNT; reason++)
		add(&sum, service->dropped[reason]);
	return sum;
}

uint64_t span_would_drop(const struct span_service *service)
{
	uint64_t sum = 0;

	for (unsigned reason = 0; reason < REASON_COUNT; reason++)
		add(&sum, service->would_drop[reason]);
	return sum;
}

bool span_is_empty(const struct span_counts *counts)
{
	for (unsigned i = 0; i < counts->service_count; i++)
		if (counts->services[i].attempts || span_dropped(&counts->services[i]) ||
		    span_would_drop(&counts->services[i]))
			return false;
	for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
		if (counts->events[kind])
			return false;
	return !counts->bans && !counts->alerts;
}

int64_t span_start(int64_t wall_ns, unsigned length_s)
{
	int64_t seconds = wall_ns / NS_PER_S;

	return seconds - seconds % length_s;
}

/* ---- JSON ---- */

static void set(json_t *object, const char *name, uint64_t count)
{
	if (count)
		json_object_set_new(object, name, json_count(count));
}

static void set_reasons(json_t *object, const char *name, const uint64_t counts[REASON_COUNT])
{
	json_t *reasons = json_object();

	for (unsigned reason = 0; reason < REASON_COUNT; reason++)
		set(reasons, reason_name(reason), counts[reason]);
	if (json_object_size(reasons))
		json_object_set(object, name, reasons);
	json_decref(reasons);
}

static json_t *services_json(const struct span_counts *counts)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < counts->service_count; i++) {
		const struct span_service *service = &counts->services[i];
		json_t *own = json_object();

		set(own, "attempts", service->attempts);
		set_reasons(own, "dropped", service->dropped);
		set_reasons(own, "would_drop", service->would_drop);
		if (json_object_size(own))
			json_object_set(object, service->name, own);
		json_decref(own);
	}
	return object;
}

char *span_to_json(const struct span_counts *counts)
{
	json_t *object = json_pack("{s:o}", "services", services_json(counts));
	char *line;

	for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++)
		set(object, event_kind_name(kind), counts->events[kind]);
	set(object, "bans", counts->bans);
	set(object, "alerts", counts->alerts);
	line = json_line(object);
	if (line)
		line[strcspn(line, "\n")] = '\0';
	return line;
}

static uint64_t number(const json_t *object, const char *name)
{
	return json_count_value(json_object_get(object, name));
}

static void read_reasons(const json_t *object, uint64_t counts[REASON_COUNT])
{
	for (unsigned reason = 0; reason < REASON_COUNT; reason++)
		add(&counts[reason], number(object, reason_name(reason)));
}

int span_from_json(const char *text, struct span_counts *counts)
{
	json_t *root = json_loads(text, 0, NULL), *service;
	const char *name;

	*counts = (struct span_counts){ 0 };
	if (!json_is_object(root)) {
		json_decref(root);
		return -EBADMSG;
	}
	json_object_foreach (json_object_get(root, "services"), name, service) {
		struct span_service *to = service_of(counts, name);

		add(&to->attempts, number(service, "attempts"));
		read_reasons(json_object_get(service, "dropped"), to->dropped);
		read_reasons(json_object_get(service, "would_drop"), to->would_drop);
	}
	for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++)
		counts->events[kind] = number(root, event_kind_name(kind));
	counts->bans = number(root, "bans");
	counts->alerts = number(root, "alerts");
	json_decref(root);
	return 0;
}
