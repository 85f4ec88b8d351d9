// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of kernel, gate, devices and ports: facts in, findings out. Pure. Those of what comes
 * in, by logs and counters, are in checks_seen.c. */
#include "doctor/checks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS (86400 * NS_PER_S)

void doctor_add(struct doctor_report *report, const struct doctor_kind *kind, const char *subject,
		const char *format, ...)
{
	struct doctor_finding *finding = &report->findings[report->count];
	va_list arguments;

	if (report->count == DOCTOR_FINDINGS_MAX) {
		report->dropped++;
		return;
	}
	report->count++;
	*finding = (struct doctor_finding){ .severity = kind->severity,
					    .id = kind->id,
					    .means = kind->means,
					    .remedy = kind->remedy };
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}

/* ---- the kernel ---- */

static const struct doctor_kind not_root = {
	DOCTOR_WARN, "not-root", "Gate, devices and the owners of ports could not be looked at.",
	"Run `sekisho doctor` as root."
};
static const struct doctor_kind kernel_old = {
	DOCTOR_BAD, "kernel-old",
	"The programs need features of Linux 5.15; the gate will not load.",
	"Boot a newer kernel; Debian 12 has 6.1."
};
static const struct doctor_kind no_btf = {
	DOCTOR_BAD, "no-btf",
	"The kernel does not describe its types, and the gate cannot be fitted to it.",
	"Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; the distributions' own are."
};
static const struct doctor_kind no_bpffs = {
	DOCTOR_WARN, "no-bpffs", "Pins have no place, so the gate would end with the daemon.",
	"mount -t bpf bpf /sys/fs/bpf (systemd does it at boot; in a container, hand it in)."
};
static const struct doctor_kind no_cgroup2 = {
	DOCTOR_BAD, "no-cgroup2",
	"Handshakes cannot be counted: limits on connections and rates do not hold.",
	"mount -t cgroup2 none /sys/fs/cgroup/unified, or boot with "
	"systemd.unified_cgroup_hierarchy=1."
};
static const struct doctor_kind no_destroy = {
	DOCTOR_WARN, "no-destroy",
	"A ban drops packets, but the mail server's open session waits for its own timeout.",
	"Boot a kernel built with CONFIG_INET_DIAG_DESTROY=y, or lower the mail server's timeouts."
};
static const struct doctor_kind no_jit = {
	DOCTOR_WARN, "no-jit", "Programs are interpreted: each packet costs several times as much.",
	"sysctl net.core.bpf_jit_enable=1, and in /etc/sysctl.d/."
};

static void check_kernel(const struct doctor_facts *facts, struct doctor_report *report)
{
	if (!facts->root)
		doctor_add(report, &not_root, "", "not run as root");
	if (facts->kernel_major < 5 || (facts->kernel_major == 5 && facts->kernel_minor < 15))
		doctor_add(report, &kernel_old, "", "the kernel is Linux %u.%u",
			   facts->kernel_major, facts->kernel_minor);
	if (!facts->has_btf)
		doctor_add(report, &no_btf, "", "there is no /sys/kernel/btf/vmlinux");
	if (!facts->has_bpffs)
		doctor_add(report, &no_bpffs, "", "no bpffs is mounted on /sys/fs/bpf");
	if (!facts->has_cgroup2)
		doctor_add(report, &no_cgroup2, "", "no cgroup2 is mounted");
	if (!facts->can_destroy)
		doctor_add(report, &no_destroy, "", "this kernel cannot destroy connections");
	if (!facts->jit)
		doctor_add(report, &no_jit, "", "net.core.bpf_jit_enable is 0");
}

/* ---- the gate and the daemon ---- */

static const struct doctor_kind no_gate = { DOCTOR_BAD, "no-gate",
					    "Everything passes, and nothing is counted.",
					    "sekisho load, or systemctl start sekisho." };
static const struct doctor_kind gate_unusable = {
	DOCTOR_BAD, "gate-unusable",
	"What the gate does cannot be seen or changed by this program.",
	"Do what the text says; after an upgrade it is usually `sekisho load`."
};
static const struct doctor_kind monitoring = {
	DOCTOR_NOTE, "monitor", "It counts what it would drop, and drops nothing.",
	"When `sekisho stats` and `sekisho bans` show nobody whom you want: mode = enforce."
};
static const struct doctor_kind no_policy = { DOCTOR_BAD, "no-policy",
					      "The gate protects no port: everything passes.",
					      "sekisho load." };
static const struct doctor_kind differs = { DOCTOR_WARN, "not-reloaded",
					    "What the file says is not what is in force.",
					    "sekisho check && systemctl reload sekisho." };
