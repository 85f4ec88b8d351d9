// SPDX-License-Identifier: GPL-2.0-or-later
/* See devices.h. */
#include "net/devices.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>

#include "base/cleanup.h"

static void cleanup_socket(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static void cleanup_cache(struct nl_cache **cache)
{
	if (*cache)
		nl_cache_free(*cache);
}

static int fault_netlink(struct fault *fault, const char *what, int err)
{
	return fault_set(fault, -EIO, "cannot read the %s over netlink: %s", what,
			 nl_geterror(err));
}

static int open_route(struct nl_sock **socket, struct fault *fault)
{
	int err;

	*socket = nl_socket_alloc();
	if (!*socket)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = nl_connect(*socket, NETLINK_ROUTE);
	return err ? fault_netlink(fault, "routes", err) : 0;
}

/* Adds `prefix` to the malloc()ed array, one at a time: machines have few addresses. */
static int add_prefix(struct prefix **prefixes, size_t *count, const struct prefix *prefix)
{
	struct prefix *more = realloc(*prefixes, (*count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[(*count)++] = *prefix;
	*prefixes = more;
	return 0;
}

static bool to_prefix(struct nl_addr *address, struct prefix *prefix)
{
	prefix->length = 128;
	if (!address)
		return false;
	if (nl_addr_get_family(address) == AF_INET && nl_addr_get_len(address) == 4) {
		uint32_t host;

		memcpy(&host, nl_addr_get_binary_addr(address), sizeof(host));
		prefix->address = address_from4(__builtin_bswap32(host));
		return true;
	}
	if (nl_addr_get_family(address) != AF_INET6 || nl_addr_get_len(address) != 16)
		return false;
	memcpy(&prefix->address, nl_addr_get_binary_addr(address), sizeof(prefix->address));
	return true;
}

static bool is_default(struct rtnl_route *route)
{
	struct nl_addr *destination = rtnl_route_get_dst(route);

	return rtnl_route_get_type(route) == RTN_UNICAST && destination &&
	       !nl_addr_get_prefixlen(destination);
}

static void mark_default(struct nl_cache *routes, struct device *devices, size_t count)
{
	for (struct nl_object *at = nl_cache_get_first(routes); at; at = nl_cache_get_next(at)) {
		struct rtnl_route *route = (struct rtnl_route *)at;

		for (int i = 0; is_default(route) && i < rtnl_route_get_nnexthops(route); i++) {
			int ifindex = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, i));

			for (size_t j = 0; j < count; j++)
				if ((int)devices[j].ifindex == ifindex)
					devices[j].default_route = true;
		}
	}
}

/* The device by which this one's packets come unchanged; 0: none. For a tunnel there is none: what
 * comes out of it was inside other packets before. */
static unsigned lower_of(struct rtnl_link *link)
{
	static const char *const kinds[] = { "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap" };
	const char *kind = rtnl_link_get_type(link);
	int elsewhere;

	for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind, kinds[i]) && rtnl_link_get_link_netnsid(link, &elsewhere))
			return (unsigned)rtnl_link_get_link(link);
	return 0;
}

static bool is_bridged(struct nl_cache *links, unsigned master)
{
	struct rtnl_link *bridge = master ? rtnl_link_get(links, (int)master) : NULL;
	const char *kind = bridge ? rtnl_link_get_type(bridge) : NULL;
	bool is = kind && !strcmp(kind, "bridge");

	if (bridge)
		rtnl_link_put(bridge);
	return is;
}

static bool is_marked(const struct device *devices, size_t count, const bool *marked,
		      unsigned ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (ifindex && devices[i].ifindex == ifindex && marked[i])
			return true;
	return false;
}

static bool carries_marked(const struct device *devices, size_t count, const bool *marked,
			   const struct device *device)
{
	if (is_marked(devices, count, marked, device->lower))
		return true;
	for (size_t i = 0; i < count; i++)
		if (marked[i] && devices[i].master == device->ifindex)
			return true;
	return false;
}

void devices_spread(const struct device *devices, size_t count, bool *marked)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < count; i++)
			if (!marked[i] && carries_marked(devices, count, marked, &devices[i]))
				marked[i] = more = true;
	}
}

int devices_list(struct device **result, size_t *count, struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = NULL;
	_cleanup_(cleanup_cache) struct nl_cache *links = NULL, *routes = NULL;
	_cleanup_free_ struct device *devices = NULL;
	int err = open_route(&socket, fault);

	*count = 0;
	if (err)
		return err;
	err = rtnl_link_alloc_cache(socket, AF_UNSPEC, &links);
	if (err)
		return fault_netlink(fault, "devices", err);
	err = rtnl_route_alloc_cache(socket, AF_UNSPEC, 0, &routes);
	if (err)
		return fault_netlink(fault, "routes", err);
	devices = calloc((size_t)nl_cache_nitems(links) + 1, sizeof(*devices));
	if (!devices)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (struct nl_object *at = nl_cache_get_first(links); at; at = nl_cache_get_next(at)) {
		struct rtnl_link *link = (struct rtnl_link *)at;
		struct device *device = &devices[*count];

		if (rtnl_link_get_flags(link) & IFF_LOOPBACK)
			continue;
		device->ifindex = (unsigned)rtnl_link_get_ifindex(link);
		device->up = rtnl_link_get_flags(link) & IFF_UP;
		device->master = (unsigned)rtnl_link_get_master(link);
		device->bridged = is_bridged(links, device->master);
		device->lower = lower_of(link);
		strncpy(device->name, rtnl_link_get_name(link), sizeof(device->name) - 1);
		(*count)++;
	}
	mark_default(routes, devices, *count);
	*result = TAKE_PTR(devices);
	return 0;
}

