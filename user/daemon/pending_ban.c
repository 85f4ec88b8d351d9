// SPDX-License-Identifier: GPL-2.0-or-later
/* See pending_ban.h. */
#include "daemon/pending_ban.h"

#include <stdlib.h>
#include <string.h>

void pending_ban_free(struct pending_ban *pending)
{
	for (size_t i = 0; i < pending->evidence_count; i++)
		free((char *)(uintptr_t)pending->evidence[i].line);
	free(pending->evidence);
}

bool pending_ban_copy(struct pending_ban *pending, const struct ban_record *ban,
		      const struct store_evidence *evidence, size_t evidence_count, bool in_kernel)
{
	*pending = (struct pending_ban){ .ban = *ban, .in_kernel = in_kernel };
	pending->evidence = calloc(evidence_count + 1, sizeof(*evidence));
	if (!pending->evidence)
		return false;
	for (; pending->evidence_count < evidence_count; pending->evidence_count++) {
		struct store_evidence *copy = &pending->evidence[pending->evidence_count];

		copy->wall_ns = evidence[pending->evidence_count].wall_ns;
		copy->line = strdup(evidence[pending->evidence_count].line);
		if (!copy->line) {
			pending_ban_free(pending);
			return false;
		}
	}
	return true;
}
