// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fleet in virtual time, from one seed: members that ban and lift, crash, come back from a backup
 * with wrong clocks, are cut off; an engine that loses, repeats, reorders, forges; traitors. The
 * members are the product's own (user/fleet/node.h); only the primitives of cryptography are
 * cheaper ones. What must hold whatever happens is checked at each change and at the end:
 *
 *	vetoed		a ban that its server vetoes is never adopted there
 *	traitors	without an honest member's word nothing is adopted, but within the budget
 *			where the quorum is 1; never port 25, never a network
 *	the same	once all is healed, each member holds exactly what follows from the others'
 *bans revoked		what nobody bans any more, nobody holds
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chance.h"
#include "detect/detect.h"
#include "fleet/node.h"

#define STEP_MS	    1000
#define BEGIN_MS    1795000000000LL
#define STORM_MS    (15 * 60000LL)
#define CALM_MS	    (FLEET_LEASE_MS + 2 * FLEET_RENEW_MS)
#define POOL	    24	/* addresses that attack */
#define EVIL	    400 /* addresses that traitors name */
#define BUDGET	    10
#define STREAM_MOST 4096

struct entry {
	int64_t at_ms;
	size_t size;
	uint8_t *bytes;
};

struct stream {
	struct entry *entries;
	size_t count, room;
	struct entry kept; /* its member's snapshot */
};

struct member {
	struct world *world;
	uint16_t number;
	struct node *node;
	struct node_member *names;
	bool traitor, forked;
	bool begins;	  /* it has yet to look at the snapshots */
	int64_t clock_ms; /* by which its clock is wrong */
	int64_t cut_ms;	  /* it reaches the engine again then */
	size_t *read;	  /* of each stream */
	struct {	  /* what its own daemon has banned; 0: not */
		int64_t until_ms;
		int64_t ended_ms; /* when it last ended or was lifted */
	} own[POOL][2];
};

struct world {
	uint64_t seed;
	unsigned count, quorum, traitors;
	int64_t now_ms;
	struct member *members;
	struct stream *streams;
	unsigned long long adopted, vetoed;
	bool failed;
};

static void violated(struct world *world, const struct member *member, const char *what,
		     const struct prefix *prefix)
{
	char text[PREFIX_TEXT_SIZE] = "-";

	if (prefix)
		prefix_format(prefix, text);
	printf("# seed %llu, %u members, quorum %u, %u traitors, at %lld s, member %u: %s: %s\n",
	       (unsigned long long)world->seed, world->count, world->quorum, world->traitors,
	       (long long)(world->now_ms - BEGIN_MS) / 1000, member ? (unsigned)member->number : 0U,
	       what, text);
	world->failed = true;
}

static int64_t clock_of(const struct member *member)
{
	return member->world->now_ms + member->clock_ms;
}

/* ---- what is banned ---- */

/* The pool: hosts, and some networks; two of IPv6. */
static struct prefix pool_prefix(size_t index)
{
	struct prefix prefix = { .length = 128 };

	prefix.address = address_from4(0x2d000000U + (uint32_t)(index * 256));
	if (index % 6 == 5)
		prefix.length = 120;
	if (index % 8 == 7) {
		memset(&prefix.address, 0, sizeof(prefix.address));
		prefix.address.byte[0] = 0x26;
		prefix.address.byte[5] = (uint8_t)index;
		prefix.length = index % 16 == 7 ? 48 : 64;
	}
	return prefix;
}

static long pool_index(const struct prefix *prefix)
{
	for (size_t i = 0; i < POOL; i++) {
		struct prefix other = pool_prefix(i);

		if (other.length == prefix->length &&
		    !address_compare(&other.address, &prefix->address))
			return (long)i;
	}
	return -1;
}

/* Each server knows some sources. */
static bool is_known(unsigned member, const struct prefix *prefix)
{
	uint64_t hash = address_low(&prefix->address) ^ address_high(&prefix->address);

	return (hash / 256 + member * 7) % 11 == 0;
}

static bool is_vetoed(const struct prefix *prefix, uint8_t services, void *context)
{
	struct member *member = context;

	(void)services;
	if (!is_known(member->number, prefix))
		return false;
	member->world->vetoed++;
	return true;
}

static unsigned needed(const struct world *world, const struct prefix *prefix, uint8_t services)
{
	bool host = prefix->length >= (prefix_is4(prefix) ? 128 : 64);

	return world->quorum == 1 && (!host || services == BAN_SMTP) ? 2 : world->quorum;
}

