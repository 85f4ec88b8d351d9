// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the gate costs for a packet, by BPF_PROG_TEST_RUN over a gate full of everything: the same
 * packet again and again, and one of another source each time; an empty program run the same way is
 * subtracted. Checks that each packet was judged, and counted, as it says. Prints JSON. Needs root.
 *
 *   cost [list=N] [bans=N] [sources=N] [set=N] [repeat=N] [rounds=N] [only=TEXT]
 *        [countries=FILE,FILE6] [forget=1] [watch=1]
 *
 * watch=1: one watches, who is told of 500 verdicts a second and misses all others.
 * forget=1 takes the bans out again before anything is sent: then it must fail.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../packets/build.h"
#include "base/time.h"
#include "kernel/verdicts.h"
#include "cost.h"
#include "cost.skel.h"

#define ROUNDS_MAX 64

/* What is sent, from whom, and what must become of it. */
static const struct cost_case {
	const char *name, *packet4, *packet6; /* in the words of tests/packets/cases.txt */
	enum world_region region;
	enum reason reason; /* REASON_NONE: passes */
	uint16_t flags;
} cases[] = {
#define NO_ATTEMPT 1 /* is not counted as an attempt */
	{ "no TCP", "eth ip4:proto=17 udp:25", "eth ip6 udp:25", WORLD_CLEAN, REASON_NONE,
	  NO_ATTEMPT },
	{ "no mail port", "eth ip4 tcp:443:A", "eth ip6 tcp:443:A", WORLD_CLEAN, REASON_NONE,
	  NO_ATTEMPT },
	{ "mail data, clean", "eth ip4 tcp:25:PA", "eth ip6 tcp:25:PA", WORLD_CLEAN, REASON_NONE,
	  NO_ATTEMPT },
	{ "mail data, banned", "eth ip4 tcp:25:PA", "eth ip6 tcp:25:PA", WORLD_BANNED,
	  REASON_BANNED, NO_ATTEMPT },
	{ "SYN, unknown source", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_CLEAN, REASON_NONE,
	  0 },
	{ "SYN, known source", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_KNOWN, REASON_NONE,
	  0 },
	{ "SYN, banned", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_BANNED, REASON_BANNED, 0 },
	{ "SYN, listed", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_LISTED, REASON_LISTED, 0 },
	{ "SYN, country", "eth ip4 tcp:587:S", "eth ip6 tcp:587:S", WORLD_CLEAN, REASON_COUNTRY,
	  0 },
	{ "SYN, source-connections", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_SOURCE_OPEN,
	  REASON_SOURCE_CONNECTIONS, 0 },
	{ "SYN, network-connections", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_NETWORK_OPEN,
	  REASON_NETWORK_CONNECTIONS, 0 },
	{ "SYN, source-rate", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_SOURCE_RATE,
	  REASON_SOURCE_RATE, 0 },
	{ "SYN, network-rate", "eth ip4 tcp:25:S", "eth ip6 tcp:25:S", WORLD_NETWORK_RATE,
	  REASON_NETWORK_RATE, 0 },
	{ "SYN, country-rate", "eth ip4 tcp:143:S", "eth ip6 tcp:143:S", WORLD_CLEAN,
	  REASON_COUNTRY_RATE, 0 },
	{ "unreadable", "eth ip4:frag=2000 tcp:25:S:8", "eth ip6 frag:0:1 tcp:25:S:8", WORLD_CLEAN,
	  REASON_UNREADABLE, NO_ATTEMPT },
};

#define CASES (sizeof(cases) / sizeof(*cases))

struct bench {
	struct gate *gate;
	struct cost_bpf *skeleton; /* of one family */
	struct cost_sizes sizes;
	uint32_t repeat, rounds, forget, watch;
	const char *only;
	bool first; /* nothing is printed yet */
};

static char pins[64];		 /* outlives main(), for unload() */
static struct verdicts *watcher; /* NULL: nobody watches */

static void unload(void)
{
	struct fault fault;

	gate_unload(pins, &fault);
}

/* Nanoseconds a run; ends the program when it returns something else than `expected`. */
static double run(int program, const struct built_packet *packet, uint32_t repeat, int expected,
		  const char *what)
{
	uint8_t in[4096];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in,
		    .data_size_in = (__u32)(packet->size < 64 ? 64 : packet->size),
		    .repeat = (int)repeat);

	memset(in, 0, sizeof(in));
	memcpy(in, packet->bytes, packet->size);
	if (watcher && !verdicts_go_on(watcher, clock_boot_ns()))
		cost_die(what, "nobody watches any more");
	if (bpf_prog_test_run_opts(program, &options))
		cost_die(what, strerror(errno));
	if ((int)options.retval != expected)
		cost_die(what, "was not judged as it should be");
	return options.duration;
}

