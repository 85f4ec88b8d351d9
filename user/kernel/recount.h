/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The open counts of the meters compared with the connections that are open. For connections.c. */
#ifndef SEKISHO_RECOUNT_H
#define SEKISHO_RECOUNT_H

#include "kernel/gate_internal.h"

struct open_list { /* of the map "connections" */
	uint64_t *cookies;
	struct connection *connections;
	size_t count, room;
};

/* Makes room for `count` connections in all. -ENOMEM. */
int open_list_room(struct open_list *list, size_t count);
void open_list_free(struct open_list *list);

/* A meter whose open count differs from its connections. */
struct wrong_count {
	struct meter_key key; /* for a country the service is the index */
	__u32 kind;	      /* enum meter_kind */
	uint32_t open, counted;
	uint64_t handshakes;
	bool missing; /* the meter does not exist */
};

struct recount {
	struct wrong_count *wrong;
	size_t count, room;
};

/* Finds the counts that are wrong at this instant. -ENOMEM; errors of reading the maps. */
int recount_read(struct gate *gate, const struct open_list *list, struct recount *recount,
		 struct fault *fault);
void recount_free(struct recount *recount);

/* Whether the recount has the same meter with the same wrong count. */
bool recount_has(const struct recount *recount, const struct wrong_count *wrong);

/* Corrects a count. 1: done; 0: it has changed meanwhile; -errno. */
int recount_correct(struct gate *gate, const struct wrong_count *wrong);

#endif
