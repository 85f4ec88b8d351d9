// SPDX-License-Identifier: GPL-2.0-or-later
/* See privilege.h. libcap-ng keeps its state for each thread: every call here begins anew. */
#include "daemon/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/daemon_log.h"
#include "log/expand.h"
#include "log/follow.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* Loading takes these, on Linux 5.8 and later. */
static const unsigned loading[] = { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, CAP_DAC_READ_SEARCH };

/* BPF: for new tables of lists and countries. NET_ADMIN: for devices that appear, and for closing
 * sockets of banned sources. */
static const unsigned running[] = { CAP_BPF, CAP_NET_ADMIN };

/* Keeps of `wanted` what this process has, and nothing else: effective and permitted, but not
 * inheritable or ambient, so that no program that it runs has any. */
static int keep(const unsigned *wanted, size_t count, capng_select_t what, struct fault *fault)
{
	unsigned kept[ARRAY_SIZE(loading) + 1];
	size_t kept_count = 0;

	for (size_t i = 0; i < count; i++)
		if (capng_have_capability(CAPNG_PERMITTED, wanted[i]))
			kept[kept_count++] = wanted[i];
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < kept_count; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	if (capng_apply(what))
		return fault_set(fault, -EPERM,
				 "cannot give up capabilities that are not needed: %s",
				 strerror(errno));
	return 0;
}

/* Whether programs that this process runs get capabilities because it is user 0. */
static bool user_0_is_root(void)
{
	int bits = prctl(PR_GET_SECUREBITS);

	return !geteuid() && !(bits > 0 && bits & SECBIT_NOROOT);
}

int privilege_begin(const struct config *config, struct fault *fault)
{
	bool may_lock;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fault_set(fault, -errno, "cannot set no_new_privs: %s", strerror(errno));
	if (capng_get_caps_process())
		return fault_set(fault, -EIO, "cannot read this process's capabilities");
	may_lock = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	if (may_lock && capng_lock())
		return fault_set(fault, -EPERM, "cannot lock the securebits: %s", strerror(errno));
	if (config->alert_program && user_0_is_root())
		log_line(true, "without CAP_SETPCAP the alert program will have this daemon's "
			       "capabilities; grant it, it is given up at once");
	return keep(loading, ARRAY_SIZE(loading), may_lock ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS,
		    fault);
}

/* Whether opening the file may take more than the rights of this user and his groups: now, or later
 * if it is not there yet. */
static bool may_need_help(const char *path)
{
	_cleanup_close_ int fd = -1;

	if (!strncmp(path, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL)))
		return false; /* root's, and the group systemd-journal's */
	if (expand_is_pattern(path))
		return true; /* the owners of its files are not known yet */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return fd < 0;
}

/* The first file that may need more rights, or NULL. Country data is left out: all may read it, and
 * its absence is no fault. */
static const char *find_foreign(const struct config *config)
{
	if (config->path && may_need_help(config->path))
		return config->path;
	for (size_t i = 0; i < config->log_count; i++)
		if (may_need_help(config->logs[i].file))
			return config->logs[i].file;
	for (size_t i = 0; i < config->list_count; i++)
		if (config->lists[i].file && may_need_help(config->lists[i].file))
			return config->lists[i].file;
	return NULL;
}

int privilege_settle(const struct config *config, struct fault *fault)
{
	unsigned kept[ARRAY_SIZE(running) + 1];
	size_t count = ARRAY_SIZE(running);
	const char *foreign;

	memcpy(kept, running, sizeof(running));
	if (capng_get_caps_process())
		return fault_set(fault, -EIO, "cannot read this process's capabilities");
	/* Tries without the capability while it can still be raised again. */
	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return fault_set(fault, -EPERM, "cannot lower a capability: %s", strerror(errno));
	foreign = find_foreign(config);
	if (foreign && capng_have_capability(CAPNG_PERMITTED, CAP_DAC_READ_SEARCH)) {
		kept[count++] = CAP_DAC_READ_SEARCH;
		log_line(false,
			 "keeps the right to read every file (CAP_DAC_READ_SEARCH): %s is not "
			 "there or "
			 "not readable without it",
			 foreign);
	}
	return keep(kept, count, CAPNG_SELECT_CAPS, fault);
}
