// SPDX-License-Identifier: GPL-2.0-or-later
/* See journal.h: implemented with libsystemd. */
#include "log/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "log/mail_users.h"
#include "log/parse.h"
#include "log/scan.h"
#include "log/trust.h"

#define POSITION_MARK 0x6a6f75726e616cU /* "journal", in place of a file's device */

struct journal {
	sd_journal *sd;
	struct follow_position at;
	struct follow_state state;
	bool stopped; /* by the callback of the current line */
	struct mail_users users;
};

static int failed(struct fault *fault, int error, const char *what)
{
	return fault_set(fault, error, "the journal cannot be %s: %s%s", what, strerror(-error),
			 error == -EACCES || error == -EPERM
				 ? "; its readers are the group systemd-journal"
				 : "");
}

/* Selects the entries of any of the units. */
static int add_units(sd_journal *sd, const char *units, struct fault *fault)
{
	_cleanup_free_ char *copy = strdup(units);
	char *rest = copy, *unit;
	int count = 0, error;

	while (copy && (unit = strsep(&rest, " \t,"))) {
		char match[300];

		if (!*unit)
			continue;
		snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%s%s", unit,
			 strchr(unit, '.') ? "" : ".service");
		error = sd_journal_add_match(sd, match, 0);
		if (error < 0)
			return failed(fault, error, "searched for a unit");
		count++;
	}
	return count ? 0 : fault_set(fault, -EINVAL, "no unit of the journal is named");
}

/* Reads the position of the current entry: its time, and the hash in its cursor. */
static int read_place(sd_journal *sd, struct follow_position *place)
{
	_cleanup_free_ char *cursor = NULL;
	const char *hash;
	int error = sd_journal_get_realtime_usec(sd, &place->offset);

	if (error < 0)
		return error;
	error = sd_journal_get_cursor(sd, &cursor);
	if (error < 0)
		return error;
	hash = strstr(cursor, ";x=");
	place->head_digest = hash ? strtoull(hash + 3, NULL, 16) : 0;
	place->device = POSITION_MARK;
	place->inode = 1;
	return 0;
}

/* Moves to the entry at the position, or to the one before where it would be. */
static int seek_position(struct journal *journal)
{
	const struct follow_position *at = &journal->at;
	int error = sd_journal_seek_realtime_usec(journal->sd, at->offset);

	while (error >= 0 && sd_journal_next(journal->sd) > 0) {
		struct follow_position place;

		error = read_place(journal->sd, &place);
		if (error < 0)
			break;
		if (place.offset > at->offset) /* the entry is gone */
			return sd_journal_previous(journal->sd) > 0
				       ? 0
				       : sd_journal_seek_realtime_usec(journal->sd, at->offset);
		if (place.head_digest == at->head_digest)
			return 0;
	}
	return error;
}

static int seek(struct journal *journal, bool from_start)
{
	int error;

	if (journal->at.device == POSITION_MARK)
		return seek_position(journal);
	if (from_start)
		return sd_journal_seek_head(journal->sd);
	error = sd_journal_seek_tail(journal->sd);
	if (error >= 0)
		error = sd_journal_previous(journal->sd);
	if (error > 0) /* the last entry counts as read */
		return read_place(journal->sd, &journal->at);
	return error < 0 ? error : sd_journal_seek_head(journal->sd);
}

