// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The outflow breaker's programs by BPF_PROG_TEST_RUN: what is an attempt, whose, how many pass, and
 * what a packet costs that is none. Needs root. Prints TAP. Uses pins of its own, which it removes.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "../packets/build.h"
#include "kernel/gate_internal.h"
#include "kernel/outflow.h"

#define COST_MOST_NS	 15
#define COST_NONE	 1e9
#define COST_ROUNDS	 20
#define COST_ROUNDS_MOST 200
#define COST_REPEAT	 500000

/* Where the built packets go. */
#define TO4  "192.0.2.200"
#define SHOT 2
#define PASS (-1)

static unsigned tests, failures;
static struct gate *gate;

static void report(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
	failures += !good;
}

static void need(int err, const struct fault *fault)
{
	if (!err)
		return;
	printf("Bail out! %s\n", fault->text);
	exit(1);
}

static struct address address_of(const char *text)
{
	struct address address;

	if (address_parse(text, strlen(text), &address))
		abort();
	return address;
}

static void publish(const struct outflow_rules *rules)
{
	struct fault fault;

	need(gate_outflow_publish(gate, rules, &fault), &fault);
}

static struct outflow_prefix prefix_of(const char *text, unsigned length)
{
	struct outflow_prefix prefix = { .address = address_of(text), .length = length };

	memset(&prefix.mask, 0xff, sizeof(prefix.mask));
	prefix.mask = address_mask(&prefix.mask, length);
	prefix.address = address_mask(&prefix.address, length);
	prefix.is4 = address_is4(&prefix.address);
	return prefix;
}

static struct outflow_rules base_rules(void)
{
	return (struct outflow_rules){
		.mode = GATE_ENFORCE,
		.port_count = 3,
		.ports = { 25, 465, 587 },
		.calm_ns = 600 * NS_PER_S,
	};
}

static struct built_packet build(const char *words)
{
	struct address four = address_of("198.51.100.1"), six = address_of("2001:db8:1::1");
	struct built_packet packet;
	char word[64];

	if (packet_build(words, &four, &six, &packet, word)) {
		printf("Bail out! unknown word '%s'\n", word);
		exit(1);
	}
	return packet;
}

/* What a program returns for a packet that came in by `device` (0: made here). */
static int run_program(enum gate_program program, const struct built_packet *packet,
		       unsigned device)
{
	struct __sk_buff context = { .ingress_ifindex = device };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes,
		    .data_size_in = (__u32)packet->size, .repeat = 1, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));

	if (bpf_prog_test_run_opts(gate_program_fd(gate, program), &options)) {
		printf("# the kernel would not run it: %s\n", strerror(errno));
		return -99;
	}
	return (int)options.retval;
}

static int run_packet(const struct built_packet *packet, unsigned device)
{
	return run_program(PROGRAM_OUTFLOW, packet, device);
}

static int run(const char *words, unsigned device)
{
	struct built_packet packet = build(words);

	return run_packet(&packet, device);
}

/* ---- what is an attempt ---- */

static const struct {
	const char *claim, *words;
	int verdict;
} cases[] = {
	{ "a SYN to port 25", "eth ip4 tcp:25:S", SHOT },
	{ "a SYN to port 465", "eth ip4 tcp:465:S", SHOT },
	{ "a SYN to port 587 over IPv6", "eth ip6 tcp:587:S", SHOT },
	{ "a SYN with ECN", "eth ip4 tcp:25:SEW", SHOT },
	{ "a SYN with IPv4 options", "eth ip4:opt=8 tcp:25:S", SHOT },
	{ "a SYN behind one VLAN tag", "eth q:5 ip4 tcp:25:S", SHOT },
	{ "a SYN behind two VLAN tags", "eth ad:5 q:6 ip6 tcp:25:S", SHOT },
	{ "a SYN behind a routing header", "eth ip6 route tcp:25:S", SHOT },
	{ "a SYN behind five extension headers", "eth ip6 hop dest route dest auth tcp:25:S",
	  SHOT },
	{ "a SYN in an atomic fragment", "eth ip6 frag:0:0 tcp:25:S", SHOT },
	{ "a first fragment with the flags", "eth ip4:frag=2000 tcp:25:S", SHOT },
	{ "a first fragment without the flags", "eth ip4:frag=2000 tcp:25:S:8", SHOT },
	{ "a fragment that brings the flags", "eth ip4:frag=0001 bytes:24", SHOT },
	{ "no attempt: a SYN to another port", "eth ip4 tcp:80:S", PASS },
	{ "no attempt: a SYN to another port over IPv6", "eth ip6 tcp:443:S", PASS },
	{ "no attempt: our SYN-ACK", "eth ip4 tcp:25:SA", PASS },
	{ "no attempt: data", "eth ip4 tcp:25:PA", PASS },
	{ "no attempt: data over IPv6", "eth ip6 tcp:25:PA", PASS },
	{ "no attempt: a reset", "eth ip4 tcp:25:R", PASS },
	{ "no attempt: UDP to port 25", "eth ip4:proto=17 udp:25", PASS },
	{ "no attempt: UDP to port 25 over IPv6", "eth ip6 udp:25", PASS },
	{ "no attempt: ARP", "eth arp bytes:28", PASS },
	{ "no attempt: a later fragment", "eth ip4:frag=0010 bytes:24", PASS },
	{ "no attempt: a first fragment to another port", "eth ip4:frag=2000 tcp:80:S:8", PASS },
};

