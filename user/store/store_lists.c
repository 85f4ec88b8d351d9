// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists and country data in the store, each replaced as a whole, and the generation that counts
 * these changes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/database.h"
#include "store/pack.h"

#define BASE_COLUMNS "id, name, allow, updated, prefixes, source, source_mtime, source_size"
#define LIST_COLUMNS BASE_COLUMNS ", services"
#define OLD_COLUMNS  BASE_COLUMNS ", ''" /* of a schema before 11 */

static int raise_generation(struct store *store, struct fault *fault)
{
	return database_execute(store, "UPDATE generation SET number = number + 1",
				"count a change", fault);
}

int store_generation(struct store *store, uint64_t *generation, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, "SELECT number FROM generation", &statement, fault);

	if (result)
		return result;
	if (sqlite3_step(statement) != SQLITE_ROW)
		return database_fault(store, fault, "read the generation");
	*generation = (uint64_t)sqlite3_column_int64(statement, 0);
	return 0;
}

int store_generation_set(struct store *store, uint64_t generation, struct fault *fault)
{
	return database_write(store, "UPDATE generation SET number = ?1", "count a change", fault,
			      DATABASE_VALUES({ .number = (sqlite3_int64)generation }));
}

/* Gives the list the id of the stored list of its name, or else the lowest free one. */
int store_list_id(struct store *store, struct store_list *list, struct fault *fault)
{
	static const char sql[] =
		"WITH RECURSIVE candidate(id) AS (VALUES(1) UNION ALL SELECT id + 1 FROM candidate"
		" WHERE id < 255) SELECT coalesce((SELECT id FROM lists WHERE name = ?1),"
		" (SELECT min(id) FROM candidate WHERE id NOT IN (SELECT id FROM lists)))";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	_Static_assert(LIST_MAX == 256, "255 stands above");
	if (result)
		return result;
	sqlite3_bind_text(statement, 1, list->name, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return database_fault(store, fault, "choose a list's number");
	if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
		return fault_set(
			fault, -ENOSPC,
			"there are %d lists already, the most there can be; remove one, or "
			"import several files into one list",
			LIST_MAX - 1);
	list->id = (uint8_t)sqlite3_column_int(statement, 0);
	return 0;
}

static int put_metadata(struct store *store, const struct store_list *list, struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO lists(" LIST_COLUMNS
				  ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

	return database_write(store, sql, "store a list", fault,
			      DATABASE_VALUES({ .number = list->id }, { .text = list->name },
					      { .number = list->code ? list->code : list->allow },
					      { .number = list->updated_wall_ns },
					      { .number = (sqlite3_int64)list->prefixes },
					      { .text = list->source },
					      { .number = (sqlite3_int64)list->source_mtime_ns },
					      { .number = (sqlite3_int64)list->source_size },
					      { .text = list->services }));
}

/* Packed ranges. They are made before the transaction that stores them, as others wait for its
 * end. */
struct packed {
	unsigned char *data;
	size_t size;
};

static void packed_free(struct packed *packed)
{
	free(packed->data);
}

static int pack(const struct ranges *ranges, struct packed *packed, const char *what,
		struct fault *fault)
{
	if (pack_ranges(ranges, &packed->data, &packed->size))
		return fault_set(fault, -ENOMEM, "cannot store %s: out of memory", what);
	return 0;
}

static int put_ranges(struct store *store, uint8_t id, const struct packed *packed,
		      struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, "INSERT OR REPLACE INTO list_ranges VALUES(?1, ?2)",
					&statement, fault);

	if (result)
		return result;
	sqlite3_bind_int(statement, 1, id);
	if (sqlite3_bind_blob64(statement, 2, packed->data, packed->size, SQLITE_STATIC) !=
	    SQLITE_OK)
		return database_fault(store, fault, "store a list");
	return database_run(store, statement, "store a list", fault);
}

int store_list_put(struct store *store, struct store_list *list, const struct ranges *ranges,
		   struct fault *fault)
{
	_cleanup_(packed_free) struct packed packed = { 0 };
	struct store_list chosen = *list;
	int result = pack(ranges, &packed, "a list", fault);

	if (!result)
		result = database_group_begin(store, fault);
	if (result)
		return result;
	result = store_list_id(store, &chosen, fault);
	if (!result)
		result = put_metadata(store, &chosen, fault);
	if (!result)
		result = put_ranges(store, chosen.id, &packed, fault);
	if (!result)
		result = raise_generation(store, fault);
	result = database_group_end(store, result, fault);
	if (!result)
		list->id = chosen.id;
	return result;
}

int store_list_keep_services(struct store *store, const struct store_list *list,
			     struct fault *fault)
{
	return database_write(store, "UPDATE lists SET services = ?1 WHERE name = ?2",
			      "store a list's services", fault,
			      DATABASE_VALUES({ .text = list->services }, { .text = list->name }));
}

static int remove_rows(struct store *store, const char *sql, const char *name, struct fault *fault)
{
	return database_write(store, sql, "remove a list", fault,
			      DATABASE_VALUES({ .text = name }));
}

static int no_list(struct fault *fault, const char *name)
{
	return fault_set(fault, -ENOENT, "there is no list '%s'; `sekisho lists` shows them", name);
}

int store_list_remove(struct store *store, const char *name, struct fault *fault)
{
	static const char ranges[] =
		"DELETE FROM list_ranges WHERE id = (SELECT id FROM lists WHERE name = ?1)";
	int result = database_group_begin(store, fault);

	if (result)
		return result;
	result = remove_rows(store, ranges, name, fault);
	if (!result)
		result = remove_rows(store, "DELETE FROM lists WHERE name = ?1", name, fault);
	if (!result && !sqlite3_changes(store->db))
		result = no_list(fault, name);
	if (!result)
		result = raise_generation(store, fault);
	return database_group_end(store, result, fault);
}

static void read_list(sqlite3_stmt *statement, struct store_list *list)
{
	*list = (struct store_list){ 0 };
	list->id = (uint8_t)sqlite3_column_int(statement, 0);
	database_column_text(statement, 1, list->name, sizeof(list->name));
	list->allow = sqlite3_column_int(statement, 2) == 1;
	if (sqlite3_column_int(statement, 2) > 1)
		list->code = (uint16_t)sqlite3_column_int(statement, 2);
	list->updated_wall_ns = sqlite3_column_int64(statement, 3);
	list->prefixes = (uint64_t)sqlite3_column_int64(statement, 4);
	database_column_text(statement, 5, list->source, sizeof(list->source));
	list->source_mtime_ns = (uint64_t)sqlite3_column_int64(statement, 6);
	list->source_size = (uint64_t)sqlite3_column_int64(statement, 7);
	database_column_text(statement, 8, list->services, sizeof(list->services));
}

static int read_ranges(struct store *store, sqlite3_stmt *statement, int column, const char *what,
		       struct ranges *ranges, struct fault *fault)
{
	const void *data = sqlite3_column_blob(statement, column);
	int size = sqlite3_column_bytes(statement, column);
	int result;

	if (!data && sqlite3_errcode(store->db) == SQLITE_NOMEM)
		return database_fault(store, fault, "read a list");
	result = data ? unpack_ranges(data, (size_t)size, ranges) : -EBADMSG;
	if (result == -EBADMSG)
		return fault_set(fault, result, "%s in %s is damaged; import it again", what,
				 store->path);
	return result ? fault_set(fault, result, "cannot read %s: out of memory", what) : 0;
}

static int get_ranges(struct store *store, const struct store_list *list, struct ranges *ranges,
		      struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	char what[96];
	int result = database_bound(store, "SELECT ranges FROM list_ranges WHERE id = ?1",
				    &statement, fault, DATABASE_VALUES({ .number = list->id }));

	if (result)
		return result;
	snprintf(what, sizeof(what), "the list '%s'", list->name);
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return read_ranges(store, statement, 0, what, ranges, fault);
	case SQLITE_DONE:
		return fault_set(fault, -EBADMSG, "%s has no content in %s; import it again", what,
				 store->path);
	default:
		return database_fault(store, fault, "read a list");
	}
}

