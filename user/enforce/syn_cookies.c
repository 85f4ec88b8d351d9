// SPDX-License-Identifier: GPL-2.0-or-later
/* See syn_cookies.h. */
#include "enforce/syn_cookies.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static int read_sysctl(const char *path)
{
	_cleanup_(cleanup_file) FILE *file = fopen(path, "re");
	int value;

	return file && fscanf(file, "%d", &value) == 1 ? value : -1;
}

void syn_cookies_ask(struct syn_cookies_machine *machine)
{
	machine->tcp_syncookies = read_sysctl("/proc/sys/net/ipv4/tcp_syncookies");
	machine->conntrack_loose = read_sysctl("/proc/sys/net/netfilter/nf_conntrack_tcp_loose");
}

const char *syn_cookies_obstacle(const struct config *config,
				 const struct syn_cookies_machine *machine)
{
	if (config->syn_cookies == COOKIES_OFF)
		return "the configuration says so";
	if (machine->tcp_syncookies == 0)
		return "net.ipv4.tcp_syncookies is 0";
	/* The listener's queue, by whose length the gate notices a flood, stays empty. */
	if (machine->tcp_syncookies == 2)
		return "net.ipv4.tcp_syncookies is 2: the kernel answers every SYN with a cookie";
	/* An ACK without a SYN before it is invalid then, and firewalls drop it. */
	if (machine->conntrack_loose == 0)
		return "net.netfilter.nf_conntrack_tcp_loose is 0: the ACK would be invalid";
	return NULL;
}

/* Whether the device loses answers; false if there are more devices than memory->devices holds. */
static bool loses_answers(struct syn_cookies_memory *memory, const struct attachment *attachment,
			  const struct driver *driver)
{
	struct driver_answers now, was;
	size_t i = 0;

	while (i < memory->count && memory->devices[i].ifindex != attachment->ifindex)
		i++;
	if (i == SYN_COOKIES_DEVICES)
		return false;
	driver_ask_answers(attachment->device, driver, &now);
	if (i == memory->count) {
		memory->devices[memory->count++].ifindex = attachment->ifindex;
		memory->devices[i].last = now;
	}
	was = memory->devices[i].last;
	memory->devices[i].last = now;
	if (now.lost - was.lost > now.sent - was.sent)
		memory->devices[i].losing = true;
	return memory->devices[i].losing;
}

static const char *device_obstacle(struct syn_cookies_memory *memory,
				   const struct attachment *attachment)
{
	struct driver driver;

	if (!attachment->attached)
		return "it is not guarded";
	if (attachment->hook == HOOK_TC)
		return "it is guarded by tc, which answers nothing";
	driver_ask(attachment->ifindex, attachment->device, &driver);
	if (!strcmp(driver.name, "bonding"))
		return "it is a bond: packets come by its ports";
	if (driver.strips_vlan && driver.has_vlan)
		return "rxvlan is on, and there are VLAN devices on it: an answer would lack the "
		       "tag";
	if (memory && loses_answers(memory, attachment, &driver))
		return "answers got lost: a veth's peer takes them only with an XDP program of its "
		       "own";
	return NULL;
}

void syn_cookies_judge(const struct config *config, const struct syn_cookies_machine *machine,
		       struct syn_cookies_memory *memory, struct attachment *attachment)
{
	const char *why = syn_cookies_obstacle(config, machine);

	if (!why)
		why = device_obstacle(memory, attachment);
	attachment->answers = !why;
	snprintf(attachment->answers_why, sizeof(attachment->answers_why), "%s", why ? why : "");
}

bool syn_cookies_changed(const struct config *config, struct syn_cookies_memory *memory,
			 const struct attachment *attachment)
{
	struct attachment now = *attachment;
	struct syn_cookies_machine machine;

	syn_cookies_ask(&machine);
	syn_cookies_judge(config, &machine, memory, &now);
	return strcmp(now.answers_why, attachment->answers_why) != 0;
}
