// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's memory of the last minute: a sample of the counters every few seconds; the oldest is
 * there for every command to read (show/last_minute.h). */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "show/last_minute.h"

struct minute {
	struct counts_sample samples[MINUTE_SAMPLES]; /* oldest first */
	size_t count;
};

static void on_step(void *context)
{
	struct daemon *daemon = context;
	struct minute *minute = daemon->minute;
	_cleanup_free_ struct gate_counts *counts = malloc(sizeof(*counts));

	if (!counts || gate_counts_read(daemon->instance.gate, counts, NULL))
		return;
	if (minute->count == MINUTE_SAMPLES) {
		memmove(minute->samples, minute->samples + 1,
			(MINUTE_SAMPLES - 1) * sizeof(*minute->samples));
		minute->count--;
	}
	sample_take(&minute->samples[minute->count++], counts, clock_boot_ns());
	/* A runtime folder that cannot be written to is said by the status file. */
	(void)minute_write(daemon->instance.config->paths.runtime, &minute->samples[0], NULL);
}

int minute_begin(struct daemon *daemon, struct fault *fault)
{
	int err;

	daemon->minute = calloc(1, sizeof(*daemon->minute));
	if (!daemon->minute)
		return fault_set(fault, -ENOMEM, "out of memory");
	on_step(daemon);
	err = loop_every(daemon->loop, MINUTE_STEP_S * NS_PER_S, on_step, daemon);
	return err ? fault_set(fault, err, "cannot set a timer: %s", strerror(-err)) : 0;
}
