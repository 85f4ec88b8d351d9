/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of JSON objects in log lines, of all writers: Docker, the journal, collectors. They
 * are in one table, so that an object is read once. Not here: how an object of each writer is
 * recognised (unwrap.c, shipped.c).
 */
#ifndef SEKISHO_LOG_JSON_MEMBERS_H
#define SEKISHO_LOG_JSON_MEMBERS_H

#include <stddef.h>

/* What a member of a collector's object tells. If several have one role, the first that is there
 * counts; there must not be two messages. */
enum member_role {
	ROLE_NONE = 0, /* no member of a collector's object */
	ROLE_MESSAGE,
	ROLE_TAG,
	ROLE_PROGRAM,
	ROLE_PID,
	ROLE_TIME,
	ROLE_UID,
	ROLE_UNIT,
	ROLE_COMM,
	ROLE_CONTAINER,
	ROLE_STREAM,
	ROLE_PART,
};

/* The first ones of the table: those that Docker and the journal have. */
enum json_member {
	MEMBER_PARTIAL,
	MEMBER_HOST,
	MEMBER_JOURNAL_CONTAINER,
	MEMBER_SHIPPED,			      /* from here on: also in a collector's object */
	MEMBER_JOURNAL_TIME = MEMBER_SHIPPED, /* before other times */
	MEMBER_LOG,
	MEMBER_STREAM,
	MEMBER_CONTAINER_ID,
	MEMBER_CONTAINER_NAME,
	MEMBER_IDENTIFIER,
	MEMBER_COMM,
	MEMBER_SYSLOG_PID,
	MEMBER_PID,
	MEMBER_UID,
	MEMBER_UNIT,
	MEMBER_MESSAGE,
	MEMBER_TIME_REPORTED, /* before the times that follow */
	MEMBER_ISO_DATE,
	MEMBER_TIME,
	MEMBER_NAMED,	   /* the first that has no name in this enum */
	MEMBER_COUNT = 78, /* all */
};

extern const struct member_name {
	const char *name;
	enum member_role role;
} member_names[MEMBER_COUNT];

#endif
