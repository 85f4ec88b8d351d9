// SPDX-License-Identifier: GPL-2.0-or-later
/* See drift.h. */
#include "log/drift.h"

#include <stdlib.h>
#include "base/time.h"

#define QUARTER_NS (900 * NS_PER_S)
#define MOST_NS	   (26 * 3600 * NS_PER_S) /* from UTC-12 to UTC+14 */

int64_t drift_line(struct drift *drift, int64_t wall_ns, int64_t now_wall_ns, bool *changed)
{
	int64_t behind_ns = now_wall_ns - wall_ns;
	int64_t half_ns = behind_ns < 0 ? -QUARTER_NS / 2 : QUARTER_NS / 2;
	int64_t offset_ns;

	*changed = false;
	/* A difference this large is another year, not another zone. */
	if (llabs(behind_ns) > MOST_NS + QUARTER_NS)
		return wall_ns + drift->offset_ns;
	offset_ns = (behind_ns + half_ns) / QUARTER_NS * QUARTER_NS;
	if (llabs(offset_ns) > MOST_NS || llabs(behind_ns - offset_ns) > DRIFT_FRESH_S * NS_PER_S)
		return wall_ns + drift->offset_ns;
	if (offset_ns == drift->offset_ns) {
		drift->lines = 0;
		return wall_ns + offset_ns;
	}
	if (!drift->lines || offset_ns != drift->candidate_ns) {
		drift->lines = 0;
		drift->candidate_ns = offset_ns;
		drift->since_ns = now_wall_ns;
	}
	drift->lines++;
	if (drift->lines >= DRIFT_LINES &&
	    now_wall_ns - drift->since_ns >= DRIFT_SPAN_S * NS_PER_S) {
		drift->offset_ns = offset_ns;
		drift->lines = 0;
		*changed = true;
	}
	return wall_ns + offset_ns;
}
