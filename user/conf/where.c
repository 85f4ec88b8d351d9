// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the files set each key, kept for messages of those who look at what a key names. */
#include "conf/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `key` "": the section itself. */
static void keep(struct conf_load *load, const struct conf_use *use, const char *key,
		 const struct conf_where *where)
{
	struct config *config = load->config;
	struct config_where *grown = conf_append(load, config->wheres, &config->where_count,
						 sizeof(*grown)),
			    *kept;

	if (!grown)
		return;
	config->wheres = grown;
	kept = &grown[config->where_count - 1];
	kept->kind = use->section->kind;
	kept->key = key;
	memcpy(kept->name, use->name, sizeof(kept->name));
	if (asprintf(&kept->where, "%s:%u", where->file, where->line) < 0) {
		kept->where = NULL;
		conf_out_of_memory(load);
	}
}

void conf_keep_where(struct conf_load *load, const struct conf_use *use)
{
	keep(load, use, "", &use->where);
	for (size_t i = 0; i < use->section->key_count; i++)
		if (use->keys[i].where.file)
			keep(load, use, use->section->keys[i].name, &use->keys[i].where);
}

const char *config_where(const struct config *config, const char *kind, const char *name,
			 const char *key)
{
	const char *section = config->path;

	for (size_t i = 0; i < config->where_count; i++) {
		const struct config_where *kept = &config->wheres[i];

		if (strcmp(kept->kind, kind) != 0 || strcmp(kept->name, name) != 0)
			continue;
		if (!strcmp(kept->key, key))
			return kept->where;
		if (!*kept->key)
			section = kept->where;
	}
	return section;
}

void conf_free_where(struct config *config)
{
	for (size_t i = 0; i < config->where_count; i++)
		free(config->wheres[i].where);
	free(config->wheres);
}
