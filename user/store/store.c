// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens, closes and sets aside the store. Its tables are in schema.c, statements and transactions
 * in database.c, what it holds in store_*.c, *_rows.c, usual.c, spans.c and positions.c, and what
 * is removed from it in expire.c and caps.c.
 *
 * The write-ahead log is synced at every commit: when a call has returned, its change outlasts a
 * power cut. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

/* In pages of 4 KiB. Whoever commits moves a longer log into the database, and waits for the disk;
 * so does the last one to close the store. Where a daemon works, a thread of its own does that from
 * 4 MB on (sync.c), so that no command waits for it. */
#define LOG_PAGES_MOST "3584"

/* Runs a pragma that returns one number. */
static int read_number(struct store *store, const char *sql, int64_t *number, struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	int result = 0;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		result = database_fault(store, fault, "read");
	else
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

static int check_version(struct store *store, int64_t *version, struct fault *fault)
{
	int64_t tables = 0;
	int result = read_number(store, "PRAGMA user_version", version, fault);

	if (!result)
		result = read_number(store, "SELECT count(*) FROM sqlite_schema", &tables, fault);
	if (result)
		return result;
	if (*version > SCHEMA_VERSION)
		return fault_set(fault, -EPROTO,
				 "the store %s is of a newer sekisho (schema %lld, this one knows "
				 "%d); install that version, or move the store aside",
				 store->path, (long long)*version, SCHEMA_VERSION);
	if (*version < 0 || (!*version && tables))
		return database_damage(store, fault, "not made by sekisho");
	return 0;
}

/* Gives a new file the schema, and an older one the steps that it lacks. If two processes meet, the
 * second finds that done. */
static int make_schema(struct store *store, struct fault *fault)
{
	int64_t version = 0;
	int result = database_group_begin(store, fault);

	if (result)
		return result;
	result = check_version(store, &version, fault);
	if (!result)
		result = database_make_schema(store, version, fault);
	return database_group_end(store, result, fault);
}

static int set_up(struct store *store, bool read_only, struct fault *fault)
{
	int64_t version = 0;
	int result;

	sqlite3_extended_result_codes(store->db, 1);
	store_set_busy_timeout(store, DATABASE_BUSY_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* cell_size_check finds a damaged page before it is used. */
	result = database_execute(store,
				  "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
				  "PRAGMA cache_size = -8192",
				  "read", fault);
	if (!result)
		result = check_version(store, &version, fault);
	if (result)
		return result;
	/* An older schema can be read: only writers need what it does not have. */
	store->has_clock = version >= 3 || !read_only;
	store->has_services = version >= 4 || !read_only;
	store->has_list_services = version >= 11 || !read_only;
	if (read_only)
		return version ? 0
			       : fault_set(fault, -ENOENT, "the store %s is empty", store->path);
	result = database_execute(store,
				  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				  "PRAGMA journal_size_limit = 16777216;"
				  "PRAGMA wal_autocheckpoint = " LOG_PAGES_MOST,
				  "write", fault);
	return result || version == SCHEMA_VERSION ? result : make_schema(store, fault);
}

static int make_folders(struct store *store, const char *directory, struct fault *fault)
{
	_cleanup_free_ char *path = strdup(directory);

	if (!path)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (char *at = path + 1; *path; at++) {
		char end = *at;

		if (end && end != '/')
			continue;
		*at = '\0';
		if (mkdir(path, end ? 0755 : 0700) && errno != EEXIST)
			return database_system_fault(store, errno, fault,
						     "make the folder for the store");
		if (!end)
			return 0;
		*at = end;
	}
	return 0;
}

/* Makes the file, for root alone, before SQLite writes the first byte. A file that exists is not
 * opened: closing it would end every lock that another connection of this process has on it. */
static int make_file(struct store *store, struct fault *fault)
{
	_cleanup_close_ int fd =
		open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat status;

	if (fd >= 0)
		return 0;
	if (errno != EEXIST || lstat(store->path, &status))
		return database_system_fault(store, errno, fault, "open the store");
	if (!S_ISREG(status.st_mode))
		return fault_set(fault, -EINVAL, "%s is not a file; remove it", store->path);
	if (access(store->path, R_OK | W_OK))
		return database_system_fault(store, errno, fault, "open the store");
	if (status.st_mode & 077 && chmod(store->path, 0600))
		return database_system_fault(store, errno, fault, "close the store to others");
	return 0;
}

/* The URI of a store at rest (without a log) on a read-only file system: SQLite must be told that
 * nobody can change it. */
static char *immutable_uri(const char *path)
{
	char *uri = malloc(strlen(path) * 3 + sizeof("file:?immutable=1")), *at = uri;

	if (!uri)
		return NULL;
	at = stpcpy(at, "file:");
	for (; *path; path++) {
		if (strchr("?#%", *path))
			at += sprintf(at, "%%%02x", (unsigned char)*path);
		else
			*at++ = *path;
	}
	strcpy(at, "?immutable=1");
	return uri;
}

static bool on_read_only_disk(const struct store *store)
{
	struct statvfs disk;

	return !statvfs(store->path, &disk) && disk.f_flag & ST_RDONLY;
}

static int open_immutable(struct store *store, struct fault *fault)
{
	_cleanup_free_ char *uri = immutable_uri(store->path);
	_cleanup_free_ char *log = NULL;

	if (!uri || asprintf(&log, "%s-wal", store->path) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!access(log, F_OK))
		return fault->error;
	sqlite3_close(store->db);
	store->db = NULL;
	if (sqlite3_open_v2(uri, &store->db,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL))
		return database_fault(store, fault, "open the store");
	return set_up(store, true, fault);
}

static int open_file(struct store *store, bool read_only, struct fault *fault)
{
	struct fault own = { 0 };
	int result;

	if (read_only && access(store->path, F_OK))
		return errno == ENOENT
			       ? fault_set(fault, -ENOENT, "there is no store %s yet", store->path)
			       : database_system_fault(store, errno, fault, "open the store");
	if (sqlite3_open_v2(store->path, &store->db,
			    SQLITE_OPEN_NOMUTEX |
				    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE),
			    NULL))
		result = database_fault(store, &own, "open the store");
	else
		result = set_up(store, read_only, &own);
	if (result && read_only && on_read_only_disk(store))
		result = open_immutable(store, &own);
	if (result && fault)
		*fault = own;
	return result;
}

static void note_file(struct store *store)
{
	struct stat file;

	if (stat(store->path, &file))
		return;
	store->inode = file.st_ino;
	store->device = file.st_dev;
}

static void cleanup_store(struct store **store)
{
	store_close(*store);
}

int store_open(const char *directory, bool read_only, struct store **store, struct fault *fault)
{
	_cleanup_(cleanup_store) struct store *new = calloc(1, sizeof(*new));
	int result = 0;

	if (!new || asprintf(&new->path, "%s/" STORE_FILE, directory) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!read_only)
		result = make_folders(new, directory, fault);
	if (!result && !read_only)
		result = make_file(new, fault);
	if (!result)
		result = open_file(new, read_only, fault);
	if (!result)
		note_file(new);
	if (!result)
		*store = TAKE_PTR(new);
	return result;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_rollback(store);
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(store->statements[i].statement);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

/* Writes 2026-11-21T10:00:00Z without characters that do not suit file names. */
static void name_time(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	char *to = text;

	time_format(wall_ns - wall_ns % NS_PER_S, text);
	for (const char *from = text; *from; from++)
		if (*from != ':' && *from != '-')
			*to++ = *from;
	*to = '\0';
}

int store_set_aside(const char *directory, int64_t wall_ns, char **path, struct fault *fault)
{
	/* The log comes first: beside a new store, the old log would be taken for the new
	 * store's. */
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	char time[TIME_TEXT_SIZE];

	name_time(wall_ns, time);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		_cleanup_free_ char *from = NULL, *to = NULL;

		if (asprintf(&from, "%s/" STORE_FILE "%s", directory, suffixes[i]) < 0 ||
		    asprintf(&to, "%s/" STORE_FILE ".damaged-%s%s", directory, time, suffixes[i]) <
			    0)
			return fault_set(fault, -ENOMEM, "out of memory");
		if (rename(from, to) && (errno != ENOENT || !*suffixes[i]))
			return fault_set(fault, -errno, "cannot move %s to %s: %s", from, to,
					 strerror(errno));
		if (path && !*suffixes[i])
			*path = TAKE_PTR(to);
	}
	return 0;
}

void store_set_busy_timeout(struct store *store, unsigned busy_ms)
{
	store->busy_ms = busy_ms;
	sqlite3_busy_timeout(store->db, (int)busy_ms);
}

bool store_is_damaged(const struct store *store)
{
	return store->damaged;
}

uint64_t store_inode(const struct store *store)
{
	return store->inode;
}

bool store_is_current(const struct store *store)
{
	struct stat now;

	return !stat(store->path, &now) && now.st_ino == store->inode &&
	       now.st_dev == store->device;
}
