// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Designs of the static table side by side, under real country data and a list of a million
 * addresses: cost of a look-up with random and with skewed sources, memory, time to build. Prints a
 * table; docs/static-table.md has one with the choice. Needs root. Not a test: it fails only when
 * the designs disagree.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lists/compile.h"
#include "lists/country.h"
#include "lists_random.h"
#include "table_bench.skel.h"

#define KEYS	 (1U << 20)
#define LOOKUPS	 64
#define REPEAT	 (KEYS / LOOKUPS)
#define ROUNDS	 7
#define DEEPER16 0x8000U
#define DEEPER32 0x80000000U

struct world {
	struct ranges countries, list;
	struct table_image image;
	/* IPv4 flat: from which address on which palette index holds. */
	uint32_t *first4, *palette4;
	size_t count4;
};

struct built {
	double ms;
	double mib;
};

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Half of the million scattered, half in clusters as botnets have them. */
static void make_world(struct world *world, char **files)
{
	struct compile_list list = { "bench", 1, false, &world->list };
	struct fault fault;

	if (country_load(files, 2, &world->countries, &fault)) {
		fprintf(stderr, "bench: %s\n", fault.text);
		exit(1);
	}
	for (unsigned i = 0; i < 500000; i++) {
		uint32_t address = random32();

		ranges_add4(&world->list, address, address, 0);
	}
	for (unsigned i = 0; i < 500000;) {
		uint32_t network = random32() & ~0xffU;

		for (unsigned j = 0; j < 64; j++, i++) {
			uint32_t address = network | random_below(256);

			ranges_add4(&world->list, address, address, 0);
		}
	}
	for (unsigned i = 0; i < 100000; i++) {
		const struct range6 *near =
			&world->countries.v6[random_below(world->countries.count6)];
		u128 first = ((near->first >> 64) + random_below(1 << 16)) << 64;

		/* whole /64s of one country: a trie would take the country's longer prefix */
		if (first >= near->first && (first | UINT64_MAX) <= near->last)
			ranges_add6(&world->list, first, first | UINT64_MAX, 0);
	}
	if (ranges_normalise(&world->list) ||
	    table_compile(&world->countries, &list, 1, 1, &world->image, &fault))
		die("cannot compile");
}

static uint32_t palette_of(const struct world *world, struct lookup lookup)
{
	const struct table_head *head = world->image.data;

	for (uint32_t i = 0; i < head->palette_count; i++)
		if (!memcmp(&head->palette[i], &lookup, sizeof(lookup)))
			return i;
	die("a leaf that no address has");
	return 0;
}

static int compare4(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Where the leaf may change: at the ends of what was compiled, whatever the image made of them. */
static size_t edges4(const struct world *world, uint32_t *edges)
{
	const struct ranges *sets[] = { &world->countries, &world->list };
	size_t count = 0;

	edges[count++] = 0;
	for (size_t set = 0; set < 2; set++)
		for (size_t i = 0; i < sets[set]->count4; i++) {
			edges[count++] = sets[set]->v4[i].first;
			if (sets[set]->v4[i].last != UINT32_MAX)
				edges[count++] = sets[set]->v4[i].last + 1;
		}
	qsort(edges, count, sizeof(*edges), compare4);
	return count;
}

static void flatten(struct world *world)
{
	size_t room4 = 2 * (world->countries.count4 + world->list.count4) + 1, count;
	uint32_t *edges = calloc(room4, sizeof(uint32_t));

	world->first4 = calloc(room4, sizeof(uint32_t));
	world->palette4 = calloc(room4, sizeof(uint32_t));
	count = edges4(world, edges);
	for (size_t i = 0; i < count; i++) {
		struct address address = address_from4(edges[i]);
		uint32_t palette;

		if (i && edges[i] == edges[i - 1])
			continue;
		palette = palette_of(world, table_image_find(&world->image, &address, 1));
		if (world->count4 && world->palette4[world->count4 - 1] == palette)
			continue;
		world->first4[world->count4] = edges[i];
		world->palette4[world->count4++] = palette;
	}
	free(edges);
}

static uint32_t last4(const struct world *world, size_t i)
{
	return i + 1 < world->count4 ? world->first4[i + 1] - 1 : UINT32_MAX;
}

/* ---- memory ---- */

static double kernel_mib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	double sum = 0;
	unsigned long kib;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SUnreclaim: %lu", &kib) == 1 ||
		    sscanf(line, "VmallocUsed: %lu", &kib) == 1)
			sum += (double)kib / 1024;
	if (file)
		fclose(file);
	return sum;
}

