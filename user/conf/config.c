// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of the configuration and their order. Not here: the files' content, and the
 * defaults. */
#include "conf/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define MOST_BYTES (1 << 20) /* of one file: guards against a list or a device named by mistake */

/* ---- files ---- */

static int cannot_read(struct conf_load *load, int error, const char *remedy)
{
	load->where.line = 0;
	conf_fault(load, NULL, "cannot be read: %s%s", strerror(-error), remedy);
	if (!load->error)
		load->error = error;
	return error;
}

/* A pipe would keep every command waiting. */
static bool is_regular(struct conf_load *load, const char *path)
{
	struct stat about;

	if (stat(path, &about) || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
		return true; /* or reading it says why not */
	load->where.file = path;
	load->where.line = 0;
	conf_fault(load, NULL, "is a pipe, a socket or a device; only files are read: remove it");
	return false;
}

/* Returns -errno, which is reported unless it is -ENOENT and `may_lack`. */
static int read_file(struct conf_load *load, const char *path, bool may_lack)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int error = file_read(path, MOST_BYTES, &text, &size);

	load->where.file = path;
	load->where.line = 0;
	if (error == -ENOENT && may_lack)
		return error;
	if (error)
		return cannot_read(load, error,
				   error == -ENOENT   ? "; name the configuration with -c FILE"
				   : error == -EISDIR ? "; name the file in it"
				   : error == -EFBIG  ? "; more than 1 MiB is no configuration"
				   : error == -EACCES ? "; run as root, or let this user read it"
						      : "");
	conf_read_text(load, text, size);
	return 0;
}

static int is_conf(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return *entry->d_name != '.' && size > 5 && !strcmp(entry->d_name + size - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* not by the locale's order */
}

/* The files' names. They are kept until the configuration is loaded: faults found at the end name
 * them. */
struct config_names {
	char **items;
	size_t count;
};

static void names_free(struct config_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* FOLDER/NAME, or a copy of NAME if folder is NULL. NULL: out of memory, reported. */
static const char *names_add(struct conf_load *load, struct config_names *names, const char *folder,
			     const char *name)
{
	char **grown, *path;

	if (asprintf(&path, "%s%s%s", folder ? folder : "", folder ? "/" : "", name) < 0) {
		conf_out_of_memory(load);
		return NULL;
	}
	grown = conf_append(load, names->items, &names->count, sizeof(*grown));
	if (!grown) {
		free(path);
		return NULL;
	}
	names->items = grown;
	return grown[names->count - 1] = path;
}

static void read_folder(struct conf_load *load, struct config_names *names, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_conf, by_name), error = -errno;

	load->where.file = folder;
	if (count < 0 && error != -ENOENT)
		cannot_read(load, error, error == -ENOTDIR ? "; it is to be a folder" : "");
	for (int i = 0; i < count; i++) {
		const char *path = names_add(load, names, folder, entries[i]->d_name);

		if (path && is_regular(load, path))
			read_file(load, path, false);
		free(entries[i]);
	}
	free(entries);
}

/* The folder "conf.d" beside PATH. */
static const char *folder_of(struct conf_load *load, struct config_names *names, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");

	if (!folder) {
		conf_out_of_memory(load);
		return NULL;
	}
	return names_add(load, names, folder, "conf.d");
}

static void read_all(struct conf_load *load, struct config_names *names, const char *path,
		     bool may_lack)
{
	const char *folder, *name = names_add(load, names, NULL, path);

	if (!name)
		return;
	if (!read_file(load, name, may_lack)) {
		load->config->path = strdup(path);
		if (!load->config->path)
			conf_out_of_memory(load);
	}
	folder = folder_of(load, names, name);
	if (folder)
		read_folder(load, names, folder);
	load->use = NULL;
	load->where = (struct conf_where){ .file = name };
	conf_finish(load);
}

/* Returns 0 or -EINVAL for what was read. With `faulty_too`, reduces a configuration with faults to
 * what a command needs of it. */
static int judge(const struct conf_load *load, bool faulty_too)
{
	struct config *config = load->config;
	size_t kept = 0;

	if (load->error || !load->faults)
		return load->error;
	if (!faulty_too || load->paths_faults)
		return -EINVAL;
	for (size_t i = 0; i < config->log_count; i++)
		if (config->logs[i].file)
			config->logs[kept++] = config->logs[i];
	config->log_count = kept;
	return 0;
}

static int load_files(const char *path, config_fault *report, void *context, bool faulty_too,
		      struct config **config)
{
	struct conf_load *load = calloc(1, sizeof(*load));
	_cleanup_(names_free) struct config_names names = { 0 };
	const char *from_environment = getenv("SEKISHO_CONFIG");
	bool may_lack = false;
	int error = -ENOMEM;

	*config = NULL;
	if (!path && from_environment && *from_environment)
		path = from_environment;
	if (!path) {
		path = CONFIG_DEFAULT_PATH;
		may_lack = true;
	}
	if (load) {
		load->report = report;
		load->context = context;
		load->where.file = path;
		load->config = conf_default();
	}
	if (load && load->config) {
		read_all(load, &names, path, may_lack);
		error = judge(load, faulty_too);
		if (!error)
			*config = TAKE_PTR(load->config);
		config_free(load->config);
		free(load->uses);
		free(load->countries);
		free(load->list_services);
	} else if (report) {
		report("out of memory", context);
	}
	free(load);
	return error;
}

int config_load(const char *path, config_fault *report, void *context, struct config **config)
{
	return load_files(path, report, context, false, config);
}

int config_load_faulty(const char *path, config_fault *report, void *context,
		       struct config **config)
{
	return load_files(path, report, context, true, config);
}
