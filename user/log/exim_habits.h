/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one log has shown of the Exim that writes it, for lines in which two places read as the
 * client's address: whether Exim writes ports, whether it refuses a given host name that is none,
 * and which client is connected to a process. This is learned only from several lines whose address
 * is certain, and forgotten when Exim starts, since its settings may have changed. A log that
 * several hosts write into, or one host in several ways, shows nothing.
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
	uint64_t host;		  /* hash of the host in the syslog header; 0: Exim's own file */
	uint64_t line;		  /* number of Exim's lines so far */
	uint64_t refused;	  /* the last line that refused a given name; 0: none */
	uint32_t pid;		  /* of the present line */
	bool mixed;		  /* several hosts write into the log */
	uint32_t ports, no_ports; /* clients' addresses seen with a port, without a port */
	struct exim_caller callers[EXIM_CALLERS], refusals[EXIM_CALLERS];
};

/* Begins a line of Exim's, and learns from it. `text` is its message behind the prefix. */
void exim_habits_step(struct exim_habits *habits, const struct envelope *envelope, uint32_t pid,
		      struct span text);

/* Notes that a certain address of a client was written with or without a port. */
void exim_habits_learn(struct exim_habits *habits, bool port);

/* Whether Exim cannot have written a client's address with (or without) a port. */
bool exim_habits_exclude(const struct exim_habits *habits, bool port);

/* Whether Exim refuses a name that a client gives itself if it has blanks or brackets: the first
 * place of a line is then Exim's. */
bool exim_habits_strict(const struct exim_habits *habits);

/* The client of the process that wrote the present line; NULL: not known. */
const struct address *exim_habits_caller(const struct exim_habits *habits);

/* Whether Exim refused the name that this client gave, and nothing was forgiven it since: Exim then
 * offered it nothing, not even AUTH. */
bool exim_habits_forgive(struct exim_habits *habits, const struct address *address);

#endif
