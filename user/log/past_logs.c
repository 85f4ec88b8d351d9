// SPDX-License-Identifier: GPL-2.0-or-later
/* See past_logs.h. Each file has its own parser, so that each has its own years; attempts are
 * joined over all files in the order of their time. */
#include "log/past_logs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "log/joining.h"
#include "log/journal.h"
#include "log/packed.h"

#define BUFFER_SIZE (256U << 10)
#define TAG_LINES   40 /* bits of a tag that count lines; the file's number is in the bits above */

struct file {
	char *path;
	struct packed_file *stream; /* or */
	struct journal *journal;    /* its newest `entries` are still to be read */
	size_t entries;
	struct log_parser *parser;
	char *buffer;
	size_t begin, end; /* the unread part of the buffer */
	bool ended;	   /* the stream has ended; the buffer may hold more */
	bool cutting;	   /* the rest of an over-long line is being left out */
	bool waiting;	   /* `next` holds a line */
	struct line_event next;
	int64_t last_ns; /* time of the last line; for events without time */
	uint64_t line;
	bool no_text, any; /* by its first bytes; an event was found */
};

struct past_logs {
	struct file *files;
	size_t count;
	struct patterns *patterns; /* not owned */
	struct joining *joining;   /* shared by all files: they are one server's */
	const struct zone *zone;   /* for files that are added; not owned */
	bool not_bare;
	struct past_logs_counts counts;
	past_logs_progress *tell; /* NULL: nobody wants to know */
	void *tell_context;
	struct fault fault;
};

struct past_logs *past_logs_new(struct patterns *patterns)
{
	struct past_logs *past_logs = calloc(1, sizeof(*past_logs));

	if (!past_logs)
		return NULL;
	past_logs->joining = joining_new();
	if (!past_logs->joining) {
		free(past_logs);
		return NULL;
	}
	past_logs->patterns = patterns;
	return past_logs;
}

static void file_close(struct file *file)
{
	packed_close(file->stream);
	journal_close(file->journal);
	log_parser_free(file->parser);
	free(file->buffer);
	free(file->path);
	*file = (struct file){ 0 };
}

void past_logs_free(struct past_logs *past_logs)
{
	if (!past_logs)
		return;
	for (size_t i = 0; i < past_logs->count; i++)
		file_close(&past_logs->files[i]);
	free(past_logs->files);
	joining_free(past_logs->joining);
	free(past_logs);
}

/* The lines of a file are older than its last change: that decides the year where they have
 * none. */
static void set_reference(struct file *file, int fd)
{
	struct stat status;
	int64_t wall_ns = clock_wall_ns();

	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		wall_ns = status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
	log_parser_set_reference(file->parser, wall_ns);
}

/* Prepares what reading any log needs. */
static int file_begin(struct file *file, const char *name, struct fault *fault)
{
	*file = (struct file){ .path = strdup(name),
			       .buffer = malloc(BUFFER_SIZE),
			       .parser = log_parser_new() };
	return file->path && file->buffer && file->parser
		       ? 0
		       : fault_set(fault, -ENOMEM, "out of memory");
}

