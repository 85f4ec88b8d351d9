// SPDX-License-Identifier: GPL-2.0-or-later
/* See history.h. Each file has its own parser, so that years are its own; attempts are joined in
 * the order of their time, over all of them. */
#include "log/history.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "log/joining.h"
#include "log/journal.h"
#include "log/packed.h"

#define BUFFER_SIZE (256U << 10)
#define TAG_LINES   40 /* bits of a tag that count lines; the file's number is above */

struct file {
	char *path;
	struct packed_file *stream; /* or */
	struct journal *journal;    /* the newest `entries` of it are still to be read */
	size_t entries;
	struct log_parser *parser;
	char *buffer;
	size_t begin, end; /* what of the buffer is still to be read */
	bool ended;	   /* the stream; the buffer may hold more */
	bool cutting;	   /* the rest of an over-long line is being left out */
	bool waiting;	   /* `next` holds one */
	struct line_event next;
	int64_t last_ns; /* for events without time */
	uint64_t line;
};

struct history {
	struct file *files;
	size_t count;
	struct patterns *patterns; /* not owned */
	struct joining *joining;   /* of all files: they are one server's */
	const struct zone *zone;   /* of files that are added; not owned */
	bool not_bare;
	struct history_counts counts;
	struct fault fault;
};

struct history *history_new(struct patterns *patterns)
{
	struct history *history = calloc(1, sizeof(*history));

	if (!history)
		return NULL;
	history->joining = joining_new();
	if (!history->joining) {
		free(history);
		return NULL;
	}
	history->patterns = patterns;
	return history;
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

void history_free(struct history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < history->count; i++)
		file_close(&history->files[i]);
	free(history->files);
	joining_free(history->joining);
	free(history);
}

/* What a file says without a year was said before it was last written. */
static void set_reference(struct file *file, int fd)
{
	struct stat status;
	int64_t wall_ns = clock_wall_ns();

	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		wall_ns = status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
	log_parser_set_reference(file->parser, wall_ns);
}

/* What reading any log needs. */
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
	bool is_stdin = !strcmp(path, "-");
	_cleanup_close_ int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					  : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fault_set(fault, -errno, "cannot read %s: %s%s", path, strerror(errno),
				 errno == EACCES ? "; run it as a user who may read the log" : "");
	if (file_begin(file, is_stdin ? "standard input" : path, fault))
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

/* Room for one more, which is not counted yet. */
static struct file *next_file(struct history *history, struct fault *fault)
{
	struct file *files;

	if (history->count == HISTORY_FILES_MAX) {
		fault_set(fault, -EMFILE, "more than %d files; join some of them",
			  HISTORY_FILES_MAX);
		return NULL;
	}
	files = realloc(history->files, (history->count + 1) * sizeof(*files));
	if (!files) {
		fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	history->files = files;
	return files + history->count;
}

static int take_in(struct history *history, struct file *file, int error)
{
	if (error) {
		file_close(file);
		return error;
	}
	log_parser_share(file->parser, history->joining);
	log_parser_set_past(file->parser);
	log_parser_set_deliveries(file->parser, true);
	log_parser_set_patterns(file->parser, history->patterns);
	history->count++;
	return 0;
}

int history_add(struct history *history, const char *path, struct fault *fault)
{
	struct file *file = next_file(history, fault);
	int error;

	if (!file)
		return fault->error;
	*file = (struct file){ 0 };
	error = take_in(history, file, file_open(file, path, fault));
	if (error)
		return error;
	log_parser_set_zone(file->parser, history->zone);
	log_parser_set_bare(file->parser, !history->not_bare);
	return 0;
}

int history_add_journal(struct history *history, const char *units, size_t most,
			struct fault *fault)
{
	struct file *file = next_file(history, fault);

	return file ? take_in(history, file, journal_begin(file, units, most, fault))
		    : fault->error;
}

void history_set_reading(struct history *history, const struct zone *zone, bool bare)
{
	history->zone = zone;
	history->not_bare = !bare;
}

/* What an entry says is one line, whatever is in it. */
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

