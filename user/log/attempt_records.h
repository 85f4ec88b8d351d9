/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts of the last seconds by source, and which voices have told of each. See attempts.h. */
#ifndef SEKISHO_LOG_ATTEMPT_RECORDS_H
#define SEKISHO_LOG_ATTEMPT_RECORDS_H

#include "log/line_event.h"

enum voice { VOICE_FRONT = 1, VOICE_BACK = 2, VOICE_PAM = 4, VOICE_SESSION = 8, VOICE_REPORT = 16 };

struct record {
	int64_t at_ms;	  /* log time of its first line; 0: free */
	uint32_t account; /* 0: not known yet */
	uint32_t serial;
	uint16_t first, last; /* databases that said no */
	uint8_t length;	      /* how many said no */
	uint8_t voices;	      /* set of enum voice */
	bool unknown_user;    /* the last one does not know the user */
	uint8_t module;	      /* VOICE_PAM: the module that wrote the line */
};

#define RECORDS_OF_SOURCE 12
#define RECORD_SLOTS	  2048 /* sources, 384 bytes each: 768 KiB */
#define RECORD_WAYS	  8

struct records;

struct records *records_new(void); /* NULL: out of memory */
void records_free(struct records *records);

struct record_query {
	uint8_t lacks, has; /* voices */
	uint32_t account;   /* 0: any; a record without one fits any */
	bool exact;	    /* not any: of this account only */
	int64_t window_ms;
};

/* The oldest attempt of the source that fits; NULL: there is none. */
struct record *records_find(struct records *records, const struct address *source, int64_t now_ms,
			    const struct record_query *query);

/* The oldest attempt that fits and for which `fits` is true; `context` is passed on. */
struct record *records_find_if(struct records *records, const struct address *source,
			       int64_t now_ms, const struct record_query *query,
			       bool (*fits)(const struct record *record, const void *context),
			       const void *context);

/* Adds an attempt, in place of the source's oldest. */
struct record *records_add(struct records *records, const struct address *source, int64_t now_ms,
			   uint32_t account, uint8_t voices);

#endif
