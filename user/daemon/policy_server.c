// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy server's sockets: opened, tried again, kept over a reload. */
#include "daemon/policy_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/time.h"
#include "daemon/http_server.h"
#include "daemon/judge_store.h"
#include "daemon/daemon_log.h"
#include "daemon/restart_mark.h"
#include "log/joining.h"
#include "policy/judge.h"

#define TICK_NS	     NS_PER_S
#define WAIT_MOST_S  60
#define FILES_WANTED 4096 /* 512 for Dovecot, 1,024 for Postfix, and what the daemon has */

static const char *const mail_users[] = { "postfix", "Debian-exim", "exim", NULL };

/* ---- one socket ---- */

static bool is_same_place(const struct config_listen *a, const struct config_listen *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == LISTEN_UNIX)
		return !strcmp(a->path, b->path);
	return a->kind == LISTEN_OFF ||
	       (a->port == b->port && !address_compare(&a->address, &b->address));
}

static void forget_place(struct policy_socket *socket)
{
	if (socket->own_path)
		unlink(socket->own_path);
	free(socket->own_path);
	free(socket->where.path);
	*socket = (struct policy_socket){ 0 };
}

static void take_place(struct policy_socket *socket, const struct config_listen *where)
{
	forget_place(socket);
	socket->where = *where;
	if (where->path)
		socket->where.path = strdup(where->path);
	if (where->path && !socket->where.path)
		socket->where.kind = LISTEN_OFF;
}

static int try_open(struct policy_server *server, struct policy_socket *socket, struct fault *fault)
{
	bool is_dovecot = socket == &server->dovecot;
	const struct server_place place = {
		.where = &socket->where,
		.key = is_dovecot ? "[policy] dovecot" : "[policy] postfix",
		.unit = is_dovecot ? "sekisho-policy.socket" : "sekisho-postfix.socket",
		.owners = mail_users,
	};
	const char *path;
	int fd = server_socket_open(&place, &server->daemon->passed, &path, fault);

	if (fd < 0)
		return fd;
	free(socket->own_path);
	socket->own_path = *path ? strdup(path) : NULL;
	/* The stand-in has the same socket, and must not answer now. */
	if (is_dovecot) {
		(void)server_socket_claim(fd);
		restart_mark_leave(fd);
	}
	return is_dovecot ? policy_http_open(server, fd, fault)
			  : policy_lines_open(server, fd, socket->where.kind == LISTEN_UNIX, fault);
}

/* An address that is in use may be free later. The fault is logged once, and so is its end. */
static void open_again(struct policy_server *server, struct policy_socket *socket)
{
	unsigned waited_s = socket->wait_s;
	struct fault fault = { 0 };

	if (!try_open(server, socket, &fault)) {
		socket->wait_s = 0;
		if (waited_s)
			log_line(false, "policy: listening for %s now",
				 socket == &server->dovecot ? "Dovecot" : "Postfix");
		return;
	}
	socket->wait_s = waited_s > WAIT_MOST_S / 2 ? WAIT_MOST_S : waited_s ? waited_s * 2 : 1;
	socket->due_boot_ns = clock_boot_ns() + socket->wait_s * (uint64_t)NS_PER_S;
	if (!waited_s)
		daemon_fault(server->daemon, "policy: %s; it is tried again", fault.text);
}

static void close_dovecot(struct policy_server *server)
{
	policy_http_close(server);
	passed_sockets_leave(&server->daemon->passed, &server->dovecot.where);
	forget_place(&server->dovecot);
}

static void close_postfix(struct policy_server *server)
{
	policy_lines_close(server);
	passed_sockets_leave(&server->daemon->passed, &server->postfix.where);
	forget_place(&server->postfix);
}

/* ---- all of it ---- */

static void on_tick(void *context)
{
	struct daemon *daemon = context;
	struct policy_server *server = daemon->policy;
	uint64_t now = clock_boot_ns();

	if (!server)
		return;
	if (server->http) {
		http_server_tick(server->http);
		daemon->policy_counts.dropped +=
			http_server_ended(server->http) - server->http_ended;
		server->http_ended = http_server_ended(server->http);
	}
	if (!server->http && server->dovecot.wait_s && now >= server->dovecot.due_boot_ns)
		open_again(server, &server->dovecot);
	if (server->lines)
		policy_lines_tick(server);
	else if (server->postfix.wait_s && now >= server->postfix.due_boot_ns)
		open_again(server, &server->postfix);
}