/* Honest members, this one aside, that said so at a time from which a lease may still run. */
static unsigned honest(const struct world *world, const struct member *but, size_t index,
		       unsigned group, bool now)
{
	unsigned count = 0;

	for (unsigned i = 0; i < world->count; i++) {
		const struct member *member = &world->members[i];
		int64_t until_ms = member->own[index][group].until_ms;
		int64_t ended_ms = member->own[index][group].ended_ms;

		if (member == but || member->traitor)
			continue;
		count += until_ms > world->now_ms ||
			 (!now && ended_ms && ended_ms > world->now_ms - FLEET_LEASE_MS - 600000);
	}
	return count;
}

struct alone {
	struct member *member;
	unsigned by[2]; /* of the traitor that is named */
};

static void count_alone(const struct adoption_change *change, void *context)
{
	struct alone *alone = context;

	if (change->member_count == 1 && alone->member->world->members[change->members[0]].traitor)
		alone->by[0]++;
}

static void on_changed(const struct adoption_change *change, void *context)
{
	struct member *member = context;
	struct world *world = member->world;
	long index = pool_index(&change->prefix);
	unsigned group = change->services == BAN_SMTP ? BAN_GROUP_SMTP : BAN_GROUP_LOGIN;
	unsigned said = index < 0 ? 0 : honest(world, member, (size_t)index, group, false);
	bool host = change->prefix.length >= (prefix_is4(&change->prefix) ? 128 : 64);

	if (!change->until_ms)
		return;
	world->adopted++;
	if (is_known(member->number, &change->prefix))
		violated(world, member, "vetoed, and adopted", &change->prefix);
	if (change->until_ms > clock_of(member) + FLEET_LEASE_MS)
		violated(world, member, "longer than a lease", &change->prefix);
	if (said + world->traitors >= needed(world, &change->prefix, change->services) && said)
		return;
	if (world->quorum > 1 || change->services == BAN_SMTP || !host)
		violated(world, member, "adopted by traitors alone", &change->prefix);
}

/* ---- members ---- */

static void start_member(struct member *member)
{
	struct world *world = member->world;
	struct node_settings settings = { .members = member->names,
					  .member_count = (uint16_t)world->count,
					  .self = member->number,
					  .secret_count = 1,
					  .quorum = world->quorum,
					  .budget = BUDGET,
					  .vetoed = is_vetoed,
					  .changed = on_changed,
					  .context = member };
	uint8_t secret[FLEET_KEY_SIZE] = { 1 };
	static const uint8_t groups[] = { BAN_SMTP, BAN_LOGIN };

	fleet_secret_derive(secret, &settings.secrets[0]);
	memcpy(settings.signer.seed, member->names[member->number].keys[0], FLEET_KEY_SIZE);
	fleet_signer_derive(&settings.signer);
	node_free(member->node);
	member->node = node_new(&settings, (uint64_t)clock_of(member));
	if (!member->node)
		abort();
	member->begins = true;
	memset(member->read, 0, world->count * sizeof(*member->read));
	/* as the daemon does when its fleet process is there again */
	for (size_t i = 0; i < POOL && !member->traitor; i++)
		for (unsigned group = 0; group < 2; group++) {
			struct fleet_statement ban = { .kind = FLEET_BAN,
						       .prefix = pool_prefix(i),
						       .services = groups[group],
						       .rule = RULE_SOURCE_ABUSE,
						       .time_ms = member->own[i][group].until_ms +
								  member->clock_ms };

			if (member->own[i][group].until_ms > world->now_ms)
				node_ban(member->node, &ban, clock_of(member));
		}
}

static void ban_or_lift(struct member *member)
{
	struct world *world = member->world;
	size_t index = chance_number(POOL);
	unsigned group = (unsigned)chance_number(2);
	struct fleet_statement ban = { .kind = FLEET_BAN,
				       .prefix = pool_prefix(index),
				       .services = group == BAN_GROUP_SMTP ? BAN_SMTP : BAN_LOGIN,
				       .rule = RULE_SOURCE_ABUSE };

	if (member->own[index][group].until_ms > world->now_ms) {
		member->own[index][group].until_ms = 0;
		member->own[index][group].ended_ms = world->now_ms;
		node_unban(member->node, &ban.prefix, ban.services);
		return;
	}
	member->own[index][group].until_ms =
		world->now_ms + (chance_one_in(3) ? 4 * CALM_MS : 600000);
	member->own[index][group].ended_ms = member->own[index][group].until_ms;
	ban.time_ms = member->own[index][group].until_ms + member->clock_ms;
	node_ban(member->node, &ban, clock_of(member));
}