static void test_cases(void)
{
	struct outflow_rules rules = base_rules();

	rules.users_only = 1; /* nobody may send: every attempt is dropped */
	for (int mode = GATE_ENFORCE; mode >= GATE_MONITOR; mode--) {
		rules.mode = (__u32)mode;
		publish(&rules);
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			char claim[128];
			int wanted = mode == GATE_ENFORCE ? cases[i].verdict : PASS;
			int got = run(cases[i].words, 0);

			snprintf(claim, sizeof(claim), "%s%s", cases[i].claim,
				 mode == GATE_ENFORCE ? "" : " (monitor passes)");
			report(got == wanted, claim);
			if (got != wanted)
				printf("# got %d, wanted %d\n", got, wanted);
		}
	}
}

static void test_excepts(void)
{
	struct outflow_rules rules = base_rules();

	rules.users_only = 1;
	rules.except_count = 2;
	rules.excepts[0] = prefix_of("192.0.2.128", 96 + 25);
	rules.excepts[1] = prefix_of("2001:db8::", 32);
	publish(&rules);
	report(run("eth ip4 tcp:25:S", 0) == PASS, "an excepted destination passes");
	report(run("eth ip4:opt=8 tcp:25:S", 0) == SHOT,
	       "options may route on from an excepted destination: not excepted");
	report(run("eth ip6 route tcp:25:S", 0) == SHOT,
	       "nor is what a routing header sends on from there");
	rules.excepts[0] = prefix_of("192.0.2.0", 96 + 25);
	publish(&rules);
	report(run("eth ip4 tcp:25:S", 0) == SHOT, "its neighbour is not excepted");
	rules.excepts[0] = prefix_of("::", 0);
	publish(&rules);
	report(run("eth ip4 tcp:25:S", 0) == SHOT, "all of IPv6 is none of IPv4");
}

/* ---- whose, and how many ---- */

static void set_sequence(struct built_packet *packet, uint32_t sequence)
{
	memcpy(packet->bytes + packet->ip + (packet->is4 ? 20 : 40) + 4, &sequence, 4);
}

/* SYNs of different sequence numbers: a repetition is no attempt. */
static unsigned passed(unsigned attempts, const char *words, unsigned device, uint32_t sequence)
{
	struct built_packet packet = build(words);
	unsigned count = 0;

	for (unsigned i = 0; i < attempts; i++) {
		set_sequence(&packet, sequence + i);
		count += run_packet(&packet, device) == PASS;
	}
	return count;
}

/* The same of a bridge's guest. The port is loopback (1), where packets of a test run come in. */
static unsigned passed_by_port(unsigned attempts, const char *words, unsigned bridge,
			       uint32_t sequence)
{
	struct built_packet packet = build(words);
	unsigned entered = 0;

	for (unsigned i = 0; i < attempts; i++) {
		set_sequence(&packet, sequence + i);
		entered += run_program(PROGRAM_OUTFLOW_PORT, &packet, 0) == PASS;
	}
	return entered == attempts ? passed(attempts, words, bridge, sequence) : 0;
}