	if (got > 0)
		file->end += (size_t)got;
	if (got >= 0)
		return got > 0;
	return fault_set(fault, (int)got, "%s can be read up to line %llu only: %s", file->path,
			 (unsigned long long)file->line,
			 got == -EBADMSG ? "damaged gzip, xz, bzip2 or zstd" : strerror((int)-got));
}

static void fill(struct history *history, struct file *file)
{
	struct fault fault = { 0 };
	int more;

	memmove(file->buffer, file->buffer + file->begin, file->end - file->begin);
	file->end -= file->begin;
	file->begin = 0;
	more = file->journal ? fill_from_journal(file, &fault) : fill_from_file(file, &fault);
	file->ended = more <= 0;
	if (more < 0 && !history->fault.error)
		history->fault = fault;
}

/* The next line without its newline; false: there is none. */
static bool next_line(struct history *history, struct file *file, const char **line, size_t *size)
{
	for (;;) {
		char *at = file->buffer + file->begin;
		size_t left = file->end - file->begin;
		char *newline = memchr(at, '\n', left);
		bool full = !newline && left == BUFFER_SIZE, cutting = file->cutting;

		if (!newline && !full && !file->ended) {
			fill(history, file);
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

/* The next line that says something. */
static bool read_event(struct history *history, struct file *file)
{
	const char *line;
	size_t size;

	while (next_line(history, file, &line, &size)) {
		file->line++;
		history->counts.lines++;
		if (size > LOG_LINE_MAX) {
			size = LOG_LINE_MAX;
			history->counts.cut++;
		}
		if (log_parser_read(file->parser, line, size, &file->next))
			return true;
	}
	return false;
}

static void find_next(struct history *history, struct file *file)
{
	struct event *event = &file->next.event;

	file->waiting = read_event(history, file);
	if (!file->waiting)
		return;
	if (event->wall_ns)
		file->last_ns = event->wall_ns;
	event->line = (uint64_t)(file - history->files) << TAG_LINES | file->line;
}

static void count_event(struct history_counts *counts, const struct event *event)
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
static struct file *find_first(struct history *history)
{
	struct file *first = NULL;

	for (size_t i = 0; i < history->count; i++) {
		struct file *file = &history->files[i];

		if (file->waiting && (!first || file->last_ns < first->last_ns))
			first = file;
	}
	return first;
}

/* Its tag stands where its line will. */
static void hand_on(struct history *history, history_take *take, void *context, struct event *event)
{
	uint64_t tag = event->line;

	if (!event->wall_ns)
		event->wall_ns = history->files[tag >> TAG_LINES].last_ns;
	event->line = tag & ((1ULL << TAG_LINES) - 1);
	count_event(&history->counts, event);
	take(event, tag, context);
}

int history_run(struct history *history, history_take *take, void *context, struct fault *fault)
{
	struct file *first;
	struct event event;

	for (size_t i = 0; i < history->count; i++)
		find_next(history, &history->files[i]);
	while ((first = find_first(history))) {
		int64_t now_ns = first->next.event.wall_ns;

		if (joining_take(history->joining, &first->next, &event))
			hand_on(history, take, context, &event);
		while (joining_next(history->joining, now_ns, &event))
			hand_on(history, take, context, &event);
		find_next(history, first);
	}
	while (joining_next(history->joining, INT64_MAX, &event))
		hand_on(history, take, context, &event);
	if (history->fault.error && fault)
		*fault = history->fault;
	return history->fault.error;
}

uint64_t history_where(const struct history *history, uint64_t tag, const char **path)
{
	size_t file = tag >> TAG_LINES;

	*path = history->count > 1 && file < history->count ? history->files[file].path : NULL;
	return tag & ((1ULL << TAG_LINES) - 1);
}

void history_get_counts(const struct history *history, struct history_counts *counts)
{
	*counts = history->counts;
}