/* Whatever a member can sign. */
static void betray(struct member *member)
{
	for (unsigned i = 0; i < 8; i++) {
		struct fleet_statement lie = { .kind = chance_one_in(6) ? FLEET_REVOKE : FLEET_BAN,
					       .services = (uint8_t)(1 + chance_number(3)),
					       .rule = (uint8_t)chance_number(256),
					       .time_ms = (int64_t)chance_number(1LL << 53) };

		if (chance_one_in(3)) {
			lie.prefix = pool_prefix(chance_number(POOL));
		} else {
			lie.prefix.length = chance_one_in(4) ? (uint32_t)chance_number(129) : 128;
			lie.prefix.address =
				address_from4(0x2e000000U + (uint32_t)chance_number(EVIL));
			lie.prefix.address = address_mask(&lie.prefix.address, lie.prefix.length);
		}
		if (chance_one_in(2))
			lie.rule = RULE_SOURCE_ABUSE;
		if (chance_one_in(2))
			lie.time_ms = member->world->now_ms + FLEET_LEASE_MS;
		node_sight(member->node, &lie); /* said, without being held */
	}
}

/* ---- the engine ---- */

static void append(struct world *world, uint16_t stream, const uint8_t *bytes, size_t size)
{
	struct stream *to = &world->streams[stream];

	if (to->count == STREAM_MOST)
		return;
	if (to->count == to->room) {
		to->room = to->room ? 2 * to->room : 64;
		to->entries = realloc(to->entries, to->room * sizeof(*to->entries));
		if (!to->entries)
			abort();
	}
	to->entries[to->count] = (struct entry){ world->now_ms, size, malloc(size) };
	if (!to->entries[to->count].bytes)
		abort();
	memcpy(to->entries[to->count++].bytes, bytes, size);
}

static void empty(struct world *world, uint16_t stream, size_t left)
{
	struct stream *of = &world->streams[stream];

	while (of->count > left)
		free(of->entries[--of->count].bytes);
	for (unsigned i = 0; i < world->count; i++)
		world->members[i].read[stream] = 0; /* who finds less than he read begins anew */
}

/* Forged, cut short, shown as another's, or lost. */
static void misuse_snapshots(struct world *world, uint16_t stream)
{
	struct entry *kept = &world->streams[stream].kept, other;
	uint16_t of = (uint16_t)chance_number(world->count);

	if (!kept->size)
		return;
	switch (chance_number(4)) {
	case 0:
		kept->bytes[chance_number(kept->size)] ^= (uint8_t)(1 + chance_number(255));
		break;
	case 1:
		kept->size = chance_number(kept->size);
		break;
	case 2:
		other = world->streams[of].kept;
		world->streams[of].kept = *kept;
		*kept = other;
		break;
	default:
		kept->size = 0;
	}
}

/* What an engine in an attacker's hands does; and one that failed over. */
static void misbehave(struct world *world)
{
	uint16_t stream = (uint16_t)chance_number(world->count);
	struct stream *of = &world->streams[stream];
	uint8_t bytes[FLEET_BATCH_SIZE];
	const struct entry *entry;

	if (!of->count)
		return;
	entry = &of->entries[chance_number(of->count)];
	memcpy(bytes, entry->bytes, entry->size);
	if (chance_one_in(4))
		misuse_snapshots(world, stream);
	switch (chance_number(6)) {
	case 0: /* forged */
		bytes[chance_number(entry->size)] ^= (uint8_t)(1 + chance_number(255));
		append(world, stream, bytes, entry->size);
		break;
	case 1: /* cut short */
		append(world, stream, bytes, 1 + chance_number(entry->size));
		break;
	case 2: /* said again, perhaps as another's */
		append(world, chance_one_in(2) ? stream : (uint16_t)chance_number(world->count),
		       bytes, entry->size);
		break;
	case 3: /* emptied, or rolled back */
		empty(world, stream, chance_one_in(2) ? 0 : chance_number(of->count));
		break;
	case 4: { /* out of order */
		struct entry *a = &of->entries[chance_number(of->count)];
		struct entry *b = &of->entries[chance_number(of->count)], kept = *a;

		*a = *b;
		*b = kept;
		break;
	}
	default: /* junk */
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)chance_number(256);
		append(world, stream, bytes, 1 + chance_number(sizeof(bytes)));
	}
}