static const struct doctor_kind not_published = {
	DOCTOR_WARN, "not-published", "An import was cut short: the gate has older lists.",
	"sekisho load."
};
static const struct doctor_kind no_daemon = {
	DOCTOR_WARN, "no-daemon",
	"Bans and limits hold, but no log is followed: nobody new is banned, no new device is "
	"guarded.",
	"systemctl start sekisho, and `systemctl status sekisho` for why it ended."
};
static const struct doctor_kind daemon_hangs = {
	DOCTOR_BAD, "daemon-hangs", "Logs are not followed: nobody new is banned.",
	"systemctl restart sekisho; the gate stays meanwhile. Please report what `status` said."
};
static const struct doctor_kind no_store = {
	DOCTOR_BAD, "no-store", "Bans would not outlast a reboot, and their evidence is not kept.",
	"Do what the text says; a full disk is the usual cause."
};

static void check_gate(const struct doctor_facts *facts, struct doctor_report *report)
{
	if (!facts->loaded && facts->root) {
		if (facts->gate_fault.error == -ENOENT)
			doctor_add(report, &no_gate, "", "no gate is loaded");
		else
			doctor_add(report, &gate_unusable, "", "%.500s", facts->gate_fault.text);
	}
	if (facts->loaded && !facts->has_policy)
		doctor_add(report, &no_policy, "", "the gate has no policy yet");
	if (facts->loaded && facts->has_policy && facts->mode == GATE_MONITOR)
		doctor_add(report, &monitoring, "", "the gate is in monitor mode");
	if (facts->policy_differs)
		doctor_add(report, &differs, "",
			   "the configuration has changed since it was loaded");
	if (facts->generation_differs)
		doctor_add(report, &not_published, "", "the gate's table is not that of the store");
	if (facts->loaded && facts->daemon_state == DAEMON_NOT_RUNNING)
		doctor_add(report, &no_daemon, "", "the daemon does not run");
	if (facts->daemon_state == DAEMON_STALE)
		doctor_add(report, &daemon_hangs, "", "the daemon has said nothing for a minute");
	if (facts->store_fault.error && facts->store_fault.error != -ENOENT && facts->root)
		doctor_add(report, &no_store, "", "%.500s", facts->store_fault.text);
}

/* ---- tables ---- */

static const struct doctor_kind table_full = { DOCTOR_BAD, "table-full",
					       "Bans that do not fit are refused; sources that do "
					       "not fit are held by their network's limits.",
					       "Raise the table's size in [gate], then `sekisho "
					       "unload` and `sekisho load`; bans come back." };
static const struct doctor_kind table_nearly_full = {
	DOCTOR_WARN, "table-nearly-full", "Soon entries will find no room.",
	"Raise the table's size in [gate], then `sekisho unload` and `sekisho load`; bans come "
	"back."
};

static void check_tables(const struct doctor_facts *facts, struct doctor_report *report)
{
	for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++) {
		const struct snapshot_usage *at = &facts->tables[table];
		const struct gate_usage *usage = &at->usage;

		if (!at->known || !usage->size)
			continue;
		if (usage->overflows)
			doctor_add(report, &table_full, snapshot_table_name(table),
				   "%llu entries found no room (%llu of %llu used)",
				   (unsigned long long)usage->overflows,
				   (unsigned long long)usage->used,
				   (unsigned long long)usage->size);
		else if (usage->used >= usage->size - usage->size / 10)
			doctor_add(report, &table_nearly_full, snapshot_table_name(table),
				   "%llu of %llu used", (unsigned long long)usage->used,
				   (unsigned long long)usage->size);
	}
}

/* ---- devices ---- */

static const struct doctor_kind no_device = {
	DOCTOR_BAD, "no-device", "Nothing is looked at.",
	"Name the devices that mail comes in by: [gate] interface = eth0."
};
static const struct doctor_kind unguarded = { DOCTOR_BAD, "device-unguarded",
					      "What comes in by it is not looked at.",
					      "Do what the text says, then `sekisho load`." };
static const struct doctor_kind foreign_xdp = {
	DOCTOR_NOTE, "foreign-xdp",
	"It is never replaced; the gate is behind it, by tc, and costs more per packet.",
	"If it is not needed: take it off (ip link set DEVICE xdp off), then `sekisho load`."
};
static const struct doctor_kind not_native = {
	DOCTOR_NOTE, "not-native",
	"The gate guards all the same; a flood costs about five times as much as by native XDP.",
	"With a flood to fear, use a device whose driver has native XDP."
};
static const struct doctor_kind lro_on = {
	DOCTOR_WARN, "lro", "Most drivers refuse native XDP while they merge packets.",
	"ethtool -K DEVICE lro off, at every boot; then `sekisho load`."
};
static const struct doctor_kind mtu_large = {
	DOCTOR_NOTE, "mtu", "Some drivers refuse native XDP with an MTU of more than a page.",
	"If the peers allow it: a smaller MTU; else leave it, tc does the work."
};
static const struct doctor_kind vlan_stripped = {
	DOCTOR_NOTE, "rxvlan",
	"The device takes VLAN tags off before the gate: what comes by any VLAN is treated alike.",
	"To tell VLANs apart, guard the VLAN devices, or: ethtool -K DEVICE rxvlan off."
};