int journal_open(const char *folder, const char *units, const struct follow_position *position,
		 bool from_start, struct journal **journal, struct fault *fault)
{
	struct journal *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (position)
		new->at = *position;
	error = folder ? sd_journal_open_directory(&new->sd, folder, 0)
		       : sd_journal_open(&new->sd, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (error < 0) {
		free(new);
		return failed(fault, error, "opened");
	}
	sd_journal_set_data_threshold(new->sd, LOG_LINE_MAX + 1);
	error = add_units(new->sd, units, fault);
	if (!error && sd_journal_get_fd(new->sd) < 0)
		error = failed(fault, sd_journal_get_fd(new->sd), "watched");
	if (!error && seek(new, from_start) < 0)
		error = fault_set(fault, -EIO, "no place is found in the journal to begin at");
	if (error) {
		journal_close(new);
		return error;
	}
	*journal = new;
	return 0;
}

int journal_seek_last(struct journal *journal, size_t entries)
{
	int error = sd_journal_seek_tail(journal->sd);

	if (error >= 0)
		error = sd_journal_previous_skip(journal->sd, entries + 1);
	/* There are fewer entries: move before the oldest, which is to be read as well. */
	if (error >= 0 && (size_t)error <= entries)
		error = sd_journal_seek_head(journal->sd);
	return error < 0 ? error : 0;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	sd_journal_close(journal->sd);
	free(journal);
}

int journal_fd(const struct journal *journal)
{
	return sd_journal_get_fd(journal->sd);
}

/* The field's value, empty where there is none. It holds until the next call. */
static struct span get(sd_journal *sd, const char *name)
{
	size_t size = 0, prefix = strlen(name) + 1;
	const void *data = NULL;

	if (sd_journal_get_data(sd, name, &data, &size) < 0 || size < prefix)
		return (struct span){ "", 0 };
	return (struct span){ (const char *)data + prefix, size - prefix };
}

static size_t append(char *line, size_t used, struct span text)
{
	size_t room = LOG_LINE_MAX - used;

	memcpy(line + used, text.at, text.size < room ? text.size : room);
	return used + (text.size < room ? text.size : room);
}

/* A copy of the field's value, which the next get() would end. */
static struct span copy(sd_journal *sd, const char *name, char *out, size_t size)
{
	struct span value = get(sd, name);

	if (value.size > size)
		value.size = size;
	memcpy(out, value.at, value.size);
	return (struct span){ out, value.size };
}

/* Whether the entry comes from a user of mail servers. Units also run programs of others: a mailing
 * list's or a pipe's. */
static bool is_trusted(struct journal *journal)
{
	sd_journal *sd = journal->sd;
	char uid[24], unit[128], program[32];
	uint32_t number;
	struct journal_origin origin = {
		.uid = copy(sd, "_UID", uid, sizeof(uid)),
		.unit = copy(sd, "_SYSTEMD_UNIT", unit, sizeof(unit)),
		.program = copy(sd, "_COMM", program, sizeof(program)),
	};

	return journal_is_trusted(&origin) &&
	       (!origin.uid.size ||
		(span_number(&origin.uid, &number) && mail_user(&journal->users, number)));
}

/* "2026-11-21T10:00:00.123456Z host program[12]: message"; returns its size. */
static size_t make_line(struct journal *journal, char line[LOG_LINE_MAX])
{
	char stamp[TIME_TEXT_SIZE];
	struct span part;
	size_t used;

	time_format((int64_t)journal->at.offset * 1000, stamp);
	used = append(line, 0, span_of(stamp));
	used = append(line, used, span_of(" "));
	part = get(journal->sd, "_HOSTNAME");
	used = append(line, used, part.size ? part : span_of("-"));
	used = append(line, used, span_of(" "));
	part = get(journal->sd, "CONTAINER_NAME"); /* Docker's journald driver */
	used = append(line, used, span_of(part.size ? "docker/" : ""));
	if (!part.size)
		part = get(journal->sd, "SYSLOG_IDENTIFIER");
	if (!part.size)
		part = get(journal->sd, "_COMM");
	used = append(line, used, part.size ? part : span_of("-"));
	part = get(journal->sd, "SYSLOG_PID");
	if (!part.size)
		part = get(journal->sd, "_PID");
	if (part.size) {
		used = append(line, used, span_of("["));
		used = append(line, used, part);
		used = append(line, used, span_of("]"));
	}
	used = append(line, used, span_of(": "));
	part = get(journal->sd, "MESSAGE");
	journal->state.cut += part.size > LOG_LINE_MAX - used;
	return append(line, used, part);
}

int journal_read(struct journal *journal, size_t most_lines,
		 void (*line)(const char *line, size_t size, void *context), void *context,
		 struct fault *fault)
{
	int more = sd_journal_process(journal->sd);

	if (more < 0)
		return failed(fault, more, "watched");
	journal->stopped = false;
	while (most_lines && !journal->stopped && (more = sd_journal_next(journal->sd)) > 0) {
		char text[LOG_LINE_MAX];
		size_t size;
		int error = read_place(journal->sd, &journal->at);

		if (error == -EBADMSG || error == -EADDRNOTAVAIL)
			continue; /* a damaged entry, or one that was just removed */
		if (error < 0)
			return failed(fault, error, "read");
		if (!is_trusted(journal))
			continue;
		size = make_line(journal, text);
		journal->state.lines++;
		journal->state.bytes += size;
		most_lines--;
		line(text, size, context);
	}
	if (more < 0)
		return failed(fault, more, "read");
	return more > 0;
}

void journal_stop(struct journal *journal)
{
	journal->stopped = true;
}

void journal_get_position(const struct journal *journal, struct follow_position *position)
{
	*position = journal->at;
}

void journal_get_state(const struct journal *journal, struct follow_state *state)
{
	*state = journal->state;
}
