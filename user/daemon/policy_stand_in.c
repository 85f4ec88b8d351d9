// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that answers Dovecot while the daemon does not, because it is stopped, fails at each
 * start, or hangs: every login may go on. If nobody listens, Dovecot tries again until its time-out
 * is over, and asks nothing for up to a minute after somebody does. Anybody gets this answer, as it
 * tells nothing. Not here: Postfix and Exim, which go on at once if nobody listens. */
#include "daemon/policy_stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon_log.h"
#include "daemon/notify.h"
#include "daemon/policy_server.h"
#include "daemon/restart_mark.h"
#include "daemon/server_socket.h"
#include "policy/auth_request.h"
#include "show/stand_in.h"

#define PATIENCE_NS (NS_PER_S / 5)   /* the daemon has so long; Dovecot waits 0.3 s */
#define LOOK_NS	    (NS_PER_S / 200) /* between looks while a question waits */
#define AWAY_NS	    NS_PER_S	     /* a daemon that is away for longer does not just restart */
#define ACCEPT_MOST 64		     /* at once, before other events have their turn */

struct answering {
	struct loop *loop;
	struct http_server *http;
	struct passed_sockets passed;
	int listener;
	uint64_t away_boot_ns;	/* since when the daemon is seen to be away; 0: it is there */
	uint64_t waits_boot_ns; /* since when somebody waits for the daemon */
	struct MHD_Response *pass, *pass_once, *bad;
	int file; /* of the counts (show/stand_in.h); -1: not kept */
	struct stand_in so_far;
	uint64_t written; /* answers that the file has */
};

/* ---- counting ---- */

/* Opens the file of the counts, if systemd made a folder for it. Earlier counts of this boot go on.
 * The file is locked while the daemon is away. */
static void open_file(struct answering *stand_in)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");
	char path[256];

	stand_in->file = -1;
	if (!folder)
		return;
	stand_in_look("", &stand_in->so_far);
	stand_in->written = stand_in->so_far.answers;
	snprintf(path, sizeof(path), "%s/" STAND_IN_FILE, folder);
	stand_in->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
}

static void count_answer(struct answering *stand_in)
{
	stand_in->so_far.answers++;
	stand_in->so_far.last_wall_ns = clock_wall_ns();
}

/* Both numbers only grow, so that the text never gets shorter. */
static void write_file(struct answering *stand_in)
{
	if (stand_in->file < 0 || stand_in->written == stand_in->so_far.answers)
		return;
	stand_in->written = stand_in->so_far.answers;
	if (lseek(stand_in->file, 0, SEEK_SET) == 0)
		dprintf(stand_in->file, "%" PRIu64 " %" PRId64 "\n", stand_in->so_far.answers,
			(int64_t)(stand_in->so_far.last_wall_ns / NS_PER_S));
}

/* ---- answering ---- */

/* Whether the daemon is away: one that has just gone, and is to be started again, may be back at
 * once. */
static bool daemon_is_away(struct answering *stand_in)
{
	uint64_t now = clock_boot_ns();

	if (server_socket_is_claimed(stand_in->listener)) {
		stand_in->away_boot_ns = 0;
		return false;
	}
	if (!stand_in->away_boot_ns)
		stand_in->away_boot_ns = now;
	return now - stand_in->away_boot_ns >= AWAY_NS || !restart_mark_is_kept(stand_in->listener);
}

/* Whether the body's size is known and small: libmicrohttpd reads no more than that. */
static bool is_bounded(struct MHD_Connection *connection)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_CONTENT_LENGTH) &&
	       policy_http_length(connection) <= AUTH_REQUEST_MAX;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	struct answering *stand_in = context;

	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	if (!*state) {
		*state = stand_in;
		return is_bounded(connection)
			       ? MHD_YES
			       : MHD_queue_response(connection, MHD_HTTP_CONTENT_TOO_LARGE,
						    stand_in->bad);
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	http_server_trust(connection);
	count_answer(stand_in);
	/* If the daemon is there, the connection is closed, so that its next question goes to the
	 * daemon. */
	return MHD_queue_response(connection, MHD_HTTP_OK,
				  daemon_is_away(stand_in) ? stand_in->pass : stand_in->pass_once);
}

/* ---- taking questions ---- */

