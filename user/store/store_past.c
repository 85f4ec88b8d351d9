// SPDX-License-Identifier: GPL-2.0-or-later
/* The past: bans that ended, and alerts. Their times are the wall clock's when it happened. A jump
 * of the clock moves bans that are still to end, but not these (store_clock.c). */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

/* Copies a ban's row to the past, as far as it closes the services ?3. */
#define ENDED_AT(ended, lifted)                                                       \
	"INSERT INTO past_bans(prefix, services, since, ended, lifted, rule, reason)" \
	" SELECT prefix, services & ?3, since + ?2, " ended ", " lifted               \
	", rule, reason FROM bans "

/* Runs `sql` with the prefix as ?1 and a time as ?4. */
static int keep_prefix(struct store *store, const char *sql, const struct prefix *prefix,
		       enum ban_services services, int64_t wall_ns, struct fault *fault)
{
	int64_t shift;
	int result = database_shift(store, &shift, fault);

	if (result)
		return result;
	return database_write(store, sql, "keep what a ban was", fault,
			      DATABASE_VALUES({ .prefix = prefix }, { .number = shift },
					      { .number = services }, { .number = wall_ns }));
}

int database_past_lifted(struct store *store, const struct prefix *prefix,
			 enum ban_services services, int64_t now_wall_ns, struct fault *fault)
{
	static const char sql[] =
		ENDED_AT("min(until + ?2, ?4)", "until + ?2 > ?4") "WHERE prefix"
								   " = ?1 AND services & ?3";

	return keep_prefix(store, sql, prefix, services, now_wall_ns, fault);
}

int database_past_over(struct store *store, const struct prefix *prefix, enum ban_services services,
		       int64_t since_wall_ns, struct fault *fault)
{
	static const char sql[] = ENDED_AT("until + ?2", "0") "WHERE prefix = ?1 AND services & ?3"
							      " AND until + ?2 <= ?4";

	return keep_prefix(store, sql, prefix, services, since_wall_ns, fault);
}

int database_past_expired(struct store *store, int64_t now_wall_ns, int64_t most,
			  struct fault *fault)
{
	/* These are the rows that store_expire() removes after this. */
	static const char sql[] =
		ENDED_AT("until + ?2", "0") "WHERE (prefix, services) IN"
					    " (SELECT prefix, services FROM bans WHERE until <= ?1"
					    " ORDER BY until, prefix, services LIMIT ?4)";
	int64_t shift;
	int result = database_shift(store, &shift, fault);

	if (result)
		return result;
	return database_write(store, sql, "keep what bans were", fault,
			      DATABASE_VALUES({ .number = database_add(now_wall_ns, -shift) },
					      { .number = shift }, { .number = BAN_ALL },
					      { .number = most }));
}

/* Reads all but the prefix. */
static void read_past(sqlite3_stmt *statement, struct ban_record *past)
{
	*past = (struct ban_record){
		.prefix = past->prefix,
		.services = (enum ban_services)(sqlite3_column_int(statement, 1) & BAN_ALL),
		.since_wall_ns = sqlite3_column_int64(statement, 2),
		.until_wall_ns = sqlite3_column_int64(statement, 3),
		.rule = (uint32_t)sqlite3_column_int64(statement, 5),
		.lifted = sqlite3_column_int(statement, 4) != 0,
	};
	database_column_text(statement, 6, past->reason, sizeof(past->reason));
}

static int each_past(struct store *store, sqlite3_stmt *statement, store_ban_each_fn each,
		     void *context, struct fault *fault)
{
	int step;

	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct ban_record past;
		int result = database_column_key(store, statement, 0, &past.prefix, fault);

		if (result)
			return result;
		read_past(statement, &past);
		if (each(&past, context))
			return 0;
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read what bans were");
}

/* Bans that ended and were not moved yet are included. */
#define PAST_COLUMNS "SELECT prefix, services, since, ended, lifted, rule, reason FROM"
#define PAST                                                                                       \
	PAST_COLUMNS " (SELECT prefix, services, since, ended, lifted, rule, reason"               \
		     " FROM past_bans WHERE ended >= ?1"                                           \
		     " UNION ALL SELECT prefix, services, since + ?3, until + ?3, 0, rule, reason" \
		     " FROM bans WHERE until + ?3 BETWEEN ?1 AND ?2) "

int store_past_bans_each(struct store *store, const struct prefix *about, int64_t from_wall_ns,
			 int64_t now_wall_ns, store_ban_each_fn each, void *context,
			 struct fault *fault)
{
	_cleanup_(database_finalize) sqlite3_stmt *statement = NULL;
	char overlap[DATABASE_OVERLAP_SIZE] = "1", sql[sizeof(PAST) + sizeof(overlap) + 64];
	int64_t shift;
	int result;

