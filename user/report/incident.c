// SPDX-License-Identifier: GPL-2.0-or-later
/* An incident's sums and its order. See incident.h. */
#include "report/incident.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/provider.h"

#define WAVE_NS (600 * NS_PER_S) /* bans of one rule within this time are one mark */

void incident_free(struct incident *incident)
{
	if (!incident)
		return;
	for (size_t i = 0; i < incident->line_count; i++)
		free(incident->evidence[i].text);
	for (size_t i = 0; i < INCIDENT_OTHERS && incident->others[i].account; i++)
		free(incident->others[i].account);
	free(incident->sources);
	free(incident->countries);
	free(incident->providers);
	free(incident);
}

void incident_mark(struct incident *incident, const struct incident_mark *mark)
{
	size_t at = incident->mark_count;

	for (size_t i = 0; mark->kind == MARK_BANS && i < incident->mark_count; i++) {
		struct incident_mark *wave = &incident->marks[i];

		if (wave->kind == MARK_BANS && wave->rule == mark->rule &&
		    mark->wall_ns - wave->wall_ns >= 0 && mark->wall_ns - wave->wall_ns < WAVE_NS) {
			wave->count += mark->count;
			return;
		}
	}
	while (at && (incident->marks[at - 1].wall_ns > mark->wall_ns ||
		      (incident->marks[at - 1].wall_ns == mark->wall_ns &&
		       incident->marks[at - 1].kind > mark->kind)))
		at--;
	if (at == INCIDENT_MARKS)
		return;
	if (incident->mark_count == INCIDENT_MARKS)
		incident->mark_count--;
	memmove(&incident->marks[at + 1], &incident->marks[at],
		(incident->mark_count - at) * sizeof(*incident->marks));
	incident->marks[at] = *mark;
	incident->mark_count++;
}

void incident_line(struct incident *incident, int64_t wall_ns, uint64_t tag)
{
	for (size_t i = 0; i < incident->line_count; i++)
		if (incident->evidence[i].tag == tag)
			return;
	if (incident->line_count < INCIDENT_LINES)
		incident->evidence[incident->line_count++] =
			(struct incident_line){ .wall_ns = wall_ns, .tag = tag };
}

static int by_weight(const void *a, const void *b)
{
	const struct incident_source *x = a, *y = b;
	uint64_t more = x->messages + x->kept_out, other = y->messages + y->kept_out;

	if (x->stranger != y->stranger)
		return y->stranger - x->stranger;
	if (more != other)
		return more < other ? 1 : -1;
	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return address_compare(&x->source.address, &y->source.address);
}

static int by_key(const void *a, const void *b)
{
	const struct incident_group *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int by_strangers(const void *a, const void *b)
{
	const struct incident_group *x = a, *y = b;

	if (x->strangers != y->strangers)
		return x->strangers < y->strangers ? 1 : -1;
	if (x->own != y->own)
		return x->own < y->own ? 1 : -1;
	return by_key(a, b);
}

static int group(const struct incident *incident, bool by_country, struct incident_group **groups,
		 size_t *count, size_t *strangers)
{
	struct incident_group *all = calloc(incident->source_count + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < incident->source_count; i++) {
		const struct incident_source *source = &incident->sources[i];

		all[i] = (struct incident_group){
			.key = by_country ? source->country : source->provider,
			.strangers = source->stranger,
			.own = !source->stranger,
			.messages = source->messages,
			.kept_out = source->kept_out,
		};
	}
	qsort(all, incident->source_count, sizeof(*all), by_key);
	*count = 0;
	for (size_t i = 0; i < incident->source_count; i++) {
		struct incident_group *last = *count ? &all[*count - 1] : NULL;

		if (last && last->key == all[i].key) {
			last->strangers += all[i].strangers;
			last->own += all[i].own;
			last->messages += all[i].messages;
			last->kept_out += all[i].kept_out;
		} else {
			all[(*count)++] = all[i];
		}
	}
	qsort(all, *count, sizeof(*all), by_strangers);
	*strangers = 0;
	while (*strangers < *count && all[*strangers].strangers)
		++*strangers;
	*groups = all;
	return 0;
}

int incident_sum_up(struct incident *incident)
{
	struct incident_mark mark = { .kind = MARK_STRANGER };

	qsort(incident->sources, incident->source_count, sizeof(*incident->sources), by_weight);
	for (size_t i = 0; i < incident->source_count; i++) {
		const struct incident_source *source = &incident->sources[i];

		incident->providers_known |= !provider_is_guess(source->provider);
		if (!source->stranger)
			continue;
		incident->stranger_count++;
		if (!incident->stranger_first_ns || source->first_ns < incident->stranger_first_ns)
			incident->stranger_first_ns = source->first_ns;
		if (source->last_ns > incident->stranger_last_ns)
			incident->stranger_last_ns = source->last_ns;
	}
	mark.wall_ns = incident->stranger_first_ns;
	if (mark.wall_ns)
		incident_mark(incident, &mark);
	if (group(incident, true, &incident->countries, &incident->country_count,
		  &incident->stranger_countries))
		return -ENOMEM;
	return group(incident, false, &incident->providers, &incident->provider_count,
		     &incident->stranger_providers);
}
