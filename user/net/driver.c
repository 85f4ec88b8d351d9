// SPDX-License-Identifier: GPL-2.0-or-later
/* See driver.h. ethtool gives the name, the "netdev" family of generic netlink the XDP features. */
#include "net/driver.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* linux/netdev.h of Linux 6.3. */
#define NETDEV_GET	    1
#define NETDEV_IFINDEX	    1
#define NETDEV_XDP_FEATURES 3
#define NETDEV_XDP_RX_SG    32

static void cleanup_socket(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static void cleanup_message(struct nl_msg **message)
{
	nlmsg_free(*message);
}

struct wanted {
	int attribute;
	uint64_t value;
};

static int take_attribute(struct nl_msg *message, void *context)
{
	struct wanted *wanted = context;
	struct nlattr *attribute =
		nlmsg_find_attr(nlmsg_hdr(message), GENL_HDRLEN, wanted->attribute);

	if (attribute && nla_len(attribute) >= 8)
		wanted->value = nla_get_u64(attribute);
	else if (attribute)
		wanted->value = nla_get_u16(attribute);
	return NL_OK;
}

/* Asks one question by generic netlink, and returns one number of the answer; 0: none. */
static uint64_t ask(struct nl_sock *socket, int family, uint8_t command, int question,
		    const void *value, int size, int answer)
{
	struct genlmsghdr header = { .cmd = command, .version = 1 };
	struct wanted wanted = { .attribute = answer };
	_cleanup_(cleanup_message) struct nl_msg *message = nlmsg_alloc_simple(family, 0);

	if (!message || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) ||
	    nla_put(message, question, size, value) ||
	    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_attribute, &wanted) ||
	    nl_send_auto(socket, message) < 0 || nl_recvmsgs_default(socket) < 0)
		return 0;
	return wanted.value;
}

static bool hands_on_large(unsigned ifindex)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = nl_socket_alloc();
	uint32_t device = ifindex;
	uint64_t family;

	if (!socket || nl_connect(socket, NETLINK_GENERIC))
		return false;
	nl_socket_disable_auto_ack(socket);
	family = ask(socket, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, "netdev",
		     sizeof("netdev"), CTRL_ATTR_FAMILY_ID);
	return family && ask(socket, (int)family, NETDEV_GET, NETDEV_IFINDEX, &device,
			     sizeof(device), NETDEV_XDP_FEATURES) &
				 NETDEV_XDP_RX_SG;
}

static int request_of(const char *device, struct ifreq *request)
{
	*request = (struct ifreq){ 0 };
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", device);
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* Whether a VLAN is on the device: /sys then has "upper_eth0.5" in the device's folder. */
static bool has_vlan(const char *name)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	char path[512];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s", name);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "upper_", 6) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/net/vlan/%s", entry->d_name + 6);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

void driver_ask(unsigned ifindex, const char *device, struct driver *driver)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request;
	_cleanup_close_ int fd = request_of(device, &request);

	*driver = (struct driver){ 0 };
	if (fd < 0)
		return;
	if (!ioctl(fd, SIOCGIFMTU, &request))
		driver->mtu = (unsigned)request.ifr_mtu;
	if (!ioctl(fd, SIOCGIFFLAGS, &request))
		driver->up = request.ifr_flags & IFF_UP;
	request.ifr_data = (void *)&info;
	if (!ioctl(fd, SIOCETHTOOL, &request))
		snprintf(driver->name, sizeof(driver->name), "%.31s", info.driver);
	request.ifr_data = (void *)&flags;
	if (!ioctl(fd, SIOCETHTOOL, &request)) {
		driver->lro = flags.data & ETH_FLAG_LRO;
		driver->strips_vlan = flags.data & ETH_FLAG_RXVLAN;
	}
	driver->has_vlan = has_vlan(device);
	if (driver->mtu > DRIVER_XDP_MTU)
		driver->large = hands_on_large(ifindex);
}

const char *driver_xdp_obstacle(const struct driver *driver)
{
	/* The driver resets its rings at each of these, and the kernel's core still shows the
	 * program (Linux 6.6). */
	if (!strcmp(driver->name, "vmxnet3"))
		return "its driver (vmxnet3) forgets an XDP program when the link goes down, the "
		       "MTU changes or ethtool changes the rings";
	/* Before Linux 6.3 the driver drops larger frames, and does not let go of the program
	 * either. */
	if (!strcmp(driver->name, "virtio_net") && driver->mtu > DRIVER_XDP_MTU && !driver->large)
		return "its driver (virtio_net) loses frames of more than a page under native XDP, "
		       "and the MTU is larger";
	return NULL;
}

#define STATS_MOST 1024

void driver_ask_answers(const char *device, const struct driver *driver,
			struct driver_answers *answers)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	_cleanup_free_ struct ethtool_gstrings *names = NULL;
	_cleanup_free_ struct ethtool_stats *values = NULL;
	struct ifreq request;
	_cleanup_close_ int fd = request_of(device, &request);

	*answers = (struct driver_answers){ 0 };
	request.ifr_data = (void *)&info;
	if (strcmp(driver->name, "veth") != 0 || fd < 0 || ioctl(fd, SIOCETHTOOL, &request) ||
	    info.n_stats > STATS_MOST)
		return;
	names = calloc(1, sizeof(*names) + (size_t)info.n_stats * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + info.n_stats * sizeof(values->data[0]));
	if (!names || !values)
		return;
	*names = (struct ethtool_gstrings){ ETHTOOL_GSTRINGS, ETH_SS_STATS, info.n_stats };
	*values = (struct ethtool_stats){ ETHTOOL_GSTATS, info.n_stats };
	request.ifr_data = (void *)names;
	if (ioctl(fd, SIOCETHTOOL, &request))
		return;
	request.ifr_data = (void *)values;
	if (ioctl(fd, SIOCETHTOOL, &request))
		return;
	for (uint32_t i = 0; i < info.n_stats && i < names->len; i++) {
		const char *name = (const char *)names->data + (size_t)i * ETH_GSTRING_LEN;
		const char *of = memmem(name, ETH_GSTRING_LEN, "_xdp_tx", strlen("_xdp_tx"));

		if (of && !strcmp(of, "_xdp_tx"))
			answers->sent += values->data[i];
		else if (of && !strcmp(of, "_xdp_tx_errors"))
			answers->lost += values->data[i];
	}
}

int driver_set_mtu(const char *device, unsigned mtu)
{
	struct ifreq request;
	_cleanup_close_ int fd = request_of(device, &request);

	if (fd < 0)
		return -errno;
	request.ifr_mtu = (int)mtu;
	return ioctl(fd, SIOCSIFMTU, &request) ? -errno : 0;
}

uint64_t driver_received(unsigned ifindex)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = nl_socket_alloc();
	struct rtnl_link *link = NULL;
	uint64_t packets = 0;

	if (!socket || nl_connect(socket, NETLINK_ROUTE) ||
	    rtnl_link_get_kernel(socket, (int)ifindex, NULL, &link))
		return 0;
	packets = rtnl_link_get_stat(link, RTNL_LINK_RX_PACKETS);
	rtnl_link_put(link);
	return packets;
}
