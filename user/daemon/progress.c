// SPDX-License-Identifier: GPL-2.0-or-later
/* What is shown while the daemon is far behind its logs: on the terminal, to the service manager,
 * in the daemon's own log. Not here: the lag that `status` shows. */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "daemon/daemon_log.h"

#define BEHIND_BYTES   (4U << 20) /* less is read in a moment, and not shown */
#define TERMINAL_EVERY (NS_PER_S / 4)
#define LOG_EVERY      (10 * NS_PER_S)

static uint64_t lag(const struct daemon *daemon, uint64_t *read)
{
	uint64_t sum = *read = 0;

	for (size_t i = 0; i < daemon->log_count; i++) {
		struct follow_state state;

		if (!daemon->logs[i]->follow)
			continue;
		follow_get_state(daemon->logs[i]->follow, &state);
		sum += state.lag_bytes;
		*read += state.bytes;
	}
	return sum;
}

static void tell(const struct daemon *daemon, bool first, const char *text)
{
	char status[256];

	snprintf(status, sizeof(status), "STATUS=%s", text);
	notify(status);
	if (daemon->on_terminal && !first) {
		printf("\r\033[K%s", text);
		fflush(stdout);
	} else {
		log_line(false, "%s", text);
	}
}

static void tell_end(struct daemon *daemon, uint64_t read, uint64_t now_ns)
{
	struct progress *progress = &daemon->progress;
	char text[128];

	if (daemon->on_terminal)
		fputs("\r\033[K", stdout);
	snprintf(text, sizeof(text), "caught up with the logs: %.1f MiB in %.1f s",
		 (double)(read - progress->read) / (1 << 20),
		 (double)(now_ns - progress->began_ns) / 1e9);
	tell(daemon, true, text);
	progress->behind = false;
}

void progress_tell(struct daemon *daemon)
{
	struct progress *progress = &daemon->progress;
	uint64_t now_ns = clock_boot_ns(), read, left, done;
	char text[160];
	bool first = !progress->behind;

	left = lag(daemon, &read);
	if (first && left < BEHIND_BYTES)
		return;
	if (first)
		*progress = (struct progress){ .behind = true, .read = read, .began_ns = now_ns };
	if (left < BEHIND_BYTES / 4) {
		tell_end(daemon, read, now_ns);
		return;
	}
	if (now_ns < progress->next_ns)
		return;
	done = read > progress->read ? read - progress->read : 0;
	if (done)
		snprintf(text, sizeof(text),
			 "catching up with the logs: %" PRIu64 " %% of %.1f MiB, %.0f s to go",
			 done * 100 / (done + left), (double)(done + left) / (1 << 20),
			 (double)(now_ns - progress->began_ns) / 1e9 * (double)left / (double)done +
				 0.5);
	else
		snprintf(text, sizeof(text), "catching up with the logs: %.1f MiB to go",
			 (double)left / (1 << 20));
	tell(daemon, first, text);
	progress->next_ns = now_ns + (daemon->on_terminal ? TERMINAL_EVERY : LOG_EVERY);
}
