// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy questions of Postfix (policy delegation) and of Exim: lines on a stream, many requests on
 * each. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "daemon/policy_server.h"
#include "policy/delegation.h"

#define CLIENTS_MAX   1024 /* one for each smtpd process; idle ones give way */
#define ACCEPT_SOME   64   /* in one round of the loop */
#define USERS_MAX     4
#define REQUEST_NS    (2 * NS_PER_S) /* from a request's first byte to its last */
#define UNPROVEN_NS   (5 * NS_PER_S) /* without a whole request */
#define IDLE_NS	      (3600 * NS_PER_S)
#define ANSWER_PREFIX "action="

struct policy_lines_client {
	struct policy_lines *lines;
	int fd;
	bool proven;		/* has sent a whole request */
	uint64_t since_boot_ns; /* time of its last whole request, or of its arrival */
	uint64_t began_boot_ns; /* beginning of a request that is not whole yet; 0: none */
	size_t size;
	char *text; /* DELEGATION_MAX bytes, while there is such a request; else NULL */
};

struct policy_lines {
	struct policy_server *server;
	int socket;
	bool local;
	uid_t users[USERS_MAX];
	size_t user_count, client_count;
	struct policy_lines_client *clients[CLIENTS_MAX];
};

/* ---- who asks ---- */

static void find_users(struct policy_lines *lines)
{
	static const char *const names[] = { "postfix", "Debian-exim", "exim" };

	lines->users[lines->user_count++] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct passwd *user = getpwnam(names[i]);

		if (user)
			lines->users[lines->user_count++] = user->pw_uid;
	}
}

static bool may_ask(const struct policy_lines *lines, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!lines->local)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return false;
	for (size_t i = 0; i < lines->user_count; i++)
		if (lines->users[i] == peer.uid)
			return true;
	return false;
}

/* ---- clients ---- */

static void end_client(struct policy_lines_client *client)
{
	struct policy_lines *lines = client->lines;

	loop_remove(lines->server->daemon->loop, client->fd);
	close(client->fd);
	for (size_t i = 0; i < lines->client_count; i++)
		if (lines->clients[i] == client) {
			lines->clients[i] = lines->clients[--lines->client_count];
			break;
		}
	free(client->text);
	free(client);
}

static void drop_client(struct policy_lines_client *client)
{
	client->lines->server->daemon->policy_counts.dropped++;
	end_client(client);
}

/* The client that gives way: one that never asked, or else the one whose last request is longest
 * ago. */
static struct policy_lines_client *least_wanted(struct policy_lines *lines)
{
	struct policy_lines_client *least = lines->clients[0];

	for (size_t i = 1; i < lines->client_count; i++) {
		struct policy_lines_client *client = lines->clients[i];

		if (client->proven != least->proven ? !client->proven
						    : client->since_boot_ns < least->since_boot_ns)
			least = client;
	}
	return least;
}

/* ---- requests ---- */

static bool answer(struct policy_lines_client *client, const char *text, size_t size)
{
	struct policy_server *server = client->lines->server;
	char action[POLICY_ACTION_SIZE], out[POLICY_ACTION_SIZE + sizeof(ANSWER_PREFIX) + 2];
	int64_t now = clock_wall_ns();
	struct policy_mail mail;
	uint16_t server_port;
	int length;

	if (!delegation_read(text, size, now, &mail, &server_port)) {
		server->daemon->policy_counts.malformed++;
		return false;
	}
	server->daemon->policy_counts.postfix_wall_ns = now;
	client->proven = true;
	client->since_boot_ns = clock_boot_ns();
	policy_answer_mail(server, &mail, server_port, action);
	length = snprintf(out, sizeof(out), ANSWER_PREFIX "%s\n\n", action);
	/* A client that asks and never reads the answers is ended. */
	return send(client->fd, out, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
}

/* Answers all requests that are whole. False: the client is to be ended. */
static bool answer_all(struct policy_lines_client *client, char *text, size_t size)
{
	size_t at = 0;

	for (size_t whole; (whole = delegation_size(text + at, size - at)); at += whole)
		if (!answer(client, text + at, whole))
			return false;
	client->size = size - at;
	if (client->size >= DELEGATION_MAX) {
		client->lines->server->daemon->policy_counts.oversized++;
		return false;
	}
	if (!client->size) {
		free(client->text);
		client->text = NULL;
		client->began_boot_ns = 0;
		return true;
	}
	if (at || !client->began_boot_ns)
		client->began_boot_ns = clock_boot_ns();
	if (!client->text)
		client->text = malloc(DELEGATION_MAX);
	if (client->text)
		memmove(client->text, text + at, client->size);
	return client->text != NULL;
}

static void on_text(int fd, void *context)
{
	struct policy_lines_client *client = context;
	char room[DELEGATION_MAX], *text = client->text ? client->text : room;
	ssize_t count = recv(fd, text + client->size, DELEGATION_MAX - client->size, MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0)
		end_client(client);
	else if (!answer_all(client, text, client->size + (size_t)count))
		drop_client(client);
}

static void take_client(struct policy_lines *lines, int fd)
{
	struct policy_server *server = lines->server;
	struct policy_lines_client *client;

	if (!may_ask(lines, fd)) {
		server->daemon->policy_counts.unauthorized++;
		close(fd);
		return;
	}
	if (lines->client_count == CLIENTS_MAX)
		drop_client(least_wanted(lines));
	client = calloc(1, sizeof(*client));
	if (client) {
		client->lines = lines;
		client->fd = fd;
		client->since_boot_ns = clock_boot_ns();
	}
	if (!client || loop_add(server->daemon->loop, fd, on_text, client)) {
		free(client);
		close(fd);
		return;
	}
	lines->clients[lines->client_count++] = client;
}

static void on_client(int socket, void *context)
{
	struct policy_lines *lines = context;

	for (unsigned i = 0; i < ACCEPT_SOME; i++) {
		int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE) && lines->client_count)
			drop_client(least_wanted(lines));
		if (fd < 0)
			return;
		take_client(lines, fd);
	}
}

void policy_lines_tick(struct policy_server *server)
{
	struct policy_lines *lines = server->lines;
	uint64_t now = clock_boot_ns();

	for (size_t i = lines->client_count; i--;) {
		struct policy_lines_client *client = lines->clients[i];
		uint64_t idle_ns = now - client->since_boot_ns;

		if ((client->began_boot_ns && now - client->began_boot_ns > REQUEST_NS) ||
		    (!client->proven && idle_ns > UNPROVEN_NS))
			drop_client(client);
		else if (idle_ns > IDLE_NS)
			end_client(client);
	}
}

/* ---- opening and closing ---- */

int policy_lines_open(struct policy_server *server, int socket, bool local, struct fault *fault)
{
	struct policy_lines *lines = calloc(1, sizeof(*lines));

	if (!lines || loop_add(server->daemon->loop, socket, on_client, lines)) {
		close(socket);
		free(lines);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	lines->server = server;
	lines->socket = socket;
	lines->local = local;
	find_users(lines);
	server->lines = lines;
	return 0;
}

void policy_lines_close(struct policy_server *server)
{
	struct policy_lines *lines = server->lines;

	if (!lines)
		return;
	while (lines->client_count)
		end_client(lines->clients[0]);
	loop_remove(server->daemon->loop, lines->socket);
	close(lines->socket);
	free(lines);
	server->lines = NULL;
}
