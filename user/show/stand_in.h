/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stand-in for the stopped daemon (sekisho-stand-in.service), as seen from outside: whether
 * systemd has the unit and would start it, whether it answers now, and how often it has answered.
 * Not here: its answers (daemon/policy_stand_in.c).
 */
#ifndef SEKISHO_STAND_IN_H
#define SEKISHO_STAND_IN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A file below the unit's RuntimeDirectory=: "ANSWERS SECONDS\n": how many questions it answered
 * since the boot, and when the last one, in seconds since 1970. The stand-in holds a flock() on it
 * for as long as it answers. */
#define STAND_IN_FOLDER "/run/sekisho-stand-in"
#define STAND_IN_FILE	"answered"

enum stand_in_unit {
	STAND_IN_UNKNOWN = 0, /* there is no systemd, or [policy] dovecot is off */
	STAND_IN_ABSENT,      /* no such unit is installed */
	STAND_IN_MASKED,      /* it would not be started */
	STAND_IN_UNCALLED,    /* sekisho-policy.socket, whose end starts it, is not enabled */
	STAND_IN_READY
};

struct stand_in {
	enum stand_in_unit unit;
	bool runs; /* answers now */
	uint64_t answers;
	int64_t last_wall_ns; /* 0: none */
};

/* Looks at the files below `root`, "" for this machine's. Treats a file that the stand-in's
 * unprivileged user wrote as a stranger's: takes only numbers, only from a regular file. */
void stand_in_look(const char *root, struct stand_in *stand_in);

/* Whether the process belongs to sekisho.service, whose end starts the stand-in. */
bool stand_in_follows(const char *root, long pid);

/* null if `unit` is unknown; a new reference, NULL: out of memory. */
json_t *stand_in_to_json(const struct stand_in *stand_in);
/* Write nothing if `unit` is unknown. */
void text_stand_in(FILE *out, const struct stand_in *stand_in, int64_t now_wall_ns);
void prometheus_stand_in(FILE *out, const struct stand_in *stand_in);

#endif
