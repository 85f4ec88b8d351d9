// SPDX-License-Identifier: GPL-2.0-or-later
/* See cri.h. */
#include "log/cri.h"

bool cri_read(struct span line, struct cri_line *out)
{
	if (!stamp_read(&line, &out->stamp) || out->stamp.kind != STAMP_DATE || !out->stamp.zoned)
		return false;
	out->is_stderr = span_skip(&line, "stderr ");
	if (!out->is_stderr && !span_skip(&line, "stdout "))
		return false;
	/* More tags may follow the first, each behind a colon. */
	if (line.size < 2 || (line.at[0] != 'F' && line.at[0] != 'P') ||
	    (line.at[1] != ' ' && line.at[1] != ':'))
		return false;
	out->whole = *line.at == 'F';
	line = span_from(line, 1);
	if (*line.at == ':') {
		size_t blank = span_find_char(line, ' ');

		line = span_from(line, blank == SPAN_NONE ? line.size : blank);
	}
	span_skip(&line, " ");
	out->text = line;
	return true;
}
