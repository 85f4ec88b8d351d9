// SPDX-License-Identifier: GPL-2.0-or-later
/* See country.h: from paths to ranges. A path names a file, packed or not, or MaxMind's folder or
 * zip. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "lists/country_reader.h"
#include "lists/input.h"
#include "lists/input_archive.h"

/* What was found in a folder or a zip. */
struct country_load_collection {
	struct country_maxmind maxmind;
	char *other; /* the one file of a zip that has no files of MaxMind's */
	size_t other_size, others;
	char name[256];
};

static void collection_free(struct country_load_collection *collection)
{
	country_maxmind_free(&collection->maxmind);
	free(collection->other);
}

static int take_member(const char *name, char *text, size_t size, void *context)
{
	struct country_load_collection *collection = context;
	int taken = country_maxmind_offer(&collection->maxmind, name, text, size);

	if (taken)
		return taken < 0 ? taken : 0;
	if (collection->others++) {
		free(text);
		return 0;
	}
	collection->other = text;
	collection->other_size = size;
	snprintf(collection->name, sizeof(collection->name), "%s", name);
	return 0;
}

static int read_collection(const struct country_load_collection *collection, const char *path,
			   struct ranges *ranges, struct fault *fault)
{
	const struct country_maxmind *maxmind = &collection->maxmind;

	if (collection->others == 1 && !maxmind->locations.text && !maxmind->blocks[0].text &&
	    !maxmind->blocks[1].text)
		return country_read(collection->name, collection->other, collection->other_size,
				    ranges, fault);
	return country_maxmind_read(maxmind, path, ranges, fault);
}

/* Adds one of MaxMind's files to the collection, if it is there. */
static int add_file(struct country_load_collection *collection, const char *folder,
		    const char *name, struct fault *fault)
{
	struct input input;
	char path[4096];
	int error;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	error = input_read(path, &input, fault);
	if (error)
		return error;
	error = country_maxmind_offer(&collection->maxmind, path, input.text, input.size);
	if (error <= 0)
		input_free(&input);
	return error < 0 ? fault_set(fault, error, "no memory for the country data") : 0;
}

static bool is_maxmind(const char *name)
{
	return strstr(name, "-Blocks-IPv") || strstr(name, "-Locations-en.csv");
}

static int read_folder(const char *folder, const char *only, struct ranges *ranges,
		       struct fault *fault)
{
	_cleanup_(collection_free) struct country_load_collection collection = { 0 };
	struct dirent *entry;
	DIR *stream = opendir(folder);
	int error = 0;

	if (!stream)
		return fault_set(fault, -errno, "cannot read %s: %s", folder, strerror(errno));
	while (!error && (entry = readdir(stream)))
		if (is_maxmind(entry->d_name) && (!only || !strstr(entry->d_name, "-Blocks-IPv") ||
						  !strcmp(entry->d_name, only)))
			error = add_file(&collection, folder, entry->d_name, fault);
	closedir(stream);
	return error ? error : read_collection(&collection, folder, ranges, fault);
}

static int read_zip(const char *path, const struct input *input, struct ranges *ranges,
		    struct fault *fault)
{
	_cleanup_(collection_free) struct country_load_collection collection = { 0 };
	int error = input_archive(input->text, input->size, INPUT_MAX, take_member, &collection);

	if (error)
		return fault_set(fault, error, "%s: damaged, encrypted or too large zip", path);
	return read_collection(&collection, path, ranges, fault);
}

static int load_path(const char *path, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(input_free) struct input input = { 0 };
	_cleanup_free_ char *folder = NULL;
	const char *slash = strrchr(path, '/');
	struct stat about;
	int error;

	if (!stat(path, &about) && S_ISDIR(about.st_mode))
		return read_folder(path, NULL, ranges, fault);
	if (strstr(slash ? slash : path, "-Blocks-IPv")) {
		folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
		return folder ? read_folder(folder, slash ? slash + 1 : path, ranges, fault)
			      : -ENOMEM;
	}
	error = input_read_packed(path, &input, fault);
	if (error)
		return error;
	if (input_is_zip(input.text, input.size))
		return read_zip(path, &input, ranges, fault);
	return country_read(path, input.text, input.size, ranges, fault);
}

int country_load(char *const *files, size_t count, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges read = { 0 };

	for (size_t i = 0; i < count; i++) {
		int error = load_path(files[i], &read, fault);

		if (error)
			return error;
	}
	if (ranges_normalise(&read))
		return fault_set(fault, -ENOMEM, "no memory for the country data");
	*ranges = read;
	read = (struct ranges){ 0 };
	return 0;
}
