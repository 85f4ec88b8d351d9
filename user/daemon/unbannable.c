// SPDX-License-Identifier: GPL-2.0-or-later
/* Which addresses must not be banned, as of now. */
#include "base/time.h"
#include "daemon/daemon.h"

/* Own addresses and login sessions seldom change: a wave of bans need not look each time. */
#define PROTECTED_AGE_NS (5 * NS_PER_S)

bool unbannable_known(struct daemon *daemon)
{
	uint64_t now = clock_boot_ns();
	struct protected_set fresh = { 0 };
	struct fault fault = { 0 };

	if (daemon->protected_boot_ns && now - daemon->protected_boot_ns < PROTECTED_AGE_NS)
		return true;
	if (protected_load(daemon->instance.config, &fresh, &fault)) {
		daemon_fault(daemon, "cannot tell who must not be banned: %s", fault.text);
		return daemon->protected_boot_ns != 0; /* the last known set serves */
	}
	protected_free(&daemon->protected);
	daemon->protected = fresh;
	daemon->protected_boot_ns = now;
	return true;
}
