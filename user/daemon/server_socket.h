/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets of metrics and policy: sockets that the service manager passed
 * (sd_listen_fds(3)), found by their address, else sockets of our own. Passed sockets outlive each
 * reload: callers get a copy.
 */
#ifndef SEKISHO_SERVER_SOCKET_H
#define SEKISHO_SERVER_SOCKET_H

#include "conf/config.h"

#define PASSED_MAX 16

struct loop;

struct passed_sockets {
	struct loop *loop; /* once passed_sockets_settle() was called */
	size_t count;
	struct {
		int fd;
		bool used, refused;
	} sockets[PASSED_MAX];
};

/* Takes the descriptors of $LISTEN_FDS, if it is for this process, and removes the variables, so
 * that no program that is run takes them for its own. Closes descriptors beyond PASSED_MAX, and
 * those that do not listen, as that of restart_mark.h. */
void passed_sockets_take(struct passed_sockets *passed);
/* Ends connections to passed sockets that the configuration does not name at once, so that nobody
 * waits for an answer. Returns how many such sockets there are. */
size_t passed_sockets_settle(struct passed_sockets *passed, struct loop *loop);
/* To be called when the server at `where` was closed; passed_sockets_settle() is due again. */
void passed_sockets_leave(struct passed_sockets *passed, const struct config_listen *where);
void passed_sockets_close(struct passed_sockets *passed);

struct server_place {
	const struct config_listen *where;
	const char *key;	   /* "[metrics] listen", for messages */
	const char *unit;	   /* "sekisho-metrics.socket", which would pass it */
	const char *const *owners; /* for a Unix socket: users; the group of the first one that
				      exists may connect; NULL: only our own group */
};

/* Returns a listening socket that does not block and belongs to the caller. *own_path: "" if it was
 * passed or is TCP; else the path to unlink at the end. -errno, with the remedy. */
int server_socket_open(const struct server_place *place, struct passed_sockets *passed,
		       const char **own_path, struct fault *fault);

/* Claims a listening socket that was passed to two processes, of which only one answers at a time:
 * the one that claimed it, for as long as it lives and closes none of its descriptors of the
 * socket. -EAGAIN: the other process has claimed it; -errno. */
int server_socket_claim(int socket);
/* Whether another process has claimed the socket. */
bool server_socket_is_claimed(int socket);

#endif
