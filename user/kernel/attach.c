// SPDX-License-Identifier: GPL-2.0-or-later
/* See attach.h. XDP goes through a pinned bpf_link, classic tc through tc.h. */
#include "kernel/attach.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/handle.h"
#include "kernel/pins.h"
#include "kernel/programs.h"
#include "kernel/tc.h"
#include "net/devices.h"

static bool has_link_header(const char *device)
{
	struct ifreq request = { 0 };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return true;
	return request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
	       request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
}

static int link_path(const struct gate *gate, unsigned ifindex, char *path, struct fault *fault)
{
	char name[32];

	snprintf(name, sizeof(name), "links/xdp-%u", ifindex);
	return gate_pin_path(gate->pins, name, path, fault);
}

/* The XDP program on a device of this network namespace, in whatever mode; 0: none. */
static unsigned xdp_program(unsigned ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query((int)ifindex, 0, &query))
		return 0;
	if (query.prog_id)
		return query.prog_id;
	return query.drv_prog_id   ? query.drv_prog_id
	       : query.skb_prog_id ? query.skb_prog_id
				   : query.hw_prog_id;
}

/* Takes a pinned link off whatever device it is on, perhaps one that has moved to another network
 * namespace, and forgets it. */
static void drop_link(int fd, const char *path)
{
	bpf_link_detach(fd); /* at once, not when the last reference goes */
	unlink(path);
}

/*
 * Our link on this device: its fd, or -1. A link is not ours to use any more when its device is
 * gone, or when another one has the number now: the program that is on this one then is not the
 * link's.
 */
static int own_link(const struct gate *gate, unsigned ifindex)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	if (link_path(gate, ifindex, path, NULL))
		return -1;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.xdp.ifindex != ifindex ||
	    info.prog_id != xdp_program(ifindex)) {
		drop_link(fd, path);
		return -1;
	}
	return TAKE_FD(fd);
}

static void program_name(unsigned id, char *name, size_t size)
{
	struct bpf_prog_info info = { 0 };
	__u32 info_size = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &info_size))
		snprintf(name, size, "?");
	else
		snprintf(name, size, "%s", info.name);
}

/* Says in `why` which XDP program, not ours, is on the device. */
static bool foreign_xdp(const struct gate *gate, unsigned ifindex, char *why, size_t size)
{
	_cleanup_close_ int link = own_link(gate, ifindex);
	unsigned id = link < 0 ? xdp_program(ifindex) : 0;
	char name[BPF_OBJ_NAME_LEN];

	if (!id)
		return false;
	program_name(id, name, sizeof(name));
	snprintf(why, size, "the XDP program \"%s\" (id %u) of another is on it and stays", name,
		 id);
	return true;
}

static int attach_xdp(struct gate *gate, unsigned ifindex, __u32 flags, struct fault *fault)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	_cleanup_close_ int link = own_link(gate, ifindex);
	int program = gate_program_fd(gate, PROGRAM_XDP);
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	char path[PATH_MAX];
	int err;

	err = link_path(gate, ifindex, path, fault);
	if (err)
		return err;
	if (link >= 0 && !bpf_link_update(link, program, NULL))
		return 0;
	cleanup_close(&link);
	unlink(path);
	link = bpf_link_create(program, (int)ifindex, BPF_XDP, &options);
	if (link < 0)
		return fault_set(fault, link, "%s", strerror(-link));
	if (bpf_obj_get_info_by_fd(link, &info, &size) || bpf_obj_pin(link, path))
		return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}

static void detach_xdp(struct gate *gate, unsigned ifindex)
{
	_cleanup_close_ int link = own_link(gate, ifindex);
	char path[PATH_MAX];

	if (link < 0 || link_path(gate, ifindex, path, NULL))
		return;
	drop_link(link, path);
}

static int outflow_detach(struct gate *gate, unsigned ifindex)
{
	struct tc_own filters;

	tc_own_load(gate->pins, "outflow_control", &filters);
	return tc_detach(ifindex, BPF_TC_EGRESS, &filters);
}

