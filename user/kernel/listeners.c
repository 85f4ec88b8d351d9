// SPDX-License-Identifier: GPL-2.0-or-later
/* See listeners.h. sock_diag(7) over libnl-3, and /proc for who holds a socket. */
#include "kernel/listeners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct search {
	struct listener *found;
	size_t count, room;
	int err;
};

static void cleanup_socket(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static int on_socket(struct nl_msg *message, void *context)
{
	const struct inet_diag_msg *socket = nlmsg_data(nlmsg_hdr(message));
	struct search *search = context;
	struct listener *listener;

	if ((size_t)nlmsg_datalen(nlmsg_hdr(message)) < sizeof(*socket))
		return NL_OK;
	if (search->count == search->room) {
		size_t room = search->room ? search->room * 2 : 64;
		void *more = realloc(search->found, room * sizeof(*search->found));

		if (!more) {
			search->err = -ENOMEM;
			return NL_STOP;
		}
		search->found = more;
		search->room = room;
	}
	listener = &search->found[search->count++];
	memset(listener, 0, sizeof(*listener));
	if (socket->idiag_family == AF_INET)
		listener->local = address_from4(ntohl(socket->id.idiag_src[0]));
	else
		memcpy(&listener->local, socket->id.idiag_src, sizeof(listener->local));
	listener->port = ntohs(socket->id.idiag_sport);
	listener->inode = socket->idiag_inode;
	return NL_OK;
}

static int dump(struct nl_sock *socket, int family, struct search *search)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = 1U << TCP_LISTEN,
	};
	int err;

	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_socket, search);
	err = nl_send_simple(socket, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request));
	if (err >= 0)
		err = nl_recvmsgs_default(socket);
	return err < 0 ? -EIO : search->err;
}

/* ---- who holds them ---- */

static void program_of(const char *pid, char program[32])
{
	_cleanup_(cleanup_file) FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(program, 32, file))
		program[0] = '\0';
	program[strcspn(program, "\n")] = '\0';
}

/* The inode in "socket:[123]", or 0. */
static unsigned long inode_of(const char *folder, const char *name)
{
	char path[512], target[64];
	ssize_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	size = readlink(path, target, sizeof(target) - 1);
	if (size < 9)
		return 0;
	target[size] = '\0';
	return strncmp(target, "socket:[", 8) ? 0 : strtoul(target + 8, NULL, 10);
}

static void name_process(const char *pid, struct search *search)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	char folder[64], program[32] = "";
	struct dirent *entry;

	snprintf(folder, sizeof(folder), "/proc/%.20s/fd", pid);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		unsigned long inode = inode_of(folder, entry->d_name);

		for (size_t i = 0; inode && i < search->count; i++) {
			struct listener *listener = &search->found[i];

			if (listener->inode != inode || *listener->program)
				continue;
			if (!*program)
				program_of(pid, program);
			memcpy(listener->program, program, sizeof(program));
		}
	}
}

static void name_all(struct search *search)
{
	_cleanup_(cleanup_dir) DIR *proc = search->count ? opendir("/proc") : NULL;
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			name_process(entry->d_name, search);
}

/* ---- all of it ---- */

static int by_port(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	return x->port != y->port ? (x->port < y->port ? -1 : 1)
				  : address_compare(&x->local, &y->local);
}

static int open_socket(struct nl_sock **socket)
{
	*socket = nl_socket_alloc();
	if (!*socket)
		return -ENOMEM;
	if (nl_connect(*socket, NETLINK_SOCK_DIAG))
		return -EIO;
	nl_socket_disable_seq_check(*socket);
	return 0;
}

int listeners_list(struct listener **listeners, size_t *count, struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = NULL;
	struct search search = { 0 };
	_cleanup_free_ struct listener *owned = NULL;
	int err = open_socket(&socket);

	*count = 0;
	*listeners = NULL;
	if (!err)
		err = dump(socket, AF_INET, &search);
	if (!err)
		err = dump(socket, AF_INET6, &search);
	owned = search.found;
	if (err)
		return fault_set(fault, err, "cannot list the listening sockets: %s",
				 strerror(-err));
	name_all(&search);
	if (search.count)
		qsort(owned, search.count, sizeof(*owned), by_port);
	*listeners = TAKE_PTR(owned);
	*count = search.count;
	return 0;
}

bool listener_is_open(const struct listener *listener)
{
	const struct prefix local = { .address = listener->local, .length = 128 };
	const char *special = prefix_special(&local);

	return !special || strcmp(special, "loopback") != 0;
}

int listeners_can_destroy(void)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = NULL;
	/* Port 0 is nobody's: a kernel that can looks for it and finds none. */
	struct inet_diag_req_v2 request = {
		.sdiag_family = AF_INET,
		.sdiag_protocol = IPPROTO_TCP,
		.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	int err = open_socket(&socket);

	if (err)
		return err;
	err = nl_send_simple(socket, SOCK_DESTROY, NLM_F_ACK, &request, sizeof(request));
	if (err >= 0)
		err = nl_wait_for_ack(socket);
	if (err == -NLE_OBJ_NOTFOUND || err >= 0)
		return 1;
	return err == -NLE_OPNOTSUPP ? 0 : -EPERM;
}