/* Raises the number of files that may be open, if the service manager did not. */
static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Without a key, Dovecot could not be told from any other user: nobody gets an answer. */
static bool load_keys(struct policy_server *server)
{
	const struct config_policy *config = &server->daemon->instance.config->policy;
	struct fault fault = { 0 };

	if (config->dovecot.kind == LISTEN_OFF)
		return true;
	if (!api_keys_load(config->key_file, &server->keys, &fault))
		return true;
	daemon_fault(server->daemon, "policy: %s; Dovecot gets no answer until then", fault.text);
	memset(&server->keys, 0, sizeof(server->keys));
	return false;
}

void policy_open(struct daemon *daemon)
{
	const struct config_policy *config = &daemon->instance.config->policy;
	struct fault fault = { 0 };

	if (config->dovecot.kind == LISTEN_OFF && config->postfix.kind == LISTEN_OFF)
		return;
	daemon->policy = calloc(1, sizeof(*daemon->policy));
	if (!daemon->policy) {
		daemon_fault(daemon, "policy: out of memory");
		return;
	}
	daemon->policy->daemon = daemon;
	raise_files();
	if (judge_store_open(daemon, &fault))
		daemon_fault(daemon,
			     "policy: %s; meanwhile only bans, lists and countries are refused",
			     fault.text);
	if (!daemon->policy_ticks)
		daemon->policy_ticks = !loop_every(daemon->loop, TICK_NS, on_tick, daemon);
	policy_reload(daemon);
}

void policy_reload(struct daemon *daemon)
{
	const struct config_policy *config = &daemon->instance.config->policy;
	struct policy_server *server = daemon->policy;

	if (!server) {
		policy_open(daemon);
		return;
	}
	config_to_policy(daemon->instance.config, &server->policy);
	joining_expect_reports(daemon->joining, config->dovecot.kind != LISTEN_OFF ||
							config->postfix.kind != LISTEN_OFF);
	judge_store_reload(daemon);
	load_keys(server);
	if (!is_same_place(&server->dovecot.where, &config->dovecot)) {
		close_dovecot(server);
		take_place(&server->dovecot, &config->dovecot);
		if (server->dovecot.where.kind != LISTEN_OFF)
			open_again(server, &server->dovecot);
	}
	if (!is_same_place(&server->postfix.where, &config->postfix)) {
		close_postfix(server);
		take_place(&server->postfix, &config->postfix);
		if (server->postfix.where.kind != LISTEN_OFF)
			open_again(server, &server->postfix);
	}
}

void policy_finish(struct daemon *daemon)
{
	if (daemon->policy && daemon->policy->http)
		http_server_finish(daemon->policy->http);
}

void policy_close(struct daemon *daemon)
{
	if (!daemon->policy)
		return;
	close_dovecot(daemon->policy);
	close_postfix(daemon->policy);
	judge_store_close(daemon);
	free(daemon->policy);
	daemon->policy = NULL;
}

bool policy_is_on(const struct daemon *daemon)
{
	return daemon->policy && (daemon->policy->http || daemon->policy->lines);
}

static enum daemon_listener state_of(const struct policy_socket *socket, bool open)
{
	if (open)
		return DAEMON_LISTENER_OPEN;
	return socket->where.kind == LISTEN_OFF ? DAEMON_LISTENER_OFF : DAEMON_LISTENER_CLOSED;
}

static void add_judged(const struct daemon *daemon, struct policy_counts *counts)
{
	struct judge_usage usage;

	if (!daemon->judge)
		return;
	judge_get_usage(daemon->judge, &usage);
	counts->held = usage.held;
	counts->deferred = usage.deferred;
	counts->rejected = usage.rejected;
	counts->repeated = usage.repeated;
	counts->stale = usage.stale;
	counts->old_passwords = usage.old;
	counts->password_changes = usage.changed;
}

void policy_fill_status(const struct daemon *daemon, struct daemon_policy *status)
{
	const struct policy_server *server = daemon->policy;

	if (!server)
		return;
	status->dovecot = state_of(&server->dovecot, server->http);
	status->postfix = state_of(&server->postfix, server->lines);
	status->counts = daemon->policy_counts;
	add_judged(daemon, &status->counts);
}
