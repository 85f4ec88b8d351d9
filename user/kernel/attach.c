// SPDX-License-Identifier: GPL-2.0-or-later
/* See attach.h. Decides which hook a device gets. links.h and tc.h put programs there,
 * attach_list.c looks for what is there. */
#include "kernel/attach.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/attach_internal.h"
#include "kernel/gate_internal.h"
#include "kernel/links.h"
#include "kernel/migrate.h"
#include "kernel/pins.h"
#include "kernel/programs.h"
#include "kernel/tc.h"
#include "net/devices.h"
#include "net/driver.h"

/* Whether packets of the device begin with a link header: without one, an XDP program is of no use,
 * though drivers of such devices may take one, and generic XDP does. */
bool attach_has_link_header(const char *device)
{
	struct ifreq request = { 0 };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return true;
	return request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
	       request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
}

bool attach_foreign_xdp(const char *pins, unsigned ifindex, const struct own *own, char *why,
			size_t size)
{
	_cleanup_close_ int link = link_open(pins, LINK_XDP, ifindex, NULL);
	unsigned id = link < 0 ? link_xdp_program(ifindex) : 0;
	char name[BPF_OBJ_NAME_LEN];

	if (!id)
		return false;
	own_program_name(id, name, sizeof(name));
	if (own_is_stray(own_kind_of(own, id)))
		snprintf(why, size,
			 "the XDP program \"%s\" (id %u) of another or a lost sekisho is on it; "
			 "`sekisho unload` takes a lost one off",
			 name, id);
	else
		snprintf(why, size, "the XDP program \"%s\" (id %u) of another is on it and stays",
			 name, id);
	return true;
}

static bool is_generic(unsigned ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query((int)ifindex, 0, &query) && query.attach_mode == XDP_ATTACHED_SKB;
}

static bool is_distrusted(const struct gate *gate, unsigned ifindex)
{
	for (size_t i = 0; i < gate->distrusted_count; i++)
		if (gate->distrusted[i] == ifindex)
			return true;
	return false;
}

void attach_distrust_xdp(struct gate *gate, unsigned ifindex)
{
	size_t room = sizeof(gate->distrusted) / sizeof(*gate->distrusted);

	if (!is_distrusted(gate, ifindex))
		gate->distrusted[gate->distrusted_count++ % room] = ifindex;
	if (gate->distrusted_count > room)
		gate->distrusted_count = room;
}

static void trust_again(struct gate *gate, unsigned ifindex)
{
	for (size_t i = 0; i < gate->distrusted_count; i++)
		if (gate->distrusted[i] == ifindex)
			gate->distrusted[i] = 0;
}

/* Whether this process attaches to the device for the first time. False for devices beyond those
 * that it remembers. */
static bool is_first(struct gate *gate, unsigned ifindex)
{
	size_t room = sizeof(gate->met) / sizeof(*gate->met);

	for (size_t i = 0; i < gate->met_count; i++)
		if (gate->met[i] == ifindex)
			return false;
	if (gate->met_count == room)
		return false;
	gate->met[gate->met_count++] = ifindex;
	return true;
}

/* Puts XDP on a device. If the driver forgot the program, the link is made anew: an update would
 * only change what the kernel's core still knows. */
static int attach_xdp(struct gate *gate, unsigned ifindex, bool generic, struct fault *fault)
{
	int program = gate_program_fd(gate, PROGRAM_XDP);
	_cleanup_close_ int link = link_open(gate->pins, LINK_XDP, ifindex, NULL);

	if (link >= 0 && !is_distrusted(gate, ifindex) && is_generic(ifindex) == generic &&
	    !bpf_link_update(link, program, NULL))
		return 0;
	trust_again(gate, ifindex);
	cleanup_close(&link);
	link = -1;
	link_drop(gate->pins, LINK_XDP, ifindex);
	return link_make(gate->pins, LINK_XDP, ifindex, program,
			 generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE, fault);
}

/*
 * Before Linux 6.3, virtio_net refuses to let go of a program while the MTU is larger than it
 * supports. The kernel's core forgets the program all the same, and it goes on dropping. So the MTU
 * is lowered for that moment.
 */
