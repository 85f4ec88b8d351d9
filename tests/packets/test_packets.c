// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every packet of cases.txt through every program, by BPF_PROG_TEST_RUN, in both modes. Needs root.
 * Prints TAP. Uses pins of its own, which it removes.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "build.h"
#include "kernel/gate_internal.h"
#include "bans.h"
#include "services.h"
#include "limits.h"
#include "networks.h"
#include "lists/compile.h"

static const struct test_source {
	const char *name, *address4, *address6;
} sources[] = {
	{ "clean", "198.51.100.1", "2001:db8:1::1" },
	{ "banned", "198.51.100.2", "2001:db8:2::1" },
	{ "near", "203.0.113.77", "2001:db8:3:4::1" },
	{ "listed", "192.0.2.5", "2001:db8:4::1" },
	{ "friend", "192.0.2.66", "2001:db8:4:5::1" },
	{ "foreign", "198.18.0.9", "2001:db8:6::1" },
	{ "ended", "198.51.100.3", "2001:db8:7::1" },
	{ "mapped", "198.51.100.2", "::ffff:198.51.100.2" },
	{ "unmapped", "198.51.100.1", "::ffff:198.51.100.1" },
};

#define SOURCES (sizeof(sources) / sizeof(*sources))

static const struct {
	const char *name;
	enum gate_program program;
	int drop, pass; /* what it returns */
} programs[] = {
	{ "xdp", PROGRAM_XDP, 1, 2 },
	{ "tc", PROGRAM_TC, 2, -1 },
};

#define PROGRAMS (sizeof(programs) / sizeof(*programs))

static unsigned tests, failures;

static void report(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
	failures += !good;
}

static char pins[64];

static void remove_pins(void)
{
	struct fault fault;

	gate_unload(pins, &fault);
}

static void die(const struct fault *fault)
{
	printf("Bail out! %s\n", fault->text);
	exit(1);
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, strlen(text), &prefix))
		abort();
	return prefix;
}

static void add_ban(struct gate *gate, const char *text, uint64_t expires_ns)
{
	struct prefix prefix = prefix_of(text);
	struct ban ban = { .expires_ns = { expires_ns, expires_ns } };
	struct fault fault;

	if (gate_ban_put(gate, &prefix, &ban, &fault))
		die(&fault);
}

static void add_bans(struct gate *gate)
{
	uint64_t later = clock_boot_ns() + 3600ULL * NS_PER_S;

	add_ban(gate, "198.51.100.2", later);
	add_ban(gate, "2001:db8:2::/64", later);
	add_ban(gate, "203.0.113.0/25", later);
	add_ban(gate, "2001:db8:3::/48", later);
	add_ban(gate, "192.0.2.66", later);
	add_ban(gate, "2001:db8:4:5::/64", later);
	add_ban(gate, "198.51.100.3", clock_boot_ns() - 1);
	add_ban(gate, "2001:db8:7::/64", clock_boot_ns() - 1);
}

static void fill(struct ranges *ranges, const char *a, const char *b, uint32_t value)
{
	struct prefix one = prefix_of(a), two = prefix_of(b);

	if (ranges_add_prefix(ranges, &one, value) || ranges_add_prefix(ranges, &two, value) ||
	    ranges_normalise(ranges))
		abort();
}

static void publish_table(struct gate *gate)
{
	_cleanup_(ranges_free) struct ranges deny = { 0 }, allow = { 0 }, countries = { 0 };
	struct compile_list lists[] = { { "deny", 1, false, &deny, 0 },
					{ "allow", 2, true, &allow, 0 } };
	struct table_image image;
	struct gate_table *table;
	struct fault fault;

	fill(&deny, "192.0.2.0/24", "2001:db8:4::/48", 0);
	fill(&deny, "198.18.5.0/24", "2001:db8:6:5::/64", 0);
	fill(&allow, "192.0.2.66/32", "2001:db8:4:5::1/128", 0);
	fill(&countries, "198.18.0.0/15", "2001:db8:6::/48", (uint32_t)country_from_text("AQ", 2));
	if (table_compile(&countries, lists, 2, 1, &image, &fault) ||
	    gate_table_prepare(&image, &table, &fault) || gate_table_publish(gate, table, &fault))
		die(&fault);
	gate_table_free(table);
	table_image_free(&image);
}