static void take_questions(struct answering *stand_in)
{
	struct sockaddr_storage address;

	for (int i = 0; i < ACCEPT_MOST; i++) {
		socklen_t size = sizeof(address);
		int fd = accept4(stand_in->listener, (struct sockaddr *)&address, &size,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			break;
		http_server_take(stand_in->http, fd, (struct sockaddr *)&address, size);
	}
}

static void on_question(int fd, void *context);

/* Looks again until nobody waits, or a question has waited too long. */
static void look(void *context)
{
	struct answering *stand_in = context;
	struct pollfd comes = { .fd = stand_in->listener, .events = POLLIN };
	bool waits = poll(&comes, 1, 0) > 0;

	if (waits && !daemon_is_away(stand_in) &&
	    clock_boot_ns() - stand_in->waits_boot_ns < PATIENCE_NS &&
	    !loop_after(stand_in->loop, LOOK_NS, look, stand_in))
		return;
	if (waits)
		take_questions(stand_in);
	if (loop_add(stand_in->loop, stand_in->listener, on_question, stand_in))
		loop_stop(stand_in->loop); /* the process is started again */
}

static void on_question(int fd, void *context)
{
	struct answering *stand_in = context;

	if (daemon_is_away(stand_in)) {
		take_questions(stand_in);
		return;
	}
	loop_remove(stand_in->loop, fd);
	stand_in->waits_boot_ns = clock_boot_ns();
	look(stand_in);
}

/* ---- all of it ---- */

static void on_tick(void *context)
{
	struct answering *stand_in = context;
	bool away = daemon_is_away(stand_in);

	http_server_tick(stand_in->http);
	if (!away)
		http_server_let_go(stand_in->http);
	write_file(stand_in);
	if (stand_in->file >= 0)
		(void)flock(stand_in->file, away ? LOCK_EX | LOCK_NB : LOCK_UN);
	notify_alive();
}

static void on_signal(int signal, void *context)
{
	struct answering *stand_in = context;

	(void)signal;
	loop_stop(stand_in->loop);
}

static int take_signals(struct answering *stand_in)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return loop_signals(stand_in->loop, &set, on_signal, stand_in);
}

/* A passed socket is also the daemon's, which may be running. */
static int open_listener(struct answering *stand_in, const struct config_listen *where,
			 struct fault *fault)
{
	const struct server_place place = { .where = where,
					    .key = "[policy] dovecot",
					    .unit = "sekisho-policy.socket" };
	const char *path;

	passed_sockets_take(&stand_in->passed);
	if (!stand_in->passed.count)
		stand_in->listener = server_socket_open(&place, &stand_in->passed, &path, fault);
	else if ((stand_in->listener = fcntl(stand_in->passed.sockets[0].fd, F_DUPFD_CLOEXEC, 0)) <
		 0)
		fault_set(fault, -errno, "cannot take the socket that was passed: %m");
	return stand_in->listener < 0 ? fault->error : 0;
}

static int open_all(struct answering *stand_in, const struct config_listen *where,
		    struct fault *fault)
{
	int err = open_listener(stand_in, where, fault);

	if (err)
		return err;
	stand_in->pass = policy_http_response(POLICY_HTTP_PASS);
	stand_in->pass_once = policy_http_response(POLICY_HTTP_PASS);
	stand_in->bad = policy_http_response("{}");
	if (!stand_in->pass || !stand_in->pass_once || !stand_in->bad ||
	    MHD_add_response_header(stand_in->pass_once, MHD_HTTP_HEADER_CONNECTION, "close") !=
		    MHD_YES)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = loop_new(&stand_in->loop, fault);
	if (!err)
		err = policy_http_serve(stand_in->loop, -1, on_request, NULL, stand_in,
					&stand_in->http, fault);
	if (err)
		return err;
	err = take_signals(stand_in);
	if (!err)
		err = loop_every(stand_in->loop, NS_PER_S, on_tick, stand_in);
	if (!err)
		err = loop_add(stand_in->loop, stand_in->listener, on_question, stand_in);
	if (!err)
		open_file(stand_in);
	return err ? fault_set(fault, err, "cannot wait for questions: %s", strerror(-err)) : 0;
}

int policy_stand_in_run(const struct config_listen *where, struct fault *fault)
{
	struct answering stand_in = { .file = -1, .listener = -1 };
	int err = open_all(&stand_in, where, fault);

	if (!err) {
		log_line(false, "policy: every login goes on that Dovecot asks about, where "
				"the daemon does not answer");
		notify("READY=1");
		err = loop_run(stand_in.loop);
		if (err)
			fault_set(fault, err, "cannot wait: %s", strerror(-err));
		http_server_finish(stand_in.http);
		write_file(&stand_in);
	}
	cleanup_close(&stand_in.file);
	cleanup_close(&stand_in.listener);
	passed_sockets_close(&stand_in.passed);
	http_server_close(stand_in.http);
	loop_free(stand_in.loop);
	policy_http_response_free(&stand_in.pass);
	policy_http_response_free(&stand_in.pass_once);
	policy_http_response_free(&stand_in.bad);
	return err;
}
