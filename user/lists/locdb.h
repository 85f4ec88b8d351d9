/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPFire's location database by libloc, as far as it names autonomous systems. Built without
 * libloc, it cannot be opened and says so. */
#ifndef SEKISHO_LOCDB_H
#define SEKISHO_LOCDB_H

#include "base/fault.h"
#include "lists/ranges.h"

struct locdb;

/* -EBADMSG: it is no such database. */
int locdb_open(const char *path, struct locdb **locdb, struct fault *fault);
void locdb_close(struct locdb *locdb);
uint32_t locdb_find(const struct locdb *locdb, const struct address *address); /* 0: none */
/* Adds a range for each network with a number, which is its value; not yet normal. -EBADMSG:
 * damaged; -ENOMEM. */
int locdb_walk(const struct locdb *locdb, struct ranges *ranges);

#endif
