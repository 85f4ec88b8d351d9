// SPDX-License-Identifier: GPL-2.0-or-later
/* See locdb.h: implemented with libloc. */
#include <errno.h>
#include <libloc/database.h>
#include <libloc/libloc.h>
#include <libloc/network.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/locdb.h"

struct locdb {
	struct loc_ctx *context;
	struct loc_database *database;
	FILE *file;
};

void locdb_close(struct locdb *locdb)
{
	if (!locdb)
		return;
	if (locdb->database)
		loc_database_unref(locdb->database);
	if (locdb->context)
		loc_unref(locdb->context);
	if (locdb->file)
		fclose(locdb->file);
	free(locdb);
}

int locdb_open(const char *path, struct locdb **result, struct fault *fault)
{
	struct locdb *locdb = calloc(1, sizeof(*locdb));
	char magic[7] = "";
	int error = 0;

	*result = NULL;
	if (!locdb)
		return fault_set(fault, -ENOMEM, "out of memory");
	locdb->file = fopen(path, "re");
	if (!locdb->file) {
		error = -errno;
		locdb_close(locdb);
		return fault_set(fault, error, "cannot read %s: %s", path, strerror(-error));
	}
	if (fread(magic, 1, sizeof(magic), locdb->file) != sizeof(magic) ||
	    memcmp(magic, "LOCDBXX", sizeof(magic))) {
		locdb_close(locdb);
		return -EBADMSG;
	}
	rewind(locdb->file);
	if (loc_new(&locdb->context) ||
	    loc_database_new(locdb->context, &locdb->database, locdb->file)) {
		locdb_close(locdb);
		return fault_set(fault, -EINVAL,
				 "%s: libloc cannot read it; fetch it again (location update)",
				 path);
	}
	*result = locdb;
	return 0;
}

uint32_t locdb_find(const struct locdb *locdb, const struct address *address)
{
	struct loc_network *network = NULL;
	struct in6_addr at;
	uint32_t number = 0;

	memcpy(&at, address->byte, sizeof(at));
	if (!loc_database_lookup(locdb->database, &at, &network) && network)
		number = loc_network_get_asn(network);
	if (network)
		loc_network_unref(network);
	return number;
}

static int add_network(struct loc_network *network, struct ranges *ranges)
{
	struct prefix prefix = { .length = loc_network_prefix(network) };
	uint32_t number = loc_network_get_asn(network);

	if (!number)
		return 0;
	memcpy(prefix.address.byte, loc_network_get_first_address(network),
	       sizeof(prefix.address.byte));
	if (loc_network_address_family(network) == AF_INET)
		prefix.length += 96;
	return ranges_add_prefix(ranges, &prefix, number);
}

int locdb_walk(const struct locdb *locdb, struct ranges *ranges)
{
	struct loc_database_enumerator *all = NULL;
	struct loc_network *network = NULL;
	int error = 0, failed = 0;

	if (loc_database_enumerator_new(&all, locdb->database, LOC_DB_ENUMERATE_NETWORKS, 0))
		return -ENOMEM;
	while (!error && !failed) {
		failed = loc_database_enumerator_next_network(all, &network);
		if (!network)
			break;
		error = add_network(network, ranges);
		loc_network_unref(network);
		network = NULL;
	}
	loc_database_enumerator_unref(all);
	return error ? error : failed ? -EBADMSG : 0;
}