/* ---- time ---- */

/* Once in a while an engine that is rolled back, or hostile, keeps the older one. */
static void keep_snapshot(struct member *member)
{
	struct entry *kept = &member->world->streams[member->number].kept;
	uint8_t *bytes = NULL;
	size_t size = node_snapshot(member->node, clock_of(member), member->begins, &bytes);

	if (!size || (kept->size && chance_one_in(8))) {
		free(bytes);
		return;
	}
	free(kept->bytes);
	*kept = (struct entry){ member->world->now_ms, size, bytes };
}

static void talk(struct member *member)
{
	struct world *world = member->world;
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size;

	if (member->cut_ms > world->now_ms)
		return;
	for (uint16_t i = 0; i < world->count && member->begins; i++)
		node_begin(member->node, i, world->streams[i].kept.bytes,
			   world->streams[i].kept.size, clock_of(member));
	keep_snapshot(member);
	member->begins = false;
	while ((size = node_next(member->node, clock_of(member), bytes)))
		append(world, member->number, bytes, size);
	for (unsigned i = 0; i < world->count; i++) {
		const struct stream *stream = &world->streams[i];

		for (; member->read[i] < stream->count; member->read[i]++) {
			const struct entry *entry = &stream->entries[member->read[i]];

			node_receive(member->node, (uint16_t)i, entry->bytes, entry->size,
				     clock_of(member));
		}
	}
}

static void happen(struct member *member)
{
	struct world *world = member->world;

	if (member->traitor && chance_one_in(4))
		betray(member);
	if (!member->traitor && chance_one_in(60))
		ban_or_lift(member);
	if (chance_one_in(800))
		member->cut_ms = world->now_ms + (int64_t)chance_number(600000);
	if (chance_one_in(1500)) { /* a crash; or restored from a backup, with another clock */
		if (chance_one_in(2))
			member->clock_ms = (int64_t)chance_number(240000) - 120000;
		start_member(member);
	}
}

static void check_budget(struct member *member)
{
	struct alone alone = { .member = member };

	if (member->traitor || member->world->quorum > 1)
		return;
	for (struct adoption_walk walk = { 0 };
	     node_some(member->node, &walk, clock_of(member), count_alone, &alone);)
		;
	/* those of the pool that honest members ban as well count for them */
	if (alone.by[0] > BUDGET * member->world->traitors)
		violated(member->world, member, "beyond the budget", NULL);
}

struct holding {
	bool held[POOL][2];
};

static void note_held(const struct adoption_change *change, void *context)
{
	struct holding *holding = context;
	long index = pool_index(&change->prefix);
	unsigned group = change->services == BAN_SMTP ? BAN_GROUP_SMTP : BAN_GROUP_LOGIN;

	if (index >= 0)
		holding->held[index][group] = true;
}

/* All is healed, and every lease of before is over: traitors were silent meanwhile. */
static void check_same(struct member *member)
{
	static const uint8_t groups[] = { BAN_SMTP, BAN_LOGIN };
	struct holding holding = { 0 };
	struct world *world = member->world;

	for (struct adoption_walk walk = { 0 };
	     node_some(member->node, &walk, clock_of(member), note_held, &holding);)
		;
	for (size_t i = 0; i < POOL; i++)
		for (unsigned group = 0; group < 2; group++) {
			struct prefix prefix = pool_prefix(i);
			unsigned count = honest(world, member, i, group, true);
			bool due = count >= needed(world, &prefix, groups[group]);

			if (is_known(member->number, &prefix))
				due = false;
			/* one alone, where one is enough: as far as its budget goes */
			if (world->quorum == 1 && count == 1 && !holding.held[i][group])
				continue;
			if (due && !holding.held[i][group])
				violated(world, member, "not adopted by all", &prefix);
			if (!due && holding.held[i][group])
				violated(world, member, "still held", &prefix);
		}
}

