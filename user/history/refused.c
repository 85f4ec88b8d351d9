// SPDX-License-Identifier: GPL-2.0-or-later
/* See refused.h. */
#include "history/refused.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "detect/lru_table.h"

enum kind { OTHERS, KNOWN, KINDS };

struct stood {
	uint64_t dropped;
	uint64_t look; /* the last look at which it was there */
};

struct refused {
	struct lru_table *stood; /* struct stood, by counting_key() */
	uint64_t look;
	bool full; /* entries that are new at the next look have no known earlier count */
	bool was_full;
	unsigned asked;
	struct refused_row rows[KINDS * REFUSED_KEPT]; /* of a kind from kind * REFUSED_KEPT on */
	struct prefix networks[KINDS * REFUSED_KEPT];
	size_t counts[KINDS];
	uint64_t candidates[KINDS]; /* that wanted a place */
	uint64_t left_out;
	struct refused_row told[KINDS * REFUSED_KEPT]; /* the same without gaps */
};

struct refused *refused_new(uint32_t most)
{
	struct refused *refused = calloc(1, sizeof(*refused));

	if (!refused)
		return NULL;
	refused->stood = lru_new(sizeof(struct stood), most ? most : 1, NULL, NULL);
	if (!refused->stood) {
		free(refused);
		return NULL;
	}
	/* The earlier counts of existing meters are not known. */
	refused->full = true;
	return refused;
}

void refused_free(struct refused *refused)
{
	if (!refused)
		return;
	lru_free(refused->stood);
	free(refused);
}

void refused_look(struct refused *refused)
{
	refused->look++;
	refused->asked = 0;
	refused->was_full = refused->full;
	refused->full = false;
}

/* Puts the service into the bits above the length, which no prefix uses. */
static struct prefix counting_key(const struct meter_key *key)
{
	struct prefix counting = key->prefix;

	counting.length |= (key->service + 1) << 20;
	return counting;
}

uint64_t refused_since(struct refused *refused, const struct meter_key *key, uint64_t dropped)
{
	struct prefix counting = counting_key(key);
	struct stood *stood = lru_find(refused->stood, &counting);
	uint64_t more = dropped;

	if (!dropped)
		return 0;
	if (stood) {
		lru_use(refused->stood, stood);
		/* A meter that was removed and made anew counts from 0. */
		more = dropped >= stood->dropped ? dropped - stood->dropped : dropped;
	} else if (lru_used(refused->stood) == lru_size(refused->stood)) {
		refused->full = true;
		return 0;
	} else {
		if (refused->was_full)
			more = 0;
		stood = lru_touch(refused->stood, &counting, NULL);
	}
	*stood = (struct stood){ dropped, refused->look };
	return more;
}

static size_t count_of_network(const struct refused *refused, enum kind kind,
			       const struct prefix *network)
{
	const struct prefix *networks = refused->networks + (size_t)kind * REFUSED_KEPT;
	size_t count = 0;

	for (size_t i = 0; i < refused->counts[kind]; i++)
		count += prefix_same(&networks[i], network);
	return count;
}

/* A place for a new row; REFUSED_KEPT: it gets none, by chance. */
static size_t place_for(struct refused *refused, enum kind kind)
{
	uint64_t dice = 0, count = ++refused->candidates[kind];

	if (refused->counts[kind] < REFUSED_KEPT)
		return refused->counts[kind]++;
	refused->left_out++;
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
		return REFUSED_KEPT;
	dice %= count;
	return dice < REFUSED_KEPT ? (size_t)dice : REFUSED_KEPT;
}

static struct refused_row *find_row(struct refused *refused, const struct prefix *source,
				    const char *service)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct refused_row *rows = refused->rows + (size_t)kind * REFUSED_KEPT;

		for (size_t i = 0; i < refused->counts[kind]; i++)
			if (prefix_same(&rows[i].source, source) &&
			    !strcmp(rows[i].service, service))
				return &rows[i];
	}
	return NULL;
}

void refused_add(struct refused *refused, const struct prefix *source, const struct prefix *network,
		 const char *service, uint64_t count,
		 bool (*known)(const struct prefix *source, void *context), void *context)
{
	struct refused_row *row;
	enum kind kind;
	size_t at;

	if (!count)
		return;
	row = find_row(refused, source, service);
	if (row) {
		row->count += count;
		return;
	}
	kind = refused->asked++ < REFUSED_ASKED && known(source, context) ? KNOWN : OTHERS;
	if (count_of_network(refused, kind, network) >= REFUSED_OF_NETWORK) {
		refused->left_out++;
		return;
	}
	at = place_for(refused, kind);
	if (at == REFUSED_KEPT)
		return;
	refused->networks[(size_t)kind * REFUSED_KEPT + at] = *network;
	row = &refused->rows[(size_t)kind * REFUSED_KEPT + at];
	*row = (struct refused_row){ .source = *source, .count = count, .known = kind == KNOWN };
	snprintf(row->service, sizeof(row->service), "%s", service);
}

void refused_looked(struct refused *refused, bool whole)
{
	struct stood *oldest;

	refused->full |= !whole;
	/* Forget meters that are gone. */
	while ((oldest = lru_oldest(refused->stood)) && oldest->look != refused->look)
		lru_drop(refused->stood, oldest);
}

size_t refused_rows(struct refused *refused, const struct refused_row **rows)
{
	size_t count = 0;

	for (enum kind kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < refused->counts[kind]; i++)
			refused->told[count++] = refused->rows[(size_t)kind * REFUSED_KEPT + i];
	*rows = refused->told;
	return count;
}

uint64_t refused_left_out(const struct refused *refused)
{
	return refused->left_out;
}

void refused_forget(struct refused *refused)
{
	memset(refused->counts, 0, sizeof(refused->counts));
	memset(refused->candidates, 0, sizeof(refused->candidates));
	refused->left_out = 0;
}
