// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Knocks at a TCP port all the time, from the first moment of a boot on, and keeps count: how many
 * connects were open, refused, or got no answer, and when the first opened. One SYN each. Not here:
 * who may open.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS	 300 /* below a second: no second SYN */
#define PAUSE_US 20000
#define OPENED_S 2

enum outcome { OPEN, REFUSED, NO_ANSWER, OUTCOMES };

static enum outcome knock(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	if (bind(fd, (const struct sockaddr *)from, sizeof(*from)))
		error = errno;
	else if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS)
		error = errno;
	else if (poll(&wait, 1, WAIT_MS) != 1)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	close(fd);
	return !error ? OPEN : error == ECONNREFUSED ? REFUSED : NO_ANSWER;
}

int main(int argc, char **argv)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	unsigned long counts[OUTCOMES] = { 0 };
	uint64_t first_us = 0;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &from.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: knock SOURCE ADDRESS PORT FILE\n"
				"FILE says \"open N refused N no-answer N first T\", T in "
				"microseconds since boot, 0: never\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[3]));
	for (;;) {
		enum outcome outcome = knock(&from, &to);
		struct timespec now;
		char text[160];
		int fd, length;

		clock_gettime(CLOCK_MONOTONIC, &now);
		counts[outcome]++;
		if (outcome == OPEN && !first_us)
			first_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
		/* One write of one length: whoever reads sees a whole line. */
		length = snprintf(text, sizeof(text),
				  "open %8lu refused %8lu no-answer %8lu first %12llu\n",
				  counts[OPEN], counts[REFUSED], counts[NO_ANSWER],
				  (unsigned long long)first_us);
		fd = open(argv[4], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || pwrite(fd, text, (size_t)length, 0) != length)
			return 1;
		close(fd);
		/* What opened has cost the server a process. */
		if (outcome == OPEN)
			sleep(OPENED_S);
		else
			usleep(PAUSE_US);
	}
}
