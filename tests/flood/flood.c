// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flood of SYNs with forged sources out of one end of a veth pair, for tests and benchmarks in
 * network namespaces of their own; it refuses any other kind of device. Bounded by its count.
 *
 *   flood DEVICE DESTINATION-MAC SERVER PORT COUNT [from=A.B.C.D] [span=N] [framed=N
 * victim=A.B.C.D] [sources=FILE] [pause-us=N] [portion=N] [rate=N] [whole=1]
 *
 * IPv6 servers get sources out of 2001:db8::/32, one /64 each, or as the FILE says: addresses of 16
 * bytes (IPv4: ::ffff:a.b.c.d), in turn. rate: packets a second. whole: against a
 * receiver that writes into the frames, which come back as they are. Each portion costs the kernel
 * a wait of some 20 ms. Prints "sent N framed N seconds S cpu S".
 */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "flood.skel.h"

#define PORTION 65536
#define ADDRESS 16

struct target {
	const char *device;
	unsigned ifindex;
	uint8_t mac[6], own[6];
	int family;
	uint8_t server[16];
	uint16_t port;
	uint64_t count;
	uint32_t portion;
	useconds_t pause_us;
	const char *sources;
};

static int die(const char *what, const char *on)
{
	fprintf(stderr, "flood: %s %s\n", what, on);
	exit(1);
}

static uint32_t add16(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The SYN with source and source port 0; *ip_sum and *tcp_sum are its sums so far. */
static size_t build(const struct target *target, uint8_t *frame, uint16_t *ip_sum,
		    uint16_t *tcp_sum)
{
	bool six = target->family == AF_INET6;
	uint8_t *ip = frame + 14, *tcp = ip + (six ? 40 : 20);
	uint32_t pseudo = 20 + 6;

	memcpy(frame, target->mac, 6);
	memcpy(frame + 6, target->own, 6);
	frame[12] = six ? 0x86 : 0x08;
	frame[13] = six ? 0xdd : 0x00;
	tcp[2] = (uint8_t)(target->port >> 8);
	tcp[3] = (uint8_t)target->port;
	tcp[12] = 5 << 4;
	tcp[13] = 2;
	tcp[14] = 0x20;
	if (six) {
		ip[0] = 6 << 4;
		ip[5] = 20;
		ip[6] = 6;
		ip[7] = 64;
		if (!target->sources) {
			memcpy(ip + 8, (uint8_t[]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
			ip[23] = 1;
		}
		memcpy(ip + 24, target->server, 16);
		*tcp_sum = fold(add16(add16(pseudo, ip + 8, 32), tcp, 20));
		return 14 + 40 + 20;
	}
	ip[0] = 0x45;
	ip[3] = 40;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 16, target->server, 4);
	*ip_sum = fold(add16(0, ip, 20));
	*tcp_sum = fold(add16(add16(pseudo, ip + 16, 4), tcp, 20));
	return 14 + 20 + 20;
}

static void check_device(struct target *target)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", target->device);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		die("no such device:", target->device);
	memcpy(target->own, request.ifr_hwaddr.sa_data, 6);
	request.ifr_data = (char *)&info;
	if (ioctl(fd, SIOCETHTOOL, &request) || strcmp(info.driver, "veth"))
		die("only a veth is flooded, not", target->device);
	close(fd);
	target->ifindex = if_nametoindex(target->device);
}

static void read_target(struct target *target, char **argv)
{
	unsigned mac[6];

	target->device = argv[1];
	check_device(target);
	if (sscanf(argv[2], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		   &mac[5]) != 6)
		die("not a MAC address:", argv[2]);
	for (int i = 0; i < 6; i++)
		target->mac[i] = (uint8_t)mac[i];
	target->family = strchr(argv[3], ':') ? AF_INET6 : AF_INET;
	if (inet_pton(target->family, argv[3], target->server) != 1)
		die("not an address:", argv[3]);
	target->port = (uint16_t)atoi(argv[4]);
	target->count = strtoull(argv[5], NULL, 10);
}

static void read_option(struct flood_bpf *skeleton, struct target *target, const char *option)
{
	struct in_addr address;
	unsigned value = 0;

	if (!strncmp(option, "from=", 5) && inet_pton(AF_INET, option + 5, &address) == 1)
		skeleton->rodata->base4 = ntohl(address.s_addr);
	else if (!strncmp(option, "victim=", 7) && inet_pton(AF_INET, option + 7, &address) == 1)
		skeleton->rodata->victim = ntohl(address.s_addr);
	else if (sscanf(option, "span=%u", &value) == 1)
		skeleton->rodata->span = value;
	else if (sscanf(option, "framed=%u", &value) == 1)
		skeleton->rodata->framed = value;
	else if (sscanf(option, "portion=%u", &value) == 1 && value)
		target->portion = value;
	else if (sscanf(option, "rate=%u", &value) == 1 && value)
		skeleton->rodata->gap_ns = 1000000000ULL / value;
	else if (sscanf(option, "whole=%u", &value) == 1)
		skeleton->rodata->whole = value;
	else if (!strncmp(option, "sources=", 8))
		target->sources = option + 8;
	else if (sscanf(option, "pause-us=%u", &value) == 1)
		target->pause_us = value;
	else
		die("unknown option:", option);
}

/* How many addresses the file of sources holds. */
static uint32_t count_sources(const char *path)
{
	FILE *file = fopen(path, "r");
	long size = -1;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size < ADDRESS || size % ADDRESS)
		die("no file of 16-byte addresses:", path);
	fclose(file);
	return (uint32_t)(size / ADDRESS);
}

