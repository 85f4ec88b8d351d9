// SPDX-License-Identifier: GPL-2.0-or-later
/* An incident's messages over time, in a bounded number of buckets whatever the time span is. See
 * incident.h. */
#include "base/time.h"
#include "report/incident.h"

/* Doubles the width of all buckets, so that later times have room. */
static void widen(struct incident *incident)
{
	int64_t wide = 2LL * incident->bucket_s;
	int64_t start = incident->bucket_start_s - incident->bucket_start_s % wide;
	size_t odd = start != incident->bucket_start_s, count = incident->bucket_count;
	struct incident_bucket *buckets = incident->buckets;

	/* If the first bucket lies in the second half of a wide one, it stays alone, and the others
	 * are joined in pairs from the second one on. */
	for (size_t i = odd ? 1 : 0; i < count; i++) {
		size_t to = (i + odd) / 2;
		struct incident_bucket from = buckets[i];

		if (to == i)
			continue;
		buckets[i] = (struct incident_bucket){ 0 };
		buckets[to].passed += from.passed;
		buckets[to].kept_out += from.kept_out;
	}
	incident->bucket_start_s = start;
	incident->bucket_s = (unsigned)wide;
	incident->bucket_count = (count + odd + 1) / 2;
}

void incident_count(struct incident *incident, int64_t wall_ns, unsigned count, bool out)
{
	int64_t at_s = wall_ns / NS_PER_S;
	struct incident_bucket *bucket;
	size_t index;

	if (!incident->bucket_s) {
		incident->bucket_s = 60;
		incident->bucket_start_s = at_s - at_s % 60;
	}
	if (at_s < incident->bucket_start_s) /* some seconds out of order */
		at_s = incident->bucket_start_s;
	while ((at_s - incident->bucket_start_s) / incident->bucket_s >= INCIDENT_BUCKETS)
		widen(incident);
	index = (size_t)((at_s - incident->bucket_start_s) / incident->bucket_s);
	if (index >= incident->bucket_count)
		incident->bucket_count = index + 1;
	bucket = &incident->buckets[index];
	if (out)
		bucket->kept_out += count;
	else
		bucket->passed += count;
}
