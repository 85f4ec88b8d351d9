// SPDX-License-Identifier: GPL-2.0-or-later
/* Handles each section or key: finds it in the table (keys.c) or refuses it, remembers it, and
 * hands on its value (values.c). */
#include "conf/load.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

/* ---- sections ---- */

static void unknown_section(struct conf_load *load, const char *title, const char *kind)
{
	struct nearest nearest = { .word = kind };
	const struct conf_section *section;

	for (size_t i = 0; (section = conf_section_at(i)); i++)
		nearest_offer(&nearest, section->kind);
	if (!nearest.found) {
		conf_fault(load, NULL, "unknown section [%s]; see sekisho.conf(5)", title);
		return;
	}
	for (size_t i = 0; (section = conf_section_at(i)); i++)
		if (section->kind == nearest.found) {
			load->paths_faults += !strcmp(nearest.found, "paths");
			conf_fault(load, NULL, "unknown section [%s]; did you mean [%s%s]?", title,
				   nearest.found, section->named ? " NAME" : "");
			return;
		}
}

static void unknown_name(struct conf_load *load, const char *kind, const char *name)
{
	struct nearest nearest = { .word = name };
	const struct conf_section *section;

	for (size_t i = 0; (section = conf_section_at(i)); i++)
		if (!strcmp(section->kind, kind))
			nearest_offer(&nearest, section->name);
	if (nearest.found)
		conf_fault(load, NULL, "there is no %s '%s'; did you mean '%s'?", kind, name,
			   nearest.found);
	else
		conf_fault(load, NULL, "there is no %s '%s'; see sekisho.conf(5)", kind, name);
}

/* The row of [kind name]; NULL: there is none, reported. */
static const struct conf_section *find_section(struct conf_load *load, const char *title,
					       const char *kind, const char *name)
{
	const struct conf_section *section, *of_kind = NULL;

	for (size_t i = 0; (section = conf_section_at(i)); i++) {
		if (strcmp(section->kind, kind))
			continue;
		of_kind = section;
		if (!section->name || !strcmp(section->name, name))
			break;
	}
	if (!of_kind)
		unknown_section(load, title, kind);
	else if (!of_kind->named && *name) {
		load->paths_faults += !strcmp(kind, "paths");
		conf_fault(load, NULL, "[%s] takes no name; write [%s]", title, kind);
	} else if (of_kind->named && !*name)
		conf_fault(load, NULL, "[%s] needs a name: [%s NAME]", title, kind);
	else if (of_kind->named && !conf_name_valid(name))
		conf_fault(load, NULL,
			   "'%s' is not a name: at most %d letters, digits, '.', '_' and '-', a "
			   "letter or digit first",
			   name, CONFIG_NAME_SIZE - 1);
	else if (of_kind->name && strcmp(of_kind->name, name))
		unknown_name(load, kind, name);
	else
		return of_kind;
	return NULL;
}

static struct conf_use *find_use(struct conf_load *load, const struct conf_section *section,
				 const char *name)
{
	for (size_t i = 0; i < load->use_count; i++)
		if (load->uses[i].section == section && !strcmp(load->uses[i].name, name))
			return &load->uses[i];
	return NULL;
}

static struct conf_use *add_use(struct conf_load *load, const struct conf_section *section,
				const char *name)
{
	long index = section->open ? section->open(load, name) : (long)section->index;
	struct conf_use *uses;

	if (index < 0)
		return NULL;
	uses = conf_append(load, load->uses, &load->use_count, sizeof(*uses));
	if (!uses)
		return NULL;
	load->uses = uses;
	uses += load->use_count - 1;
	uses->section = section;
	uses->index = (size_t)index;
	snprintf(uses->name, sizeof(uses->name), "%s", name);
	return uses;
}

void conf_section_begin(struct conf_load *load, const char *title)
{
	const struct conf_section *section;
	char kind[256], *name;

	title += strspn(title, " \t");
	snprintf(kind, sizeof(kind), "%s", title);
	for (size_t size = strlen(kind); size && strchr(" \t", kind[size - 1]);)
		kind[--size] = '\0';
	name = kind + strcspn(kind, " \t");
	if (*name) {
		*name++ = '\0';
		name += strspn(name, " \t");
	}
	load->use = NULL;
	section = find_section(load, title, kind, name);
	if (!section)
		return;
	load->use = find_use(load, section, name);
	if (!load->use)
		load->use = add_use(load, section, name);
	else if (load->use->where.file == load->where.file)
		conf_fault(load, NULL, "[%s] was begun in line %u; put the two together", title,
			   load->use->where.line);
	if (load->use)
		load->use->where = load->where;
}

/* ---- keys ---- */

static void unknown_key(struct conf_load *load, const char *name)
{
	const struct conf_use *use = load->use;
	struct nearest nearest = { .word = name };

	for (size_t i = 0; i < use->section->key_count; i++)
		nearest_offer(&nearest, use->section->keys[i].name);
	if (nearest.found && !strcmp(nearest.found, "never-ban"))
		load->config->never_ban_faulty = true;
	if (nearest.found)
		conf_fault(load, NULL, "unknown key '%s' in [%s%s%s]; did you mean '%s'?", name,
			   use->section->kind, *use->name ? " " : "", use->name, nearest.found);
	else
		conf_fault(load, NULL, "unknown key '%s' in [%s%s%s]; see sekisho.conf(5)", name,
			   use->section->kind, *use->name ? " " : "", use->name);
	load->skip_indented = true;
}

/* Hands on each word of `value`. Returns their number. */
static size_t parse_words(struct conf_load *load, const struct conf_key *key, void *base,
			  const char *value)
{
	const char *separators = key->paths ? " \t" : " \t,";
	char words[4096], *rest = words, *word;
	size_t count = 0;

	snprintf(words, sizeof(words), "%s", value); /* lines are shorter than the buffer */
	while ((word = strsep(&rest, separators))) {
		if (!*word)
			continue;
		key->parse(load, key, base, word);
		count++;
	}
	return count;
}

void conf_key_set(struct conf_load *load, const char *name, const char *value)
{
	const struct conf_key *key;
	struct conf_use *use = load->use;
	void *base;
	bool again;
	size_t at;

	if (!use)
		return; /* the key's section was refused */
	key = conf_key_find(use->section, name);
	if (!key) {
		unknown_key(load, name);
		return;
	}
	at = (size_t)(key - use->section->keys);
	base = use->section->base(load->config, use->index);
	again = use->keys[at].where.file == load->where.file;
	if (again && !key->clear && !(key->text && load->continued)) {
		if (load->continued)
			conf_fault(load, NULL, "'%s' takes one value, which ends with its line",
				   name);
		else
			conf_fault(load, NULL, "'%s' was given in line %u; keep one of the two",
				   name, use->keys[at].where.line);
		return;
	}
	if (!again) {
		use->keys[at].where = load->where;
		use->keys[at].values = 0;
		if (key->clear)
			key->clear(load, base);
	}
	if (key->clear) {
		use->keys[at].values += parse_words(load, key, base, value);
	} else {
		use->keys[at].values = 1;
		if (*value)
			key->parse(load, key, base, value);
		else
			conf_fault(load, NULL, "'%s' has no value", name);
	}
}