int store_list_get(struct store *store, const char *name, struct store_list *list,
		   struct ranges *ranges, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_bound(store,
				    store->has_list_services
					    ? "SELECT " LIST_COLUMNS " FROM lists WHERE name = ?1"
					    : "SELECT " OLD_COLUMNS " FROM lists WHERE name = ?1",
				    &statement, fault, DATABASE_VALUES({ .text = name }));

	if (result)
		return result;
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		read_list(statement, list);
		return ranges ? get_ranges(store, list, ranges, fault) : 0;
	case SQLITE_DONE:
		return no_list(fault, name);
	default:
		return database_fault(store, fault, "read a list");
	}
}

/* All lists are read before the first is handed out, as `each` may change them. */
int store_list_each(struct store *store, int (*each)(const struct store_list *list, void *context),
		    void *context, struct fault *fault)
{
	_cleanup_free_ struct store_list *lists = calloc(LIST_MAX, sizeof(*lists));
	size_t count = 0;
	int step = SQLITE_ROW;

	if (!lists)
		return fault_set(fault, -ENOMEM, "cannot read the lists: out of memory");
	{
		_cleanup_(database_done) sqlite3_stmt *statement = NULL;
		int result = database_statement(
			store,
			store->has_list_services
				? "SELECT " LIST_COLUMNS " FROM lists ORDER BY name"
				: "SELECT " OLD_COLUMNS " FROM lists ORDER BY name",
			&statement, fault);

		if (result)
			return result;
		while (count < LIST_MAX && (step = sqlite3_step(statement)) == SQLITE_ROW)
			read_list(statement, &lists[count++]);
		if (step != SQLITE_DONE)
			return database_fault(store, fault, "read the lists");
	}
	for (size_t i = 0; i < count; i++)
		if (each(&lists[i], context))
			break;
	return 0;
}

