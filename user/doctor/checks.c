// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of kernel, gate, devices and ports: they turn facts into findings. Pure. checks_seen.c
 * checks what comes in, by logs and counters. */
#include "doctor/checks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/driver.h"

#define DAY_NS	(86400 * NS_PER_S)
#define HOUR_NS (3600 * NS_PER_S)

/* ---- the kernel ---- */

static void check_kernel(const struct doctor_facts *facts, struct doctor_report *report)
{
	if (!facts->root)
		doctor_add(report, FIND_NOT_ROOT, "", "not run as root");
	if (facts->kernel_major < 5 || (facts->kernel_major == 5 && facts->kernel_minor < 15))
		doctor_add(report, FIND_KERNEL_OLD, "", "the kernel is Linux %u.%u",
			   facts->kernel_major, facts->kernel_minor);
	if (!facts->has_btf)
		doctor_add(report, FIND_NO_BTF, "", "there is no /sys/kernel/btf/vmlinux");
	if (!facts->has_bpffs)
		doctor_add(report, FIND_NO_BPFFS, "", "no bpffs is mounted on /sys/fs/bpf");
	if (!facts->has_cgroup2)
		doctor_add(report, FIND_NO_CGROUP2, "", "no cgroup2 is mounted");
	if (!facts->can_destroy)
		doctor_add(report, FIND_NO_DESTROY, "", "this kernel cannot destroy connections");
	if (!facts->jit)
		doctor_add(report, FIND_NO_JIT, "", "net.core.bpf_jit_enable is 0");
}

/* ---- the gate and the daemon ---- */

static void check_gate(const struct doctor_facts *facts, struct doctor_report *report)
{
	if (!facts->loaded && facts->root) {
		if (facts->gate_fault.error == -ENOENT)
			doctor_add(report, FIND_NO_GATE, "", "no gate is loaded");
		else
			doctor_add(report, FIND_GATE_UNUSABLE, "", "%.500s",
				   facts->gate_fault.text);
	}
	if (facts->loaded && !facts->has_policy)
		doctor_add(report, FIND_NO_POLICY, "", "the gate has no policy yet");
	if (facts->loaded && facts->has_policy && facts->mode == GATE_MONITOR)
		doctor_add(report, FIND_MONITOR, "", "the gate is in monitor mode");
	if (facts->policy_differs)
		doctor_add(report, FIND_NOT_RELOADED, "",
			   "the configuration has changed since it was loaded");
	if (facts->generation_differs)
		doctor_add(report, FIND_NOT_PUBLISHED, "",
			   "the gate's table is not that of the store");
	if (facts->loaded && facts->daemon_state == DAEMON_NOT_RUNNING)
		doctor_add(report, FIND_NO_DAEMON, "", "the daemon does not run");
	if (facts->daemon_state == DAEMON_STALE)
		doctor_add(report, FIND_DAEMON_HANGS, "",
			   "the daemon has said nothing for a minute");
	if (facts->store_fault.error && facts->store_fault.error != -ENOENT && facts->root)
		doctor_add(report, FIND_NO_STORE, "", "%.500s", facts->store_fault.text);
}

/* ---- tables ---- */

static void check_tables(const struct doctor_facts *facts, struct doctor_report *report)
{
	for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++) {
		const struct snapshot_usage *at = &facts->tables[table];
		const struct gate_usage *usage = &at->usage;

		if (!at->known || !usage->size)
			continue;
		if (table == SNAPSHOT_TABLE_OVER_LIMIT) {
			if (usage->overflows)
				doctor_add(report, FIND_OVER_LIMIT_LOST, "",
					   "%llu connections beyond a limit were left open",
					   (unsigned long long)usage->overflows);
			continue;
		}
		if (usage->overflows)
			doctor_add(report, FIND_TABLE_FULL, snapshot_table_name(table),
				   "%llu entries found no room (%llu of %llu used)",
				   (unsigned long long)usage->overflows,
				   (unsigned long long)usage->used,
				   (unsigned long long)usage->size);
		else if (usage->used >= usage->size - usage->size / 10)
			doctor_add(report, FIND_TABLE_NEARLY_FULL, snapshot_table_name(table),
				   "%llu of %llu used", (unsigned long long)usage->used,
				   (unsigned long long)usage->size);
	}
}

/* ---- devices ---- */