static void read_sources(const char *path, int map, uint32_t count)
{
	FILE *file = fopen(path, "r");
	uint32_t *keys = calloc(count, sizeof(*keys));
	uint8_t *addresses = calloc(count, ADDRESS);

	if (!file || !keys || !addresses || fread(addresses, ADDRESS, count, file) != count)
		die("cannot read", path);
	for (uint32_t i = 0; i < count; i++)
		keys[i] = i;
	if (bpf_map_update_batch(map, keys, addresses, &count, NULL))
		die("the kernel would not take the sources of", path);
	fclose(file);
	free(keys);
	free(addresses);
}

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void send_all(const struct target *target, int program, uint8_t *frame, size_t size)
{
	for (uint64_t left = target->count; left;) {
		uint32_t portion = left < target->portion ? (uint32_t)left : target->portion;
		struct xdp_md context = { .data_end = (__u32)size,
					  .ingress_ifindex = target->ifindex };
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
			    .data_size_in = (__u32)size, .ctx_in = &context,
			    .ctx_size_in = sizeof(context), .repeat = (int)portion,
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 64);

		if (bpf_prog_test_run_opts(program, &options))
			die("the kernel would not send live frames over", target->device);
		left -= portion;
		if (target->pause_us)
			usleep(target->pause_us);
	}
}

int main(int argc, char **argv)
{
	struct target target = { .portion = PORTION };
	struct flood_bpf *skeleton = flood_bpf__open();
	uint16_t ip_sum = 0, tcp_sum = 0;
	uint8_t frame[128] = { 0 };
	double begin, cpu;
	size_t size;

	if (argc < 6 || !skeleton)
		return die("usage:", "flood DEVICE MAC SERVER PORT COUNT [OPTION...]");
	read_target(&target, argv);
	for (int i = 6; i < argc; i++)
		read_option(skeleton, &target, argv[i]);
	size = build(&target, frame, &ip_sum, &tcp_sum);
	skeleton->rodata->is6 = target.family == AF_INET6;
	memcpy((void *)skeleton->rodata->template, frame, size);
	skeleton->rodata->ip_sum = ip_sum;
	skeleton->rodata->tcp_sum = tcp_sum;
	if (target.sources) {
		skeleton->rodata->listed = count_sources(target.sources);
		bpf_map__set_max_entries(skeleton->maps.addresses, skeleton->rodata->listed);
	}
	if (flood_bpf__load(skeleton))
		die("cannot load the program:", "needs root and BPF_F_TEST_XDP_LIVE_FRAMES (5.18)");
	if (target.sources)
		read_sources(target.sources, bpf_map__fd(skeleton->maps.addresses),
			     skeleton->rodata->listed);
	begin = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	send_all(&target, bpf_program__fd(skeleton->progs.flood), frame, size);
	printf("sent %llu framed %llu seconds %.6f cpu %.6f\n",
	       (unsigned long long)skeleton->bss->sent, (unsigned long long)skeleton->bss->framing,
	       now(CLOCK_MONOTONIC) - begin, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	flood_bpf__destroy(skeleton);
	return 0;
}