/* How often the gate counted what this case is counted as. */
static uint64_t counted(struct gate *gate, const struct cost_case *one)
{
	struct gate_counts *counts = malloc(sizeof(*counts));
	uint64_t sum = 0;
	struct fault fault;

	if (!counts || gate_counts_read(gate, counts, &fault))
		cost_die("counters", counts ? fault.text : "out of memory");
	for (int service = 0; service < SERVICE_MAX; service++) {
		sum += counts->reasons[service][one->reason][GATE_ENFORCE].packets;
		for (int country = 0; country < COUNTRY_COUNT && !one->reason; country++)
			sum += counts->countries[service][country].attempts;
	}
	free(counts);
	return sum;
}

static size_t region_used(const struct bench *bench, enum world_region region)
{
	if (region == WORLD_BANNED)
		return bench->sizes.bans;
	if (region == WORLD_LISTED)
		return bench->sizes.list;
	if (region == WORLD_KNOWN)
		return bench->sizes.sources;
	return bench->sizes.set;
}

/* Sources spread over all that the region has in the tables. */
static void put_addresses(struct bench *bench, enum world_region region, bool is4)
{
	size_t used = region_used(bench, region) / (is4 ? 1 : 10), set = bench->sizes.set;
	size_t size = set * sizeof(struct address);
	struct address *all;

	if (region < WORLD_BANNED)
		used = set;
	all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   bpf_map__fd(bench->skeleton->maps.addresses), 0);
	if (all == MAP_FAILED)
		cost_die("addresses", strerror(errno));
	for (size_t i = 0; i < set; i++)
		all[i] = world_address(region, is4,
				       used > set ? (size_t)((u128)i * used / set) : i % used);
	munmap(all, size);
}

struct hook {
	const char *name;
	enum gate_program gate;
	struct bpf_program *vary, *empty;
	struct bpf_map *next;
	int drop, pass;
};

static void go_on_into(const struct hook *hook, int program)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(hook->next), &zero, &program, BPF_ANY))
		cost_die("tail call", strerror(errno));
}

static void print_rounds(const char *name, const double *values, uint32_t count)
{
	printf(",\"%s\":[", name);
	for (uint32_t i = 0; i < count; i++)
		printf("%s%.1f", i ? "," : "", values[i]);
	printf("]");
}

static void measure(struct bench *bench, const struct cost_case *one, const struct hook *hook,
		    const struct built_packet *packet)
{
	int gate = gate_program_fd(bench->gate, hook->gate);
	int vary = bpf_program__fd(hook->vary), empty = bpf_program__fd(hook->empty);
	int expected = one->reason ? hook->drop : hook->pass;
	double same[ROUNDS_MAX], many[ROUNDS_MAX], base_same[ROUNDS_MAX], base_many[ROUNDS_MAX];
	uint64_t before = counted(bench->gate, one), runs = 0, moved;

	for (uint32_t i = 0; i < bench->rounds; i++) {
		base_same[i] = run(empty, packet, bench->repeat, hook->pass, "empty");
		same[i] = run(gate, packet, bench->repeat, expected, one->name) - base_same[i];
		go_on_into(hook, empty);
		base_many[i] = run(vary, packet, bench->repeat, hook->pass, "empty");
		go_on_into(hook, gate);
		many[i] = run(vary, packet, bench->repeat, expected, one->name) - base_many[i];
		runs += 2ULL * bench->repeat;
	}
	moved = counted(bench->gate, one) - before;
	if (moved != (one->flags & NO_ATTEMPT && !one->reason ? 0 : runs))
		cost_die(one->name, "was not counted as often as it was sent");
	printf("%s{\"name\":\"%s\",\"family\":%d,\"hook\":\"%s\",\"reason\":\"%s\",\"runs\":"
	       "%" PRIu64 ",\"counted\":%" PRIu64,
	       bench->first ? "" : ",\n", one->name, packet->is4 ? 4 : 6, hook->name,
	       reason_name(one->reason), runs, moved);
	print_rounds("same_ns", same, bench->rounds);
	print_rounds("many_ns", many, bench->rounds);
	print_rounds("empty_same_ns", base_same, bench->rounds);
	print_rounds("empty_many_ns", base_many, bench->rounds);
	printf("}");
	bench->first = false;
}

static void measure_family(struct bench *bench, bool is4)
{
	struct cost_bpf *skeleton = cost_bpf__open();
	struct built_packet packet;
	struct address source;
	char word[64];

	if (!skeleton)
		cost_die("programs", strerror(errno));
	skeleton->rodata->is6 = !is4;
	skeleton->rodata->count = bench->sizes.set;
	bpf_map__set_max_entries(skeleton->maps.addresses, bench->sizes.set);
	if (cost_bpf__load(skeleton))
		cost_die("programs", "the kernel would not load them");
	bench->skeleton = skeleton;
	const struct hook hooks[] = {
		{ "xdp", PROGRAM_XDP, skeleton->progs.vary_xdp, skeleton->progs.empty_xdp,
		  skeleton->maps.next_xdp, 1, 2 },
		{ "tc", PROGRAM_TC, skeleton->progs.vary_tc, skeleton->progs.empty_tc,
		  skeleton->maps.next_tc, 2, -1 },
	};

	for (size_t i = 0; i < CASES; i++) {
		const struct cost_case *one = &cases[i];

		if ((bench->only && !strstr(one->name, bench->only)) ||
		    region_used(bench, one->region) < 10)
			continue;
		source = world_address(one->region, is4, 0);
		if (packet_build(is4 ? one->packet4 : one->packet6, &source, &source, &packet,
				 word))
			cost_die("unknown word", word);
		packet.is4 = is4;
		put_addresses(bench, one->region, is4);
		measure(bench, one, &hooks[0], &packet);
		measure(bench, one, &hooks[1], &packet);
	}
	cost_bpf__destroy(skeleton);
}

