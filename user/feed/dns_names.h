/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS names in [gate] never-ban, for administrators whose own address changes. `sekisho fetch`,
 * without any right, asks for them and writes the answers into the folder of feeds. The daemon and
 * the commands read them there with limited trust: at most DNS_NAME_ADDRESSES of a configured name,
 * only addresses from which a stranger can come, and for a day. Names only protect from bans: in an
 * allow list, whoever takes a name over would get everything.
 */
#ifndef SEKISHO_DNS_NAMES_H
#define SEKISHO_DNS_NAMES_H

#include "base/fault.h"
#include "conf/config.h"
#include "net/address.h"

#define DNS_NAME_ADDRESSES 4
#define DNS_NAME_KEPT_S	   86400 /* how long the last answer holds */
#define DNS_NAME_WAIT_S	   10	 /* for one name, whatever its servers do */

struct dns_name {
	char name[DNS_NAME_SIZE];
	int64_t tried_s;    /* since 1970; 0: never */
	int64_t answered_s; /* when the DNS answered `addresses`; 0: never, or too long ago */
	struct address addresses[DNS_NAME_ADDRESSES];
	size_t count;
	unsigned refused;  /* of the answer: private, loopback, or beyond the most */
	char problem[128]; /* why the last try gave no answer; "": it gave one */
};

/* What is known of each configured name at `now_s`, in the configuration's order: `names` has room
 * for NEVER_BAN_NAMES_MOST. Returns their number. Anything else in place of a readable file, and a
 * file in another form, counts as nothing known. */
size_t dns_names_read(const struct config *config, int64_t now_s, struct dns_name *names);

/* Asks for each name, and writes what is known afterwards. -EAGAIN: one or more names gave no
 * answer (the fault has the first); other -errno: writing failed. */
int dns_names_fetch(const struct config *config, int64_t now_s, struct fault *fault);

/* Whether a stranger can come from an address, so that a name may protect it. Pure. */
bool dns_address_counts(const struct address *address);

/* The addresses of one name, in numeric order, at most `room`; asked for by a child without any
 * right that is killed after `wait_s`. *count: how many there are. -EAGAIN: no answer (`fault` says
 * why). */
int dns_name_ask(const char *name, unsigned wait_s, struct address *addresses, size_t room,
		 size_t *count, struct fault *fault);

#endif
