// SPDX-License-Identifier: GPL-2.0-or-later
/* See learn.h. Not here: what is learned while logs are followed (detect_store.c). */
#include "daemon/learn.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon_log.h"
#include "log/expand.h"
#include "log/follow.h"
#include "log/past_logs.h"
#include "log/packed.h"

#define LEARN_NS (30 * 86400 * NS_PER_S)

struct log_file {
	char *path;
	const struct config_log *log; /* the [log] that it belongs to */
	int64_t modified_ns;
	uint64_t size;
};

struct learning {
	struct daemon *daemon;
	struct log_file *files; /* newest first, once all are listed */
	size_t count;
	const struct config_log *log; /* the [log] whose files are being looked for */
	int64_t oldest_ns;
	struct detect *detect;
	struct fault fault; /* the first one of the store */
	int error;
	uint64_t known;
};

static void learning_free(struct learning *learning)
{
	for (size_t i = 0; i < learning->count; i++)
		free(learning->files[i].path);
	free(learning->files);
	detect_free(learning->detect);
}

/* ---- the files ---- */

static void add_file(struct learning *learning, const char *path)
{
	struct log_file *grown;
	struct stat about;

	if (stat(path, &about) || !S_ISREG(about.st_mode) || !about.st_size ||
	    about.st_mtim.tv_sec * NS_PER_S < learning->oldest_ns)
		return;
	for (size_t i = 0; i < learning->count; i++)
		if (!strcmp(learning->files[i].path, path))
			return;
	grown = reallocarray(learning->files, learning->count + 1, sizeof(*grown));
	if (!grown)
		return;
	learning->files = grown;
	grown += learning->count;
	*grown = (struct log_file){
		.path = strdup(path),
		.log = learning->log,
		.modified_ns = about.st_mtim.tv_sec * NS_PER_S + about.st_mtim.tv_nsec,
		.size = (uint64_t)about.st_size * packed_factor(path),
	};
	learning->count += grown->path != NULL;
}

/* Adds the live file, and the rotated ones beside it, whose names begin with its name. */
static void add_log(const char *path, const char *label, void *context)
{
	struct learning *learning = context;
	const char *name = strrchr(path, '/');
	_cleanup_free_ char *pattern = NULL;
	glob_t found = { 0 };

	(void)label;
	add_file(learning, path);
	if (!name || strpbrk(path, "*?[\\") || asprintf(&pattern, "%s[.-]*", path) < 0)
		return;
	if (!glob(pattern, GLOB_NOSORT, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc && learning->count < PAST_LOGS_FILES_MAX; i++)
			if (expand_is_rotated(strrchr(found.gl_pathv[i], '/') + 1))
				add_file(learning, found.gl_pathv[i]);
	globfree(&found);
}

static int newest_first(const void *a, const void *b)
{
	const struct log_file *x = a, *y = b;

	return (x->modified_ns < y->modified_ns) - (x->modified_ns > y->modified_ns);
}

static void find_files(struct learning *learning)
{
	const struct config *config = learning->daemon->instance.config;
	struct fault ignored = { 0 };

	for (size_t i = 0; i < config->log_count; i++) {
		const char *path = config->logs[i].file;

		learning->log = &config->logs[i];
		if (!strncmp(path, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL)))
			continue;
		if (expand_is_pattern(path))
			expand(path, learning->log->containers, add_log, learning, &ignored);
		else
			add_log(path, "", learning);
	}
	if (learning->count)
		qsort(learning->files, learning->count, sizeof(*learning->files), newest_first);
}

/* ---- storing what the rules learned ---- */

static void note_fault(struct learning *learning, int error, const struct fault *fault)
{
	if (!error || learning->error)
		return;
	learning->error = error;
	learning->fault = *fault;
}

static void keep(const char *account, const struct detect_known *known, void *context)
{
	struct learning *learning = context;
	struct store_known row = { known->source, known->first_ns, known->last_ns };
	struct fault fault = { 0 };

	note_fault(learning,
		   store_known_put(learning->daemon->instance.store, account, &row, &fault),
		   &fault);
	learning->known++;
}

static void forget(const char *account, const struct prefix *source, void *context)
{
	struct learning *learning = context;
	struct fault fault = { 0 };

	note_fault(learning,
		   store_known_remove(learning->daemon->instance.store, account, source, &fault),
		   &fault);
}