void attach_drop_xdp(const char *pins, unsigned ifindex, const char *device)
{
	_cleanup_close_ int link = link_open(pins, LINK_XDP, ifindex, NULL);
	struct driver driver;
	bool lower;

	if (link < 0)
		return;
	driver_ask(ifindex, device, &driver);
	lower = !strcmp(driver.name, "virtio_net") && driver_xdp_obstacle(&driver) &&
		!is_generic(ifindex);
	if (lower)
		driver_set_mtu(device, DRIVER_SAFE_MTU);
	link_drop(pins, LINK_XDP, ifindex);
	if (lower)
		driver_set_mtu(device, driver.mtu);
}

static int attached(struct attachment *attachment, enum gate_hook hook)
{
	attachment->attached = true;
	attachment->hook = hook;
	return 0;
}

static int not_attached(struct attachment *attachment, int error, const struct fault *own,
			struct fault *fault)
{
	snprintf(attachment->why, sizeof(attachment->why), "%.250s", own->text);
	return fault_set(fault, error, "cannot attach to %s: %s", attachment->device,
			 attachment->why);
}

/* Why HOOK_AUTO does not take native XDP although the driver would accept it; NULL: no reason.
 * Without a gate, only what is known of the driver counts. */
static const char *obstacle(const struct gate *gate, const struct attachment *attachment)
{
	struct driver driver;
	const char *known;

	driver_ask(attachment->ifindex, attachment->device, &driver);
	known = driver_xdp_obstacle(&driver);
	if (!known && gate && is_distrusted(gate, attachment->ifindex))
		known = "its driver received packets and handed none to the XDP program";
	return known;
}

/* Tries XDP, generic if `hook` says so. `why` says why it failed, or what is wrong with native XDP
 * that is forced. */
static int try_xdp(struct gate *gate, enum gate_hook hook, const struct own *own,
		   struct attachment *attachment, struct fault *fault)
{
	const char *known = hook == HOOK_AUTO ? obstacle(gate, attachment) : NULL;
	char *why = attachment->why;
	size_t size = sizeof(attachment->why);
	struct fault driver = { 0 };
	const char *forced;
	int err;

	if (!attach_has_link_header(attachment->device))
		known = "it has no link header";
	if (known) {
		snprintf(why, size, "%s", known);
		return fault_set(fault, -EOPNOTSUPP, "%s", why);
	}
	if (attach_foreign_xdp(gate->pins, attachment->ifindex, own, why, size))
		return fault_set(fault, -EBUSY, "%s", why);
	forced = hook == HOOK_XDP ? obstacle(NULL, attachment) : NULL;
	/* The driver may have forgotten a program that was attached before this process began. */
	if (forced && is_first(gate, attachment->ifindex))
		attach_distrust_xdp(gate, attachment->ifindex);
	err = attach_xdp(gate, attachment->ifindex, hook == HOOK_GENERIC, &driver);
	if (!err) {
		snprintf(why, size, "%s", forced ? forced : "");
		return 0;
	}
	snprintf(why, size, "its driver refused %s XDP: %.200s",
		 hook == HOOK_GENERIC ? "generic" : "native", driver.text);
	return fault_set(fault, err, "%s", why);
}

/* Goes around a tc filter that stays in front, on kernels without TCX: generic XDP is in front of
 * every tc filter. */
static bool go_around(struct gate *gate, const struct own *own, const char *behind,
		      struct attachment *attachment)
{
	struct attachment tried = *attachment;

	if (is_distrusted(gate, attachment->ifindex) ||
	    try_xdp(gate, HOOK_GENERIC, own, &tried, NULL))
		return false;
	snprintf(tried.why, sizeof(tried.why), "%.100s; and on tc %.120s is in front",
		 attachment->why, behind);
	memcpy(attachment->why, tried.why, sizeof(attachment->why));
	return true;
}

static int attach_tc(struct gate *gate, const struct own *own, bool may_go_around,
		     struct attachment *attachment, struct fault *fault)
{
	const struct tc_side side = { .pins = gate->pins, .ifindex = attachment->ifindex };
	struct tc_state state;
	int err = tc_place(&side, gate_program_fd(gate, PROGRAM_TC), own, &state, fault);

	if (err)
		return err;
	attachment->tcx = state.tcx;
	if (*state.behind && may_go_around && go_around(gate, own, state.behind, attachment)) {
		attachment->tcx = false;
		tc_remove(&side, own, false);
		return attached(attachment, HOOK_GENERIC);
	}
	if (*state.behind)
		snprintf(attachment->open, sizeof(attachment->open),
			 "%s is in front of the gate's on tc, and decides first", state.behind);
	attach_drop_xdp(gate->pins, attachment->ifindex, attachment->device);
	return attached(attachment, HOOK_TC);
}

