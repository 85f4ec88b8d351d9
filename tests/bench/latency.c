// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a log line to the packet that is dropped: writes the line that completes a ban, sends SYNs
 * of its source to a closed port behind the gate, and takes the first that gets no answer. Runs in
 * the client's network. Not here: the networks and the daemon (tests/bench/latency).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROBE_EVERY_NS 50000ULL	  /* what the figures are exact to */
#define SILENCE_NS     3000000ULL /* without an answer: the source is out */
#define GIVE_UP_NS     1000000000ULL
#define PROBES_MAX     (1U << 24)
#define FAILURES       5	   /* of source-failures, its default */
#define SERVER	       0xc0000201U /* 192.0.2.1 */
#define CONTROL	       0xcb0071c8U /* 203.0.113.200, whom nobody bans */

struct probe {
	struct ether_header link;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

struct bench {
	int socket, log;
	struct probe probe;
	uint64_t sent_ns[PROBES_MAX]; /* by number */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int open_device(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_IP),
				       .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IP));
	int one = 1;

	if (fd < 0 || !address.sll_ifindex || bind(fd, (void *)&address, sizeof(address))) {
		fprintf(stderr, "cannot open the device %s: %s\n", name, strerror(errno));
		exit(1);
	}
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	return fd;
}

static uint32_t sum16(const void *data, size_t size, uint32_t sum)
{
	const unsigned char *at = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

static void prepare(struct probe *probe, uint32_t source)
{
	static const unsigned char to[] = { 2, 0, 0, 0, 0, 1 }, from[] = { 2, 0, 0, 0, 0, 0xfe };

	*probe = (struct probe){
		.link.ether_type = htons(ETHERTYPE_IP),
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(probe->ip) + sizeof(probe->tcp)),
			.ttl = 64,
			.protocol = IPPROTO_TCP,
			.saddr = htonl(source),
			.daddr = htonl(SERVER) },
		.tcp = { .source = htons(40000),
			 .dest = htons(587),
			 .doff = 5,
			 .syn = 1,
			 .window = htons(1024) },
	};
	memcpy(probe->link.ether_dhost, to, sizeof(to));
	memcpy(probe->link.ether_shost, from, sizeof(from));
	probe->ip.check = fold(sum16(&probe->ip, sizeof(probe->ip), 0));
}

/*
 * The number of the probe is its sequence number: the answer carries it, plus one. After each goes
 * one of a source that nobody bans: packets of one device keep their order, so once that is
 * answered and the probe is not, the probe was dropped, however busy the machine is.
 */
static void send_probe(struct bench *bench, uint32_t source, uint32_t number)
{
	struct probe *probe = &bench->probe;
	uint32_t sum;

	prepare(probe, source);
	probe->tcp.seq = htonl(number);
	sum = sum16(&probe->ip.saddr, 8, IPPROTO_TCP + sizeof(probe->tcp));
	probe->tcp.check = fold(sum16(&probe->tcp, sizeof(probe->tcp), sum));
	(void)!send(bench->socket, probe, sizeof(*probe), 0);
}

static void send_pair(struct bench *bench, uint32_t source, uint32_t number)
{
	bench->sent_ns[number] = now_ns();
	send_probe(bench, source, number);
	send_probe(bench, CONTROL, number);
}

/* The highest probes that were answered so far. */
struct answered {
	int64_t source, control;
};

static void take_answers(struct bench *bench, uint32_t source, struct answered *answered)
{
	struct probe answer;

	while (recv(bench->socket, &answer, sizeof(answer), 0) >= (ssize_t)sizeof(answer)) {
		int64_t number = (int64_t)ntohl(answer.tcp.ack_seq) - 1;

		if (!answer.tcp.rst)
			continue;
		if (answer.ip.daddr == htonl(CONTROL) && number > answered->control)
			answered->control = number;
		if (answer.ip.daddr == htonl(source) && number > answered->source)
			answered->source = number;
	}
}

static void write_lines(struct bench *bench, uint32_t source, int count)
{
	struct in_addr address = { htonl(source) };
	char text[200 * FAILURES], stamp[32];
	time_t wall = time(NULL);
	size_t used = 0;

	strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", localtime(&wall));
	for (int i = 0; i < count; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used,
			"%s mx postfix/smtpd[%d]: warning: unknown[%s]: SASL LOGIN "
			"authentication failed: UGFzc3dvcmQ6\n",
			stamp, rand() % 30000, inet_ntoa(address));
	if (write(bench->log, text, used) != (ssize_t)used) {
		fprintf(stderr, "cannot write to the log: %s\n", strerror(errno));
		exit(1);
	}
}

static void pause_ns(long ns)
{
	struct timespec pause = { .tv_nsec = ns };

	nanosleep(&pause, NULL);
}

/* Nanoseconds, or 0: it was never dropped, or not even let through before. */
static uint64_t measure(struct bench *bench, uint32_t source, uint32_t *number)
{
	struct answered answered = { -1, -1 };
	uint64_t begin, next = now_ns() + GIVE_UP_NS;
	uint32_t first = *number;

	write_lines(bench, source, FAILURES - 1);
	send_pair(bench, source, (*number)++);
	while (answered.control < first && now_ns() < next)
		take_answers(bench, source, &answered);
	pause_ns(1000000); /* the daemon sleeps again */
	if (answered.source < first)
		return 0;
	write_lines(bench, source, 1);
	begin = next = now_ns();
	while (answered.control <= answered.source && next < begin + GIVE_UP_NS) {
		if (now_ns() >= next) {
			send_pair(bench, source, (*number)++);
			next += PROBE_EVERY_NS;
		}
		take_answers(bench, source, &answered);
		pause_ns(5000);
	}
	if (answered.control <= answered.source)
		return 0;
	next = bench->sent_ns[answered.source + 1];
	return next > begin ? next - begin : 1;
}

static int compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static double at_share(const uint64_t *took, size_t count, double share)
{
	size_t at = (size_t)((double)count * share);

	return count ? (double)took[at < count ? at : count - 1] / 1e6 : 0;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	size_t count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0, done = 0;
	uint64_t *took = calloc(count + 1, sizeof(*took));
	uint32_t number = 0;
	FILE *raw = argc == 5 ? fopen(argv[4], "w") : NULL;

	if (!count || count > 60000 || !took || !raw) {
		fprintf(stderr, "usage: %s LOG DEVICE BANS RAW\n", *argv);
		return 2;
	}
	bench.socket = open_device(argv[2]);
	bench.log = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
	for (uint32_t i = 0; i < count; i++) {
		/* One source of each /24: the rule for networks has no part in this. */
		uint64_t ns = number + GIVE_UP_NS / PROBE_EVERY_NS + 2 < PROBES_MAX
				      ? measure(&bench, (11U << 24 | 5) + (i << 8), &number)
				      : 0;

		took[done] = ns;
		done += ns != 0;
		fprintf(raw, "%s%" PRIu64, i ? "," : "{\"unit\":\"ns\",\"took\":[", ns);
	}
	fputs("]}\n", raw);
	fclose(raw);
	qsort(took, done, sizeof(*took), compare);
	printf("{\"bans\":%zu,\"dropped\":%zu,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"exact_to_ms\":%.3f}\n",
	       count, done, at_share(took, done, 0.5), at_share(took, done, 0.9),
	       at_share(took, done, 0.99), at_share(took, done, 1), (double)PROBE_EVERY_NS / 1e6);
	free(took);
	return done != count;
}