static void check_device(const struct doctor_facts *facts, const struct doctor_device *device,
			 struct doctor_report *report)
{
	if (device->wanted && !device->guarded)
		doctor_add(report, FIND_DEVICE_UNGUARDED, device->name, "not guarded: %s",
			   *device->why ? device->why : "the gate is not on it");
	if (device->guarded && *device->open)
		doctor_add(report, FIND_DEVICE_OPEN, device->name, "%s", device->open);
	if (*device->stray)
		doctor_add(report, FIND_STRAY_PROGRAM, device->name, "%s", device->stray);
	if (*device->foreign)
		doctor_add(report, FIND_FOREIGN_XDP, device->name, "%s", device->foreign);
	if (!device->guarded)
		return;
	if (device->hook != HOOK_XDP && device->lro)
		doctor_add(report, FIND_LRO, device->name, "large receive offload is on");
	else if (device->hook != HOOK_XDP && device->mtu > 3500)
		doctor_add(report, FIND_MTU, device->name, "the MTU is %u", device->mtu);
	else if (device->hook != HOOK_XDP && !*device->foreign)
		doctor_add(report, FIND_NOT_NATIVE, device->name, "guarded without native XDP%s%s",
			   *device->why ? ": " : "", device->why);
	if (device->hook == HOOK_XDP && !strcmp(device->driver, "virtio_net") &&
	    !facts->large_under_xdp)
		doctor_add(report, FIND_MTU_LIMIT, device->name,
			   "the MTU is %u, and native XDP on virtio_net of this kernel holds up to "
			   "%u",
			   device->mtu, DRIVER_XDP_MTU);
	if (device->hook == HOOK_XDP && !strcmp(device->driver, "igb"))
		doctor_add(report, FIND_CARRIER, device->name, "its driver is igb");
	if (device->hook == HOOK_XDP && !strcmp(device->driver, "vmxnet3"))
		doctor_add(
			report, FIND_FORGETS, device->name,
			"vmxnet3 forgets the program when the link goes down, the MTU changes or "
			"ethtool changes the rings");
	if (device->hook == HOOK_XDP && device->strips_vlan && device->has_vlan)
		doctor_add(report, FIND_RXVLAN, device->name,
			   "there are VLAN devices on it, and rxvlan is on");
	if (*device->answers_why)
		doctor_add(report, FIND_SYN_COOKIES, device->name,
			   "SYNs beyond a listener's queue are left to the kernel: %s",
			   device->answers_why);
}

static void check_devices(const struct doctor_facts *facts, struct doctor_report *report)
{
	size_t wanted = 0;

	for (size_t i = 0; i < facts->device_count; i++) {
		wanted += facts->devices[i].wanted || facts->devices[i].guarded;
		if (facts->loaded || *facts->devices[i].stray)
			check_device(facts, &facts->devices[i], report);
	}
	if (*facts->unseen)
		doctor_add(report, FIND_HANDSHAKES_UNSEEN, "", "%s", facts->unseen);
	if (facts->loaded && facts->transforms.tunnel + facts->transforms.transport)
		doctor_add(report, FIND_TRANSFORMS, "",
			   "there are %u IPsec states of tunnel mode and %u of transport mode",
			   facts->transforms.tunnel, facts->transforms.transport);
	if (facts->loaded && !wanted)
		doctor_add(report, FIND_NO_DEVICE, "", "no device has a default route");
}

/* ---- ports ---- */

static bool is_mail_program(const char *program)
{
	static const char *const names[] = { "master",	     "dovecot",	    "exim4",
					     "exim",	     "smtpd",	    "sendmail",
					     "sendmail-mta", "couriertcpd", "courier",
					     "tcpserver",    "qmail-smtpd", "imap-login",
					     "pop3-login",   "imapd",	    "stalwart-mail",
					     "maddy" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(program, names[i]))
			return true;
	return false;
}

/* Whether only mail is spoken on the port, whatever program listens. */
static bool is_mail_port(uint16_t port)
{
	static const uint16_t ports[] = { 25, 110, 143, 465, 587, 993, 995, 2525, 4190 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (port == ports[i])
			return true;
	return false;
}

static void check_ports(const struct doctor_facts *facts, struct doctor_report *report)
{
	unsigned said = 0; /* the port reported last: once for IPv4 and IPv6 */

	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct listener *listener = &facts->listeners[i];
		char subject[32];

		if (!listener_is_open(listener) || said == listener->port)
			continue;
		snprintf(subject, sizeof(subject), "port %u", listener->port);
		if (facts->port_covered[listener->port] &&
		    !strcmp(listener->program, "docker-proxy")) {
			doctor_add(report, FIND_DOCKER_PROXY, subject,
				   "docker-proxy listens there");
			said = listener->port;
		}
		if (facts->port_covered[listener->port] ||
		    (!is_mail_port(listener->port) && !is_mail_program(listener->program)))
			continue;
		doctor_add(report, FIND_PORT_UNCOVERED, subject,
			   "%s listens there, and no service has it",
			   *listener->program ? listener->program : "a program");
		said = listener->port;
	}
}

