// SPDX-License-Identifier: GPL-2.0-or-later
/* See lab.h. bpffs stays in sight: only the network namespace changes, never the mounts. */
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "draft.h"
#include "kernel/attach.h"
#include "net/address.h"

static int fault_errno(struct fault *fault, const char *what)
{
	return fault_set(fault, -errno, "%s: %s", what, strerror(errno));
}

static int sysctl_set(const char *name, const char *value, bool needed, struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !needed)
		return 0;
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return fault_errno(fault, path);
	return 0;
}

/* The most that Linux can be brought to accept, and no limit that makes answers depend on haste. */
static int server_sysctls(struct fault *fault)
{
	static const struct {
		const char *name, *value;
		bool needed;
	} settings[] = {
		{ "core/somaxconn", "1000000", true },
		{ "ipv4/tcp_syncookies", "0", true },
		{ "ipv4/tcp_max_syn_backlog", "4000000", true },
		{ "ipv4/tcp_synack_retries", "0", true },
		{ "ipv4/ipfrag_high_thresh", "268435456", true },
		{ "ipv4/ipfrag_time", "2", true },
		{ "ipv4/ipfrag_max_dist", "0", true },
		{ "ipv6/ip6frag_high_thresh", "268435456", true },
		{ "ipv6/ip6frag_time", "2", true },
		{ "ipv4/conf/all/accept_source_route", "1", true },
		{ "ipv4/conf/default/accept_source_route", "1", true },
		{ "ipv4/conf/all/rp_filter", "0", true },
		{ "ipv4/conf/default/rp_filter", "0", true },
		{ "ipv6/conf/default/accept_dad", "0", true },
		{ "ipv6/conf/default/accept_ra", "0", true },
		{ "ipv6/conf/default/router_solicitations", "0", true },
		{ "ipv6/conf/all/accept_source_route", "1", true },
		{ "ipv6/conf/default/accept_source_route", "1", true },
		{ "ipv6/conf/all/seg6_enabled", "1", false },
		{ "ipv6/conf/default/seg6_enabled", "1", false },
		{ "ipv6/conf/all/rpl_seg_enabled", "1", false },
		{ "ipv6/conf/default/rpl_seg_enabled", "1", false },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		int err =
			sysctl_set(settings[i].name, settings[i].value, settings[i].needed, fault);

		if (err)
			return err;
	}
	return 0;
}

static int ip_batch(const char *commands, struct fault *fault)
{
	FILE *ip = popen("ip -batch -", "we");

	if (!ip)
		return fault_errno(fault, "ip");
	fputs(commands, ip);
	if (pclose(ip))
		return fault_set(fault, -EIO, "ip refused: %s", commands);
	return 0;
}

/* Stays open as long as the process: what it accepts, it never looks at. */
static int listen_on(int family, uint16_t port, struct fault *fault)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr *address = family == AF_INET6 ? (void *)&six : (void *)&four;
	socklen_t size = family == AF_INET6 ? sizeof(six) : sizeof(four);
	/* Port 25 as many servers have it: one socket for both families. */
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = port != PORT_SMTP;

	if (fd < 0)
		return fault_errno(fault, "socket");
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)))
		return fault_errno(fault, "IPV6_V6ONLY");
	if (bind(fd, address, size) || listen(fd, 1000000))
		return fault_errno(fault, "listen");
	return 0;
}

static int server_listen(struct fault *fault)
{
	static const uint16_t ports[] = { PORT_SMTP, PORT_SUBMIT, PORT_REFUSED, PORT_OTHER };
	int err = 0;

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports) && !err; i++) {
		err = listen_on(AF_INET6, ports[i], fault);
		if (!err && ports[i] != PORT_SMTP)
			err = listen_on(AF_INET, ports[i], fault);
	}
	return err;
}

/* A fresh network namespace, in which the process then is; its fd. */
static int enter_new(struct fault *fault)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		return fault_errno(fault, "unshare");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fault_errno(fault, "/proc/self/ns/net") : fd;
}

static int enter(int namespace, struct fault *fault)
{
	return setns(namespace, CLONE_NEWNET) ? fault_errno(fault, "setns") : 0;
}

/* An instance knows devices by their number: those of the servers differ, though each has a network
 * of its own. */
#define FIRST_INDEX 100

static int server_open(struct lab *lab, struct server *server, struct fault *fault)
{
	char commands[256];
	int err;

	server->namespace = enter_new(fault);
	if (server->namespace < 0)
		return server->namespace;
	err = server_sysctls(fault);
	if (!err)
		err = enter(lab->outside, fault);
	if (err)
		return err;
	snprintf(commands, sizeof(commands),
		 "link add name to-%s mtu 9000 address 02:00:00:00:00:02 type veth peer name gate0 "
		 "index %d mtu 9000 "
		 "address 02:00:00:00:00:01 netns /proc/%d/fd/%d\nlink set to-%s up\n",
		 server->name, FIRST_INDEX + (int)(server - lab->servers), (int)getpid(),
		 server->namespace, server->name);
	err = ip_batch(commands, fault);
	snprintf(commands, sizeof(commands), "to-%s", server->name);
	server->ifindex = if_nametoindex(commands);
	if (!err)
		err = enter(server->namespace, fault);
	/* A device of each number is in each network, or the links of the others' are forgotten. */
	for (int i = 0; i <= SERVER_TC && !err; i++) {
		if (i == (int)(server - lab->servers))
			continue;
		snprintf(commands, sizeof(commands), "link add name other%d index %d type bridge\n",
			 i, FIRST_INDEX + i);
		err = ip_batch(commands, fault);
	}
	if (!err)
		err = ip_batch(
			"link set lo up\nlink set gate0 up\n"
			"addr add 192.0.2.25/24 dev gate0\naddr add 192.0.2.26/24 dev gate0\n"
			"addr add 2001:db8:25::25/64 dev gate0\n"
			"addr add 2001:db8:25::26/64 dev gate0\n"
			"neigh add 192.0.2.1 lladdr 02:00:00:00:00:02 dev gate0\n"
			"neigh add 2001:db8:25::1 lladdr 02:00:00:00:00:02 dev gate0\n"
			"route add default via 192.0.2.1\n"
			"route add ::/0 via 2001:db8:25::1\n",
			fault);
	if (!err)
		err = server_listen(fault);
	return err ? err : enter(lab->outside, fault);
}