static int add_addresses(struct nl_sock *socket, struct prefix **prefixes, size_t *count,
			 struct fault *fault)
{
	_cleanup_(cleanup_cache) struct nl_cache *addresses = NULL;
	struct prefix prefix;
	int err = rtnl_addr_alloc_cache(socket, &addresses);

	if (err)
		return fault_netlink(fault, "addresses", err);
	for (struct nl_object *at = nl_cache_get_first(addresses); at; at = nl_cache_get_next(at))
		if (to_prefix(rtnl_addr_get_local((struct rtnl_addr *)at), &prefix) &&
		    add_prefix(prefixes, count, &prefix))
			return fault_set(fault, -ENOMEM, "out of memory");
	return 0;
}

static int add_gateways(struct nl_sock *socket, struct prefix **prefixes, size_t *count,
			struct fault *fault)
{
	_cleanup_(cleanup_cache) struct nl_cache *routes = NULL;
	struct prefix prefix;
	int err = rtnl_route_alloc_cache(socket, AF_UNSPEC, 0, &routes);

	if (err)
		return fault_netlink(fault, "routes", err);
	for (struct nl_object *at = nl_cache_get_first(routes); at; at = nl_cache_get_next(at)) {
		struct rtnl_route *route = (struct rtnl_route *)at;

		for (int i = 0; is_default(route) && i < rtnl_route_get_nnexthops(route); i++)
			if (to_prefix(rtnl_route_nh_get_gateway(rtnl_route_nexthop_n(route, i)),
				      &prefix) &&
			    add_prefix(prefixes, count, &prefix))
				return fault_set(fault, -ENOMEM, "out of memory");
	}
	return 0;
}

static int list_own(bool gateways, struct prefix **result, size_t *count, struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = NULL;
	_cleanup_free_ struct prefix *prefixes = NULL;
	int err = open_route(&socket, fault);

	*count = 0;
	if (!err)
		err = add_addresses(socket, &prefixes, count, fault);
	if (!err && gateways)
		err = add_gateways(socket, &prefixes, count, fault);
	if (err)
		return err;
	*result = TAKE_PTR(prefixes);
	return 0;
}

int devices_addresses(struct prefix **result, size_t *count, struct fault *fault)
{
	return list_own(false, result, count, fault);
}

int devices_own(struct prefix **result, size_t *count, struct fault *fault)
{
	return list_own(true, result, count, fault);
}

struct device_watch {
	struct nl_sock *socket;
	unsigned changes;
};

static int note_message(struct nl_msg *message, void *context)
{
	struct device_watch *watch = context;
	int type = nlmsg_hdr(message)->nlmsg_type;

	watch->changes |= type >= RTM_NEWQDISC && type <= RTM_GETTFILTER ? DEVICE_FILTERS
			  : type == RTM_NEWCHAIN || type == RTM_DELCHAIN ? DEVICE_FILTERS
									 : DEVICE_LINKS;
	return NL_OK;
}

int device_watch_open(struct device_watch **result, struct fault *fault)
{
	struct device_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = open_route(&watch->socket, fault);
	if (!err && nl_socket_add_memberships(watch->socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
					      RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
					      RTNLGRP_IPV6_ROUTE, RTNLGRP_TC, 0))
		err = fault_set(fault, -EIO, "cannot watch the devices over netlink");
	if (err) {
		device_watch_close(watch);
		return err;
	}
	nl_socket_disable_seq_check(watch->socket);
	nl_socket_set_nonblocking(watch->socket);
	nl_socket_modify_cb(watch->socket, NL_CB_VALID, NL_CB_CUSTOM, note_message, watch);
	*result = watch;
	return 0;
}

int device_watch_fd(const struct device_watch *watch)
{
	return nl_socket_get_fd(watch->socket);
}

unsigned device_watch_drain(struct device_watch *watch)
{
	int err = 0;

	watch->changes = 0;
	for (int i = 0; i < 10000 && err >= 0; i++)
		err = nl_recvmsgs_default(watch->socket);
	/* After an overrun (ENOBUFS) it is not known what was lost. */
	return err == -NLE_AGAIN ? watch->changes : DEVICE_LINKS | DEVICE_FILTERS;
}

void device_watch_close(struct device_watch *watch)
{
	if (!watch)
		return;
	nl_socket_free(watch->socket);
	free(watch);
}