/* A hash made beforehand: buckets of 16 bytes, elements of 48 and key and value. The kernel's own
 * word in fdinfo leaves the elements out. */
static double hash_mib(size_t count)
{
	size_t buckets = 1;

	while (buckets < count)
		buckets *= 2;
	return (double)(buckets * 16 + count * 64) / (1 << 20);
}

/* ---- building ---- */

/* Blocks of TABLE_BLOCK bytes as the only element of `outer`. */
static void *make_blocks(int outer, size_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	uint32_t blocks = (uint32_t)((bytes + TABLE_BLOCK - 1) / TABLE_BLOCK), zero = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench", 4, TABLE_BLOCK, blocks, &options);
	void *at;

	if (fd < 0 || bpf_map_update_elem(outer, &zero, &fd, 0))
		die("cannot make blocks");
	at = mmap(NULL, (size_t)blocks * TABLE_BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("cannot map blocks");
	close(fd);
	return at;
}

/* Batches, and singles where a batch stops early. */
static void fill(int fd, void *keys, size_t key_size, uint32_t *values, size_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (size_t done = 0; done < count;) {
		uint32_t some = (uint32_t)(count - done > 65536 ? 65536 : count - done);

		if (bpf_map_update_batch(fd, (char *)keys + done * key_size, values + done, &some,
					 &options)) {
			if (bpf_map_update_elem(fd, (char *)keys + (done + some) * key_size,
						values + done + some, 0))
				die("cannot fill a map");
			some++;
		}
		done += some;
	}
}

static struct built build_chunks(struct table_bench *bench, const struct world *world)
{
	struct compile_list list = { "bench", 1, false, &world->list };
	struct table_image image;
	struct fault fault;
	double began = now_ms();
	void *at;

	if (table_compile(&world->countries, &list, 1, 1, &image, &fault))
		die("cannot compile");
	at = make_blocks(bpf_map__fd(bench->maps.chunks), (size_t)image.blocks * TABLE_BLOCK);
	memcpy(at, image.data, (size_t)image.blocks * TABLE_BLOCK);
	table_image_free(&image);
	return (struct built){ now_ms() - began,
			       world->image.blocks * (double)TABLE_BLOCK / (1 << 20) };
}

struct key4 {
	uint32_t length, address;
};

struct key6 {
	uint32_t length, word[4];
};

/* What a design of prefixes holds: those of the countries, then those of the list with the country
 * that they lie in. Longest first is the look-up's business. */
struct prefixes {
	const struct world *world;
	struct key4 *keys4; /* host order */
	struct key6 *keys6;
	uint32_t *values4, *values6;
	size_t count4, count6;
	bool list;
};

static int add_prefix(const struct prefix *prefix, uint32_t value, void *context)
{
	struct prefixes *all = context;
	struct lookup lookup = { .country = (uint16_t)value };

	if (all->list)
		lookup = table_image_find(&all->world->image, &prefix->address, 1);
	if (prefix_is4(prefix)) {
		all->keys4[all->count4].length = prefix->length - 96;
		all->keys4[all->count4].address = address_to4(&prefix->address);
		all->values4[all->count4++] = palette_of(all->world, lookup);
	} else {
		all->keys6[all->count6].length = prefix->length;
		memcpy(all->keys6[all->count6].word, prefix->address.byte, 16);
		all->values6[all->count6++] = palette_of(all->world, lookup);
	}
	return 0;
}

static void make_prefixes(const struct world *world, struct prefixes *all)
{
	size_t room =
		ranges_count_prefixes(&world->countries) + ranges_count_prefixes(&world->list);

	all->world = world;
	all->keys4 = calloc(room, sizeof(*all->keys4));
	all->keys6 = calloc(room, sizeof(*all->keys6));
	all->values4 = calloc(room, sizeof(uint32_t));
	all->values6 = calloc(room, sizeof(uint32_t));
	ranges_each_prefix(&world->countries, add_prefix, all);
	all->list = true;
	ranges_each_prefix(&world->list, add_prefix, all);
}

static int remake(struct bpf_map *map, const char *name, enum bpf_map_type type, uint32_t flags,
		  size_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(type, name, bpf_map__key_size(map), 4, (uint32_t)count, &options);

	if (fd < 0 || bpf_map__reuse_fd(map, fd))
		die("cannot make a map");
	close(fd);
	return bpf_map__fd(map);
}

static struct built build_hash(struct table_bench *bench, const struct prefixes *all,
			       const struct key4 *longer, uint32_t *values, size_t count)
{
	double began = now_ms();
	uint16_t *leaves = make_blocks(bpf_map__fd(bench->maps.top24), 2UL << 24);
	uint32_t unknown = palette_of(all->world, (struct lookup){ .country = COUNTRY_ZZ });

	for (size_t i = 0; i < 1 << 24; i++)
		leaves[i] = (uint16_t)unknown;
	for (size_t i = 0; i < all->count4; i++) /* countries do not overlap */
		for (uint32_t at = 0;
		     all->keys4[i].length <= 24 && at < 1U << (24 - all->keys4[i].length); at++)
			leaves[(all->keys4[i].address >> 8) + at] = (uint16_t)all->values4[i];
	for (size_t i = 0; i < count; i++)
		leaves[longer[i].address >> 8] |= DEEPER16;
	fill(bpf_map__fd(bench->maps.longer), (void *)(uintptr_t)longer, sizeof(*longer), values,
	     count);
	return (struct built){ now_ms() - began, 32 + hash_mib(count) };
}

/* Which /24 has more than one leaf; the leaf of the others. */
static void index24(const struct world *world, uint16_t *leaves, uint8_t *finer)
{
	for (size_t i = 0; i < world->count4; i++) {
		uint32_t first = world->first4[i], last = last4(world, i);

		if (first & 0xff)
			finer[first >> 8] = 1;
		for (uint64_t at = (first + 0xffULL) >> 8; at <= last >> 8; at++)
			leaves[at] = (uint16_t)world->palette4[i];
	}
}

static struct built build_dir(struct table_bench *bench, const struct world *world)
{
	double began = now_ms();
	uint32_t *top = make_blocks(bpf_map__fd(bench->maps.dir24), 4UL << 24);
	uint16_t *leaves = calloc(1 << 24, 2), *below;
	uint8_t *finer = calloc(1, 1 << 24);
	uint32_t groups = 0;

	index24(world, leaves, finer);
	for (size_t i = 0; i < 1 << 24; i++)
		top[i] = finer[i] ? DEEPER32 | groups++ : leaves[i];
	below = make_blocks(bpf_map__fd(bench->maps.below24), (size_t)groups * 512 + 2);
	for (size_t i = 0; i < world->count4; i++) {
		uint64_t last = last4(world, i);

		for (uint64_t at = world->first4[i]; at <= last;) {
			if (!finer[at >> 8]) {
				at = (at | 0xff) + 1;
				continue;
			}
			below[(size_t)(top[at >> 8] & ~DEEPER32) << 8 | (at & 0xff)] =
				(uint16_t)world->palette4[i];
			at++;
		}
	}
	free(leaves);
	free(finer);
	return (struct built){ now_ms() - began, 64 + (double)groups * 512 / (1 << 20) };
}

static struct built build_trie(struct bpf_map *map, void *keys, size_t key_size, uint32_t *values,
			       size_t count)
{
	double began = now_ms(), memory = kernel_mib();

	fill(bpf_map__fd(map), keys, key_size, values, count);
	return (struct built){ now_ms() - began, kernel_mib() - memory };
}

/* ---- measuring ---- */

static void random_keys(uint64_t *keys, const struct world *world, bool six, bool skewed)
{
	uint64_t some[1024];

	for (unsigned i = 0; i < KEYS; i++) {
		uint64_t key = random32();

		if (six) { /* in what is in use: a flood comes from there */
			key = (uint64_t)(world->countries.v6[random_below(world->countries.count6)]
						 .first >>
					 64);
			key |= (uint64_t)random32() & 0xffff;
		}
		if (i < 1024)
			some[i] = key;
		/* nine in ten from a thousand sources, as attackers are */
		keys[i] = skewed && random_below(10) ? some[random_below(1024)] : key;
	}
}

/* Nanoseconds for one look-up, harness and all: the best of some rounds over all keys. */
static double measure(struct table_bench *bench, struct bpf_program *program, uint64_t *sum)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = REPEAT);
	double best = 1e9;

	for (unsigned round = 0; round < ROUNDS; round++) {
		bench->bss->cursor = 0;
		bench->bss->sum = 0;
		if (bpf_prog_test_run_opts(bpf_program__fd(program), &options))
			die("cannot run");
		if (options.duration < best * LOOKUPS)
			best = (double)options.duration / LOOKUPS;
	}
	*sum = bench->bss->sum;
	return best;
}

