// SPDX-License-Identifier: GPL-2.0-or-later
/* What every file of this folder needs: reporting a fault, where a key stands, growing an array by
 * one. */
#include "conf/load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conf_fault(struct conf_load *load, const struct conf_where *where, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	size_t used;

	if (!where)
		where = &load->where;
	load->faults++;
	if (load->use && !strcmp(load->use->section->kind, "paths"))
		load->paths_faults++;
	if (!load->report)
		return;
	if (where->line)
		snprintf(text, sizeof(text), "%s:%u: ", where->file, where->line);
	else
		snprintf(text, sizeof(text), "%s: ", where->file);
	used = strlen(text);
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used, format, arguments);
	va_end(arguments);
	load->report(text, load->context);
}

void conf_out_of_memory(struct conf_load *load)
{
	conf_fault(load, NULL, "out of memory");
	if (!load->error)
		load->error = -ENOMEM;
}

void *conf_append(struct conf_load *load, void *array, size_t *count, size_t size)
{
	char *grown = reallocarray(array, *count + 1, size);

	if (!grown) {
		conf_out_of_memory(load);
		return NULL;
	}
	memset(grown + *count * size, 0, size);
	++*count;
	return grown;
}

const struct conf_key *conf_key_find(const struct conf_section *section, const char *name)
{
	for (size_t i = 0; i < section->key_count; i++)
		if (!strcmp(section->keys[i].name, name))
			return &section->keys[i];
	return NULL;
}

struct conf_where conf_key_where(const struct conf_use *use, const char *name)
{
	const struct conf_key *key = conf_key_find(use->section, name);

	return key ? use->keys[key - use->section->keys].where : use->where;
}