static int ban(struct gate *gate, const char *text, struct fault *fault)
{
	uint64_t end_ns = clock_boot_ns() + 86400ULL * NS_PER_S;
	struct ban lasting = { .expires_ns = { end_ns, end_ns } };
	struct prefix prefix;

	if (prefix_parse(text, strlen(text), &prefix))
		return fault_set(fault, -EINVAL, "%s is no prefix", text);
	return gate_ban_put(gate, &prefix, &lasting, fault);
}

/* Half of the IPv4 sources each by itself, the others together; IPv6 as a source, a /64. */
static int add_bans(struct gate *gate, enum sabotage sabotage, struct fault *fault)
{
	int err = ban(gate, "10.66.11.128/25", fault);
	char text[32];

	for (int host = 0; host < 128 && !err; host++) {
		snprintf(text, sizeof(text), "10.66.11.%d", host);
		err = ban(gate, text, fault);
	}
	if (!err)
		err = ban(gate, "2001:db8:66::/64", fault);
	if (!err && sabotage == SABOTAGE_BAN_ALL)
		err = ban(gate, "11.0.0.0/12", fault);
	return err;
}

static int publish(struct gate *gate, enum sabotage sabotage, struct fault *fault)
{
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return fault_set(fault, -ENOMEM, "out of memory");
	policy->mode = sabotage == SABOTAGE_MONITOR ? GATE_MONITOR : GATE_ENFORCE;
	policy->service_count = 3;
	policy->port_service[PORT_SMTP] = 1;
	policy->port_service[PORT_SUBMIT] = 2 | PORT_LOGIN;
	policy->port_service[PORT_REFUSED] = 3;
	/* No table is published, so every source is of the unknown country. */
	policy->country_class[3][COUNTRY_ZZ] = CLASS_DENY;
	return gate_policy_publish(gate, policy, fault);
}

static int gate_up(struct lab *lab, enum sabotage sabotage, struct fault *fault)
{
	struct gate_load_options options = { .pins = lab->pins, .ban_size = 1024 };
	struct attachment attachment;
	enum gate_start start;
	int err = gate_load(&options, &lab->gate, &start, fault);

	if (!err)
		err = add_bans(lab->gate, sabotage, fault);
	if (!err)
		err = publish(lab->gate, sabotage, fault);
	/* tc first: it takes an XDP program of ours off the device of this number, which in another
	 * namespace is another device. An instance is made for one namespace. */
	for (int i = SERVER_TC; i >= SERVER_XDP && !err; i--) {
		if (!lab->servers[i].used)
			continue;
		err = enter(lab->servers[i].namespace, fault);
		if (!err)
			err = attach_device(lab->gate, "gate0",
					    i == SERVER_XDP ? HOOK_XDP : HOOK_TC, &attachment,
					    fault);
	}
	return err ? err : enter(lab->outside, fault);
}

int lab_open(struct lab *lab, enum gate_hook hook, enum sabotage sabotage, struct fault *fault)
{
	static const char *const names[] = { "bare", "xdp", "tc" };
	int err = 0;

	memset(lab, 0, sizeof(*lab));
	snprintf(lab->pins, sizeof(lab->pins), "/sys/fs/bpf/sekisho-mutate-%d", (int)getpid());
	lab->outside = enter_new(fault);
	if (lab->outside < 0)
		return lab->outside;
	err = sysctl_set("ipv6/conf/default/disable_ipv6", "1", true, fault);
	for (int i = 0; i < SERVER_COUNT; i++) {
		lab->servers[i] = (struct server){ .name = names[i], .namespace = -1 };
		lab->servers[i].used = i == SERVER_BARE || hook == HOOK_AUTO ||
				       hook == (i == SERVER_XDP ? HOOK_XDP : HOOK_TC);
		if (lab->servers[i].used && !err)
			err = server_open(lab, &lab->servers[i], fault);
	}
	if (!err)
		err = gate_up(lab, sabotage, fault);
	if (err)
		lab_close(lab);
	return err;
}

void lab_close(struct lab *lab)
{
	struct fault fault;

	for (int i = 0; i < SERVER_COUNT; i++) {
		struct server *server = &lab->servers[i];

		if (!server->used || server->namespace < 0)
			continue;
		if (lab->gate && !enter(server->namespace, &fault))
			detach_device(lab->gate, if_nametoindex("gate0"), &fault);
		cleanup_close(&server->namespace);
		server->used = false;
	}
	if (lab->outside > 0)
		enter(lab->outside, &fault);
	gate_close(lab->gate);
	lab->gate = NULL;
	gate_unload(lab->pins, &fault);
}
