/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bans of other members hold here. Pure: verified statements, members and the time go in,
 * changes come out; the same statements lead to the same bans, in whatever order the members' own
 * sequences are merged. `vetoed` tells what this server itself knows of a source (protected, known,
 * a sender of mail).
 *
 * A ban is a lease: it ends FLEET_LEASE_MS after its maker last stated it, whatever end was stated.
 * It holds here while enough members claim it at once:
 * - a ban of one source (IPv4 /32, IPv6 /64 to /128), for the login services: `quorum` members;
 * - a ban of a network (up to IPv4 /24, IPv6 /48): the same, but at least two;
 * - a ban for port 25: as for a network, and only for abuse on port 25.
 * If the quorum is 1, one member alone causes at most `budget` bans at once and in any hour.
 */
#ifndef SEKISHO_ADOPTION_H
#define SEKISHO_ADOPTION_H

#include "fleet/statement.h"

#define FLEET_LEASE_MS	 3600000 /* 1 h */
#define FLEET_OLD_MS	 600000	 /* 10 min: a ban stated so long ago is not adopted */
#define FLEET_AHEAD_MS	 300000	 /* how far a member's clock may be ahead */
#define FLEET_BUDGET_MAX 1000
#define FLEET_NAMED_MAX	 8     /* members that are named with a ban */
#define FLEET_CLAIMS_MAX 65536 /* of one member at once */
/* A member may lift a ban before its end each FLEET_LIFT_MS, and FLEET_LIFTS at once; further bans
 * end with their leases. A member that bans and lifts in turns would keep every daemon busy. */
#define FLEET_LIFT_MS 100
#define FLEET_LIFTS   10000

enum adoption_verdict {
	ADOPTION_TAKEN = 0, /* it counts; `changed` tells whether it was enough */
	ADOPTION_NOTHING,   /* it revokes a ban that does not exist, or its end is past */
	ADOPTION_OLD,	    /* stated more than 10 min ago */
	ADOPTION_CLOCK,	    /* stated more than 5 min in the future */
	ADOPTION_WIDE,	    /* wider than a network, or in a local network */
	ADOPTION_BUDGET,    /* beyond what its member may cause alone, or lift */
	ADOPTION_FULL,	    /* this member, or all together, have too many claims already */
	ADOPTION_MEMBER,    /* the member is suspended */
	ADOPTION_VERDICTS,
};

const char *adoption_verdict_name(enum adoption_verdict verdict); /* "old", "over-budget", ... */

/* The ban that holds now for a prefix and one group of services. */
struct adoption_change {
	struct prefix prefix;
	uint8_t services; /* one bit of enum ban_services */
	uint8_t rule;	  /* of the first member that is named */
	int64_t until_ms; /* 0: it no longer holds */
	size_t member_count;
	uint16_t members[FLEET_NAMED_MAX]; /* by number, lowest first */
};

struct adoption_settings {
	unsigned quorum; /* 1 .. FLEET_NAMED_MAX */
	unsigned budget; /* 0 .. FLEET_BUDGET_MAX */
	uint16_t members;
	/* Whether a ban of this prefix must not hold here. May be NULL. */
	bool (*vetoed)(const struct prefix *prefix, uint8_t services, void *context);
	void (*changed)(const struct adoption_change *change, void *context);
	void *context;
};

struct adoption;

struct adoption *adoption_new(const struct adoption_settings *settings); /* NULL: out of memory */
void adoption_free(struct adoption *adoption);

/* Takes a ban or a revocation of `member`, made at `made_ms` by its clock, come at `now_ms`. */
enum adoption_verdict adoption_take(struct adoption *adoption, uint16_t member,
				    const struct fleet_statement *statement, int64_t made_ms,
				    int64_t now_ms);
/* Lifts all bans that this member alone causes, and takes nothing more from it. */
void adoption_suspend(struct adoption *adoption, uint16_t member, int64_t now_ms);
/* Looks at `most` claims and forgets those that ended. Tells nothing: leases end by themselves. */
void adoption_sweep(struct adoption *adoption, size_t most, int64_t now_ms);
/* Where adoption_some() goes on; all 0 at first. */
struct adoption_walk {
	size_t at, of;
};
/* Walks over a part of the bans that hold at `now_ms`, each prefix and group once, in no order;
 * begins again if the table of claims grew meanwhile. False: that was the last part. */
bool adoption_some(const struct adoption *adoption, struct adoption_walk *walk, int64_t now_ms,
		   void (*each)(const struct adoption_change *change, void *context),
		   void *context);

/* Whether a fleet may ban the prefix: it is no wider than a network, IPv4 /24 or IPv6 /48. */
bool adoption_is_narrow(const struct prefix *prefix);

struct adoption_usage {
	size_t claims, prefixes;
};
/* Now. */
void adoption_get_usage(const struct adoption *adoption, struct adoption_usage *usage);

#endif
