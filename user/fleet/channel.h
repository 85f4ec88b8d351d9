/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon, the fleet process and the commands tell each other: one struct a message, over a
 * Unix socket that keeps messages apart. The fleet process listens (FLEET_SOCKET in its own runtime
 * folder) and answers root and itself alone; the daemon connects, never waits, and takes what comes
 * for no more than a proposal: the process reads what strangers wrote.
 */
#ifndef SEKISHO_CHANNEL_H
#define SEKISHO_CHANNEL_H

#include "base/fault.h"
#include "fleet/statement.h"

#define CHANNEL_VERSION	  1
#define CHANNEL_TEXT_SIZE 272

enum channel_kind {
	/* From the fleet process, first of all. Before it nothing is sent there. */
	CHANNEL_WELCOME = 1,
	/* From the daemon: it is the daemon, and all bans that hold here follow. */
	CHANNEL_DAEMON,
	CHANNEL_BAN,	 /* prefix, services, rule, time_ms: holds here until then */
	CHANNEL_UNBAN,	 /* prefix, services */
	CHANNEL_LOGIN,	 /* text: the account logged in to; so its hash is known */
	CHANNEL_SIGHT,	 /* text: account; prefix: network; provider, country, sight, time_ms */
	CHANNEL_OUTCOME, /* prefix, services, outcome: of a CHANNEL_ADOPT */
	/* From the fleet process. */
	CHANNEL_ADOPT,	 /* prefix, services (one), rule, time_ms; text: "mx1, mx2" */
	CHANNEL_RELEASE, /* prefix, services: no longer adopted */
	CHANNEL_REMOTE,	 /* as CHANNEL_SIGHT; `member` is the number of who saw it */
	CHANNEL_TROUBLE, /* text: what an administrator should know */
	/* From a command: text is the member's name. */
	CHANNEL_REVOKE,
	/* From the daemon: from here to CHANNEL_WALKED each ban that holds here is told, so that
	 * what was not told since was lifted. */
	CHANNEL_WALK,
	CHANNEL_WALKED,
};

/* What became of a ban that the fleet would adopt. */
enum channel_outcome {
	OUTCOME_ADOPTED = 0,
	OUTCOME_HELD,	   /* it is banned here already, by a rule or by hand */
	OUTCOME_PROTECTED, /* an own address, never-ban, a login session, the local network */
	OUTCOME_ALLOWED,   /* on an allow list */
	OUTCOME_KNOWN,	   /* known to an account here */
	OUTCOME_SENDER,	   /* delivers mail that is accepted here */
	OUTCOME_FAILED,	   /* the kernel has no room, or the like */
	OUTCOMES,
};

/* As JSON and metrics have it; static. Only below OUTCOMES. */
const char *channel_outcome_name(enum channel_outcome outcome);

struct channel_message {
	uint16_t version, kind;
	uint8_t services, rule, sight, outcome;
	uint16_t country, member;
	uint32_t provider;
	struct prefix prefix;
	uint32_t reserved;
	int64_t time_ms; /* wall clock */
	char text[CHANNEL_TEXT_SIZE];
};

/* "RUNTIME-fleet/daemon.sock" of [paths] runtime. False: too long for a socket's name. */
bool channel_path(const char *runtime, char *path, size_t size);

/* A file below [paths] runtime: a command leaves it behind when the fleet process could not be told
 * what it banned or lifted; the daemon then tells all that holds. */
#define CHANNEL_UNTOLD "fleet-untold"

/* A listening socket, the caller's; a socket that an earlier process left is replaced. -errno. */
int channel_listen(const char *path, struct fault *fault);
/* A connection that never waits. -errno: -ENOENT, -ECONNREFUSED: nobody listens. */
int channel_connect(const char *path);
/* Whether the one at the other end is root or this very user. */
bool channel_is_trusted(int fd);

/* -EAGAIN: not now; other -errno: the connection is over. */
int channel_send(int fd, const struct channel_message *message);
/* 1: a message of this version, text ended by NUL; 0: none now; -errno: the connection is over. */
int channel_receive(int fd, struct channel_message *message);

/* For commands, which wait a second at most: a connection on which the fleet process has said its
 * welcome, and a message. -errno. */
int channel_call(const char *runtime);
int channel_send_patiently(int fd, const struct channel_message *message);

#endif
