// SPDX-License-Identifier: GPL-2.0-or-later
/* See feed_key.h. */
#include "feed/feed_key.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define KEY_BEGIN "X-Api-Key: "

/* Finds where systemd has put the file of that name, if it has. */
static void find(const char *path, char found[PATH_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (folder && *folder) {
		snprintf(found, PATH_MAX, "%s/keys_%s", folder, strrchr(path, '/') + 1);
		if (!access(found, F_OK))
			return;
	}
	snprintf(found, PATH_MAX, "%s", path);
}

static int take_line(const char *path, const char *text, size_t size, char header[FEED_KEY_MOST],
		     struct fault *fault)
{
	const char *colon;

	while (size && strchr("\r\n ", text[size - 1]))
		size--;
	for (size_t i = 0; i < size; i++)
		if (text[i] < ' ' || text[i] > '~')
			size = 0;
	colon = memchr(text, ':', size);
	if (!size || colon == text || size + sizeof(KEY_BEGIN) > FEED_KEY_MOST ||
	    memchr(text, ' ', colon ? (size_t)(colon - text) : size))
		return fault_set(fault, -EINVAL,
				 "%s: not one line of at most %zu printable characters with a key, "
				 "or with NAME: VALUE",
				 path, FEED_KEY_MOST - sizeof(KEY_BEGIN));
	snprintf(header, FEED_KEY_MOST, "%s%.*s", colon ? "" : KEY_BEGIN, (int)size, text);
	return 0;
}

int feed_key_read(const char *path, char header[FEED_KEY_MOST], struct fault *fault)
{
	_cleanup_free_ char *text = NULL;
	char found[PATH_MAX];
	struct stat about;
	size_t size = 0;
	int error;

	find(path, found);
	error = file_read(found, FEED_KEY_MOST, &text, &size);
	if (!error && stat(found, &about))
		error = -errno;
	if (error)
		return fault_set(fault, error,
				 "cannot read the key file %s: %s; sekisho-fetch.service reads "
				 "those in /etc/sekisho/keys",
				 path, strerror(-error));
	if (about.st_mode & S_IRWXO)
		return fault_set(fault, -EACCES, "others may read the key file %s; chmod 600 it",
				 path);
	return take_line(path, text, size, header, fault);
}
