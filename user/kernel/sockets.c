// SPDX-License-Identifier: GPL-2.0-or-later
/* See sockets.h. */
#include "kernel/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/diag.h"

/* All states in which a connection with a peer still exists: not those of listeners and
 * TIME_WAIT. */
#define STATES                                                                    \
	((1U << TCP_ESTABLISHED) | (1U << TCP_SYN_RECV) | (1U << TCP_FIN_WAIT1) | \
	 (1U << TCP_FIN_WAIT2) | (1U << TCP_CLOSE_WAIT) | (1U << TCP_LAST_ACK) |  \
	 (1U << TCP_CLOSING))

/* Prefixes in the order of their lengths, then of their addresses. */
struct prefix_table {
	struct prefix *items;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct prefix *left = a, *right = b;

	if (left->length != right->length)
		return left->length < right->length ? -1 : 1;
	return address_compare(&left->address, &right->address);
}

/* Whether a prefix of the table holds the address: one search for each length in the table. */
static bool holds(const struct prefix_table *table, const struct address *address)
{
	size_t next;

	for (size_t i = 0; i < table->count; i = next) {
		unsigned length = table->items[i].length;
		struct prefix wanted = { .address = address_mask(address, length),
					 .length = length };

		for (next = i + 1; next < table->count && table->items[next].length == length;)
			next++;
		if (bsearch(&wanted, &table->items[i], next - i, sizeof(wanted), compare))
			return true;
	}
	return false;
}

struct sockets_filter {
	const struct prefix_table *prefixes;
	const uint16_t *ports;
	size_t port_count;
};

static bool is_from(const struct sockets_filter *filter, const struct inet_diag_msg *socket)
{
	struct address peer = diag_remote(socket);

	return holds(filter->prefixes, &peer);
}

static bool is_of_port(const struct sockets_filter *filter, const struct inet_diag_msg *socket)
{
	for (size_t i = 0; i < filter->port_count; i++)
		if (ntohs(socket->id.idiag_sport) == filter->ports[i])
			return true;
	return false;
}

/* Takes sockets from the prefixes, and all that belong to an MPTCP session: they may be paths of a
 * session with one of the prefixes. */
static bool is_wanted(const struct diag_socket *socket, const void *context)
{
	const struct sockets_filter *filter = context;

	return is_of_port(filter, &socket->is) && (socket->token || is_from(filter, &socket->is));
}

static int list(struct nl_sock *netlink, enum diag_kind kind, const struct sockets_filter *filter,
		struct diag_socket **found, size_t *count, struct fault *fault)
{
	int err = diag_list(netlink, kind, STATES, is_wanted, filter, found, count);

	return err ? fault_set(fault, err, "cannot list the open connections: %s", strerror(-err))
		   : 0;
}

static int destroy(struct nl_sock *netlink, const struct inet_diag_msg *socket, struct fault *fault)
{
	struct inet_diag_req_v2 which = {
		.sdiag_family = socket->idiag_family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = 1U << socket->idiag_state,
		.id = socket->id,
	};
	int err = diag_destroy(netlink, &which);

	return err < 0 ? fault_set(fault, err, "cannot destroy an open connection: %s%s",
				   strerror(-err),
				   err == -EOPNOTSUPP
					   ? "; the kernel lacks CONFIG_INET_DIAG_DESTROY"
					   : "")
		       : err;
}

/* Whether MPTCP is enabled in this network namespace. Asking for its sessions without that would
 * load a kernel module. */
static bool has_multipath(void)
{
	_cleanup_close_ int fd = open("/proc/sys/net/mptcp/enabled", O_RDONLY | O_CLOEXEC);
	char enabled = '0';

	return fd >= 0 && read(fd, &enabled, 1) == 1 && enabled != '0';
}

/* Lists the MPTCP sessions on the filter's ports; none if the kernel cannot list them. */
static int list_sessions(struct nl_sock *netlink, const struct sockets_filter *filter,
			 struct diag_socket **sessions, size_t *count, struct fault *fault)
{
	int err = has_multipath() ? diag_list(netlink, DIAG_SESSIONS, STATES, is_wanted, filter,
					      sessions, count)
				  : -ENOENT;

