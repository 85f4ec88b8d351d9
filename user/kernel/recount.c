// SPDX-License-Identifier: GPL-2.0-or-later
/* See recount.h. */
#include "kernel/recount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/rebuild.h"
#include "net/address.h"

#define COUNTRIES (SERVICE_MAX * COUNTRY_COUNT)

/* How many connections are open by a key. Sorted by key, and each key occurs once. */
struct recount_sum {
	struct meter_key key;
	uint32_t open;
	bool met; /* its meter was met */
};

struct recount_sums {
	struct recount_sum *sums;
	size_t count;
	struct recount *recount;
	__u32 kind;
};

int open_list_room(struct open_list *list, size_t count)
{
	size_t room = list->room ? list->room : 1024;
	uint64_t *cookies;
	struct connection *connections;

	while (room < count)
		room *= 2;
	if (room == list->room)
		return 0;
	cookies = realloc(list->cookies, room * sizeof(*cookies));
	if (cookies)
		list->cookies = cookies;
	connections = realloc(list->connections, room * sizeof(*connections));
	if (connections)
		list->connections = connections;
	if (!cookies || !connections)
		return -ENOMEM;
	list->room = room;
	return 0;
}

void open_list_free(struct open_list *list)
{
	free(list->cookies);
	free(list->connections);
	*list = (struct open_list){ 0 };
}

void recount_free(struct recount *recount)
{
	free(recount->wrong);
	*recount = (struct recount){ 0 };
}

static int add_wrong(struct recount *recount, const struct wrong_count *wrong)
{
	if (recount->count == recount->room) {
		size_t room = recount->room ? recount->room * 2 : 16;
		struct wrong_count *more = realloc(recount->wrong, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		recount->wrong = more;
		recount->room = room;
	}
	recount->wrong[recount->count++] = *wrong;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct meter_key));
}

static struct meter_key key_of(const struct connection *connection, __u32 kind)
{
	__u32 length = kind == METER_SOURCE ? connection->source_length
					    : connection->network_length;

	return (struct meter_key){
		.prefix = { .address = address_mask(&connection->remote, length),
			    .length = length },
		.service = connection->service,
	};
}

/* Sums up the connections by key. `sums` has room for one sum each. */
static void sum_up(const struct open_list *list, __u32 kind, struct recount_sums *sums)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (!(list->connections[i].counted & 1 << kind))
			continue;
		sums->sums[count++] =
			(struct recount_sum){ .key = key_of(&list->connections[i], kind),
					      .open = 1 };
	}
	qsort(sums->sums, count, sizeof(*sums->sums), by_key);
	for (size_t i = 0; i < count; i++)
		if (kept && !by_key(&sums->sums[kept - 1], &sums->sums[i]))
			sums->sums[kept - 1].open++;
		else
			sums->sums[kept++] = sums->sums[i];
	sums->count = kept;
}

static int compare_one(const struct meter_key *key, const struct meter *meter, void *context)
{
	struct recount_sums *sums = context;
	struct recount_sum *sum =
		sums->count ? bsearch(key, sums->sums, sums->count, sizeof(*sums->sums), by_key)
			    : NULL;
	struct wrong_count wrong = { .key = *key,
				     .kind = sums->kind,
				     .open = meter->open,
				     .counted = sum ? sum->open : 0,
				     .handshakes = meter->handshakes };

	if (sum)
		sum->met = true;
	return wrong.open == wrong.counted ? 0 : add_wrong(sums->recount, &wrong);
}

static int compare_table(struct gate *gate, const struct open_list *list, __u32 kind,
			 struct recount_sums *sums, struct fault *fault)
{
	int err;

	sums->kind = kind;
	sum_up(list, kind, sums);
	err = gate_meter_each(gate, kind == METER_SOURCE ? METERS_SOURCES : METERS_NETWORKS,
			      compare_one, sums, fault);
	for (size_t i = 0; i < sums->count && !err; i++) {
		struct wrong_count wrong = { .key = sums->sums[i].key,
					     .kind = kind,
					     .counted = sums->sums[i].open,
					     .missing = true };

		if (!sums->sums[i].met)
			err = add_wrong(sums->recount, &wrong);
	}
	return err;
}

static int compare_countries(struct gate *gate, const struct open_list *list,
			     struct recount *recount, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	_cleanup_free_ struct meter *meters = calloc(COUNTRIES, sizeof(*meters));
	_cleanup_free_ uint32_t *keys = calloc(COUNTRIES, sizeof(*keys));
	_cleanup_free_ uint32_t *open = calloc(COUNTRIES, sizeof(*open));
	__u32 count = COUNTRIES, next = 0;
	int err = 0;

	if (!meters || !keys || !open)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const struct connection *at = &list->connections[i];

		if (at->counted & 1 << METER_COUNTRY && at->service < SERVICE_MAX &&
		    at->country < COUNTRY_COUNT)
			open[at->service * COUNTRY_COUNT + at->country]++;
	}
	if (bpf_map_lookup_batch(gate->maps[MAP_COUNTRY_METERS], NULL, &next, keys, meters, &count,
				 &options) &&
	    errno != ENOENT)
		return fault_set(fault, -errno, "cannot read the map %s: %s",
				 gate_map_name(MAP_COUNTRY_METERS), strerror(errno));
	for (uint32_t i = 0; i < count && !err; i++) {
		struct wrong_count wrong = { .key.service = keys[i],
					     .kind = METER_COUNTRY,
					     .open = meters[i].open,
					     .counted = keys[i] < COUNTRIES ? open[keys[i]] : 0,
					     .handshakes = meters[i].handshakes };

		if (wrong.open != wrong.counted)
			err = add_wrong(recount, &wrong);
	}
	return err;
}

int recount_read(struct gate *gate, const struct open_list *list, struct recount *recount,
		 struct fault *fault)
{
	struct recount_sums sums = { .recount = recount,
				     .sums = calloc(list->count + 1, sizeof(*sums.sums)) };
	int err = sums.sums ? 0 : -ENOMEM;

	if (!err)
		err = compare_table(gate, list, METER_SOURCE, &sums, fault);
	if (!err)
		err = compare_table(gate, list, METER_NETWORK, &sums, fault);
	if (!err)
		err = compare_countries(gate, list, recount, fault);
	free(sums.sums);
	if (err == -ENOMEM)
		fault_set(fault, err, "out of memory");
	return err;
}

static bool is_same(const struct wrong_count *a, const struct wrong_count *b)
{
	return a->kind == b->kind && !by_key(&a->key, &b->key) && a->open == b->open &&
	       a->counted == b->counted && a->handshakes == b->handshakes &&
	       a->missing == b->missing;
}

bool recount_has(const struct recount *recount, const struct wrong_count *wrong)
{
	for (size_t i = 0; i < recount->count; i++)
		if (is_same(&recount->wrong[i], wrong))
			return true;
	return false;
}

int recount_correct(struct gate *gate, const struct wrong_count *wrong)
{
	struct rebuild_args arguments = {
		.what = wrong->missing ? REBUILD_ADD : REBUILD_OPEN,
		.kind = wrong->kind,
		.key = wrong->key,
		.from = wrong->open,
		.to = wrong->counted,
	};

	return rebuild(gate, &arguments);
}
