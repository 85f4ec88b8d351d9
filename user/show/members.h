/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of a record's members: the status file's writer and reader, JSON and metrics are made
 * from it, so that a new counter is one row. Pure.
 */
#ifndef SEKISHO_MEMBERS_H
#define SEKISHO_MEMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum member_kind {
	MEMBER_COUNT,  /* uint64_t, or unsigned */
	MEMBER_OFFSET, /* int64_t, may be negative */
	MEMBER_BOOL,
	MEMBER_TEXT, /* char[]; "" is null */
	MEMBER_TIME, /* int64_t, nanoseconds since 1970; 0 is null */
};

struct member {
	const char *name; /* in JSON; the table ends with a row without one */
	enum member_kind kind;
	size_t offset, size;	   /* in the record */
	const char *metric, *help; /* NULL: no metric */
};

/* A row for `member` of `struct record`, and the same with a metric. */
#define MEMBER(record, member, name, kind)                                  \
	{                                                                   \
		name, MEMBER_##kind, offsetof(struct record, member),       \
			sizeof(((struct record *)NULL)->member), NULL, NULL \
	}
#define MEMBER_METRIC(record, member, name, kind, metric, help)               \
	{                                                                     \
		name, MEMBER_##kind, offsetof(struct record, member),         \
			sizeof(((struct record *)NULL)->member), metric, help \
	}

/* A new object with the members of `record`. NULL: out of memory. */
json_t *members_to_json(const struct member *members, const void *record);
/* Adds them to `object`, which may be NULL. False: out of memory. */
bool members_add(json_t *object, const struct member *members, const void *record);
/* A new array of such objects, of `count` records that are `stride` bytes apart. */
json_t *members_to_array(const struct member *members, const void *records, size_t count,
			 size_t stride);

/* Reads them back; a member that is missing, of another type or out of range becomes 0, false or
 * "". A text that is too long is cut. */
void members_from_json(const struct member *members, const json_t *object, void *record);
/* Reads an array of them into *records (calloc()ed, NULL for none). -ENOMEM. */
int members_from_array(const struct member *members, const json_t *array, size_t stride,
		       void **records, size_t *count);

/* The record's member as a metric: 0 or 1 for a bool, seconds since 1970 for a time. Not for a
 * text. */
uint64_t member_count(const struct member *member, const void *record);

/* Writes the metrics of the table: for each its family, and the record's sample. */
void members_metrics(FILE *out, const struct member *members, const void *record);
/* The same for several records, which `label`, the text of the table's first row, distinguishes.
 * Nothing without records. */
void members_metrics_each(FILE *out, const struct member *members, const char *label,
			  const void *records, size_t count, size_t stride);

#endif