static void sender(const struct prefix *network, int64_t last_ns, void *context)
{
	struct learning *learning = context;
	struct fault fault = { 0 };

	note_fault(learning,
		   store_sender_put(learning->daemon->instance.store, network, last_ns, &fault),
		   &fault);
}

static void habit(const char *account, const struct detect_habit *usual, void *context)
{
	struct learning *learning = context;
	struct store_habit row = { .last_wall_ns = clock_wall_ns(),
				   .day = usual->day,
				   .messages = usual->messages,
				   .today = usual->today,
				   .failing = usual->failing,
				   .failing_today = usual->failing_today };
	struct fault fault = { 0 };

	note_fault(learning,
		   store_habit_put(learning->daemon->instance.store, account, &row, &fault),
		   &fault);
}

/* ---- */

static void ignore(const struct decision *decision, void *context)
{
	(void)decision;
	(void)context;
}

static void take(const struct event *event, uint64_t tag, void *context)
{
	struct learning *learning = context;

	if (event->wall_ns >= learning->oldest_ns && event->wall_ns <= clock_wall_ns())
		detect_event(learning->detect, event, tag, ignore, NULL);
}

/* Reads all files in one transaction: a start that is killed has learned nothing, or all. */
static int read_all(struct learning *learning, struct past_logs *past_logs, struct fault *fault)
{
	struct store *store = learning->daemon->instance.store;
	struct fault unread = { 0 };
	int error = store_begin(store, fault);

	if (error)
		return error;
	/* A damaged file is read up to its damage. */
	if (past_logs_run(past_logs, take, learning, &unread))
		log_line(true, "%s; what comes before is learned from", unread.text);
	if (!learning->error)
		return store_commit(store, fault);
	store_rollback(store);
	*fault = learning->fault;
	return learning->error;
}

static size_t add_newest(struct learning *learning, struct past_logs *past_logs)
{
	uint64_t size = 0;
	size_t added = 0;

	for (size_t i = 0; i < learning->count; i++) {
		struct fault fault = { 0 };

		size += learning->files[i].size;
		if (size > LEARN_MOST)
			break;
		past_logs_set_reading(past_logs, learning->files[i].log->zone,
				      learning->files[i].log->bare);
		if (past_logs_add(past_logs, learning->files[i].path, &fault))
			log_line(true, "%s; it is not learned from", fault.text);
		else
			added++;
	}
	return added;
}

static size_t add_journals(struct learning *learning, struct past_logs *past_logs)
{
	const struct config *config = learning->daemon->instance.config;
	size_t added = 0;

	for (size_t i = 0; i < config->log_count; i++) {
		const char *path = config->logs[i].file;
		struct fault fault = { 0 };

		if (strncmp(path, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL)))
			continue;
		if (past_logs_add_journal(past_logs, path + strlen(FOLLOW_JOURNAL), LEARN_ENTRIES,
					  &fault))
			log_line(true, "%s; it is not learned from", fault.text);
		else
			added++;
	}
	return added;
}

void learn_from_logs(struct daemon *daemon, const struct detect_settings *settings)
{
	_cleanup_(learning_free) struct learning learning = {
		.daemon = daemon, .oldest_ns = clock_wall_ns() - LEARN_NS
	};
	struct past_logs *past_logs = past_logs_new(daemon->instance.config->compiled_patterns);
	struct detect_settings own = *settings;
	struct past_logs_counts counts;
	struct fault fault = { 0 };
	size_t files, journals;

	own.since_ns = 0;
	own.store = (struct detect_store){ .context = &learning,
					   .keep = keep,
					   .forget = forget,
					   .sender = sender,
					   .habit = habit };
	learning.detect = detect_new(&own);
	find_files(&learning);
	files = past_logs && learning.detect ? add_newest(&learning, past_logs) : 0;
	journals = past_logs && learning.detect ? add_journals(&learning, past_logs) : 0;
	if (files + journals && read_all(&learning, past_logs, &fault)) {
		daemon_fault(daemon, "nothing was learned from the logs that there are: %s",
			     fault.text);
	} else if (files + journals) {
		past_logs_get_counts(past_logs, &counts);
		log_line(false,
			 "learned from %zu of %zu log files%s of the last 30 days: %llu events, "
			 "%llu notes of who logs in from where",
			 files, learning.count, journals ? " and the journal" : "",
			 (unsigned long long)counts.events, (unsigned long long)learning.known);
	}
	past_logs_free(past_logs);
}