	if (!database_has(store, "past_bans"))
		return 0;
	result = database_shift(store, &shift, fault);
	if (result)
		return result;
	if (about)
		database_overlap_sql(about, 4, overlap, sizeof(overlap));
	snprintf(sql, sizeof(sql), PAST "WHERE %s ORDER BY ended DESC, prefix", overlap);
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read what bans were");
	sqlite3_bind_int64(statement, 1, from_wall_ns);
	sqlite3_bind_int64(statement, 2, now_wall_ns);
	sqlite3_bind_int64(statement, 3, shift);
	if (about)
		database_bind_overlap(statement, 4, about);
	return each_past(store, statement, each, context, fault);
}

int store_ban_lifted_since(struct store *store, const struct prefix *prefix, int64_t since_wall_ns,
			   enum ban_services *services, struct fault *fault)
{
	static const char sql[] = "SELECT services FROM past_bans"
				  " WHERE prefix = ?1 AND ended >= ?2 AND lifted";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_bound(store, sql, &statement, fault,
					  DATABASE_VALUES({ .prefix = prefix },
							  { .number = since_wall_ns }));

	*services = 0;
	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW)
		*services |= (enum ban_services)(sqlite3_column_int(statement, 0) & BAN_ALL);
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read what bans were");
}

int store_past_alert_put(struct store *store, const struct store_past_alert *alert,
			 struct fault *fault)
{
	static const char sql[] = "INSERT INTO past_alerts(wall, rule, account, prefix, facts)"
				  " VALUES(?1, ?2, ?3, ?4, ?5)";
	/* Each rule has its own limit, so that a rule that strangers trigger does not push out the
	 * alerts of others. */
	static const char trim[] =
		"DELETE FROM past_alerts WHERE id IN (SELECT id FROM past_alerts WHERE rule = ?1"
		" ORDER BY wall DESC, id DESC LIMIT -1 OFFSET ?2)";
	_cleanup_(database_done) sqlite3_stmt *put = NULL;
	_cleanup_(database_done) sqlite3_stmt *remove = NULL;
	int result = database_statement(store, sql, &put, fault);

	if (!result)
		result = database_statement(store, trim, &remove, fault);
	if (!result)
		result = database_group_begin(store, fault);
	if (result)
		return result;
	sqlite3_bind_int64(put, 1, alert->wall_ns);
	sqlite3_bind_text(put, 2, alert->rule, -1, SQLITE_STATIC);
	if (alert->account)
		sqlite3_bind_text(put, 3, alert->account, -1, SQLITE_STATIC);
	if (alert->prefix)
		database_bind_key(put, 4, alert->prefix);
	sqlite3_bind_text(put, 5, alert->facts, -1, SQLITE_STATIC);
	result = database_run(store, put, "keep an alert", fault);
	if (!result) {
		sqlite3_bind_text(remove, 1, alert->rule, -1, SQLITE_STATIC);
		sqlite3_bind_int64(remove, 2, STORE_PAST_ALERTS_MOST);
		result = database_run(store, remove, "forget the oldest alerts", fault);
	}
	return database_group_end(store, result, fault);
}

static int read_alert(struct store *store, sqlite3_stmt *statement, struct store_past_alert *alert,
		      struct prefix *prefix, struct fault *fault)
{
	*alert = (struct store_past_alert){
		.wall_ns = sqlite3_column_int64(statement, 0),
		.rule = (const char *)sqlite3_column_text(statement, 1),
		.account = (const char *)sqlite3_column_text(statement, 2),
		.facts = (const char *)sqlite3_column_text(statement, 4),
	};
	if (!alert->rule || !alert->facts)
		return database_fault(store, fault, "read the alerts");
	if (sqlite3_column_type(statement, 3) == SQLITE_NULL)
		return 0;
	alert->prefix = prefix;
	return database_column_key(store, statement, 3, prefix, fault);
}

int store_past_alerts_each(struct store *store, const char *account, int64_t from_wall_ns,
			   store_past_alert_each each, void *context, struct fault *fault)
{
	static const char sql[] = "SELECT wall, rule, account, prefix, facts FROM past_alerts"
				  " WHERE wall >= ?1 AND (?2 IS NULL OR account = ?2"
				  " OR account IS NULL AND json_valid(facts) AND EXISTS (SELECT 1"
				  " FROM json_each(facts, '$.accounts') WHERE value = ?2"
				  " COLLATE NOCASE))"
				  " ORDER BY wall DESC, id DESC";
	_cleanup_(database_finalize) sqlite3_stmt *statement = NULL;
	int step;

	if (!database_has(store, "past_bans"))
		return 0;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read the alerts");
	sqlite3_bind_int64(statement, 1, from_wall_ns);
	if (account)
		sqlite3_bind_text(statement, 2, account, -1, SQLITE_STATIC);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_past_alert alert;
		struct prefix prefix;
		int result = read_alert(store, statement, &alert, &prefix, fault);

		if (result)
			return result;
		if (each(&alert, context))
			return 0;
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read the alerts");
}
