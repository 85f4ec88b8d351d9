/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages between the daemon, the fleet process and the commands: one struct for each, over a
 * Unix socket that keeps messages apart. The fleet process listens (FLEET_SOCKET in its own runtime
 * folder) and answers only root and its own user. The daemon connects, never waits, and treats what
 * comes as a proposal, because the fleet process reads what strangers wrote.
 */
#ifndef SEKISHO_CHANNEL_H
#define SEKISHO_CHANNEL_H

#include "base/fault.h"
#include "fleet/statement.h"

#define CHANNEL_VERSION	  1
#define CHANNEL_TEXT_SIZE 272

enum channel_kind {
	/* From the fleet process, the first message. Nobody sends it anything before. */
	CHANNEL_WELCOME = 1,
	/* From the daemon: says that it is the daemon; all bans that hold here follow. */
	CHANNEL_DAEMON,
	CHANNEL_BAN,	 /* prefix, services, rule, time_ms: holds here until then */
	CHANNEL_UNBAN,	 /* prefix, services */
	CHANNEL_LOGIN,	 /* text: the account logged in to; so its hash is known */
	CHANNEL_SIGHT,	 /* text: account; prefix: network; provider, country, sight, time_ms */
	CHANNEL_OUTCOME, /* prefix, services, outcome: of a CHANNEL_ADOPT */
	/* From the fleet process. */
	CHANNEL_ADOPT,	 /* prefix, services (one), rule, time_ms; text: "mx1, mx2" */
	CHANNEL_RELEASE, /* prefix, services: no longer adopted */
	CHANNEL_REMOTE,	 /* as CHANNEL_SIGHT; `member` is the number of the one that saw it */
	CHANNEL_TROUBLE, /* text: what an administrator should know */
	/* From a command: text is the member's name. */
	CHANNEL_REVOKE,
	/* From the daemon: each ban that holds here follows until CHANNEL_WALKED; bans that were
	 * not told until then were lifted. */
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

/* A file below [paths] runtime. A command makes it if it could not tell the fleet process what it
 * banned or lifted; the daemon then tells all bans that hold. */
#define CHANNEL_UNTOLD "fleet-untold"

/* A listening socket, the caller's; a socket that an earlier process left is replaced. -errno. */
int channel_listen(const char *path, struct fault *fault);
/* A connection that never waits. -errno: -ENOENT, -ECONNREFUSED: nobody listens. */
int channel_connect(const char *path);
/* Whether the process at the other end is root's or this user's. */
bool channel_is_trusted(int fd);

/* -EAGAIN: not now; other -errno: the connection is over. */
int channel_send(int fd, const struct channel_message *message);
/* 1: a message of this version, text ended by NUL; 0: none now; -errno: the connection is over. */
int channel_receive(int fd, struct channel_message *message);

/* For commands, which wait a second at most: returns a connection on which CHANNEL_WELCOME came;
 * sends a message. -errno. */
int channel_call(const char *runtime);
int channel_send_patiently(int fd, const struct channel_message *message);

#endif
