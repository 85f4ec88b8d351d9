// SPDX-License-Identifier: GPL-2.0-or-later
/* See file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* Makes room for more than `used` bytes and a NUL. */
static int grow(char **buffer, size_t *room, size_t used, size_t most)
{
	size_t wanted = *room ? *room : 4096;
	char *grown;

	if (used + 1 < *room)
		return 0;
	if (*room)
		wanted = *room * 2;
	if (wanted > most + 2)
		wanted = most + 2; /* one byte too many is how a larger file shows */
	grown = realloc(*buffer, wanted);
	if (!grown)
		return -ENOMEM;
	*buffer = grown;
	*room = wanted;
	return 0;
}

int file_read(const char *path, size_t most, char **text, size_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *buffer = NULL;
	size_t used = 0, room = 0;
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (S_ISREG(status.st_mode) && (size_t)status.st_size < most)
		room = (size_t)status.st_size + 2;
	buffer = room ? malloc(room) : NULL;
	if (room && !buffer)
		return -ENOMEM;
	while (used <= most) {
		ssize_t got;

		if (grow(&buffer, &room, used, most))
			return -ENOMEM;
		got = read(fd, buffer + used, room - used - 1);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		used += got > 0 ? (size_t)got : 0;
	}
	if (used > most)
		return -EFBIG;
	buffer[used] = '\0';
	*size = used;
	*text = TAKE_PTR(buffer);
	return 0;
}
