// SPDX-License-Identifier: GPL-2.0-or-later
/* See packed.h. zlib reads plain files and gzip, and hands out all that comes before damaged data;
 * libarchive reads the others. */
#include "log/packed.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"

#define PORTION (256U << 10)

struct packed_file {
	int fd;		       /* of `other` */
	gzFile plain;	       /* plain text or gzip */
	struct archive *other; /* xz, bzip2, zstd */
	int error;
	bool ended; /* there is nothing in the file */
	bool cut;   /* gzip: the file ends within the packed data */
};

/* Whether libarchive reports damaged data, by its own error numbers. A file that cannot be read
 * gives zlib the same error again. */
static bool is_damaged(struct archive *archive)
{
	int error = archive_errno(archive);

	return error < 0 || error == EILSEQ;
}

static void try_other(struct packed_file *packed)
{
	off_t start = lseek(packed->fd, 0, SEEK_CUR);
	struct archive *archive = start < 0 ? NULL : archive_read_new();
	struct archive_entry *entry;

	if (!archive)
		return;
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_format_empty(archive);
	archive_read_open_fd(archive, packed->fd, PORTION);
	if (archive_filter_code(archive, 0) != ARCHIVE_FILTER_NONE || is_damaged(archive)) {
		packed->other = archive;
		packed->ended = archive_read_next_header(archive, &entry) != ARCHIVE_OK;
		if (packed->ended && archive_errno(archive))
			packed->error = -EBADMSG;
		return;
	}
	archive_read_free(archive);
	lseek(packed->fd, start, SEEK_SET);
}

int packed_open_path(const char *path, struct fault *fault)
{
	bool is_stdin = !strcmp(path, "-");
	_cleanup_close_ int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					  : open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return fault_set(fault, -errno, "cannot read %s: %s%s", path, strerror(errno),
				 errno == EACCES ? "; run it as a user who may read the log" : "");
	if (!fstat(fd, &status) && S_ISDIR(status.st_mode))
		return fault_set(fault, -EISDIR, "%s is a folder; name the logs in it", path);
	return TAKE_FD(fd);
}

struct packed_file *packed_open(int fd)
{
	struct packed_file *packed = calloc(1, sizeof(*packed));

	if (!packed) {
		close(fd);
		return NULL;
	}
	packed->fd = fd;
	try_other(packed);
	if (packed->other)
		return packed;
	packed->plain = gzdopen(fd, "rb");
	if (!packed->plain) {
		packed_close(packed);
		return NULL;
	}
	packed->fd = -1;
	gzbuffer(packed->plain, PORTION);
	return packed;
}

void packed_close(struct packed_file *packed)
{
	if (!packed)
		return;
	if (packed->plain)
		gzclose_r(packed->plain);
	archive_read_free(packed->other);
	cleanup_close(&packed->fd);
	free(packed);
}

static ssize_t read_plain(struct packed_file *packed, char *out, size_t size)
{
	int got = gzread(packed->plain, out, (unsigned)size), number = 0;

	gzerror(packed->plain, &number);
	if (got > 0) {
		/* zlib 1.3.2 says so when it comes to the file's end, and not again once what it
		 * has unpacked by then is read. */
		packed->cut |= number == Z_BUF_ERROR;
		return got;
	}
	if (number == Z_OK || number == Z_STREAM_END)
		return packed->cut ? -EBADMSG : 0;
	return number == Z_ERRNO ? -errno : -EBADMSG;
}

static ssize_t read_other(struct packed_file *packed, char *out, size_t size)
{
	la_ssize_t got = archive_read_data(packed->other, out, size);

	return got < 0 ? -EBADMSG : got;
}

ssize_t packed_read(struct packed_file *packed, char *out, size_t size)
{
	ssize_t got;

	if (packed->error || packed->ended)
		return packed->error;
	got = packed->other ? read_other(packed, out, size) : read_plain(packed, out, size);
	if (got < 0)
		packed->error = (int)got;
	return got;
}

int packed_fault(const char *path, uint64_t lines, int error, struct fault *fault)
{
	return fault_set(fault, error, "%s can be read up to line %" PRIu64 " only: %s", path,
			 lines,
			 error == -EBADMSG ? "damaged gzip, xz, bzip2 or zstd" : strerror(-error));
}

bool packed_is_text(const char *bytes, size_t size)
{
	return !memchr(bytes, '\0', size < PACKED_LOOKED ? size : PACKED_LOOKED);
}

int packed_no_text(const char *path, struct fault *fault)
{
	return fault_set(
		fault, -EBADMSG,
		"%s is no text, and nothing was found in it; unpack it, or write it out as "
		"text",
		path);
}

bool packed_is(const char *bytes, size_t size)
{
	static const char *const begins[] = { "\x1f\x8b",
					      "\xfd"
					      "7zXZ",
					      "BZh", "\x28\xb5\x2f\xfd" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (size >= strlen(begins[i]) && !memcmp(bytes, begins[i], strlen(begins[i])))
			return true;
	return false;
}

unsigned packed_factor(const char *path)
{
	static const struct {
		const char *ending;
		unsigned factor;
	} kinds[] = { { ".gz", 8 }, { ".zst", 10 }, { ".bz2", 12 }, { ".xz", 14 } };
	size_t size = strlen(path);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t end = strlen(kinds[i].ending);

		if (size > end && !strcmp(path + size - end, kinds[i].ending))
			return kinds[i].factor;
	}
	return 1;
}
