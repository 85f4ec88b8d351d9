// SPDX-License-Identifier: GPL-2.0-or-later
/* See listeners.h. /proc tells which process holds a socket. */
#include "kernel/listeners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/diag.h"

struct listeners_search {
	struct listener *found;
	size_t count;
};

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

static void name_process(const char *pid, struct listeners_search *search)
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

static void name_all(struct listeners_search *search)
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

int listeners_list(struct listener **listeners, size_t *count, struct fault *fault)
{
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	_cleanup_free_ struct diag_socket *found = NULL;
	_cleanup_free_ struct listener *owned = NULL;
	struct listeners_search search = { 0 };
	int err = diag_open(&netlink, fault);

	*count = 0;
	*listeners = NULL;
	if (err)
		return err;
	err = diag_list(netlink, DIAG_TCP, 1U << TCP_LISTEN, NULL, NULL, &found, &search.count);
	if (!err && search.count)
		owned = calloc(search.count, sizeof(*owned));
	if (!err && search.count && !owned)
		err = -ENOMEM;
	if (err)
		return fault_set(fault, err, "cannot list the listening sockets: %s",
				 strerror(-err));
	for (size_t i = 0; i < search.count; i++) {
		owned[i].local = diag_local(&found[i].is);
		owned[i].port = ntohs(found[i].is.id.idiag_sport);
		owned[i].inode = found[i].is.idiag_inode;
	}
	search.found = owned;
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
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	/* Nobody has port 0: a kernel that can destroy sockets looks for one there, and finds
	 * none. */
	struct inet_diag_req_v2 request = {
		.sdiag_family = AF_INET,
		.sdiag_protocol = IPPROTO_TCP,
		.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	int err = diag_open(&netlink, NULL);

	if (err)
		return err;
	err = diag_destroy(netlink, &request);
	if (err >= 0)
		return 1;
	return err == -EOPNOTSUPP ? 0 : -EPERM;
}
