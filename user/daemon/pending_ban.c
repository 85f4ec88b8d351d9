// SPDX-License-Identifier: GPL-2.0-or-later
/* See pending_ban.h. */
#include "daemon/pending_ban.h"

#include <stdlib.h>
#include <string.h>

void pending_ban_free(struct pending_ban *waiting)
{
	for (size_t i = 0; i < waiting->request.evidence_count; i++)
		free((char *)(uintptr_t)waiting->request.evidence[i].line);
	free((void *)(uintptr_t)waiting->request.evidence);
	free((char *)(uintptr_t)waiting->request.reason);
}

static bool copy_evidence(struct pending_ban *waiting, const struct ban_request *request)
{
	struct store_evidence *evidence = calloc(request->evidence_count + 1, sizeof(*evidence));

	waiting->request.evidence = evidence;
	waiting->request.evidence_count = 0;
	for (size_t i = 0; evidence && i < request->evidence_count; i++) {
		evidence[i].wall_ns = request->evidence[i].wall_ns;
		evidence[i].line = strdup(request->evidence[i].line);
		if (!evidence[i].line)
			return false;
		waiting->request.evidence_count++;
	}
	return evidence;
}

bool pending_ban_copy(struct pending_ban *waiting, const struct ban_request *request,
		      bool in_kernel)
{
	*waiting = (struct pending_ban){ .request = *request, .in_kernel = in_kernel };
	waiting->request.stored = NULL;
	waiting->request.reason = strdup(request->reason);
	if (copy_evidence(waiting, request) && waiting->request.reason)
		return true;
	pending_ban_free(waiting);
	return false;
}