static void print_instructions(struct gate *gate)
{
	static const struct {
		const char *name;
		enum gate_program program;
	} programs[] = { { "gate_xdp", PROGRAM_XDP },
			 { "gate_tc", PROGRAM_TC },
			 { "gate_counter", PROGRAM_COUNTER },
			 { "outflow_tc", PROGRAM_OUTFLOW } };

	printf("\"instructions\":{");
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(gate_program_fd(gate, programs[i].program), &info,
					   &size))
			cost_die(programs[i].name, strerror(errno));
		printf("%s\"%s\":{\"translated\":%u,\"jited_bytes\":%u}", i ? "," : "",
		       programs[i].name, info.xlated_prog_len / 8, info.jited_prog_len);
	}
	printf("},\n");
}

static void print_filled(struct gate *gate, const struct cost_filled *filled)
{
	struct gate_memory maps[MAP_COUNT];
	struct fault fault;
	int count = gate_memory(gate, maps, MAP_COUNT, &fault);

	printf("\"filled\":{\"countries_ms\":%.2f,\"compile_ms\":%.2f,\"publish_ms\":%.2f,"
	       "\"bans_ms\":%.2f,\"table_bytes\":%" PRIu64 ",\"ranges\":%" PRIu64
	       ",\"prefixes\":%" PRIu64 "},\n\"maps\":{",
	       filled->countries, filled->compile, filled->publish, filled->bans,
	       filled->table_bytes, filled->ranges, filled->prefixes);
	for (int i = 0; i < count; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", maps[i].name, maps[i].bytes);
	printf("},\n");
}

static void read_argument(struct bench *bench, char *argument)
{
	char *value = strchr(argument, '=');
	uint32_t number;

	if (!value)
		cost_die("what is", argument);
	*value++ = '\0';
	number = (uint32_t)strtoul(value, NULL, 10);
	if (!strcmp(argument, "countries")) {
		bench->sizes.countries[0] = strsep(&value, ",");
		bench->sizes.countries[1] = value;
	} else if (!strcmp(argument, "only")) {
		bench->only = value;
	} else if (!strcmp(argument, "forget")) {
		bench->forget = number;
	} else if (!strcmp(argument, "watch")) {
		bench->watch = number;
	} else if (!strcmp(argument, "list")) {
		bench->sizes.list = number;
	} else if (!strcmp(argument, "bans")) {
		bench->sizes.bans = number;
	} else if (!strcmp(argument, "sources")) {
		bench->sizes.sources = number;
	} else if (!strcmp(argument, "set") && number && number <= WORLD_SET) {
		bench->sizes.set = number;
	} else if (!strcmp(argument, "repeat") && number) {
		bench->repeat = number;
	} else if (!strcmp(argument, "rounds") && number && number <= ROUNDS_MAX) {
		bench->rounds = number;
	} else {
		cost_die("what is", argument);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {
		.sizes = { .list = 1000000, .bans = 100000, .sources = 100000, .set = WORLD_SET },
		.repeat = WORLD_SET,
		.rounds = 5,
		.first = true
	};
	struct cost_filled filled;
	struct fault fault;

	for (int i = 1; i < argc; i++)
		read_argument(&bench, argv[i]);
	snprintf(pins, sizeof(pins), "/sys/fs/bpf/sekisho-cost-%d", (int)getpid());
	atexit(unload);
	bench.gate = cost_gate(pins, &bench.sizes, &filled);
	if (bench.forget && gate_ban_sweep(bench.gate, UINT64_MAX, NULL, &fault))
		cost_die("bans", fault.text);
	if (bench.watch) {
		struct watch_filter all = { .services = UINT32_MAX,
					    .reasons = UINT32_MAX,
					    .every_country = 1,
					    .bytes = 1,
					    .most = 67 };

		if (verdicts_begin(bench.gate, &all, clock_boot_ns(), &watcher, &fault))
			cost_die("watch", fault.text);
	}
	printf("{");
	print_instructions(bench.gate);
	print_filled(bench.gate, &filled);
	printf("\"costs\":[\n");
	measure_family(&bench, true);
	measure_family(&bench, false);
	printf("]}\n");
	verdicts_end(watcher);
	gate_close(bench.gate);
	return 0;
}
