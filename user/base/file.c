// SPDX-License-Identifier: GPL-2.0-or-later
/* See file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
		wanted = most + 2; /* one byte more, by which a larger file is noticed */
	grown = realloc(*buffer, wanted);
	if (!grown)
		return -ENOMEM;
	*buffer = grown;
	*room = wanted;
	return 0;
}

static int read_all(int fd, size_t most, char **text, size_t *size)
{
	_cleanup_free_ char *buffer = NULL;
	size_t used = 0, room = 0;
	struct stat status;

	if (fstat(fd, &status))
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

int file_read(const char *path, size_t most, char **text, size_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : read_all(fd, most, text, size);
}

int file_open_regular(const char *path, bool links)
{
	_cleanup_close_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (links ? 0 : O_NOFOLLOW));
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	return TAKE_FD(fd);
}

int file_read_regular(const char *path, size_t most, char **text, size_t *size)
{
	_cleanup_close_ int fd = file_open_regular(path, false);

	return fd < 0 ? fd : read_all(fd, most, text, size);
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

int file_replace(const char *path, const char *text, size_t size, struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *fresh = NULL;
	struct stat status;
	int err;

	/* A file must not replace a device such as /dev/null. */
	if (!lstat(path, &status) && !S_ISREG(status.st_mode))
		return fault_set(fault, -EINVAL, "cannot write %s: it is no regular file", path);
	if (asprintf(&fresh, "%s.new", path) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	/* An existing one may be another user's, who could then read or change the new content. */
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : write_all(fd, text, size);
	if (!err && rename(fresh, path))
		err = -errno;
	if (!err)
		return 0;
	unlink(fresh);
	return fault_set(fault, err, "cannot write %s: %s", path, strerror(-err));
}
