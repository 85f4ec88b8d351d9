// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the policy server as Dovecot or Postfix does, over some connections that stay, one request
 * at a time on each, and prints how long the answers took. Or is the echo server beside it. Not
 * here: the daemon (policy.py).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define TEXT_SIZE	2048

static const char usage[] = "usage: asks allow|report|mail PORT CONNECTIONS REQUESTS KEY\n"
			    "       asks echo PORT\n";

struct connection {
	int fd;
	uint64_t sent_ns;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "asks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in place(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)atoi(port)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* ---- the client ---- */

static size_t make_request(const char *kind, const char *key, unsigned number, char *text)
{
	char body[TEXT_SIZE / 2];
	int size;

	if (*kind == 'm')
		return (size_t)snprintf(
			text, TEXT_SIZE,
			"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
			"helo_name=client\nqueue_id=4SXyz%u\nsender=user%u@example.net\n"
			"recipient=r%u@example.org\nrecipient_count=0\n"
			"client_address=203.0.%u.%u\nclient_name=unknown\n"
			"reverse_client_name=unknown\ninstance=1.%u\nsasl_method=plain\n"
			"sasl_username=user%u@example.net\nsasl_sender=\nsize=1234\n"
			"client_port=1234\nserver_address=192.0.2.1\nserver_port=587\n\n",
			number, number % 1000, number, number >> 8 & 255, number & 255, number,
			number % 1000);
	size = snprintf(body, sizeof(body),
			"{\"login\":\"user%u@example.net\",\"pwhash\":\"%08x\",\"remote\":"
			"\"203.0.%u.%u\",\"device_id\":\"\",\"protocol\":\"imap\",\"session_id\":"
			"\"s%u\",\"mech\":\"PLAIN\"%s}",
			number % 1000, number * 2654435761U, number >> 8 & 255, number & 255,
			number, *kind == 'r' ? ",\"success\":true,\"policy_reject\":false" : "");
	return (size_t)snprintf(text, TEXT_SIZE,
				"POST /?command=%s HTTP/1.1\r\nHost: 127.0.0.1:9120\r\n"
				"X-API-Key: %s\r\nContent-Type: application/json\r\n"
				"Content-Length: %d\r\n\r\n%s",
				kind, key, size, body);
}

static void send_one(struct connection *connection, const char *kind, const char *key,
		     unsigned number)
{
	char text[TEXT_SIZE];
	size_t size = make_request(kind, key, number, text);

	connection->sent_ns = now_ns();
	if (send(connection->fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
		fail("a request was not taken");
}

/* An answer is small: it comes in one piece, or its end in the next. */
static bool is_whole(const char *text, bool is_mail)
{
	return is_mail ? strstr(text, "\n\n") != NULL : strstr(text, "\"msg\"") != NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void ask_all(const char *kind, const char *port, unsigned connections, unsigned requests,
		    const char *key)
{
	struct connection all[CONNECTIONS_MAX];
	struct sockaddr_in address = place(port);
	uint64_t *took_ns = calloc(requests, sizeof(*took_ns)), began_ns, all_ns, median,
		 percentile99;
	struct epoll_event events[64];
	int epoll = epoll_create1(0), one = 1;
	unsigned sent = 0, got = 0;

	if (!took_ns || epoll < 0)
		fail("cannot begin");
	for (unsigned i = 0; i < connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &all[i] };

		all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(all[i].fd, (struct sockaddr *)&address, sizeof(address)) ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event))
			fail("cannot connect");
	}
	began_ns = now_ns();
	for (unsigned i = 0; i < connections && sent < requests; i++)
		send_one(&all[i], kind, key, sent++);
	while (got < requests) {
		int count = epoll_wait(epoll, events, 64, 10000);

		if (count <= 0)
			fail("no answer within 10 s");
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			char text[TEXT_SIZE];
			ssize_t size = recv(connection->fd, text, sizeof(text) - 1, 0);

			if (size <= 0)
				fail("the connection was ended");
			text[size] = '\0';
			if (!is_whole(text, *kind == 'm'))
				continue;
			took_ns[got++] = now_ns() - connection->sent_ns;
			if (sent < requests)
				send_one(connection, kind, key, sent++);
		}
	}
	all_ns = now_ns() - began_ns;
	median = requests / 2;
	percentile99 = (uint64_t)requests * 99 / 100;
	qsort(took_ns, requests, sizeof(*took_ns), compare);
	printf("{\"requests\":%u,\"per_second\":%.0f,\"median_us\":%.1f,\"p99_us\":%.1f,"
	       "\"most_us\":%.1f}\n",
	       requests, requests * 1e9 / (double)all_ns, (double)took_ns[median] / 1e3,
	       (double)took_ns[percentile99] / 1e3, (double)took_ns[requests - 1] / 1e3);
	free(took_ns);
}

/* ---- the echo server ---- */

static void echo(const char *port)
{
	struct sockaddr_in address = place(port);
	struct epoll_event events[64], event = { .events = EPOLLIN };
	int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), one = 1;
	static const char answer[] = "action=DUNNO\n\n";

	event.data.fd = listener;
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 512) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		fail("cannot listen");
	for (;;) {
		int count = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			char text[TEXT_SIZE];

			if (fd == listener) {
				event.data.fd = accept(listener, NULL, NULL);
				if (event.data.fd >= 0)
					epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
			} else if (recv(fd, text, sizeof(text), 0) <= 0) {
				close(fd);
			} else if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0) {
				close(fd);
			}
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "echo")) {
		echo(argv[2]);
	} else if (argc == 6 && strchr("arm", *argv[1]) && atoi(argv[3]) > 0 &&
		   atoi(argv[3]) <= CONNECTIONS_MAX && atoi(argv[4]) > 0) {
		ask_all(argv[1], argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]),
			argv[5]);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