/* ---- countries ---- */

static void check_countries(const struct doctor_facts *facts, struct doctor_report *report)
{
	int64_t age = facts->now_wall_ns - facts->countries_modified_wall_ns;

	if (facts->names_countries && !facts->has_countries)
		doctor_add(report, FIND_NO_COUNTRIES, "",
			   "services name countries, and there is no country data");
	if (facts->has_countries && facts->countries_modified_wall_ns && age > 180 * DAY_NS)
		doctor_add(report,
			   facts->denies_countries ? FIND_COUNTRIES_OLD_DENY : FIND_COUNTRIES_OLD,
			   "", "the country data is %lld days old", (long long)(age / DAY_NS));
	age = facts->now_wall_ns - facts->providers_modified_wall_ns;
	if (facts->providers_modified_wall_ns && age > 180 * DAY_NS)
		doctor_add(report, FIND_PROVIDERS_OLD, "", "the provider data is %lld days old",
			   (long long)(age / DAY_NS));
}

static void check_feeds(const struct doctor_facts *facts, struct doctor_report *report)
{
	for (size_t i = 0; i < facts->stale_feed_count; i++) {
		int64_t checked = facts->stale_feeds[i].checked_wall_ns;

		if (checked)
			doctor_add(report, FIND_FEED_OLD, facts->stale_feeds[i].name,
				   "its file was last fetched %lld hours ago",
				   (long long)((facts->now_wall_ns - checked) / HOUR_NS));
		else if (!facts->fetch_waits)
			doctor_add(report, FIND_FEED_OLD, facts->stale_feeds[i].name,
				   "its file was never fetched");
	}
}

static void check_left_lists(const struct doctor_facts *facts, struct doctor_report *report)
{
	for (size_t i = 0; i < facts->left_list_count; i++) {
		const struct doctor_left_list *list = &facts->left_lists[i];

		if (list->has_code)
			doctor_add(report, FIND_LIST_LEFT, list->name,
				   "its section [list %s] is gone, and its code counts no more",
				   list->name);
		else
			doctor_add(report, FIND_LIST_LEFT, list->name,
				   "its section [list %s] is gone; it is still for %s", list->name,
				   list->for_all ? "all services" : list->services);
	}
}

static void check_names(const struct doctor_facts *facts, struct doctor_report *report)
{
	for (size_t i = 0; i < facts->name_count; i++) {
		const struct dns_name *name = &facts->names[i];

		if (!name->tried_s && facts->fetch_waits)
			continue;
		if (!name->tried_s)
			doctor_add(report, FIND_NAME_UNKNOWN, name->name,
				   "nobody has asked for the address of %s in never-ban",
				   name->name);
		else if (*name->problem)
			doctor_add(report, FIND_NAME_UNKNOWN, name->name, "%s in never-ban: %s; %s",
				   name->name, name->problem,
				   name->count ? "its last answer still holds"
					       : "it holds nothing");
		else if (name->refused || !name->count)
			doctor_add(report, FIND_NAME_UNKNOWN, name->name,
				   "%s in never-ban has %u addresses that are private, or more "
				   "than %d: these are not kept from bans",
				   name->name, name->refused, DNS_NAME_ADDRESSES);
	}
}

static int by_severity(const void *a, const void *b)
{
	const struct doctor_finding *x = a, *y = b;

	return (int)y->severity - (int)x->severity;
}

void doctor_check(const struct doctor_facts *facts, struct doctor_report *report)
{
	*report = (struct doctor_report){ 0 };
	check_kernel(facts, report);
	check_gate(facts, report);
	check_devices(facts, report);
	check_tables(facts, report);
	check_ports(facts, report);
	check_countries(facts, report);
	check_feeds(facts, report);
	check_left_lists(facts, report);
	check_names(facts, report);
	doctor_check_seen(facts, report);
	doctor_check_leaves(facts, report);
	for (size_t i = 0; i < facts->fault_count; i++)
		doctor_add(report, FIND_UNKNOWN, "", "%.500s", facts->faults[i].text);
	/* For so few items glibc's qsort() is a merge sort: equal ones keep their order. */
	qsort(report->findings, report->count, sizeof(*report->findings), by_severity);
}

int doctor_status(const struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity != DOCTOR_NOTE)
			return 1;
	return 0;
}
