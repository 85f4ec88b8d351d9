/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one line says, before it is joined with what other lines say of the same attempt. It points
 * to nothing of its line. */
#ifndef SEKISHO_LOG_SIGHTING_H
#define SEKISHO_LOG_SIGHTING_H

#include "log/format.h"

struct sighting {
	struct event event;
	enum proof proof; /* of EVENT_FAILURE; of EVENT_ABUSE see PROOF_STAND_IN */
	uint64_t session; /* hash of its id; 0: none */
	uint64_t process; /* hash of program and process id */
	uint64_t text;	  /* hash of the message; 0: not asked for */
	uint32_t backend; /* hash of the password database; 0: none */
	uint32_t account; /* hash of the name as all servers of a machine write it; 0: not sure */
	uint32_t age_s;	  /* as of struct finding */
	bool unknown_user, may_be_rest, unasked, asked; /* likewise */
	bool uncounted; /* PROOF_REPORT: the attempt is none that counts, nor are its lines */
	unsigned log;	/* which log of the server, from 0 */
};

/* Fills all but event and log; `event` must be filled already. */
void sighting_fill(const struct envelope *envelope, const struct finding *finding,
		   struct sighting *sighting);

/* The name as all servers of a machine write it, for `account`. */
uint32_t sighting_account(const struct event *event);

#endif
