/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one log has shown of the Exim that writes it, for lines in which two places read as the
 * client's address: whether it writes ports, whether it refuses a given host name that is none, who
 * is connected to a process. Learned only from lines whose address is beyond doubt, several of
 * them; forgotten when Exim starts, since its settings may have changed. A log that several hosts
 * write into, or one host in several ways, shows nothing.
 */
#ifndef SEKISHO_EXIM_HABITS_H
#define SEKISHO_EXIM_HABITS_H

#include "log/envelope.h"

#define EXIM_CALLERS 32 /* processes, and refused clients, that are remembered */

struct exim_caller {
	struct address address;
	uint32_t pid;  /* 0: not said */
	uint64_t seen; /* the line's number; 0: free */
};

struct exim_habits {
	uint64_t host;		  /* hash of the syslog header's; 0: its own file */
	uint64_t line;		  /* of Exim's, so far */
	uint64_t refused;	  /* the last line that refused a given name; 0: none */
	uint32_t pid;		  /* of the line in hand */
	bool mixed;		  /* of several hosts */
	uint32_t ports, no_ports; /* clients' addresses seen with one, without one */
	struct exim_caller callers[EXIM_CALLERS], refusals[EXIM_CALLERS];
};

/* A line of Exim's begins: `text` is its message behind the prefix. Learns what it tells. */
void exim_habits_step(struct exim_habits *habits, const struct envelope *envelope, uint32_t pid,
		      struct span text);

/* A client's address that is sure was written with or without a port. */
void exim_habits_learn(struct exim_habits *habits, bool port);

/* Whether the daemon cannot have written a client's address so. */
bool exim_habits_exclude(const struct exim_habits *habits, bool port);

/* Whether a name that a client gives itself is refused where it holds blanks or brackets: the first
 * place of a line is then Exim's. */
bool exim_habits_strict(const struct exim_habits *habits);

/* The client of the process that wrote the line in hand; NULL: not known. */
const struct address *exim_habits_caller(const struct exim_habits *habits);

/* Whether the name that this client gave was refused, and nothing was forgiven it since: it was
 * offered nothing, AUTH included. */
bool exim_habits_forgive(struct exim_habits *habits, const struct address *address);

#endif