static void publish_policy(struct gate *gate, enum gate_mode mode)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	struct fault fault;

	policy->mode = mode;
	policy->service_count = 2;
	policy->port_service[25] = 1;
	policy->port_service[587] = 2 | PORT_LOGIN;
	policy->country_class[2][country_from_text("AQ", 2)] = CLASS_DENY;
	policy->country_class[1][COUNTRY_XA] = CLASS_UNNAMED;
	policy->country_class[2][COUNTRY_XA] = CLASS_DENY;
	policy->country_class[1][COUNTRY_XA + 1] = CLASS_UNNAMED;
	policy->country_class[2][COUNTRY_XA + 1] = CLASS_UNNAMED;
	if (gate_policy_publish(gate, policy, &fault))
		die(&fault);
	free(policy);
}

/* What program `which` says to the packet; INT_MIN when the kernel would not run it. */
static int run(struct gate *gate, size_t which, const struct built_packet *packet)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	const uint8_t *bytes = packet->bytes;
	uint8_t padded[4096] = { 0 };
	size_t size = packet->size;

	memcpy(padded, bytes, size);
	/* 14 bytes are the least that a test run accepts. */
	options.data_in = padded;
	options.data_size_in = (__u32)(size < 14 ? 14 : size);
	options.repeat = 1;
	if (bpf_prog_test_run_opts(gate_program_fd(gate, programs[which].program), &options)) {
		printf("# %s: the kernel would not run it: %s\n", programs[which].name,
		       strerror(errno));
		return -99;
	}
	return (int)options.retval;
}

/* The packet through every program that can be asked; all must agree. */
static bool send(struct gate *gate, const char *words, const struct address *four,
		 const struct address *six, bool drop)
{
	struct built_packet packet;
	char word[64];
	bool good = true;

	if (packet_build(words, four, six, &packet, word)) {
		printf("# unknown word '%s'\n", word);
		return false;
	}
	for (size_t i = 0; i < PROGRAMS; i++) {
		int wanted = drop ? programs[i].drop : programs[i].pass;
		int got;

		/* Newer kernels make no skb for a test run whose IP header is cut. */
		if (programs[i].program == PROGRAM_TC && packet.ip &&
		    packet.size < packet.ip + (packet.is4 ? 20 : 40))
			continue;
		got = run(gate, i, &packet);
		if (got == wanted)
			continue;
		printf("# %s: got %d, wanted %d\n", programs[i].name, got, wanted);
		good = false;
	}
	return good;
}

static bool check_one(struct gate *gate, enum gate_mode mode, const struct test_source *source,
		      const char *words, bool drop)
{
	struct address four, six;
	bool good;

	address_parse(source->address4, strlen(source->address4), &four);
	address_parse(source->address6, strlen(source->address6), &six);
	good = send(gate, words, &four, &six, drop && mode == GATE_ENFORCE);
	if (!good)
		printf("# from %s, in %s mode\n", source->name,
		       mode == GATE_ENFORCE ? "enforce" : "monitor");
	return good;
}

/* `wishes`: "clean=pass banned=drop". */
static bool check_case(struct gate *gate, enum gate_mode mode, const char *words,
		       const char *wishes)
{
	bool good = true;
	size_t used = 0;

	for (size_t i = 0; i < SOURCES; i++) {
		char wish[64];
		const char *at;

		snprintf(wish, sizeof(wish), "%s=", sources[i].name);
		at = strstr(wishes, wish);
		if (!at || (at > wishes && at[-1] != ' '))
			continue;
		at += strlen(wish);
		if (strncmp(at, "pass", 4) && strncmp(at, "drop", 4))
			return false;
		good &= check_one(gate, mode, &sources[i], words, *at == 'd');
		used++;
	}
	return good && used;
}

static char *trim(char *text)
{
	text += strspn(text, " ");
	text[strcspn(text, "\n")] = '\0';
	for (size_t size = strlen(text); size && text[size - 1] == ' '; size--)
		text[size - 1] = '\0';
	return text;
}

