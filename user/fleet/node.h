/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One member of a fleet: its own bans and its statements about them, and the statements of others
 * that it takes. Pure except for randomness: bytes, time and orders go in, bytes and calls come
 * out. Not here: how bytes travel (engine.h), who gives the orders (fleet_run.c).
 */
#ifndef SEKISHO_NODE_H
#define SEKISHO_NODE_H

#include "fleet/adoption.h"
#include "fleet/statement.h"

#define FLEET_MEMBERS_MAX 1024
#define FLEET_NAME_SIZE	  64
#define FLEET_RENEW_MS	  1200000 /* 20 min: each own ban is stated again after this */
#define FLEET_OWN_MAX	  65536	  /* own bans that are told */
#define FLEET_QUEUE_MAX	  65536	  /* statements that wait to be sent; beyond, the oldest go */
#define FLEET_ALIVE_MS	  60000	  /* 1 min: a member sends a batch at least this often */
#define FLEET_RESTATE_MS  60000	  /* least time between two restatements of all own bans */
#define FLEET_SNAPSHOT_MS 300000  /* 5 min: a snapshot is made anew after this */
#define FLEET_SIGHTING_MS 10	  /* a member may tell one sighting in this time, */
#define FLEET_SIGHTINGS	  12000	  /* and so many at once: those of two minutes */

struct node_member {
	char name[FLEET_NAME_SIZE];
	uint8_t keys[FLEET_KEYS_MAX][FLEET_KEY_SIZE]; /* public */
	size_t key_count;
	bool revoked; /* its statements are refused */
};

/* Faults that an administrator should look at. */
enum node_trouble {
	NODE_FORK,	 /* two batches of one number: two have its key; it is suspended */
	NODE_SIGNATURE,	 /* bytes at the engine claim to be this member's, and are not */
	NODE_SECRET,	 /* it seals with another secret */
	NODE_FORMAT,	 /* it signed something that is no batch: another version, or broken */
	NODE_CLOCK,	 /* its clock is more than 5 min ahead */
	NODE_OWN_KEY,	 /* somebody else signs with the key of this very member */
	NODE_UNREADABLE, /* its stream or snapshot at the engine cannot be read */
	NODE_TROUBLES,
};

const char *node_trouble_name(enum node_trouble trouble); /* "fork", "bad-signature", ... */
/* What it means of a member, and the remedy; to stand behind "member NAME: ". */
const char *node_trouble_words(enum node_trouble trouble);

struct node_settings {
	const struct node_member *members; /* the others and `self`; must live on */
	uint16_t member_count, self;
	struct fleet_signer signer;
	struct fleet_secret secrets[FLEET_SECRETS_MAX];
	size_t secret_count;
	unsigned quorum, budget;
	bool (*vetoed)(const struct prefix *prefix, uint8_t services, void *context); /* or NULL */
	void (*changed)(const struct adoption_change *change, void *context);
	void (*sighted)(uint16_t member, const struct fleet_statement *sighting, void *context);
	void (*troubled)(enum node_trouble trouble, uint16_t member, void *context);
	void *context;
};

/* Of one member, since the start. */
struct node_counts {
	uint64_t batches, statements, sightings;
	uint64_t too_many;		      /* sightings beyond what a member may tell */
	uint64_t verdicts[ADOPTION_VERDICTS]; /* of its bans and revocations */
	uint64_t refused[NODE_TROUBLES];      /* batches, or what stands in their place */
	uint64_t repeated;		      /* batches that came again */
	uint64_t missing;		      /* batches that never came */
	int64_t last_ms; /* when the last batch came, by our clock; 0: none yet */
	int64_t made_ms; /* when that batch was made, by the member's clock */
	bool suspended;
};

struct node;

/* `incarnation` must be higher than any before; the wall clock's ms are. NULL: out of memory. */
struct node *node_new(const struct node_settings *settings, uint64_t incarnation);
void node_free(struct node *node);

/* ---- this member's own ---- */

/* Adds a ban that holds here until its end: it is told, and told again. False: there are
 * FLEET_OWN_MAX already. */
bool node_ban(struct node *node, const struct fleet_statement *ban, int64_t now_ms);
/* Between these two calls node_ban() tells each ban that holds; the others are lifted. */
void node_walk(struct node *node);
void node_walked(struct node *node);
/* Tells that a ban no longer holds. */
void node_unban(struct node *node, const struct prefix *prefix, uint8_t services);
void node_sight(struct node *node, const struct fleet_statement *sighting);
/* States all own bans again, unless that was done within FLEET_RESTATE_MS: the engine may have lost
 * them, or a member is new. */
void node_restate(struct node *node, int64_t now_ms);
/* Makes the next batch to be appended to this member's stream, sealed; 0: there is nothing to
 * tell. */
size_t node_next(struct node *node, int64_t now_ms, uint8_t bytes[FLEET_BATCH_SIZE]);
/* Makes a snapshot of all own bans that hold, at the present place of the chain (fleet_snapshot.h),
 * to be stored at the engine; the caller frees *bytes. 0: none is due, or there is no memory; `now`
 * makes one due at once. */
size_t node_snapshot(struct node *node, int64_t now_ms, bool now, uint8_t **bytes);
size_t node_waiting(const struct node *node); /* statements */
uint64_t node_lost(const struct node *node);  /* statements that the queue had no room for */

/* ---- the others' ---- */

/* Takes an entry of the stream of `member`, this member's own too. */
void node_receive(struct node *node, uint16_t member, const uint8_t *bytes, size_t size,
		  int64_t now_ms);

/* Takes the engine's snapshot of `member`. It counts if nothing of the member was taken yet, up to
 * the first part that is not the member's. Of this member's own it only checks who signed it. */
void node_begin(struct node *node, uint16_t member, const uint8_t *bytes, size_t size,
		int64_t now_ms);

/* Counts that the stream of `member`, or its snapshot, cannot be read. */
void node_unreadable(struct node *node, uint16_t member, int64_t now_ms);

/* By hand: nothing of this member counts any more, and bans that it alone caused are lifted. */
void node_revoke(struct node *node, uint16_t member, int64_t now_ms);

/* Every second or so: renews own bans, a part of them each time; forgets what ended. */
void node_tick(struct node *node, int64_t now_ms);

/* The counts of a member since node_new(). `member` as in the settings; valid as long as the
 * node. */
const struct node_counts *node_counts_of(const struct node *node, uint16_t member);
/* Walks over a part of the bans of others that have their quorum: adoption_some(). */
bool node_some(const struct node *node, struct adoption_walk *walk, int64_t now_ms,
	       void (*each)(const struct adoption_change *change, void *context), void *context);
/* Claims of others, and own bans, now. */
void node_get_usage(const struct node *node, struct adoption_usage *usage, size_t *own);

#endif
