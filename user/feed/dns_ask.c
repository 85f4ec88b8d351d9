// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The addresses of one DNS name, by getaddrinfo() in a child. It is preferred to a resolver library
 * because it asks where the administrator has configured it (resolv.conf, systemd-resolved). A
 * child can be killed when it takes too long, which is all that a library would be needed for.
 */
#include "feed/dns_names.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"

#define NOBODY	     65534
#define ANSWER_MOST  64 /* addresses that a child hands on at most */
#define MEMORY_BYTES (256UL << 20)

/* What the child writes: the status of its getaddrinfo(), and the addresses. */
struct answer {
	int status;
	uint32_t count;
	struct address addresses[ANSWER_MOST];
};

static bool give_up_rights(void)
{
	const struct rlimit files = { 16, 16 }, memory = { MEMORY_BYTES, MEMORY_BYTES },
			    none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_NOFILE, &files) ||
	    setrlimit(RLIMIT_FSIZE, &none) || setrlimit(RLIMIT_CORE, &none))
		return false;
		/* Sanitizers reserve terabytes of address space. */
#ifndef __SANITIZE_ADDRESS__
	if (setrlimit(RLIMIT_AS, &memory))
		return false;
#else
	(void)memory;
#endif
	return geteuid() || (!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
			     !setresuid(NOBODY, NOBODY, NOBODY));
}

static void take(struct answer *answer, const struct sockaddr *from)
{
	struct address *address = &answer->addresses[answer->count];

	if (from->sa_family == AF_INET) {
		*address =
			address_from4(ntohl(((const struct sockaddr_in *)from)->sin_addr.s_addr));
	} else if (from->sa_family == AF_INET6) {
		memcpy(address->byte, &((const struct sockaddr_in6 *)from)->sin6_addr,
		       sizeof(address->byte));
	} else {
		return;
	}
	answer->count++;
}

/* Runs in the child. The dot at the name's end keeps resolv.conf's search list from making another
 * name of it. */
static void ask(const char *name, int out)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct answer answer = { .status = EAI_SYSTEM };
	struct addrinfo *found = NULL;
	char whole[DNS_NAME_SIZE + 1];

	if (give_up_rights() && snprintf(whole, sizeof(whole), "%s.", name) < (int)sizeof(whole))
		answer.status = getaddrinfo(whole, NULL, &hints, &found);
	for (const struct addrinfo *at = answer.status ? NULL : found;
	     at && answer.count < ANSWER_MOST; at = at->ai_next)
		take(&answer, at->ai_addr);
	_exit(write(out, &answer, sizeof(answer)) != sizeof(answer));
}

/* Whether the whole answer arrived before `end_ns` (boot clock). */
static bool await(int in, uint64_t end_ns, struct answer *answer)
{
	struct pollfd ready = { .fd = in, .events = POLLIN };
	size_t done = 0;

	while (done < sizeof(*answer)) {
		uint64_t now = clock_boot_ns();
		ssize_t got;

		if (now >= end_ns)
			return false;
		if (poll(&ready, 1, (int)((end_ns - now) / NS_PER_MS + 1)) <= 0)
			continue;
		got = read(in, (char *)answer + done, sizeof(*answer) - done);
		if (got <= 0 && errno != EINTR)
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	return address_compare(a, b);
}

/* The child's answer comes from a stranger: its numbers are checked again. */
static int take_answer(const char *name, struct answer *answer, struct address *addresses,
		       size_t room, size_t *count, struct fault *fault)
{
	if (answer->status)
		return fault_set(fault, -EAGAIN, "%.100s: %s", name,
				 answer->status == EAI_SYSTEM ? "the resolver failed"
							      : gai_strerror(answer->status));
	if (answer->count > ANSWER_MOST)
		answer->count = ANSWER_MOST;
	qsort(answer->addresses, answer->count, sizeof(*answer->addresses), by_value);
	*count = answer->count;
	memcpy(addresses, answer->addresses,
	       (answer->count < room ? answer->count : room) * sizeof(*addresses));
	return 0;
}

int dns_name_ask(const char *name, unsigned wait_s, struct address *addresses, size_t room,
		 size_t *count, struct fault *fault)
{
	uint64_t end_ns = clock_boot_ns() + wait_s * (uint64_t)NS_PER_S;
	struct answer answer = { 0 };
	int ends[2];
	bool came;
	pid_t child;

	if (pipe(ends))
		return fault_set(fault, -errno, "cannot make a pipe: %s", strerror(errno));
	child = fork();
	if (!child) {
		close(ends[0]);
		ask(name, ends[1]);
	}
	close(ends[1]);
	came = child > 0 && await(ends[0], end_ns, &answer);
	close(ends[0]);
	if (child < 0)
		return fault_set(fault, -EAGAIN, "cannot make a process: %s", strerror(errno));
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return came ? take_answer(name, &answer, addresses, room, count, fault)
		    : fault_set(fault, -EAGAIN, "%.100s: no answer within %u s", name, wait_s);
}