static void test_budgets(void)
{
	struct outflow_rules rules = base_rules();

	rules.interval_ns = 3600 * (uint64_t)NS_PER_S;
	rules.burst = 3;
	rules.guest_interval_ns = rules.interval_ns;
	rules.guest_burst = 2;
	publish(&rules);
	report(passed(2, "eth ip4 tcp:25:S", 0, 0) + passed(4, "eth ip6 tcp:587:S", 0, 0) == 3,
	       "this machine's own share one budget over ports and families");
	report(passed(4, "eth ip4 tcp:25:S", 0, 9) == 0, "and it is used up");
	report(passed(4, "eth ip4 tcp:25:S", 7, 100) == 2, "a guest's device has its own budget");
	report(passed(4, "eth ip4 tcp:25:S", 8, 200) == 2, "another guest's device too");
	report(passed(4, "eth ip4 tcp:25:S", 7, 300) == 0, "the first one's is used up");
	rules.guest_count = 1;
	rules.guests[0] = prefix_of("198.51.100.0", 96 + 24);
	publish(&rules);
	report(passed(4, "eth ip4 tcp:25:S", 7, 400) == 2,
	       "a prefix of guests has a budget beside its device's");
	report(passed(1, "eth ip6 tcp:25:S", 7, 500) == 0, "which is still used up");
}

static struct gate_outflow *read_state(void)
{
	struct gate_outflow *outflow;
	struct fault fault;

	need(gate_outflow_read(gate, clock_boot_ns(), &outflow, &fault), &fault);
	return outflow;
}

static struct gate_breaker breaker_of(__u32 origin, __u32 id)
{
	_cleanup_(cleanup_gate_outflow) struct gate_outflow *outflow = read_state();

	for (size_t i = 0; i < outflow->breaker_count; i++)
		if (outflow->breakers[i].key.origin == origin &&
		    outflow->breakers[i].key.id == id && !outflow->breakers[i].key.guest)
			return outflow->breakers[i];
	return (struct gate_breaker){ 0 };
}

static void test_trip(void)
{
	uint64_t now = clock_boot_ns();
	struct fault fault;
	struct gate_breaker before = breaker_of(OUTFLOW_LOCAL, 0), after;

	report(before.tripped && before.state.trips == 1 && before.state.held == 7,
	       "a trip is counted once, and how many were held back");
	report(breaker_of(OUTFLOW_GUEST, 7).state.since_ns !=
		       breaker_of(OUTFLOW_GUEST, 8).state.since_ns,
	       "each breaker trips for itself");
	need(gate_outflow_release(gate, now, now + 3600 * (uint64_t)NS_PER_S, &fault), &fault);
	report(!breaker_of(OUTFLOW_LOCAL, 0).tripped, "a release ends the trip");
	report(passed(50, "eth ip4 tcp:25:S", 0, 1000) == 50, "and nothing is held back");
	need(gate_outflow_release(gate, clock_boot_ns(), clock_boot_ns(), &fault), &fault);
	report(passed(5, "eth ip4 tcp:25:S", 0, 2000) == 0, "armed again, the limit holds");
	after = breaker_of(OUTFLOW_LOCAL, 0);
	report(after.tripped && after.state.trips == 2 && after.state.trip_held == 5,
	       "and a new trip begins");
}

static void test_refusal_outlasts_release(void)
{
	struct outflow_rules rules = base_rules();
	uint64_t now = clock_boot_ns();
	struct fault fault;

	rules.users_only = 1;
	publish(&rules);
	need(gate_outflow_release(gate, now, now + 3600 * (uint64_t)NS_PER_S, &fault), &fault);
	report(run("eth ip4 tcp:25:S", 0) == SHOT, "a release does not let in who may not send");
	report(run("eth ip4 tcp:25:S", 7) == PASS, "users are no matter of guests");
	rules.users[0] = breaker_of(OUTFLOW_REFUSED, 0).key.id;
	rules.user_count = 1;
	publish(&rules);
	report(run("eth ip4 tcp:25:S", 0) == PASS, "a named user may send, root only if named");
	need(gate_outflow_release(gate, now, now, &fault), &fault);
}

static struct gate_outflow_count count_of(__u32 origin, __u32 id, unsigned port)
{
	_cleanup_(cleanup_gate_outflow) struct gate_outflow *outflow = read_state();

	for (size_t i = 0; i < outflow->count_count; i++)
		if (outflow->counts[i].key.origin == origin && outflow->counts[i].key.id == id &&
		    outflow->counts[i].key.port == port)
			return outflow->counts[i];
	return (struct gate_outflow_count){ 0 };
}