static void run_cases(struct gate *gate, enum gate_mode mode, FILE *file)
{
	char line[1024], claim[300];

	publish_policy(gate, mode);
	while (fgets(line, sizeof(line), file)) {
		char *rest = line, *name, *words, *wishes;

		if (*line == '#' || *line == '\n')
			continue;
		name = strsep(&rest, "|");
		words = strsep(&rest, "|");
		wishes = strsep(&rest, "|");
		if (!words || !wishes) {
			report(false, trim(name));
			continue;
		}
		snprintf(claim, sizeof(claim), "%s%s", trim(name),
			 mode == GATE_MONITOR ? " (monitor passes)" : "");
		report(check_case(gate, mode, trim(words), trim(wishes)), claim);
	}
}

/* Each kind of counter moves by exactly what was sent. */
static void test_counters(struct gate *gate)
{
	struct gate_counts *before = malloc(sizeof(*before)), *after = malloc(sizeof(*after));
	struct fault fault;
	struct prefix banned = prefix_of("198.51.100.2");
	struct ban ban0, ban1;
	uint64_t aq = attempts_of(gate, 2, "AQ");

	publish_policy(gate, GATE_ENFORCE);
	if (gate_counts_read(gate, before, &fault) || gate_ban_get(gate, &banned, &ban0, &fault))
		die(&fault);
	check_one(gate, GATE_ENFORCE, &sources[1], "eth ip4 tcp:25:S", true);
	check_one(gate, GATE_ENFORCE, &sources[1], "eth ip4 tcp:25:A", true);
	check_one(gate, GATE_ENFORCE, &sources[3], "eth ip6 tcp:587:S", true);
	check_one(gate, GATE_ENFORCE, &sources[4], "eth ip4 tcp:25:S", false);
	check_one(gate, GATE_ENFORCE, &sources[5], "eth ip4 tcp:587:S", true);
	if (gate_counts_read(gate, after, &fault) || gate_ban_get(gate, &banned, &ban1, &fault))
		die(&fault);
#define MOVED(member) (after->member - before->member)
	report(MOVED(reasons[1][REASON_BANNED][GATE_ENFORCE].packets) == 2 * PROGRAMS &&
		       MOVED(reasons[1][REASON_BANNED][GATE_ENFORCE].attempts) == PROGRAMS,
	       "a banned source's packets and attempts are counted by service and reason");
	report(ban1.packets - ban0.packets == 2 * PROGRAMS &&
		       ban1.attempts - ban0.attempts == PROGRAMS && ban1.last &&
		       ban1.last >= ban0.last,
	       "the ban itself counts what it dropped");
	report(MOVED(lists[1].packets) == PROGRAMS && MOVED(lists[2].packets) == PROGRAMS,
	       "each list counts its hits, deny and allow");
	report(MOVED(reasons[2][REASON_LISTED][GATE_ENFORCE].packets) == PROGRAMS &&
		       MOVED(reasons[2][REASON_COUNTRY][GATE_ENFORCE].packets) == PROGRAMS,
	       "listed and country have counters of their own");
	report(attempts_of(gate, 2, "AQ") - aq == PROGRAMS,
	       "attempts are counted by service and country");
	report(!MOVED(reasons[1][REASON_BANNED][GATE_MONITOR].packets),
	       "what was dropped is not counted as what would have been");
	free(before);
	free(after);
}

int main(int argc, char **argv)
{
	struct gate_load_options options = { .ban_size = 65536 };
	struct gate *gate;
	struct fault fault;
	FILE *file;
	enum gate_start start;

	if (argc != 2)
		return 2;
	snprintf(pins, sizeof(pins), "/sys/fs/bpf/sekisho-packets-%d", (int)getpid());
	options.pins = pins;
	atexit(remove_pins);
	file = fopen(argv[1], "re");
	if (!file || gate_load(&options, &gate, &start, &fault)) {
		printf("Bail out! %s\n", file ? fault.text : argv[1]);
		return 1;
	}
	add_bans(gate);
	publish_table(gate);
	run_cases(gate, GATE_ENFORCE, file);
	rewind(file);
	run_cases(gate, GATE_MONITOR, file);
	test_counters(gate);
	publish_policy(gate, GATE_ENFORCE);
	test_bans(gate, send, report);
	test_services(gate, send, report);
	publish_table(gate);
	test_limits(gate, send, PROGRAMS, report);
	test_networks(gate, send, PROGRAMS, report);
	printf("1..%u\n", tests);
	fclose(file);
	gate_close(gate);
	return failures != 0;
}