static int file_open(struct file *file, const char *path, struct fault *fault)
{
	_cleanup_close_ int fd = packed_open_path(path, fault);

	if (fd < 0)
		return fd;
	if (file_begin(file, strcmp(path, "-") ? path : "standard input", fault))
		return -ENOMEM;
	set_reference(file, fd);
	file->stream = packed_open(TAKE_FD(fd));
	return file->stream ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

static int journal_begin(struct file *file, const char *units, size_t most, struct fault *fault)
{
	int error = file_begin(file, "the journal", fault);

	if (!error)
		error = journal_open(NULL, units, NULL, false, &file->journal, fault);
	file->entries = most;
	if (!error && journal_seek_last(file->journal, most))
		error = fault_set(fault, -EIO, "no place is found in the journal to begin at");
	return error;
}

/* Makes room for one more file, which is not counted yet. */
static struct file *next_file(struct past_logs *past_logs, struct fault *fault)
{
	struct file *files;

	if (past_logs->count == PAST_LOGS_FILES_MAX) {
		fault_set(fault, -EMFILE, "more than %d files; join some of them",
			  PAST_LOGS_FILES_MAX);
		return NULL;
	}
	files = realloc(past_logs->files, (past_logs->count + 1) * sizeof(*files));
	if (!files) {
		fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	past_logs->files = files;
	return files + past_logs->count;
}

static int take_in(struct past_logs *past_logs, struct file *file, int error)
{
	if (error) {
		file_close(file);
		return error;
	}
	log_parser_share(file->parser, past_logs->joining);
	log_parser_set_past(file->parser);
	log_parser_set_deliveries(file->parser, true);
	log_parser_set_patterns(file->parser, past_logs->patterns);
	past_logs->count++;
	return 0;
}

int past_logs_add(struct past_logs *past_logs, const char *path, struct fault *fault)
{
	struct file *file = next_file(past_logs, fault);
	int error;

	if (!file)
		return fault->error;
	*file = (struct file){ 0 };
	error = take_in(past_logs, file, file_open(file, path, fault));
	if (error)
		return error;
	log_parser_set_zone(file->parser, past_logs->zone);
	log_parser_set_bare(file->parser, !past_logs->not_bare);
	return 0;
}

int past_logs_add_journal(struct past_logs *past_logs, const char *units, size_t most,
			  struct fault *fault)
{
	struct file *file = next_file(past_logs, fault);

	return file ? take_in(past_logs, file, journal_begin(file, units, most, fault))
		    : fault->error;
}

void past_logs_set_reading(struct past_logs *past_logs, const struct zone *zone, bool bare)
{
	past_logs->zone = zone;
	past_logs->not_bare = !bare;
}

/* An entry becomes one line, whatever is in it. */
static void on_entry(const char *line, size_t size, void *context)
{
	struct file *file = context;
	char *at = file->buffer + file->end;

	memcpy(at, line, size);
	for (size_t i = 0; i < size; i++)
		if (at[i] == '\n')
			at[i] = ' ';
	at[size] = '\n';
	file->end += size + 1;
}

/* 1: there may be more. */
static int fill_from_journal(struct file *file, struct fault *fault)
{
	size_t room = (BUFFER_SIZE - file->end) / (LOG_LINE_MAX + 1);
	size_t most = room < file->entries ? room : file->entries;

	file->entries -= most;
	return most ? journal_read(file->journal, most, on_entry, file, fault) : 0;
}

static int fill_from_file(struct file *file, struct fault *fault)
{
	ssize_t got = packed_read(file->stream, file->buffer + file->end, BUFFER_SIZE - file->end);

	if (got > 0 && !file->line && !file->begin && !file->end)
		file->no_text = !packed_is_text(file->buffer, (size_t)got);
	if (got > 0)
		file->end += (size_t)got;
	if (got >= 0)
		return got > 0;
	return packed_fault(file->path, file->line, (int)got, fault);
}

static void fill(struct past_logs *past_logs, struct file *file)
{
	struct fault fault = { 0 };
	int more;

	memmove(file->buffer, file->buffer + file->begin, file->end - file->begin);
	file->end -= file->begin;
	file->begin = 0;
	more = file->journal ? fill_from_journal(file, &fault) : fill_from_file(file, &fault);
	file->ended = more <= 0;
	if (more < 0 && !past_logs->fault.error)
		past_logs->fault = fault;
}

/* The next line without its newline; false: there is none. */
static bool next_line(struct past_logs *past_logs, struct file *file, const char **line,
		      size_t *size)
{
	for (;;) {
		char *at = file->buffer + file->begin;
		size_t left = file->end - file->begin;
		char *newline = memchr(at, '\n', left);
		bool full = !newline && left == BUFFER_SIZE, cutting = file->cutting;

		if (!newline && !full && !file->ended) {
			fill(past_logs, file);
			continue;
		}
		if (!newline && !left)
			return false;
		*line = at;
		*size = newline ? (size_t)(newline - at) : left;
		file->begin += *size + (newline != NULL);
		file->cutting = full;
		if (!cutting)
			return true;
	}
}

/* Reads up to the next line that gives an event. */
static bool read_event(struct past_logs *past_logs, struct file *file)
{
	const char *line;
	size_t size;

	while (next_line(past_logs, file, &line, &size)) {
		file->line++;
		if (++past_logs->counts.lines % PAST_LOGS_TOLD == 0 && past_logs->tell)
			past_logs->tell(past_logs->counts.lines, past_logs->tell_context);
		if (size > LOG_LINE_MAX) {
			size = LOG_LINE_MAX;
			past_logs->counts.cut++;
		}
		if (log_parser_read(file->parser, line, size, &file->next))
			return true;
	}
	return false;
}

static void find_next(struct past_logs *past_logs, struct file *file)
{
	struct event *event = &file->next.event;

	file->waiting = read_event(past_logs, file);
	file->any |= file->waiting;
	if (!file->waiting)
		return;
	if (event->wall_ns)
		file->last_ns = event->wall_ns;
	event->line = (uint64_t)(file - past_logs->files) << TAG_LINES | file->line;
}

void past_logs_set_progress(struct past_logs *past_logs, past_logs_progress *tell, void *context)
{
	past_logs->tell = tell;
	past_logs->tell_context = context;
}

static void count_event(struct past_logs_counts *counts, const struct event *event)
{
	counts->events += event->kind < EVENT_KIND_COUNT;
	if (!event->wall_ns)
		return;
	if (!counts->first_ns || event->wall_ns < counts->first_ns)
		counts->first_ns = event->wall_ns;
	if (event->wall_ns > counts->last_ns)
		counts->last_ns = event->wall_ns;
}

/* The file whose next line is the earliest; NULL: there is none. */
static struct file *find_first(struct past_logs *past_logs)
{
	struct file *first = NULL;

	for (size_t i = 0; i < past_logs->count; i++) {
		struct file *file = &past_logs->files[i];

		if (file->waiting && (!first || file->last_ns < first->last_ns))
			first = file;
	}
	return first;
}

/* Hands the event on. Until here its member `line` holds the tag. */
static void hand_on(struct past_logs *past_logs, past_logs_take *take, void *context,
		    struct event *event)
{
	uint64_t tag = event->line;

	if (!event->wall_ns)
		event->wall_ns = past_logs->files[tag >> TAG_LINES].last_ns;
	event->line = tag & ((1ULL << TAG_LINES) - 1);
	count_event(&past_logs->counts, event);
	take(event, tag, context);
}

int past_logs_run(struct past_logs *past_logs, past_logs_take *take, void *context,
		  struct fault *fault)
{
	struct file *first;
	struct event event;

	for (size_t i = 0; i < past_logs->count; i++)
		find_next(past_logs, &past_logs->files[i]);
	while ((first = find_first(past_logs))) {
		int64_t now_ns = first->next.event.wall_ns;

		if (joining_take(past_logs->joining, &first->next, &event))
			hand_on(past_logs, take, context, &event);
		while (joining_next(past_logs->joining, now_ns, &event))
			hand_on(past_logs, take, context, &event);
		find_next(past_logs, first);
	}
	while (joining_next(past_logs->joining, INT64_MAX, &event))
		hand_on(past_logs, take, context, &event);
	for (size_t i = 0; i < past_logs->count; i++)
		if (past_logs->files[i].no_text && !past_logs->files[i].any &&
		    !past_logs->fault.error)
			packed_no_text(past_logs->files[i].path, &past_logs->fault);
	if (past_logs->fault.error && fault)
		*fault = past_logs->fault;
	return past_logs->fault.error;
}

uint64_t past_logs_where(const struct past_logs *past_logs, uint64_t tag, const char **path)
{
	size_t file = tag >> TAG_LINES;

	*path = past_logs->count > 1 && file < past_logs->count ? past_logs->files[file].path
								: NULL;
	return tag & ((1ULL << TAG_LINES) - 1);
}

void past_logs_get_counts(const struct past_logs *past_logs, struct past_logs_counts *counts)
{
	*counts = past_logs->counts;
}
