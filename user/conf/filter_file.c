// SPDX-License-Identifier: GPL-2.0-or-later
/* See filter_file.h: reading the file. filter_expand.c fills in names. */
#include "conf/filter_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/cleanup.h"
#include "base/file.h"

#define FILES_MOST   16
#define OPTIONS_MOST 512
#define LINE_MOST    8192

void filter_file_free(struct filter_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		free(file->options[i].name);
		free(file->options[i].value);
		free(file->options[i].place);
	}
	free(file->options);
	*file = (struct filter_file){ 0 };
}

static struct filter_option *find_option(const struct filter_file *file, const char *name)
{
	for (size_t i = 0; i < file->count; i++)
		if (!strcasecmp(file->options[i].name, name))
			return &file->options[i];
	return NULL;
}

const struct filter_option *filter_file_get(const struct filter_file *file, const char *name)
{
	return find_option(file, name);
}

/* The option of this name, created if there is none. NULL: no memory, or too many. */
static struct filter_option *option_of(struct filter_file *file, const char *name)
{
	struct filter_option *all, *option = find_option(file, name);
	char *own;

	if (option || file->count == OPTIONS_MOST)
		return option;
	own = strdup(name);
	all = own ? reallocarray(file->options, file->count + 1, sizeof(*all)) : NULL;
	if (!all) {
		free(own);
		return NULL;
	}
	file->options = all;
	all[file->count] = (struct filter_option){ .name = own };
	return &all[file->count++];
}

int filter_file_set(struct filter_file *file, const char *name, const char *value,
		    const char *place)
{
	char *copy = strdup(value), *where = strdup(place);
	struct filter_option *option = copy && where ? option_of(file, name) : NULL;

	if (!option) {
		free(copy);
		free(where);
		return -ENOMEM;
	}
	free(option->value);
	free(option->place);
	option->value = copy;
	option->place = where;
	return 0;
}

/* Defines an option. Its earlier value is "known/NAME" from now on. */
static int define(struct filter_file *file, const char *section, const char *name,
		  const char *value, const char *place)
{
	const struct filter_option *before;
	char full[256], known[256];
	bool usual = !strcmp(section, "Definition") || !strcmp(section, "Init") ||
		     !strcmp(section, "DEFAULT");

	snprintf(full, sizeof(full), "%s%s%s", usual ? "" : section, usual ? "" : "/", name);
	before = filter_file_get(file, full);
	if (before && usual) {
		snprintf(known, sizeof(known), "known/%.240s", name);
		if (filter_file_set(file, known, before->value, before->place))
			return -ENOMEM;
	}
	return filter_file_set(file, full, value, place);
}

struct parsing {
	struct filter_file *file;
	const char *path;
	unsigned line, began; /* began: where the current option begins */
	char section[64], name[128];
	char value[FILTER_TEXT_MOST];
	char before[PATH_MAX], after[PATH_MAX];
};

static int finish_option(struct parsing *parsing)
{
	char place[PATH_MAX + 16];
	int error = 0;

	if (*parsing->name && !strcmp(parsing->section, "INCLUDES")) {
		if (!strcmp(parsing->name, "before"))
			snprintf(parsing->before, PATH_MAX, "%.4000s", parsing->value);
		else if (!strcmp(parsing->name, "after"))
			snprintf(parsing->after, PATH_MAX, "%.4000s", parsing->value);
	} else if (*parsing->name) {
		snprintf(place, sizeof(place), "%s:%u", parsing->path, parsing->began);
		error = define(parsing->file, parsing->section, parsing->name, parsing->value,
			       place);
	}
	*parsing->name = '\0';
	return error;
}

static char *trim(char *text)
{
	size_t size;

	text += strspn(text, " \t\r\n");
	for (size = strlen(text); size && strchr(" \t\r\n", text[size - 1]);)
		text[--size] = '\0';
	return text;
}

