// SPDX-License-Identifier: GPL-2.0-or-later
/* See report_lines.h. */
#include "cmd/report_lines.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "log/packed.h"
#include "log/parse.h"

#define PORTION (256U * 1024)

struct report_lines_reading {
	struct wanted_line *lines;
	size_t count, left; /* `left` is the number still wanted from this file */
	const char *path;
	uint64_t number; /* of the current line */
	char line[LOG_LINE_MAX];
	size_t size;
};

static void finish_line(struct report_lines_reading *reading)
{
	for (size_t i = 0; i < reading->count; i++) {
		struct wanted_line *line = &reading->lines[i];
		char text[LOG_LINE_MAX + 1];

		if (line->number != reading->number || line->text ||
		    strcmp(line->path, reading->path))
			continue;
		log_line_clean(reading->line, reading->size, text);
		text[LINE_SHOWN] = '\0';
		line->text = strdup(text);
		reading->left--;
	}
	reading->number++;
	reading->size = 0;
}

static void take(struct report_lines_reading *reading, const char *data, size_t size)
{
	while (size && reading->left) {
		const char *end = memchr(data, '\n', size);
		size_t used = end ? (size_t)(end - data) : size;
		size_t room = sizeof(reading->line) - reading->size;

		memcpy(reading->line + reading->size, data, used < room ? used : room);
		reading->size += used < room ? used : room;
		if (end)
			finish_line(reading);
		used += end != NULL;
		data += used;
		size -= used;
	}
}

static void read_file(struct report_lines_reading *reading)
{
	int fd = strcmp(reading->path, "-") ? open(reading->path, O_RDONLY | O_CLOEXEC) : -1;
	struct packed_file *file = fd < 0 ? NULL : packed_open(fd);
	_cleanup_free_ char *portion = malloc(PORTION);
	ssize_t size;

	reading->number = 1;
	reading->size = 0;
	while (file && portion && reading->left && (size = packed_read(file, portion, PORTION)) > 0)
		take(reading, portion, (size_t)size);
	if (file && reading->left && reading->size)
		finish_line(reading);
	packed_close(file);
}

void report_lines_read(struct wanted_line *lines, size_t count)
{
	struct report_lines_reading reading = { .lines = lines, .count = count };

	for (size_t i = 0; i < count; i++) {
		bool read = false;

		for (size_t j = 0; j < i; j++)
			read |= !strcmp(lines[j].path, lines[i].path);
		if (read)
			continue;
		reading.path = lines[i].path;
		reading.left = 0;
		for (size_t j = i; j < count; j++)
			reading.left += !strcmp(lines[j].path, reading.path);
		read_file(&reading);
	}
}