struct design {
	const char *name;
	struct bpf_program *program;
	struct built built;
};

static bool compare(struct table_bench *bench, const struct world *world, bool six,
		    struct bpf_program *empty, const struct design *designs, size_t count)
{
	double cost[8][2], harness[2];
	uint32_t zero = 0;
	size_t size = KEYS * sizeof(uint64_t);
	bool good = true;
	uint64_t *keys = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      bpf_map__fd(bench->maps.keys), 0);

	(void)zero;
	if (keys == MAP_FAILED)
		die("cannot map the keys");
	for (unsigned skewed = 0; skewed < 2; skewed++) {
		uint64_t expected = 0, sum;

		random_keys(keys, world, six, skewed);
		harness[skewed] = measure(bench, empty, &sum);
		for (size_t i = 0; i < count; i++) {
			cost[i][skewed] =
				measure(bench, designs[i].program, &sum) - harness[skewed];
			if (!i)
				expected = sum;
			if (sum != expected) {
				printf("%s finds something else\n", designs[i].name);
				good = false;
			}
		}
	}
	munmap(keys, size);
	printf("\nIPv%d%35s %8s %10s %10s\n", six ? 6 : 4, "random ns", "skewed ns", "MiB",
	       "build ms");
	for (size_t i = 0; i < count; i++)
		printf("%-30s %9.1f %8.1f %10.0f %10.0f\n", designs[i].name, cost[i][0], cost[i][1],
		       designs[i].built.mib, designs[i].built.ms);
	printf("(a run without a look-up: %.1f and %.1f ns, subtracted)\n", harness[0], harness[1]);
	return good;
}

