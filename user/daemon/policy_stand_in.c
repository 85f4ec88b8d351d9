// SPDX-License-Identifier: GPL-2.0-or-later
/* Who answers Dovecot while the daemon is stopped: that every login may go on. Dovecot asks a port
 * where nobody listens again and again, until its time-out is over, and asks nothing for up to a
 * minute once somebody does. Anybody gets the answer, it tells nothing. Not here: Postfix and Exim,
 * which go on at once where nobody listens. */
#include "daemon/policy_stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon_log.h"
#include "daemon/notify.h"
#include "daemon/policy_server.h"
#include "daemon/server_socket.h"
#include "policy/auth_request.h"
#include "show/stand_in.h"

struct answering {
	struct loop *loop;
	struct http_server *http;
	struct MHD_Response *pass, *bad;
	int file; /* where it is counted (show/stand_in.h); -1: nowhere */
	struct stand_in so_far;
	uint64_t written; /* of the answers */
};

/* ---- counted ---- */

/* Where systemd made a folder for it. What was counted before goes on, until the next boot. */
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
	if (stand_in->file >= 0)
		(void)flock(stand_in->file, LOCK_EX | LOCK_NB);
}

static void count_answer(struct answering *stand_in)
{
	stand_in->so_far.answers++;
	stand_in->so_far.last_wall_ns = clock_wall_ns();
}

/* Both numbers only grow: the text never gets shorter. */
static void write_file(struct answering *stand_in)
{
	if (stand_in->file < 0 || stand_in->written == stand_in->so_far.answers)
		return;
	stand_in->written = stand_in->so_far.answers;
	if (lseek(stand_in->file, 0, SEEK_SET) == 0)
		dprintf(stand_in->file, "%" PRIu64 " %" PRId64 "\n", stand_in->so_far.answers,
			(int64_t)(stand_in->so_far.last_wall_ns / NS_PER_S));
}

/* ---- answered ---- */

/* Of a size that is known and small: libmicrohttpd takes no more than what it says. */
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
	return MHD_queue_response(connection, MHD_HTTP_OK, stand_in->pass);
}

static void on_tick(void *context)
{
	struct answering *stand_in = context;

	http_server_tick(stand_in->http);
	write_file(stand_in);
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

static int open_all(struct answering *stand_in, const struct config_listen *where,
		    struct fault *fault)
{
	const struct server_place place = { .where = where,
					    .key = "[policy] dovecot",
					    .unit = "sekisho-stand-in.service" };
	struct passed_sockets none = { 0 };
	const char *path;
	int fd, err;

	stand_in->pass = policy_http_response(POLICY_HTTP_PASS);
	stand_in->bad = policy_http_response("{}");
	if (!stand_in->pass || !stand_in->bad)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = loop_new(&stand_in->loop, fault);
	if (err)
		return err;
	fd = server_socket_open(&place, &none, &path, fault);
	if (fd < 0)
		return fd;
	err = policy_http_serve(stand_in->loop, fd, on_request, NULL, stand_in, &stand_in->http,
				fault);
	if (err)
		return err;
	err = take_signals(stand_in);
	if (!err)
		err = loop_every(stand_in->loop, NS_PER_S, on_tick, stand_in);
	if (!err)
		open_file(stand_in);
	return err ? fault_set(fault, err, "cannot take signals: %s", strerror(-err)) : 0;
}

int policy_stand_in_run(const struct config_listen *where, struct fault *fault)
{
	struct answering stand_in = { .file = -1 };
	int err = open_all(&stand_in, where, fault);

	if (!err) {
		log_line(false, "policy: standing in: every login that Dovecot asks about goes on");
		notify("READY=1");
		err = loop_run(stand_in.loop);
		if (err)
			fault_set(fault, err, "cannot wait: %s", strerror(-err));
		http_server_finish(stand_in.http);
		write_file(&stand_in);
	}
	cleanup_close(&stand_in.file);
	http_server_close(stand_in.http);
	loop_free(stand_in.loop);
	policy_http_response_free(&stand_in.pass);
	policy_http_response_free(&stand_in.bad);
	return err;
}
