/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One member of a fleet: its own bans and what it says of them, what it takes of the others' words.
 * Pure but for randomness: bytes, time and orders go in, bytes and calls come out. Not here: how
 * bytes travel (engine.h), who gives the orders (fleet_run.c).
 */
#ifndef SEKISHO_NODE_H
#define SEKISHO_NODE_H

#include "fleet/adoption.h"
#include "fleet/statement.h"

#define FLEET_MEMBERS_MAX 1024
#define FLEET_NAME_SIZE	  64
#define FLEET_RENEW_MS	  1200000 /* 20 min: so often each own ban is said again */
#define FLEET_OWN_MAX	  65536	  /* own bans that are told */
#define FLEET_QUEUE_MAX	  65536	  /* statements that wait to be told; of more the oldest go */
#define FLEET_ALIVE_MS	  60000	  /* 1 min: so often a member says at least that it is there */
#define FLEET_RESTATE_MS  60000	  /* all of them are said at once no oftener than this */
#define FLEET_SNAPSHOT_MS 300000  /* 5 min: so often a snapshot is made anew */
#define FLEET_SIGHTING_MS 10	  /* so often a member may tell of an account, */
#define FLEET_SIGHTINGS	  12000	  /* and so many at once: two minutes' */

struct node_member {
	char name[FLEET_NAME_SIZE];
	uint8_t keys[FLEET_KEYS_MAX][FLEET_KEY_SIZE]; /* public */
	size_t key_count;
	bool revoked; /* its statements are refused */
};

/* What somebody should look at. */
enum node_trouble {
	NODE_FORK,	/* two batches of one number: its key is in two hands; it is suspended */
	NODE_SIGNATURE, /* something at the engine calls itself this member's, and is not */
	NODE_SECRET,	/* it seals with another secret */
	NODE_FORMAT,	/* it signed what is no batch: another version, or broken */
	NODE_CLOCK,	/* its clock is more than 5 min ahead */
	NODE_OWN_KEY,	/* somebody else signs with the key of this very member */
	NODE_TROUBLES,
};

const char *node_trouble_name(enum node_trouble trouble); /* "fork", "bad-signature", ... */

struct node_settings {
	const struct node_member *members; /* must live on; the others', and `self` */
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
	uint64_t refused[NODE_TROUBLES];      /* batches */
	uint64_t repeated;		      /* batches that came again */
	uint64_t missing;		      /* batches that never came */
	int64_t last_ms; /* by our clock, when the last batch came; 0: none yet */
	int64_t made_ms; /* by its clock, when that was made */
	bool suspended;
};

struct node;

/* `incarnation` is to be higher than any before: the wall clock's ms do. NULL: out of memory. */
struct node *node_new(const struct node_settings *settings, uint64_t incarnation);
void node_free(struct node *node);

/* ---- this member's own ---- */

/* A ban that holds here until then, to be told and told again. False: FLEET_OWN_MAX are. */
bool node_ban(struct node *node, const struct fleet_statement *ban, int64_t now_ms);
/* From the first to the second call each ban that holds is told by node_ban(): others are lifted. */
void node_walk(struct node *node);
void node_walked(struct node *node);
/* It holds no more. */
void node_unban(struct node *node, const struct prefix *prefix, uint8_t services);
void node_sight(struct node *node, const struct fleet_statement *sighting);
/* All own bans are said again, unless that was done within FLEET_RESTATE_MS: the engine may have
 * lost them, or somebody is new. */
void node_restate(struct node *node, int64_t now_ms);
/* The next batch to be appended to this member's stream, sealed; 0: there is nothing to say. */
size_t node_next(struct node *node, int64_t now_ms, uint8_t bytes[FLEET_BATCH_SIZE]);
/* All own bans that hold, where the chain is now (fleet_snapshot.h), to be kept at the engine;
 * *bytes is the caller's, to be freed. 0: there is none due, or no memory; `now` makes one due at
 * once. */
size_t node_snapshot(struct node *node, int64_t now_ms, bool now, uint8_t **bytes);
size_t node_waiting(const struct node *node); /* statements */
uint64_t node_lost(const struct node *node);  /* statements that the queue had no room for */

/* ---- the others' ---- */

/* What stands in the stream of `member`, its own too. */
void node_receive(struct node *node, uint16_t member, const uint8_t *bytes, size_t size,
		  int64_t now_ms);

/* What is kept as the snapshot of `member`. It counts where nothing of the member was taken yet, up
 * to the first part that is not the member's; its own is only looked at for a stranger's hand. */
void node_begin(struct node *node, uint16_t member, const uint8_t *bytes, size_t size,
		int64_t now_ms);

/* By hand: nothing of this member counts any more, and what it alone caused is taken back. */
void node_revoke(struct node *node, uint16_t member, int64_t now_ms);

/* Every second or so: renews own bans, a part of them each time; forgets what ended. */
void node_tick(struct node *node, int64_t now_ms);

/* What came of the member's statements, since node_new(). `member` as in the settings; valid as
 * long as the node. */
const struct node_counts *node_counts_of(const struct node *node, uint16_t member);
/* Bans of others that have their quorum, a part of them: adoption_some(). */
bool node_some(const struct node *node, struct adoption_walk *walk, int64_t now_ms,
	       void (*each)(const struct adoption_change *change, void *context), void *context);
/* Claims of others, and own bans, now. */
void node_get_usage(const struct node *node, struct adoption_usage *usage, size_t *own);

#endif
