/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sekisho check` in parts: the command and what needs no file (cmd_check.c), lists
 * (check_lists.c), the other files that a key names (check_files.c). Private to them. */
#ifndef SEKISHO_CHECK_H
#define SEKISHO_CHECK_H

#include "cmd/check_report.h"
#include "cmd/cmd.h"
#include "conf/config.h"

struct check {
	struct check_report report;
	const struct config *config;
	struct prefix *own; /* this machine's addresses */
	size_t own_count;
	uint64_t list_prefixes, country_ranges; /* what was read; for the summary */
};

/* Checks the files, feeds and providers of lists. */
void check_lists(struct check *check);

/* Check what else keys name: country and provider data with their feeds; logs; the alert program;
 * the keys of policy server and fleet; the cgroup. */
void check_countries(struct check *check);
void check_providers(struct check *check);
void check_logs(struct check *check);
void check_alert_program(struct check *check);
void check_keys(struct check *check);
void check_cgroup(struct check *check);

/* Whether this user may read the file `path`. If not, that is a warning at `where`, as the daemon
 * may be able to; a pipe or a device, which could keep a reader waiting, is a fault. `what` names
 * what the file is of. An absent file may be read. */
bool check_may_read(struct check *check, const char *where, const char *what, const char *path);

/* Reports "WHERE: WHAT: FAULT", and how to mend it if the fault does not say so; `or_else` "" or
 * another way, as ", or install X". */
void check_tell_file(struct check *check, const char *where, const char *what,
		     const struct fault *fault, const char *or_else);

/* Checks the file of authorities (CA certificates) that a key names. `path` NULL: none. */
void check_authorities(struct check *check, const char *where, const char *what, const char *path);

#endif
