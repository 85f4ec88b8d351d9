// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's memory of the last minute: it samples the counters every few seconds, and writes the
 * oldest sample for every command to read (show/last_minute.h). */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "kernel/verdicts.h"
#include "show/last_minute.h"

struct rate_sampler {
	struct counts_sample samples[MINUTE_SAMPLES]; /* oldest first */
	size_t count;
};

static void on_step(void *context)
{
	struct daemon *daemon = context;
	struct rate_sampler *rate_sampler = daemon->rate_sampler;
	_cleanup_free_ struct gate_counts *counts = malloc(sizeof(*counts));

	verdicts_tidy(daemon->instance.gate, clock_boot_ns());
	if (!counts || gate_counts_read(daemon->instance.gate, counts, NULL))
		return;
	if (rate_sampler->count == MINUTE_SAMPLES) {
		memmove(rate_sampler->samples, rate_sampler->samples + 1,
			(MINUTE_SAMPLES - 1) * sizeof(*rate_sampler->samples));
		rate_sampler->count--;
	}
	sample_take(&rate_sampler->samples[rate_sampler->count++], counts, clock_boot_ns());
	/* If the runtime folder cannot be written to, writing the status file reports it. */
	(void)minute_write(daemon->instance.config->paths.runtime, &rate_sampler->samples[0], NULL);
}

int rate_sampler_begin(struct daemon *daemon, struct fault *fault)
{
	int err;

	daemon->rate_sampler = calloc(1, sizeof(*daemon->rate_sampler));
	if (!daemon->rate_sampler)
		return fault_set(fault, -ENOMEM, "out of memory");
	on_step(daemon);
	err = loop_every(daemon->loop, MINUTE_STEP_S * NS_PER_S, on_step, daemon);
	return err ? fault_set(fault, err, "cannot set a timer: %s", strerror(-err)) : 0;
}