static int put_countries(struct store *store, const char *source, int64_t updated_wall_ns,
			 const struct packed *packed, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(
		store, "INSERT OR REPLACE INTO countries VALUES(1, ?1, ?2, ?3)", &statement, fault);

	if (result)
		return result;
	sqlite3_bind_text(statement, 1, source, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, updated_wall_ns);
	if (sqlite3_bind_blob64(statement, 3, packed->data, packed->size, SQLITE_STATIC) !=
	    SQLITE_OK)
		return database_fault(store, fault, "store the countries");
	return database_run(store, statement, "store the countries", fault);
}

int store_countries_put(struct store *store, const char *source, int64_t updated_wall_ns,
			const struct ranges *ranges, struct fault *fault)
{
	_cleanup_(packed_free) struct packed packed = { 0 };
	int result = pack(ranges, &packed, "the countries", fault);

	if (!result)
		result = database_group_begin(store, fault);
	if (result)
		return result;
	result = put_countries(store, source, updated_wall_ns, &packed, fault);
	if (!result)
		result = raise_generation(store, fault);
	return database_group_end(store, result, fault);
}

int store_countries_get(struct store *store, char *source, size_t size, int64_t *updated_wall_ns,
			struct ranges *ranges, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, "SELECT source, updated, ranges FROM countries",
					&statement, fault);

	if (result)
		return result;
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		break;
	case SQLITE_DONE:
		return fault_set(fault, -ENOENT, "there is no country data in %s yet", store->path);
	default:
		return database_fault(store, fault, "read the countries");
	}
	if (source)
		database_column_text(statement, 0, source, size);
	if (updated_wall_ns)
		*updated_wall_ns = sqlite3_column_int64(statement, 1);
	return ranges ? read_ranges(store, statement, 2, "the country data", ranges, fault) : 0;
}
