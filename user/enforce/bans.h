/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ban does: kernel, store, open sockets. And what can never be banned. */
#ifndef SEKISHO_BANS_H
#define SEKISHO_BANS_H

#include "enforce/instance.h"
#include "detect/detect.h"

/* Prefixes that no ban may touch: own and gateway addresses, loopback, the peers of login sessions
 * (utmp, SSH_CONNECTION), [gate] never-ban. */
struct protected_set {
	struct {
		struct prefix prefix;
		char why[96]; /* "an address of this machine" */
	} * items;
	size_t count;
};

int protected_load(const struct config *config, struct protected_set *set, struct fault *fault);
void protected_free(struct protected_set *set);
/* Why `prefix` may not be banned, or NULL. Covers too-wide prefixes (wider than /8, IPv6 /16). */
const char *protected_why(const struct protected_set *set, const struct prefix *prefix);

struct ban_request {
	struct prefix prefix;
	int64_t now_wall_ns, until_wall_ns;
	uint32_t rule;
	const char *reason;
	const struct store_evidence *evidence;
	size_t evidence_count;
};

/* Kernel first, then the store, then the open sockets of that prefix. A store that fails (a full
 * disk) does not undo the ban: 0 with `fault` set. -EPERM: protected. instance->gate is needed. */
int bans_add(struct instance *instance, const struct protected_set *set,
	     const struct ban_request *request, size_t *sockets_closed, struct fault *fault);
/* -ENOENT: neither kernel nor store had it. */
int bans_remove(struct instance *instance, const struct prefix *prefix, struct fault *fault);
/* After a start. New maps: every ban of the store that has not ended goes into the kernel. Kept
 * maps: bans that the store lost are written to it. *restored may be NULL. */
int bans_restore(struct instance *instance, bool fresh, size_t *restored, struct fault *fault);

#endif
