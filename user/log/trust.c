// SPDX-License-Identifier: GPL-2.0-or-later
/* See trust.h. */
#include "log/trust.h"

#define SYSTEM_MOST 999 /* SYS_UID_MAX of Debian and of similar systems */

/* The system user whose programs answer to strangers: Debian's www-data. Other systems' apache and
 * nginx have no common number. */
#define WWW_DATA 33

bool journal_is_trusted(const struct journal_origin *origin)
{
	/* Programs that strangers can make a web server run, or that a cron job or a shell runs. */
	static const char *const programs[] = { "logger", "systemd-cat", "php", "python", "perl",
						"sh",	  "bash",	 "nc",	"socat" };
	struct span uid = origin->uid;
	uint32_t number;

	if (!uid.size)
		return true;
	if (!span_number(&uid, &number) || uid.size || number > SYSTEM_MOST || number == WWW_DATA)
		return false;
	if (span_starts(origin->unit, "user@") || span_starts(origin->unit, "session-"))
		return false;
	for (size_t i = 0; number && i < sizeof(programs) / sizeof(*programs); i++)
		if (span_starts(origin->program, programs[i]))
			return false;
	return true;
}