int main(int argc, char **argv)
{
	char *debian[] = { "/usr/share/tor/geoip", "/usr/share/tor/geoip6" };
	struct world world = { 0 };
	struct table_bench *bench = table_bench__open();
	struct prefixes all = { 0 };
	struct key4 *longer, *network_order;
	uint32_t *longer_values;
	size_t longer_count = 0;
	bool good;

	if (!bench)
		die("cannot open the programs");
	make_world(&world, argc == 3 ? argv + 1 : debian);
	flatten(&world);
	make_prefixes(&world, &all);
	longer = calloc(all.count4, sizeof(*longer));
	longer_values = calloc(all.count4, sizeof(*longer_values));
	for (size_t i = 0; i < all.count4; i++) {
		if (all.keys4[i].length > 24) {
			longer[longer_count] = all.keys4[i];
			longer_values[longer_count++] = all.values4[i];
		}
	}
	remake(bench->maps.trie4, "trie4", BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, all.count4);
	remake(bench->maps.trie6, "trie6", BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, all.count6);
	remake(bench->maps.longer, "longer", BPF_MAP_TYPE_HASH, 0, longer_count);
	if (table_bench__load(bench))
		die("cannot load the programs (root?)");
	printf("IPv4: %zu boundaries, %zu prefixes, %zu of them longer than /24; IPv6: %zu "
	       "prefixes\n",
	       world.count4, all.count4, longer_count, all.count6);
	network_order = calloc(all.count4, sizeof(*network_order));
	for (size_t i = 0; i < all.count4; i++)
		network_order[i] = (struct key4){ all.keys4[i].length,
						  __builtin_bswap32(all.keys4[i].address) };
	struct design designs4[] = {
		{ "sorted chunks (both families)", bench->progs.run_chunks4,
		  build_chunks(bench, &world) },
		{ "/24 index and hash", bench->progs.run_hash4,
		  build_hash(bench, &all, longer, longer_values, longer_count) },
		{ "DIR-24-8", bench->progs.run_dir4, build_dir(bench, &world) },
		{ "LPM trie", bench->progs.run_trie4,
		  build_trie(bench->maps.trie4, network_order, sizeof(*network_order), all.values4,
			     all.count4) },
	};
	struct design designs6[] = {
		{ "sorted chunks", bench->progs.run_chunks6, designs4[0].built },
		{ "LPM trie", bench->progs.run_trie6,
		  build_trie(bench->maps.trie6, all.keys6, sizeof(*all.keys6), all.values6,
			     all.count6) },
	};

	good = compare(bench, &world, false, bench->progs.run_none4, designs4, 4);
	good &= compare(bench, &world, true, bench->progs.run_none6, designs6, 2);
	table_bench__destroy(bench);
	return good ? 0 : 1;
}