static void check_device(const struct doctor_device *device, struct doctor_report *report)
{
	if (device->wanted && !device->guarded)
		doctor_add(report, &unguarded, device->name, "not guarded: %s",
			   *device->why ? device->why : "the gate is not on it");
	if (*device->foreign)
		doctor_add(report, &foreign_xdp, device->name, "%s", device->foreign);
	if (!device->guarded)
		return;
	if (device->hook != HOOK_XDP && device->lro)
		doctor_add(report, &lro_on, device->name, "large receive offload is on");
	else if (device->hook != HOOK_XDP && device->mtu > 3500)
		doctor_add(report, &mtu_large, device->name, "the MTU is %u", device->mtu);
	else if (device->hook != HOOK_XDP && !*device->foreign)
		doctor_add(report, &not_native, device->name, "guarded without native XDP%s%s",
			   *device->why ? ": " : "", device->why);
	if (device->hook == HOOK_XDP && device->strips_vlan && device->has_vlan)
		doctor_add(report, &vlan_stripped, device->name,
			   "there are VLAN devices on it, and rxvlan is on");
}

static void check_devices(const struct doctor_facts *facts, struct doctor_report *report)
{
	size_t wanted = 0;

	for (size_t i = 0; i < facts->device_count; i++) {
		wanted += facts->devices[i].wanted || facts->devices[i].guarded;
		if (facts->loaded)
			check_device(&facts->devices[i], report);
	}
	if (facts->loaded && !wanted)
		doctor_add(report, &no_device, "", "no device has a default route");
}

/* ---- ports ---- */

static const struct doctor_kind uncovered = {
	DOCTOR_WARN, "port-uncovered", "Connections to it are neither counted nor limited.",
	"Add the port to a service ([service NAME] ports = ...), or let it listen on loopback only."
};
static const struct doctor_kind relayed = {
	DOCTOR_NOTE, "docker-proxy",
	"Where Docker's proxy takes the connection, the mail server sees the bridge's address as "
	"the source.",
	"Set \"userland-proxy\": false in /etc/docker/daemon.json; see the manual about containers."
};

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

/* Ports that only mail is spoken on, whoever listens. */
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
	unsigned said = 0; /* once for IPv4 and IPv6 */

	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct listener *listener = &facts->listeners[i];
		char subject[32];

		if (!listener_is_open(listener) || said == listener->port)
			continue;
		snprintf(subject, sizeof(subject), "port %u", listener->port);
		if (facts->port_covered[listener->port] &&
		    !strcmp(listener->program, "docker-proxy")) {
			doctor_add(report, &relayed, subject, "docker-proxy listens there");
			said = listener->port;
		}
		if (facts->port_covered[listener->port] ||
		    (!is_mail_port(listener->port) && !is_mail_program(listener->program)))
			continue;
		doctor_add(report, &uncovered, subject, "%s listens there, and no service has it",
			   *listener->program ? listener->program : "a program");
		said = listener->port;
	}
}

/* ---- countries ---- */

static const struct doctor_kind no_countries = {
	DOCTOR_BAD, "no-countries",
	"Every source is ZZ (unknown), and the policy for ZZ or * holds.",
	"Install tor-geoipdb, or name files in [country] files; then `sekisho load`."
};
static const struct doctor_kind countries_old = {
	DOCTOR_WARN, "countries-old",
	"Networks that changed hands are taken for their old country.",
	"Update the package that the files come from (tor-geoipdb), then reload sekisho."
};

static void check_countries(const struct doctor_facts *facts, struct doctor_report *report)
{
	int64_t age = facts->now_wall_ns - facts->countries_modified_wall_ns;

	if (facts->names_countries && !facts->has_countries)
		doctor_add(report, &no_countries, "",
			   "services name countries, and there is no country data");
	if (facts->has_countries && facts->countries_modified_wall_ns && age > 180 * DAY_NS)
		doctor_add(report, &countries_old, "", "the country data is %lld days old",
			   (long long)(age / DAY_NS));
}

static const struct doctor_kind unknown = { DOCTOR_WARN, "unknown",
					    "What depends on it was not checked.",
					    "Do what the text says." };

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
	doctor_check_seen(facts, report);
	doctor_check_leaves(facts, report);
	for (size_t i = 0; i < facts->fault_count; i++)
		doctor_add(report, &unknown, "", "%.500s", facts->faults[i].text);
	/* glibc's qsort() is a merge sort for so few: equals keep their order. */
	qsort(report->findings, report->count, sizeof(*report->findings), by_severity);
}

int doctor_status(const struct doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity != DOCTOR_NOTE)
			return 1;
	return 0;
}