/*
 * Gives a link this start's program. A device that is guarded but no longer wanted has kept the
 * older program until now; one of an older contract would not see today's bans. Links of devices
 * that are gone are forgotten, and programs are taken off devices that moved to another network
 * namespace.
 */
static void update_link(enum link_kind kind, unsigned ifindex, void *context)
{
	static const enum gate_program programs[LINK_KINDS] = {
		[LINK_XDP] = PROGRAM_XDP,
		[LINK_INGRESS] = PROGRAM_TC,
		[LINK_EGRESS] = PROGRAM_OUTFLOW,
		[LINK_PORT] = PROGRAM_OUTFLOW_PORT,
	};
	struct gate *gate = context;
	_cleanup_close_ int link = link_open(gate->pins, kind, ifindex, NULL);

	if (link >= 0)
		bpf_link_update(link, gate_program_fd(gate, programs[kind]), NULL);
}

void attach_settled(struct gate *gate)
{
	link_each(gate->pins, update_link, gate);
	migrate_rest(gate);
	gate_unpin_older_programs(gate);
	pins_remove_older(gate->pins);
	gate->older = 0;
}

int attach_device(struct gate *gate, const char *device, enum gate_hook hook,
		  struct attachment *attachment, struct fault *fault)
{
	struct tc_side side = { .pins = gate->pins };
	struct fault refused = { 0 };
	struct own own;
	int err;

	own_load(gate->pins, &own);
	memset(attachment, 0, sizeof(*attachment));
	snprintf(attachment->device, sizeof(attachment->device), "%s", device);
	attachment->ifindex = side.ifindex = if_nametoindex(device);
	if (!attachment->ifindex) {
		fault_set(&refused, -ENODEV, "there is no such device; `ip link` lists them");
		return not_attached(attachment, -ENODEV, &refused, fault);
	}
	if (hook != HOOK_TC) {
		err = try_xdp(gate, hook, &own, attachment, &refused);
		if (!err) {
			tc_remove(&side, &own, false);
			return attached(attachment, hook == HOOK_GENERIC ? HOOK_GENERIC : HOOK_XDP);
		}
		if (hook != HOOK_AUTO)
			return not_attached(attachment, err, &refused, fault);
	} else {
		snprintf(attachment->why, sizeof(attachment->why), "the configuration says so");
	}
	err = attach_tc(gate, &own, hook == HOOK_AUTO, attachment, &refused);
	return err ? not_attached(attachment, err, &refused, fault) : 0;
}

int attach_outflow(struct gate *gate, bool wanted, struct attachment *attachment,
		   struct fault *fault)
{
	const struct tc_side side = { gate->pins, attachment->ifindex, .egress = true };
	struct fault refused = { 0 };
	struct tc_state state;
	struct own own;
	int err;

	own_load(gate->pins, &own);
	attachment->outflow = false;
	*attachment->outflow_why = '\0';
	if (!attachment->ifindex)
		return 0;
	if (!wanted)
		return tc_remove(&side, &own, false);
	err = tc_place(&side, gate_program_fd(gate, PROGRAM_OUTFLOW), &own, &state, &refused);
	attachment->outflow = !err;
	if (!err && *state.behind)
		fault_set(&refused, 0, "%s is in front of it, and decides first", state.behind);
	if (!err && !*state.behind)
		return 0;
	snprintf(attachment->outflow_why, sizeof(attachment->outflow_why), "%.250s", refused.text);
	return err ? fault_set(fault, err, "%s: no outflow breaker: %s", attachment->device,
			       refused.text)
		   : 0;
}

int detach_device(struct gate *gate, unsigned ifindex, struct fault *fault)
{
	struct tc_side side = { .pins = gate->pins, .ifindex = ifindex };
	char device[IF_NAMESIZE] = "";
	struct own own;
	int err;

	own_load(gate->pins, &own);
	if_indextoname(ifindex, device);
	err = tc_remove(&side, &own, false);
	attach_drop_xdp(gate->pins, ifindex, device);
	side.egress = true;
	if (!err)
		err = tc_remove(&side, &own, false);
	if (err && err != -ENOENT && err != -ENODEV)
		return fault_set(fault, err, "cannot take the tc program off device %u: %s",
				 ifindex, strerror(-err));
	return 0;
}