static void begin_world(struct world *world)
{
	struct node_member *names = calloc(world->count, sizeof(*names));

	world->now_ms = BEGIN_MS;
	world->quorum = 1 + (unsigned)chance_number(3);
	world->traitors = world->quorum == 1 ? 1 : (unsigned)chance_number(world->quorum);
	world->members = calloc(world->count, sizeof(*world->members));
	world->streams = calloc(world->count, sizeof(*world->streams));
	if (!names || !world->members || !world->streams)
		abort();
	for (unsigned i = 0; i < world->count; i++) {
		snprintf(names[i].name, sizeof(names[i].name), "m%u", i);
		fleet_random(names[i].keys[0], FLEET_KEY_SIZE);
		names[i].key_count = 1;
	}
	for (unsigned i = 0; i < world->count; i++) {
		struct member *member = &world->members[i];

		*member = (struct member){ .world = world,
					   .number = (uint16_t)i,
					   .names = names,
					   .traitor = i < world->traitors,
					   .clock_ms = (int64_t)chance_number(240000) - 120000,
					   .read = calloc(world->count, sizeof(*member->read)) };
		if (!member->read)
			abort();
		start_member(member);
	}
}

static void end_world(struct world *world)
{
	for (unsigned i = 0; i < world->count; i++) {
		node_free(world->members[i].node);
		empty(world, (uint16_t)i, 0);
		free(world->streams[i].entries);
		free(world->streams[i].kept.bytes);
	}
	free(world->members[0].names);
	for (unsigned i = 0; i < world->count; i++)
		free(world->members[i].read);
	free(world->members);
	free(world->streams);
}

static bool simulate(uint64_t seed, unsigned count, bool verbose)
{
	struct world world = { .seed = seed, .count = count };
	/* many members are looked at less often */
	int64_t step_ms = count > 100 ? 10 * STEP_MS : STEP_MS;

	chance_begin(seed);
	begin_world(&world);
	for (; world.now_ms < BEGIN_MS + STORM_MS && !world.failed; world.now_ms += step_ms) {
		if (chance_one_in(20))
			misbehave(&world);
		for (unsigned i = 0; i < count; i++) {
			happen(&world.members[i]);
			talk(&world.members[i]);
			node_tick(world.members[i].node, clock_of(&world.members[i]));
			if (world.now_ms / step_ms % 16 == i % 16)
				check_budget(&world.members[i]);
		}
	}
	for (; world.now_ms < BEGIN_MS + STORM_MS + CALM_MS && !world.failed;
	     world.now_ms += 10 * step_ms)
		for (unsigned i = 0; i < count; i++) {
			world.members[i].cut_ms = 0;
			talk(&world.members[i]);
			if (!world.members[i].traitor)
				node_tick(world.members[i].node, clock_of(&world.members[i]));
		}
	for (unsigned i = 0; i < count && !world.failed; i++)
		if (!world.members[i].traitor)
			check_same(&world.members[i]);
	if (verbose)
		printf("# seed %llu: quorum %u, traitors %u, %llu adoptions, %llu vetoes\n",
		       (unsigned long long)seed, world.quorum, world.traitors, world.adopted,
		       world.vetoed);
	end_world(&world);
	return !world.failed;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seeds", required_argument, NULL, 'n' },
						 { "from", required_argument, NULL, 'f' },
						 { "members", required_argument, NULL, 'm' },
						 { "verbose", no_argument, NULL, 'v' },
						 { 0 } };
	uint64_t seeds = 100, from = 1, failed = 0;
	unsigned members = 20;
	bool verbose = false;
	struct timespec begun, ended;

	for (int c; (c = getopt_long(argc, argv, "n:f:m:v", options, NULL)) != -1;) {
		if (c == 'n')
			seeds = strtoull(optarg, NULL, 10);
		else if (c == 'f')
			from = strtoull(optarg, NULL, 10);
		else if (c == 'm')
			members = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'v')
			verbose = true;
		else
			return 2;
	}
	if (members < 3 || members > FLEET_MEMBERS_MAX || !seeds)
		return fprintf(stderr, "simulate: 3 to %d members\n", FLEET_MEMBERS_MAX), 2;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (uint64_t seed = from; seed < from + seeds; seed++)
		failed += !simulate(seed, members, verbose);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%llu seeds of %u members, %llu failed, %ld s\n", (unsigned long long)seeds, members,
	       (unsigned long long)failed, (long)(ended.tv_sec - begun.tv_sec));
	return failed != 0;
}
