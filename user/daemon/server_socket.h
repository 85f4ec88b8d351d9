/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets of metrics and policy: those that the service manager passed
 * (sd_listen_fds(3)), found by their address, else sockets of our own. Passed ones outlive each
 * reload: what is handed out is a copy.
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

/* What $LISTEN_FDS names, if it is for this process; the variables are removed, so that no program
 * that is run takes them for its own. Of more than PASSED_MAX the rest is closed, and so is what
 * does not listen, as restart_mark.h's. */
void passed_sockets_take(struct passed_sockets *passed);
/* Those that the configuration names nowhere: connections are ended at once, so that nobody waits
 * for an answer. Returns how many there are. */
size_t passed_sockets_settle(struct passed_sockets *passed, struct loop *loop);
/* What was opened there is closed; to be settled anew. */
void passed_sockets_leave(struct passed_sockets *passed, const struct config_listen *where);
void passed_sockets_close(struct passed_sockets *passed);

struct server_place {
	const struct config_listen *where;
	const char *key;	   /* "[metrics] listen", for messages */
	const char *unit;	   /* "sekisho-metrics.socket", which would pass it */
	const char *const *owners; /* of a Unix socket: users, the group of the first that there is
				      may connect; NULL: nobody's but ours */
};

/* A listening socket, not blocking, the caller's. *own_path: "" where it was passed or is TCP; else
 * what is to be unlinked at the end. -errno, with the remedy. */
int server_socket_open(const struct server_place *place, struct passed_sockets *passed,
		       const char **own_path, struct fault *fault);

/* A listening socket that two processes have, passed to both, is answered by one of them at a time:
 * by who claims it, for as long as he lives and closes none of his descriptors of it. -EAGAIN:
 * another has claimed it; -errno. */
int server_socket_claim(int socket);
/* Whether another process has claimed it. */
bool server_socket_is_claimed(int socket);

#endif
