// SPDX-License-Identifier: GPL-2.0-or-later
/* See attached_file.h. The file has one line for each device: index, attached, hook, name, why, why
 * no breaker, separated by tabs. */
#include "enforce/attached_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_NAME "attached"

static void put_text(FILE *out, const char *text, char end)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	fputc(end, out);
}

void attached_write(const char *runtime, const struct attachment *attachments, size_t count)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct attachment *at = &attachments[i];

		fprintf(out, "%u\t%d\t%d\t", at->ifindex, at->attached, (int)at->hook);
		put_text(out, at->device, '\t');
		put_text(out, at->why, '\t');
		put_text(out, at->outflow_why, '\n');
	}
	failed = fclose(out);
	if (failed || asprintf(&path, "%s/" FILE_NAME, runtime) < 0)
		return;
	mkdir(runtime, 0755);
	file_replace(path, text, size, NULL);
}

static void take_text(char **at, char *text, size_t size)
{
	const char *next = strsep(at, "\t\n");

	snprintf(text, size, "%s", next ? next : "");
}

size_t attached_read(const char *runtime, struct attachment *attachments, size_t room)
{
	_cleanup_(cleanup_file) FILE *file = NULL;
	_cleanup_free_ char *path = NULL;
	char line[1024];
	size_t count = 0;

	if (asprintf(&path, "%s/" FILE_NAME, runtime) < 0)
		return 0;
	file = fopen(path, "re");
	while (file && count < room && fgets(line, sizeof(line), file)) {
		struct attachment *at = &attachments[count];
		int attached, hook, used;
		char *rest;

		memset(at, 0, sizeof(*at));
		if (sscanf(line, "%u\t%d\t%d\t%n", &at->ifindex, &attached, &hook, &used) != 3)
			continue;
		at->attached = attached;
		at->hook = (enum gate_hook)hook;
		rest = line + used;
		take_text(&rest, at->device, sizeof(at->device));
		take_text(&rest, at->why, sizeof(at->why));
		take_text(&rest, at->outflow_why, sizeof(at->outflow_why));
		count++;
	}
	return count;
}