static int read_option(struct parsing *parsing, char *text, struct fault *fault)
{
	char *sign = strpbrk(text, "=:");
	int error = finish_option(parsing);

	if (error)
		return error;
	if (!sign)
		return fault_set(fault, -EINVAL, "%s:%u: neither an option nor a section",
				 parsing->path, parsing->line);
	*sign = '\0';
	snprintf(parsing->name, sizeof(parsing->name), "%.127s", trim(text));
	for (char *at = parsing->name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	snprintf(parsing->value, sizeof(parsing->value), "%s", trim(sign + 1));
	parsing->began = parsing->line;
	return 0;
}

static int read_line(struct parsing *parsing, char *line, struct fault *fault)
{
	bool indented = *line == ' ' || *line == '\t';
	char *text = trim(line);
	size_t used;
	int error;

	parsing->line++;
	if (!*text || *text == '#' || *text == ';')
		return 0;
	if (indented && *parsing->name) {
		used = strlen(parsing->value);
		if (used + strlen(text) + 2 > sizeof(parsing->value))
			return fault_set(fault, -EINVAL, "%s:%u: the option is too long",
					 parsing->path, parsing->line);
		snprintf(parsing->value + used, sizeof(parsing->value) - used, "\n%s", text);
		return 0;
	}
	if (*text != '[')
		return read_option(parsing, text, fault);
	error = finish_option(parsing);
	snprintf(parsing->section, sizeof(parsing->section), "%.60s", text + 1);
	parsing->section[strcspn(parsing->section, "]")] = '\0';
	return error;
}

static int read_path(const char *path, bool must, struct filter_file *file, struct fault *fault);

static int read_one_beside(const char *path, const char *name, bool must, struct filter_file *file,
			   struct fault *fault)
{
	const char *slash = strrchr(path, '/');
	char other[PATH_MAX];

	if (*name == '/' || !slash)
		snprintf(other, sizeof(other), "%s", name);
	else
		snprintf(other, sizeof(other), "%.*s/%.255s", (int)(slash - path) % 3800, path,
			 name);
	return read_path(other, must, file, fault);
}

/* Reads the files in `names`, which are separated by newlines or blanks; changes `names`. */
static int read_beside(const char *path, char *names, bool must, struct filter_file *file,
		       struct fault *fault)
{
	char *rest = NULL, *name = strtok_r(names, " \t\n", &rest);
	int error = 0;

	for (; name && !error; name = strtok_r(NULL, " \t\n", &rest))
		error = read_one_beside(path, name, must, file, fault);
	return error;
}

/* Reads the file's own lines. */
static int read_lines(FILE *in, struct parsing *parsing, struct fault *fault)
{
	char line[LINE_MOST];
	int error = 0;

	while (!error && fgets(line, sizeof(line), in))
		error = read_line(parsing, line, fault);
	return error ? error : finish_option(parsing);
}

/* Finds what [INCLUDES] names, by reading the whole file once. */
static int find_includes(FILE *in, struct parsing *parsing, struct fault *fault)
{
	struct filter_file none = { 0 };
	struct parsing *scratch = calloc(1, sizeof(*scratch));
	int error;

	if (!scratch)
		return -ENOMEM;
	scratch->file = &none;
	scratch->path = parsing->path;
	error = read_lines(in, scratch, fault);
	memcpy(parsing->before, scratch->before, sizeof(parsing->before));
	memcpy(parsing->after, scratch->after, sizeof(parsing->after));
	filter_file_free(&none);
	free(scratch);
	rewind(in);
	return error;
}

static int read_path(const char *path, bool must, struct filter_file *file, struct fault *fault)
{
	_cleanup_(cleanup_file) FILE *in = NULL;
	_cleanup_free_ struct parsing *parsing = NULL;
	int error, fd;

	if (file->files++ == FILES_MOST)
		return fault_set(fault, -EINVAL, "%s: too many files are included", path);
	fd = file_open_regular(path, true);
	if (fd < 0)
		return must ? fault_set(fault, fd, "%s: %s", path, strerror(-fd)) : 0;
	in = fdopen(fd, "r");
	if (!in) {
		cleanup_close(&fd);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	parsing = calloc(1, sizeof(*parsing));
	if (!parsing)
		return fault_set(fault, -ENOMEM, "out of memory");
	parsing->file = file;
	parsing->path = path;
	error = find_includes(in, parsing, fault);
	if (!error)
		error = read_beside(path, parsing->before, true, file, fault);
	if (!error)
		error = read_lines(in, parsing, fault);
	if (!error) /* common.local and the like usually do not exist */
		error = read_beside(path, parsing->after, false, file, fault);
	if (error == -ENOMEM)
		fault_set(fault, error, "%s: out of memory, or too many options", path);
	return error;
}

int filter_file_read(const char *path, struct filter_file *file, struct fault *fault)
{
	size_t size = strlen(path);
	char local[PATH_MAX];
	int error;

	*file = (struct filter_file){ 0 };
	error = read_path(path, true, file, fault);
	if (error || size < 6 || strcmp(path + size - 5, ".conf") != 0)
		return error;
	snprintf(local, sizeof(local), "%.*s.local", (int)(size - 5) % 4000, path);
	return read_path(local, false, file, fault);
}
