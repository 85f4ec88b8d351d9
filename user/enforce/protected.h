/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefixes that can never be banned, so that no rule and no typing error locks the owner out. */
#ifndef SEKISHO_PROTECTED_H
#define SEKISHO_PROTECTED_H

#include "conf/config.h"
#include "net/address.h"

/* Prefixes that no ban may touch: own and gateway addresses, the peers of login sessions (utmp,
 * SSH_CONNECTION), [gate] never-ban. Loopback and the like need not be in the set. */
#define PROTECTED_SESSION "is where a login session here comes from" /* the end of such a `why` */
struct protected_set {
	struct {
		struct prefix prefix;
		char why[96]; /* "192.0.2.1 is an address of this machine" */
	} * items;
	size_t count;
};

/* Reads the present ones. Any error, -ENOMEM too: the set is empty, and nothing may be banned with
 * it. The caller frees the items by protected_free(); `set` itself is the caller's. */
int protected_load(const struct config *config, struct protected_set *set, struct fault *fault);
void protected_free(struct protected_set *set);
/* Why `prefix` may not be banned, as a clause like "127.0.0.0/8 is loopback"; NULL: it may be. A
 * prefix around a protected one is refused like a prefix in it. Covers too-wide prefixes
 * (wider than /8, IPv6 /16) and loopback, link-local, multicast and unspecified addresses. Pure. */
const char *protected_why(const struct protected_set *set, const struct prefix *prefix);

#endif
