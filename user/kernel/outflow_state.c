// SPDX-License-Identifier: GPL-2.0-or-later
/* What the outflow breaker's state tells without asking the kernel (outflow.h). Pure. */
#include "kernel/outflow.h"

#include <stdlib.h>

bool gate_outflow_tripped(const struct outflow_rules *rules, const struct outflow_control *control,
			  const struct gate_breaker *breaker, uint64_t now_boot_ns)
{
	const struct outflow_breaker *state = &breaker->state;

	if (!state->since_ns || state->last_held_ns + rules->calm_ns <= now_boot_ns)
		return false;
	return breaker->key.origin == OUTFLOW_REFUSED || state->since_ns > control->released_ns;
}

void gate_outflow_free(struct gate_outflow *outflow)
{
	if (!outflow)
		return;
	free(outflow->breakers);
	free(outflow->counts);
	free(outflow->recent);
	free(outflow);
}
