// SPDX-License-Identifier: GPL-2.0-or-later
/* On which devices SYNs are answered with cookies, for `status -v`. Pure. */
#include "show/render.h"

#include "show/visible.h"

void text_cookies(FILE *out, const struct snapshot *snapshot)
{
	const char *key = "syn-cookies";

	for (size_t i = 0; i < snapshot->device_count; i++) {
		const struct attachment *at = &snapshot->devices[i];

		if (!at->attached)
			continue;
		fprintf(out, "%-12s", key);
		fprintf(out, at->answers ? "answered on %s" : "not on %s: ", at->device);
		visible_print(out, at->answers_why);
		fputc('\n', out);
		key = "";
	}
}
