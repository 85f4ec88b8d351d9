// SPDX-License-Identifier: GPL-2.0-or-later
/* Doctor on accounts that are locked, by the lock unit (packaging/alert/lock) or by hand in the
 * same files. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "doctor/checks.h"

#define SETTINGS  "/etc/sekisho/lock.conf"
#define FILE_MOST (1U << 20)

bool doctor_lock_file(const char *text, char *path, size_t size)
{
	static const char name[] = "LOCK_FILE=";
	bool found = false;

	/* The last one counts. */
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *value = line + strspn(line, " \t");
		size_t length;

		if (strncmp(value, name, strlen(name)) != 0)
			continue;
		value += strlen(name);
		value += *value == '"' || *value == '\'';
		length = strcspn(value, "\"'\n");
		found = length && length < size;
		if (found)
			snprintf(path, size, "%.*s", (int)length, value);
	}
	return found;
}

void doctor_read_locked(const char *text, struct doctor_locked *locked)
{
	size_t used = 0;

	locked->count = 0;
	*locked->names = '\0';
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length = strcspn(line, ": \t\n"); /* the rest is the server's */

		if (!length || *line == '#') /* a comment, or a continued line */
			continue;
		locked->count++;
		if (used + length + 2 < sizeof(locked->names))
			used += (size_t)snprintf(locked->names + used, sizeof(locked->names) - used,
						 "%s%.*s", used ? ", " : "", (int)length, line);
	}
}

void doctor_take_locked(struct doctor_facts *facts)
{
	static const char *const places[] = { "/etc/dovecot/locked", "/etc/postfix/locked" };
	_cleanup_free_ char *settings = NULL;
	size_t size;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		snprintf(facts->locked[i].path, sizeof(facts->locked[i].path), "%s", places[i]);
	if (!file_read(SETTINGS, FILE_MOST, &settings, &size))
		doctor_lock_file(settings, facts->locked[2].path, sizeof(facts->locked[2].path));
	for (size_t i = 0; i < sizeof(facts->locked) / sizeof(*facts->locked); i++) {
		struct doctor_locked *locked = &facts->locked[i];
		_cleanup_free_ char *text = NULL;

		if (i == 2 &&
		    (!strcmp(locked->path, places[0]) || !strcmp(locked->path, places[1])))
			continue;
		if (*locked->path && !file_read(locked->path, FILE_MOST, &text, &size))
			doctor_read_locked(text, locked);
	}
}

void doctor_check_locked(const struct doctor_facts *facts, struct doctor_report *report)
{
	for (size_t i = 0; i < sizeof(facts->locked) / sizeof(*facts->locked); i++)
		if (facts->locked[i].count)
			doctor_add(report, FIND_ACCOUNTS_LOCKED, facts->locked[i].path,
				   "%zu account%s locked: %s", facts->locked[i].count,
				   facts->locked[i].count == 1 ? " is" : "s are",
				   facts->locked[i].names);
}
