// SPDX-License-Identifier: GPL-2.0-or-later
/* See attempt_records.h. Pure. */
#include "log/attempt_records.h"

#include <stdlib.h>

struct source_slot {
	struct address source;
	uint32_t used; /* the table's tick when last looked up; 0: free */
	uint32_t next; /* the record that is replaced next */
	struct record records[RECORDS_OF_SOURCE];
};
_Static_assert(sizeof(struct source_slot) <= 416, "what attempt_records.h promises");

struct records {
	uint32_t tick, serial;
	struct source_slot slots[RECORD_SLOTS];
};

struct records *records_new(void)
{
	return calloc(1, sizeof(struct records));
}

void records_free(struct records *records)
{
	free(records);
}

static struct source_slot *look_up(struct records *records, const struct address *source, bool make)
{
	uint64_t hash = (address_high(source) ^ address_low(source) * 0x9e3779b97f4a7c15U) *
			0x9e3779b97f4a7c15U;
	struct source_slot *set =
		records->slots + (hash >> 32) % (RECORD_SLOTS / RECORD_WAYS) * RECORD_WAYS;
	struct source_slot *oldest = set;

	records->tick++;
	for (struct source_slot *slot = set; slot < set + RECORD_WAYS; slot++) {
		if (slot->used && !address_compare(&slot->source, source)) {
			slot->used = records->tick;
			return slot;
		}
		if (!slot->used ||
		    (oldest->used && records->tick - slot->used > records->tick - oldest->used))
			oldest = slot;
	}
	if (!make)
		return NULL;
	*oldest = (struct source_slot){ .source = *source, .used = records->tick };
	return oldest;
}

static bool is_asked_for(const struct record *record, int64_t now_ms,
			 const struct record_query *query)
{
	if (!record->at_ms || llabs(now_ms - record->at_ms) > query->window_ms ||
	    (record->voices & query->lacks) || (record->voices & query->has) != query->has)
		return false;
	if (query->exact)
		return record->account == query->account;
	return !query->account || !record->account || record->account == query->account;
}

struct record *records_find_if(struct records *records, const struct address *source,
			       int64_t now_ms, const struct record_query *query,
			       bool (*fits)(const struct record *record, const void *context),
			       const void *context)
{
	struct source_slot *slot = look_up(records, source, false);
	struct record *found = NULL;

	if (!slot)
		return NULL;
	for (struct record *record = slot->records; record < slot->records + RECORDS_OF_SOURCE;
	     record++)
		if (is_asked_for(record, now_ms, query) && (!fits || fits(record, context)) &&
		    (!found || record->serial - found->serial > UINT32_MAX / 2))
			found = record;
	return found;
}

struct record *records_find(struct records *records, const struct address *source, int64_t now_ms,
			    const struct record_query *query)
{
	return records_find_if(records, source, now_ms, query, NULL, NULL);
}

struct record *records_add(struct records *records, const struct address *source, int64_t now_ms,
			   uint32_t account, uint8_t voices)
{
	struct source_slot *slot = look_up(records, source, true);
	struct record *record = &slot->records[slot->next++ % RECORDS_OF_SOURCE];

	*record = (struct record){
		.at_ms = now_ms, .account = account, .serial = ++records->serial, .voices = voices
	};
	return record;
}
