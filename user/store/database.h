/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the store: the open database, statements, faults. Private to user/store/.
 */
#ifndef SEKISHO_DATABASE_H
#define SEKISHO_DATABASE_H

#include <sqlite3.h>
#include <sys/types.h>
#include "store/store.h"

#define STORE_FILE	 "sekisho.db"
#define SCHEMA_VERSION	 11
#define APPLICATION_ID	 0x73656b69 /* "seki", for file(1) */
#define STORE_STATEMENTS 128
#define DATABASE_BUSY_MS 10000 /* the wait for another process, unless store_set_busy_timeout() */

enum store_cap {
	CAP_KNOWN,
	CAP_REPEATS,
	CAP_INCIDENTS,
	CAP_SENDERS,
	CAP_HABITS,
	CAP_PAST,
	CAP_RIGHTS,
	CAP_WRONGS,
	CAP_BUDGETS,
	CAP_HELD,
	CAP_REFUSALS,
	CAP_COUNT
};

struct store {
	sqlite3 *db;
	char *path;
	bool begun;		/* between store_begin() and its end */
	bool damaged;		/* damage was found */
	bool has_clock;		/* the schema is new enough for the clock's table */
	bool has_services;	/* the same for the services of bans */
	bool has_list_services; /* and of lists */
	unsigned busy_ms;	/* how long to wait for another process */
	dev_t device;		/* of the open file */
	ino_t inode;
	unsigned puts[CAP_COUNT]; /* rows put since rows of that kind were counted */
	unsigned expired;	  /* calls of store_expire() */
	struct {
		const char *sql; /* recognised by its address */
		sqlite3_stmt *statement;
	} statements[STORE_STATEMENTS];
};

/* Makes the tables of SCHEMA_VERSION in a file of schema `version` (0: an empty file), within the
 * caller's transaction. */
int database_make_schema(struct store *store, int64_t version, struct fault *fault);

/* Removes the oldest rows of a kind beyond its maximum. To be called after each row that was put;
 * it counts the rows now and then. The second one does so for all kinds, in each twentieth call. */
int database_cap(struct store *store, enum store_cap cap, struct fault *fault);
int database_cap_all(struct store *store, struct fault *fault);

/* Returns SQLite's last failure as -errno, and sets the fault with its remedy. `what` follows
 * "cannot". */
int database_fault(struct store *store, struct fault *fault, const char *what);

/* The same for a system call (`error` is an errno), and for a damaged store. */
int database_system_fault(struct store *store, int error, struct fault *fault, const char *what);
int database_damage(struct store *store, struct fault *fault, const char *why);

/* A statement that is prepared once for each `sql` (a literal), ready to be bound. The caller
 * returns it by database_done() as a cleanup, and must not ask for it again before that. */
int database_statement(struct store *store, const char *sql, sqlite3_stmt **statement,
		       struct fault *fault);
void database_done(sqlite3_stmt **statement);
/* Ends a statement for good, as a cleanup. */
void database_finalize(sqlite3_stmt **statement);

/* Whether there is such a table: an older schema that is open for reading only lacks some. */
bool database_has(const struct store *store, const char *table);

/* Runs a bound statement that returns no row. */
int database_run(struct store *store, sqlite3_stmt *statement, const char *what,
		 struct fault *fault);

/* A parameter of a statement: the text or the prefix, whichever is not NULL, else the number.
 * Copied. */
struct database_value {
	const char *text;
	const struct prefix *prefix;
	int64_t number;
};
#define DATABASE_VALUES(...)                                             \
	(const struct database_value[]){ __VA_ARGS__ },                  \
		sizeof((const struct database_value[]){ __VA_ARGS__ }) / \
			sizeof(struct database_value)
/* database_statement(), with ?1, ?2... bound to DATABASE_VALUES(). */
int database_bound(struct store *store, const char *sql, sqlite3_stmt **statement,
		   struct fault *fault, const struct database_value *values, size_t count);
/* The same, and runs the statement, which returns no row. `what` follows "cannot". */
int database_write(struct store *store, const char *sql, const char *what, struct fault *fault,
		   const struct database_value *values, size_t count);
/* The same for a row of a kind that has a maximum: database_cap(). */
int database_put(struct store *store, enum store_cap cap, const char *sql, const char *what,
		 struct fault *fault, const struct database_value *values, size_t count);
/* Reads the only row of a bound statement. 0: its columns can be read; -ENOENT: there is no row,
 * and the fault has the text `none`. */
int database_row(struct store *store, sqlite3_stmt *statement, const char *none, const char *what,
		 struct fault *fault);
/* A text column of the row, at most `size` bytes with its NUL; "" for NULL. */
void database_column_text(sqlite3_stmt *statement, int column, char *text, size_t size);
/* Runs statements without parameters or rows. */
int database_execute(struct store *store, const char *sql, const char *what, struct fault *fault);

/* Makes several statements one: all or none, alone or inside store_begin(). end() takes the result
 * so far, undoes the statements if it is an error, and returns the result. */
int database_group_begin(struct store *store, struct fault *fault);
int database_group_end(struct store *store, int result, struct fault *fault);

/* Copy bans to the past ones (store_past.c) before they are removed, or replaced by a ban that
 * begins at `since_wall_ns`: the bans of a prefix that are lifted now; those of a prefix that were
 * over at `since_wall_ns`; the first `most` of all that are over. `now_wall_ns` is the wall clock,
 * without the shift. */
int database_past_lifted(struct store *store, const struct prefix *prefix,
			 enum ban_services services, int64_t now_wall_ns, struct fault *fault);
int database_past_over(struct store *store, const struct prefix *prefix, enum ban_services services,
		       int64_t since_wall_ns, struct fault *fault);
int database_past_expired(struct store *store, int64_t now_wall_ns, int64_t most,
			  struct fault *fault);

/* Removes spans (spans.c) that are too old, or too many. */
int database_expire_spans(struct store *store, int64_t now_wall_ns, struct fault *fault);

/* The shift between the wall clock and the times of bans in the file: the file has the time minus
 * the shift. See store_clock.c. */
int database_shift(struct store *store, int64_t *shift_ns, struct fault *fault);
/* The sum of two times, bounded by their type. */
int64_t database_add(int64_t a, int64_t b);

/* A prefix as a key: IPv4 before IPv6, then by address, then by length. */
#define DATABASE_KEY_SIZE 18
size_t database_key(const struct prefix *prefix, unsigned char key[DATABASE_KEY_SIZE]);
int database_bind_key(sqlite3_stmt *statement, int parameter, const struct prefix *prefix);
/* Binds the first and the last key within the prefix. */
void database_bind_keys_in(sqlite3_stmt *statement, int first, int last,
			   const struct prefix *prefix);
/* Writes a condition on a column `prefix`: it is within the given prefix, or around it. Its
 * parameters are those from `first` on, which database_bind_overlap() binds. */
#define DATABASE_OVERLAP_SIZE 800
void database_overlap_sql(const struct prefix *prefix, unsigned first, char *sql, size_t size);
void database_bind_overlap(sqlite3_stmt *statement, int first, const struct prefix *prefix);
/* -EBADMSG. */
int database_column_key(struct store *store, sqlite3_stmt *statement, int column,
			struct prefix *prefix, struct fault *fault);

/* A macro's number as text within SQL. */
#define SQL_TEXT(x)   #x
#define SQL_NUMBER(x) SQL_TEXT(x)

#endif