static void test_repetitions(void)
{
	struct outflow_rules rules = base_rules();
	struct outflow_count count;
	unsigned again = 0;

	rules.interval_ns = rules.guest_interval_ns = 3600 * (uint64_t)NS_PER_S;
	rules.burst = rules.guest_burst = 1;
	publish(&rules);
	for (int i = 0; i < 5; i++)
		again += passed(1, "eth ip4 tcp:25:S", 20, 90000);
	count = count_of(OUTFLOW_GUEST, 20, 25).count;
	report(again == 5 && count.attempts == 1 && count.again == 4,
	       "a guest's SYN that comes again is the same attempt, and passes as it did");
	for (int i = 0; i < 20; i++)
		again += passed(1, "eth ip4 tcp:25:S", 20, 90000);
	report(again < 12, "but forged repetitions do not pass for ever");
	for (int i = 0; i < 4; i++)
		again += passed(1, "eth ip4 tcp:587:S", 20, 90000);
	count = count_of(OUTFLOW_GUEST, 20, 587).count;
	report(count.attempts == 1 && count.verdicts[OUTFLOW_HELD] == 1 && count.dropped == 1 &&
		       count.again == 3,
	       "one that was held back is held back again, and counted once");
}

static void test_ports(void)
{
	struct outflow_rules rules = base_rules();
	struct built_packet packet = build("eth ip4 tcp:25:S");

	rules.guest_interval_ns = 3600 * (uint64_t)NS_PER_S;
	rules.guest_burst = 2;
	publish(&rules);
	report(passed_by_port(4, "eth ip4 tcp:25:S", 50, 5000) == 2,
	       "a bridge's guest has the budget of its port");
	report(passed(4, "eth ip4 tcp:25:S", 50, 6000) == 2, "and not of its bridge");
	report(passed_by_port(3, "eth ip4 tcp:587:S", 51, 7000) == 0,
	       "which is the same by whatever device the packet goes on");
	report(passed(2, "eth ip4 tcp:25:S", 52, 5002) == 0, "and for a SYN that comes again");
	rules.guest_count = 1;
	rules.guests[0] = prefix_of("198.51.100.0", 96 + 24);
	publish(&rules);
	report(passed_by_port(4, "eth q:5 ip4 tcp:25:S", 50, 8000) == 2,
	       "a prefix of guests has one for each port");
	set_sequence(&packet, 9900);
	run_program(PROGRAM_OUTFLOW_PORT, &packet, 0);
	packet.bytes[packet.ip + 15] ^= 1; /* source address */
	packet.bytes[packet.ip + 21] ^= 1; /* source port */
	run_packet(&packet, 54);
	report(!count_of(OUTFLOW_GUEST, 54, 25).count.attempts,
	       "also where address translation has changed the source");
	report(passed_by_port(4, "eth ip4 tcp:80:S", 50, 9000) == 4 &&
		       passed(4, "eth ip4 tcp:25:S", 53, 9000) == 2,
	       "another port is nothing to the program");
}

static void test_sweep(void)
{
	struct outflow_rules rules = base_rules();
	struct fault fault;

	rules.guest_interval_ns = 3600 * (uint64_t)NS_PER_S;
	rules.guest_burst = 2;
	publish(&rules);
	passed(2, "eth ip4 tcp:25:S", 60, 60000);
	need(gate_outflow_sweep(gate, clock_boot_ns(), 0, &fault), &fault);
	report(passed(2, "eth ip4 tcp:25:S", 60, 61000) == 0,
	       "a sweep does not forget what a guest has spent");
	rules.guest_interval_ns = 1;
	publish(&rules);
	passed(1, "eth ip4 tcp:25:S", 61, 62000);
	need(gate_outflow_sweep(gate, clock_boot_ns(), 0, &fault), &fault);
	report(!breaker_of(OUTFLOW_GUEST, 61).state.attempts,
	       "it forgets who has nothing left to pay");
}

/* Many at once: the sum is exact. */
static void *hammer(void *context)
{
	unsigned *count = context;

	*count = passed(400, "eth ip4 tcp:25:S", 30, *count);
	return NULL;
}

static void test_race(void)
{
	unsigned counts[4] = { 10000, 20000, 30000, 40000 }, sum = 0;
	struct outflow_rules rules = base_rules();
	pthread_t threads[4];

	rules.guest_interval_ns = 3600 * (uint64_t)NS_PER_S;
	rules.guest_burst = 100;
	publish(&rules);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, hammer, &counts[i]))
			abort();
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		sum += counts[i];
	}
	report(sum == 100, "attempts on several CPUs at once do not exceed the limit by one");
	if (sum != 100)
		printf("# %u passed\n", sum);
}

