// SPDX-License-Identifier: GPL-2.0-or-later
/* See api_keys.h. */
#include "policy/api_keys.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_MOST 4096

static int add_key(const char *path, unsigned number, const char *line, size_t size,
		   struct api_keys *keys, struct fault *fault)
{
	if (size < API_KEY_LEAST || size > API_KEY_MOST)
		return fault_set(fault, -EINVAL, "%s:%u: a key has %d to %d characters, not %zu",
				 path, number, API_KEY_LEAST, API_KEY_MOST, size);
	for (size_t i = 0; i < size; i++)
		if (line[i] <= ' ' || line[i] > '~')
			return fault_set(fault, -EINVAL,
					 "%s:%u: a key is of printable ASCII characters, without "
					 "spaces",
					 path, number);
	if (keys->count == API_KEYS_MAX)
		return fault_set(fault, -EINVAL,
				 "%s:%u: there are more than %d keys; take out the old ones", path,
				 number, API_KEYS_MAX);
	memcpy(keys->keys[keys->count++], line, size);
	return 0;
}

int api_keys_read(const char *path, const char *text, size_t size, struct api_keys *keys,
		  struct fault *fault)
{
	unsigned number = 0;

	memset(keys, 0, sizeof(*keys));
	for (size_t at = 0; at < size;) {
		const char *line = text + at, *end = memchr(line, '\n', size - at);
		size_t length = end ? (size_t)(end - line) : size - at;
		int error;

		at += length + 1;
		number++;
		if (length && line[length - 1] == '\r')
			length--;
		if (!length || *line == '#')
			continue;
		error = add_key(path, number, line, length, keys, fault);
		if (error)
			return error;
	}
	if (!keys->count)
		return fault_set(fault, -EINVAL,
				 "%s holds no key; write one line of %d or more "
				 "random characters",
				 path, API_KEY_LEAST);
	return 0;
}

int api_keys_load(const char *path, struct api_keys *keys, struct fault *fault)
{
	_cleanup_free_ char *text = NULL;
	struct stat stat_buffer;
	size_t size = 0;
	int error = file_read(path, FILE_MOST, &text, &size);

	if (error)
		return fault_set(fault, error, "the key file %s cannot be read: %s", path,
				 strerror(-error));
	if (stat(path, &stat_buffer))
		return fault_set(fault, -errno, "the key file %s cannot be read: %s", path,
				 strerror(errno));
	if ((stat_buffer.st_uid && stat_buffer.st_uid != geteuid()) || stat_buffer.st_mode & 077)
		return fault_set(fault, -EACCES,
				 "others may read or change the key file %s; chown root and chmod "
				 "600 it",
				 path);
	return api_keys_read(path, text, size, keys, fault);
}

bool api_keys_match(const struct api_keys *keys, const char *text)
{
	char padded[API_KEY_MOST + 1] = { 0 };
	size_t size = strlen(text);
	bool match = false;

	/* A longer text matches no key: its last byte is kept, which is 0 in every key. */
	memcpy(padded, text, size < sizeof(padded) ? size : sizeof(padded));
	for (size_t i = 0; i < API_KEYS_MAX; i++) {
		volatile unsigned char differs = i >= keys->count;

		for (size_t at = 0; at < sizeof(padded); at++)
			differs |= (unsigned char)(keys->keys[i][at] ^ padded[at]);
		match |= !differs;
	}
	return match;
}
