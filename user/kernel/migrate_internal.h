/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What migrate_copy.c needs of migrate.c. */
#ifndef SEKISHO_MIGRATE_INTERNAL_H
#define SEKISHO_MIGRATE_INTERNAL_H

#include "kernel/migrate.h"

/* The path of the older contract's pin of that name: PATH_MAX bytes. -ENAMETOOLONG. */
int migrate_older_path(const struct gate *gate, const char *name, char *path);
/* An fd of the older contract's map, which the caller closes; -1: it has none that still means the
 * same. */
int migrate_older_map(const struct gate *gate, enum gate_map map);
/* False: no such map, or the kernel does not tell; *info is zero then. */
bool migrate_map_info(int fd, struct bpf_map_info *info);
/* Whether a map's values have the same size in the older contract but another meaning. */
bool migrate_reads_otherwise(const struct gate *gate, enum gate_map map);

#endif