static void test_full(void)
{
	_cleanup_(cleanup_gate_outflow) struct gate_outflow *outflow = NULL;
	struct outflow_rules rules = base_rules();
	unsigned count = 0;

	rules.guest_interval_ns = 3600 * (uint64_t)NS_PER_S;
	rules.guest_burst = 1;
	publish(&rules);
	for (unsigned device = 1000; device < 1000 + 2 * OUTFLOW_BREAKERS; device++)
		count += passed(1, "eth ip4 tcp:25:S", device, device * 1000) == 1;
	outflow = read_state();
	report(outflow->control.breaker_overflows >= OUTFLOW_BREAKERS &&
		       outflow->breaker_count <= OUTFLOW_BREAKERS,
	       "a full table of breakers is counted");
	report(count <= OUTFLOW_BREAKERS, "who finds no room shares one budget");
	report(passed(3, "eth ip4 tcp:25:S", 7, 77) <= 2, "and who has an entry keeps it");
}

static void test_evidence(void)
{
	_cleanup_(cleanup_gate_outflow) struct gate_outflow *outflow = NULL;
	struct address to = address_of(TO4), from = address_of("198.51.100.1");
	const struct outflow_recent *last;

	passed(1, "eth ip4 tcp:465:S", 31, 12345);
	outflow = read_state();
	last = &outflow->recent[outflow->recent_count - 1];
	report(outflow->recent_count == OUTFLOW_RECENT &&
		       !memcmp(&last->destination, &to, sizeof(to)) &&
		       !memcmp(&last->source, &from, sizeof(from)) && last->who.port == 465 &&
		       last->who.origin == OUTFLOW_GUEST && last->who.id == 31,
	       "the last attempts are remembered: who, from where, where to");
}

/* ---- cost ---- */

/* One run's nanoseconds per packet, where that is less than before. */
static void measure(int program, const struct built_packet *packet, double *best)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes,
		    .data_size_in = (__u32)packet->size, .repeat = COST_REPEAT);

	if (!bpf_prog_test_run_opts(program, &options) && options.duration < *best)
		*best = options.duration;
}

static void test_cost(void)
{
	static const char *const words[] = {
		"eth ip4 tcp:25:PA bytes:600",
		"eth ip6 tcp:25:PA bytes:600",
		"eth ip4 tcp:40000:PA bytes:600",
		"eth ip4:proto=17 udp:53 bytes:100",
	};
	/* r0 = -1; exit */
	const struct bpf_insn empty[] = { { .code = 0xb7, .imm = -1 }, { .code = 0x95 } };
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", empty, 2, NULL);
	char claim[160];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct built_packet packet = build(words[i]);
		double base = COST_NONE, full = COST_NONE, port = COST_NONE;

		/* In turns, so that a busy while of the machine is in none of them alone. */
		for (int round = 0; round < COST_ROUNDS_MOST; round++) {
			measure(program, &packet, &base);
			measure(gate_program_fd(gate, PROGRAM_OUTFLOW), &packet, &full);
			measure(gate_program_fd(gate, PROGRAM_OUTFLOW_PORT), &packet, &port);
			if (round + 1 >= COST_ROUNDS && full - base <= COST_MOST_NS &&
			    port - base <= COST_MOST_NS)
				break;
		}
		printf("# %s: %.0f ns, by a bridge's port %.0f ns, an empty program %.0f ns\n",
		       words[i], full, port, base);
		snprintf(claim, sizeof(claim),
			 "a packet that is no attempt costs at most %d ns: %s", COST_MOST_NS,
			 words[i]);
		report(base < COST_NONE && full < COST_NONE && full - base <= COST_MOST_NS, claim);
		snprintf(claim, sizeof(claim), "nor by a bridge's port: %s", words[i]);
		report(base < COST_NONE && port < COST_NONE && port - base <= COST_MOST_NS, claim);
	}
	close(program);
}

int main(int argc, char **argv)
{
	bool measure = argc < 2 || strcmp(argv[1], "--no-cost");
	struct gate_load_options options = { .ban_size = 16 };
	struct fault fault = { 0 };
	char pins[64];
	enum gate_start start;

	snprintf(pins, sizeof(pins), "/sys/fs/bpf/sekisho-outflow-%d", (int)getpid());
	options.pins = pins;
	need(gate_load(&options, &gate, &start, &fault), &fault);
	report(run("eth ip4 tcp:25:S", 0) == PASS, "without rules everything passes");
	test_cases();
	test_excepts();
	test_budgets();
	test_trip();
	test_refusal_outlasts_release();
	test_repetitions();
	test_ports();
	test_sweep();
	test_race();
	if (measure) /* an emulated processor has costs of its own */
		test_cost();
	test_full();
	test_evidence();
	printf("1..%u\n", tests);
	gate_close(gate);
	gate_unload(pins, &fault);
	return failures != 0;
}