static int attached(struct attachment *attachment, enum gate_hook hook)
{
	attachment->attached = true;
	attachment->hook = hook;
	return 0;
}

static int not_attached(struct attachment *attachment, int error, struct fault *fault)
{
	snprintf(attachment->why, sizeof(attachment->why), "%.250s", fault->text);
	return fault_set(fault, error, "cannot attach to %s: %s", attachment->device,
			 attachment->why);
}

/* Native XDP or, when that is forced, nothing else. `why` says why not. */
static int try_xdp(struct gate *gate, enum gate_hook hook, struct attachment *attachment,
		   struct fault *fault)
{
	char *why = attachment->why;
	size_t size = sizeof(attachment->why);
	int err;

	if (!has_link_header(attachment->device)) {
		snprintf(why, size, "it has no link header");
		return fault_set(fault, -EOPNOTSUPP, "%s", why);
	}
	if (foreign_xdp(gate, attachment->ifindex, why, size))
		return fault_set(fault, -EBUSY, "%s", why);
	err = attach_xdp(gate, attachment->ifindex,
			 hook == HOOK_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE, fault);
	if (err)
		snprintf(why, size, "its driver refused native XDP: %.200s",
			 fault ? fault->text : strerror(-err));
	return err;
}

/*
 * A device that is not wanted any more but still guarded goes on with the older program until here;
 * with an older contract's it would be cut off from today's bans. Links of devices that are gone
 * are forgotten, and the program is taken off those that moved to another network namespace.
 */
static void update_links(struct gate *gate)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	char path[PATH_MAX];
	unsigned ifindex;

	if (!gate_pin_path(gate->pins, "links", path, NULL))
		dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "xdp-%u", &ifindex) == 1) {
			_cleanup_close_ int link = own_link(gate, ifindex);

			if (link >= 0)
				bpf_link_update(link, gate_program_fd(gate, PROGRAM_XDP), NULL);
		}
}

void attach_settled(struct gate *gate)
{
	update_links(gate);
	gate_unpin_older_programs(gate);
	pins_remove_older(gate->pins);
	gate->older = 0;
}

int attach_device(struct gate *gate, const char *device, enum gate_hook hook,
		  struct attachment *attachment, struct fault *fault)
{
	struct tc_own filters;
	struct fault own = { 0 };
	int err;

	tc_own_load(gate->pins, "bans", &filters);
	memset(attachment, 0, sizeof(*attachment));
	snprintf(attachment->device, sizeof(attachment->device), "%s", device);
	attachment->ifindex = if_nametoindex(device);
	if (!attachment->ifindex) {
		fault_set(&own, -ENODEV, "there is no such device; `ip link` lists them");
		err = not_attached(attachment, -ENODEV, &own);
		return fault_set(fault, err, "%s", own.text);
	}
	if (hook != HOOK_TC) {
		err = try_xdp(gate, hook, attachment, &own);
		if (!err) {
			tc_detach(attachment->ifindex, BPF_TC_INGRESS, &filters);
			return attached(attachment, hook == HOOK_GENERIC ? HOOK_GENERIC : HOOK_XDP);
		}
		if (hook != HOOK_AUTO) {
			err = not_attached(attachment, err, &own);
			return fault_set(fault, err, "%s", own.text);
		}
	} else {
		snprintf(attachment->why, sizeof(attachment->why), "the configuration says so");
	}
	err = tc_attach(attachment->ifindex, device, BPF_TC_INGRESS,
			gate_program_fd(gate, has_link_header(device) ? PROGRAM_TC : PROGRAM_TC_IP),
			&filters, &own);
	if (err) {
		err = not_attached(attachment, err, &own);
		return fault_set(fault, err, "%s", own.text);
	}
	detach_xdp(gate, attachment->ifindex);
	return attached(attachment, HOOK_TC);
}

int attach_outflow(struct gate *gate, bool wanted, struct attachment *attachment,
		   struct fault *fault)
{
	bool link_header = has_link_header(attachment->device);
	struct tc_own filters;
	struct fault own = { 0 };
	int err;