	if (err == -ENOENT)
		*count = 0;
	return err && err != -ENOENT
		       ? fault_set(fault, err, "cannot list the MPTCP sessions: %s", strerror(-err))
		       : 0;
}

/* Moves the sockets that are from the prefixes to the front; `*count` becomes their number. */
static void from_first(const struct sockets_filter *filter, struct diag_socket *found,
		       size_t *count)
{
	size_t from = 0;

	for (size_t i = 0; i < *count; i++)
		if (is_from(filter, &found[i].is)) {
			struct diag_socket other = found[from];

			found[from++] = found[i];
			found[i] = other;
		}
	*count = from;
}

static bool has_token(const struct diag_socket *sockets, size_t count, uint32_t token)
{
	for (size_t i = 0; i < count && token; i++)
		if (sockets[i].token == token)
			return true;
	return false;
}

/*
 * Keeps the sockets that are from the prefixes, and the paths of an MPTCP session that is: its peer
 * is (the address that a server sees, which is that of its first path, whether that still exists or
 * not), or another of its paths is.
 */
static void leave_out_others(const struct sockets_filter *filter, struct diag_socket *sessions,
			     size_t session_count, struct diag_socket *found, size_t *count)
{
	size_t from = *count, kept;

	from_first(filter, sessions, &session_count);
	from_first(filter, found, &from);
	kept = from;
	for (size_t i = from; i < *count; i++)
		if (has_token(found, from, found[i].token) ||
		    has_token(sessions, session_count, found[i].token))
			found[kept++] = found[i];
	*count = kept;
}

int sockets_destroy(const struct prefix *prefixes, size_t prefix_count, const uint16_t *ports,
		    size_t port_count, size_t *destroyed, struct fault *fault)
{
	_cleanup_free_ struct prefix *sorted = calloc(prefix_count + 1, sizeof(*sorted));
	const struct prefix_table table = { sorted, prefix_count };
	const struct sockets_filter filter = { &table, ports, port_count };
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	_cleanup_free_ struct diag_socket *found = NULL, *sessions = NULL;
	size_t count, session_count = 0, gone = 0;
	int err = 0;

	if (destroyed)
		*destroyed = 0;
	if (!sorted)
		return fault_set(fault, -ENOMEM, "out of memory");
	memcpy(sorted, prefixes, prefix_count * sizeof(*sorted));
	qsort(sorted, prefix_count, sizeof(*sorted), compare);
	err = diag_open(&netlink, fault);
	if (!err)
		err = list_sessions(netlink, &filter, &sessions, &session_count, fault);
	if (!err)
		err = list(netlink, session_count ? DIAG_TCP_TOKENS : DIAG_TCP, &filter, &found,
			   &count, fault);
	if (!err)
		leave_out_others(&filter, sessions, session_count, found, &count);
	for (size_t i = 0; !err && i < count; i++) {
		err = destroy(netlink, &found[i].is, fault);
		if (err > 0) {
			gone++;
			err = 0;
		}
	}
	if (destroyed)
		*destroyed = gone;
	return err;
}

int sockets_destroy_one(const struct over_limit *which, struct fault *fault)
{
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)which->family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
		.id = { .idiag_sport = htons(which->local_port),
			.idiag_dport = htons(which->remote_port),
			.idiag_cookie = { (__u32)which->cookie, (__u32)(which->cookie >> 32) } },
	};
	int err = diag_open(&netlink, fault);

	if (err)
		return err;
	if (which->family == AF_INET) {
		request.id.idiag_src[0] = which->local.word[3];
		request.id.idiag_dst[0] = which->connection.remote.word[3];
	} else {
		memcpy(request.id.idiag_src, &which->local, sizeof(which->local));
		memcpy(request.id.idiag_dst, &which->connection.remote,
		       sizeof(which->connection.remote));
	}
	err = diag_destroy(netlink, &request);
	return err < 0 ? fault_set(fault, err, "cannot destroy a connection over its limit: %s",
				   strerror(-err))
		       : err;
}
