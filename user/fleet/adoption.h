/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bans of others hold here. Pure: verified statements, members and the time go in, changes
 * come out; the same statements, in whatever order the members' own sequences are merged, lead to
 * the same bans. What this server itself knows of a source (protected, known, a sender of mail) is
 * asked through `vetoed`.
 *
 * A ban is a lease: it ends FLEET_LEASE_MS after its maker last said so, whatever end was named. It
 * holds here while enough members say so at once:
 * - of one source (IPv4 /32, IPv6 /64 to /128), for the login services: `quorum` members;
 * - of a network (up to IPv4 /24, IPv6 /48): the same, but two at least;
 * - for port 25: the same as of a network, and for abuse on port 25 alone.
 * Where the quorum is 1, a member alone causes at most `budget` bans at once and in any hour.
 */
#ifndef SEKISHO_ADOPTION_H
#define SEKISHO_ADOPTION_H

#include "fleet/statement.h"

#define FLEET_LEASE_MS	 3600000 /* 1 h */
#define FLEET_OLD_MS	 600000	 /* 10 min: a ban said so long ago is not adopted */
#define FLEET_AHEAD_MS	 300000	 /* so far ahead a member's clock may be */
#define FLEET_BUDGET_MAX 1000
#define FLEET_NAMED_MAX	 8     /* members that are named of a ban */
#define FLEET_CLAIMS_MAX 65536 /* of one member at once */
/* So often one of a member's bans may be lifted before its end, and so many at once; of more each
 * ends with its lease. Who bans and lifts in turns would keep every daemon busy. */
#define FLEET_LIFT_MS 100
#define FLEET_LIFTS   10000

enum adoption_verdict {
	ADOPTION_TAKEN = 0, /* it counts; whether it was enough is told by `changed` */
	ADOPTION_NOTHING,   /* a revocation of what was not there, an end that is past */
	ADOPTION_OLD,	    /* said more than 10 min ago */
	ADOPTION_CLOCK,	    /* said more than 5 min from now */
	ADOPTION_WIDE,	    /* wider than a network, or of a local network */
	ADOPTION_BUDGET,    /* beyond what its member may cause alone, or lift */
	ADOPTION_FULL,	    /* of this member or in all, so many claims are held already */
	ADOPTION_MEMBER,    /* the member is suspended */
	ADOPTION_VERDICTS,
};

const char *adoption_verdict_name(enum adoption_verdict verdict); /* "old", "over-budget", ... */

/* What holds now of a prefix and one group of services. */
struct adoption_change {
	struct prefix prefix;
	uint8_t services; /* one bit of enum ban_services */
	uint8_t rule;	  /* of the first member that is named */
	int64_t until_ms; /* 0: it holds no more */
	size_t member_count;
	uint16_t members[FLEET_NAMED_MAX]; /* by number, lowest first */
};

struct adoption_settings {
	unsigned quorum; /* 1 .. FLEET_NAMED_MAX */
	unsigned budget; /* 0 .. FLEET_BUDGET_MAX */
	uint16_t members;
	/* May be NULL. A ban of this prefix is not to hold here. */
	bool (*vetoed)(const struct prefix *prefix, uint8_t services, void *context);
	void (*changed)(const struct adoption_change *change, void *context);
	void *context;
};

struct adoption;

struct adoption *adoption_new(const struct adoption_settings *settings); /* NULL: out of memory */
void adoption_free(struct adoption *adoption);

/* A ban or a revocation of `member`, said at `made_ms` by its clock, which came at `now_ms`. */
enum adoption_verdict adoption_take(struct adoption *adoption, uint16_t member,
				    const struct fleet_statement *statement, int64_t made_ms,
				    int64_t now_ms);
/* Takes back all that this member alone causes, and takes nothing more of it. */
void adoption_suspend(struct adoption *adoption, uint16_t member, int64_t now_ms);
/* Forgets claims that ended, `most` of them looked at. Nothing is told: leases end by themselves. */
void adoption_sweep(struct adoption *adoption, size_t most, int64_t now_ms);
/* Where adoption_some() goes on; all 0 at first. */
struct adoption_walk {
	size_t at, of;
};
/* A part of what holds at `now_ms`, each prefix and group once, in no order; again from the
 * beginning where the table of claims grew meanwhile. False: that was the last. */
bool adoption_some(const struct adoption *adoption, struct adoption_walk *walk, int64_t now_ms,
		   void (*each)(const struct adoption_change *change, void *context),
		   void *context);

/* No wider than what a fleet may ban: a network, IPv4 /24 or IPv6 /48. */
bool adoption_is_narrow(const struct prefix *prefix);

struct adoption_usage {
	size_t claims, prefixes;
};
/* Now. */
void adoption_get_usage(const struct adoption *adoption, struct adoption_usage *usage);

#endif