	tc_own_load(gate->pins, "outflow_control", &filters);
	attachment->outflow = false;
	*attachment->outflow_why = '\0';
	if (!attachment->ifindex)
		return 0;
	if (!wanted)
		return outflow_detach(gate, attachment->ifindex);
	err = tc_attach(attachment->ifindex, attachment->device, BPF_TC_EGRESS,
			gate_program_fd(gate, link_header ? PROGRAM_OUTFLOW : PROGRAM_OUTFLOW_IP),
			&filters, &own);
	attachment->outflow = !err;
	if (!err)
		return 0;
	snprintf(attachment->outflow_why, sizeof(attachment->outflow_why), "%.250s", own.text);
	return fault_set(fault, err, "%s: no outflow breaker: %s", attachment->device, own.text);
}

int detach_device(struct gate *gate, unsigned ifindex, struct fault *fault)
{
	struct tc_own filters;
	int err;

	tc_own_load(gate->pins, "bans", &filters);
	err = tc_detach(ifindex, BPF_TC_INGRESS, &filters);
	detach_xdp(gate, ifindex);
	if (!err)
		err = outflow_detach(gate, ifindex);
	if (err && err != -ENOENT && err != -ENODEV)
		return fault_set(fault, err, "cannot take the tc program off device %u: %s",
				 ifindex, strerror(-err));
	return 0;
}

static void list_one(struct gate *gate, const struct device *device, struct attachment *attachment)
{
	_cleanup_close_ int link = own_link(gate, device->ifindex);
	struct tc_own filters, egress;
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	tc_own_load(gate->pins, "bans", &filters);
	tc_own_load(gate->pins, "outflow_control", &egress);
	memset(attachment, 0, sizeof(*attachment));
	memcpy(attachment->device, device->name, sizeof(attachment->device));
	attachment->ifindex = device->ifindex;
	attachment->outflow = tc_is_attached(device->ifindex, BPF_TC_EGRESS, &egress);
	if (link >= 0) {
		bool generic = !bpf_xdp_query((int)device->ifindex, 0, &query) &&
			       query.attach_mode == XDP_ATTACHED_SKB;

		attached(attachment, generic ? HOOK_GENERIC : HOOK_XDP);
	} else if (tc_is_attached(device->ifindex, BPF_TC_INGRESS, &filters)) {
		attached(attachment, HOOK_TC);
		if (!has_link_header(device->name))
			snprintf(attachment->why, sizeof(attachment->why), "it has no link header");
		else if (!foreign_xdp(gate, device->ifindex, attachment->why,
				      sizeof(attachment->why)))
			snprintf(attachment->why, sizeof(attachment->why),
				 "its driver refused native XDP, or the configuration says so");
	}
}

int attach_list(struct gate *gate, struct attachment *attachments, size_t room, struct fault *fault)
{
	_cleanup_free_ struct device *devices = NULL;
	struct attachment attachment;
	size_t count, found = 0;
	int err = devices_list(&devices, &count, fault);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		list_one(gate, &devices[i], &attachment);
		if (!attachment.attached && !attachment.outflow)
			continue;
		if (found < room)
			attachments[found] = attachment;
		found++;
	}
	return (int)found;
}

int attach_remove_all(const char *pins, struct fault *fault)
{
	_cleanup_free_ struct device *devices = NULL;
	struct tc_own filters, egress;
	size_t count;
	int err = devices_list(&devices, &count, fault);

	tc_own_load(pins, "bans", &filters);
	tc_own_load(pins, "outflow_control", &egress);
	for (size_t i = 0; i < count && !err; i++) {
		err = tc_detach(devices[i].ifindex, BPF_TC_INGRESS, &filters);
		if (!err)
			err = tc_detach(devices[i].ifindex, BPF_TC_EGRESS, &egress);
	}
	return err ? fault_set(fault, err, "cannot take the tc programs off: %s", strerror(-err))
		   : 0;
}
