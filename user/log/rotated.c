// SPDX-License-Identifier: GPL-2.0-or-later
/* See rotated.h. */
#include "log/rotated.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "base/time.h"

struct rotated {
	char name[NAME_MAX + 1];
	uint64_t device, inode, size;
	uint64_t born_ns;     /* wall clock; the last change where no birth time is kept */
	bool numbered, dated; /* ".N", higher is older; or digits that grow with time */
};

#define CLOCK_COARSE_NS 10000000 /* by how much a file's times may lag behind the clock */
#define MOST_FILES	1000 /* a folder with more rotated versions than this is not searched further */

static bool all_digits(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isdigit((unsigned char)text[i]) && text[i] != '-')
			return false;
	return size && isdigit((unsigned char)text[0]);
}

/* Whether `entry` is named after `name`, and how. */
static bool is_named_after(const char *entry, const char *name, struct rotated *file)
{
	const char *dot = strrchr(name, '.');
	size_t size = strlen(name), stem = dot ? (size_t)(dot - name) : size;
	size_t length = strlen(entry), tail = size - stem;

	file->numbered = file->dated = false;
	if (length > size + 1 && !strncmp(entry, name, size)) {
		const char *suffix = entry + size + 1;

		file->numbered = entry[size] == '.' && all_digits(suffix, strlen(suffix)) &&
				 strlen(suffix) < 6;
		file->dated = entry[size] == '-' && all_digits(suffix, strlen(suffix));
		return entry[size] == '.' || entry[size] == '-';
	}
	/* logrotate's "extension": the date is between the stem and ".log". */
	if (tail && length > size + 1 && !strncmp(entry, name, stem) && entry[stem] == '-' &&
	    !strcmp(entry + length - tail, name + stem)) {
		file->dated = all_digits(entry + stem + 1, length - stem - 1 - tail);
		return file->dated;
	}
	return false;
}

static int compare_age(const void *one, const void *two)
{
	const struct rotated *a = one, *b = two;
	int kind_a = a->numbered ? 1 : a->dated ? 2 : 0;
	int kind_b = b->numbered ? 1 : b->dated ? 2 : 0;

	if (kind_a != kind_b)
		return kind_a - kind_b;
	return kind_a == 1 ? strverscmp(b->name, a->name) : strverscmp(a->name, b->name);
}

static int look_at(int folder, const char *name, struct rotated *file)
{
	struct statx status;
	const struct statx_timestamp *born = &status.stx_btime;

	if (statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &status))
		return -errno;
	if (!S_ISREG(status.stx_mode))
		return -EINVAL;
	if (!(status.stx_mask & STATX_BTIME))
		born = &status.stx_mtime;
	memcpy(file->name, name, strlen(name) + 1);
	file->device = makedev(status.stx_dev_major, status.stx_dev_minor);
	file->inode = status.stx_ino;
	file->size = status.stx_size;
	file->born_ns = (uint64_t)born->tv_sec * NS_PER_S + born->tv_nsec;
	return 0;
}

/* Lists the rotated files, oldest first: numbered ones and dated ones each in their own order, and
 * before them other files with similar names. *files is malloc()ed. */
static int rotated_list(const char *folder, const char *name, struct rotated **files, size_t *count)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(folder);
	_cleanup_free_ struct rotated *list = NULL;
	struct dirent *entry;
	size_t used = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && used < MOST_FILES) {
		struct rotated file, *more;

		if (!is_named_after(entry->d_name, name, &file) ||
		    look_at(dirfd(dir), entry->d_name, &file))
			continue;
		more = reallocarray(list, used + 1, sizeof(*list));
		if (!more)
			return -ENOMEM;
		list = more;
		list[used++] = file;
	}
	if (used)
		qsort(list, used, sizeof(*list), compare_age);
	*files = TAKE_PTR(list);
	*count = used;
	return 0;
}

/* The index of the rotated file that `from` is a position in: the renamed file itself, or else a
 * copy of it; `count`: there is none. */
static size_t find_from(const char *folder, const struct rotated *files, size_t count,
			const struct follow_position *from, const struct follow_position *live)
{
	for (int copies = 0; copies < 2; copies++) {
		for (size_t i = count; i--;) {
			bool is_file = position_is_file(from, files[i].device, files[i].inode);
			struct reader reader;
			int same;

			if (position_is_file(live, files[i].device, files[i].inode))
				continue;
			if (copies ? is_file || !from->head_size ||
					     (!files[i].numbered && !files[i].dated)
				   : !is_file)
				continue;
			if (files[i].size < from->offset ||
			    reader_open(folder, files[i].name, &reader))
				continue;
			same = reader_is(reader.fd, from);
			close(reader.fd);
			if (same == 1)
				return i;
		}
	}
	return count;
}

/* If the file was empty, its first bytes cannot identify its copies: the files younger than the
 * position are taken for them. Returns the index of the first; `count`: there is none. */
static size_t find_younger(const struct rotated *files, size_t count,
			   const struct follow_position *from, const struct follow_position *live)
{
	size_t at = 0;

	if (from->head_size || !from->head_digest)
		return count;
	while (at < count && (position_is_file(live, files[at].device, files[at].inode) ||
			      (!files[at].numbered && !files[at].dated) ||
			      files[at].born_ns + CLOCK_COARSE_NS < from->head_digest))
		at++;
	return at;
}

static void plan_close(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->readers[i].fd >= 0)
			close(plan->readers[i].fd);
	plan->count = 0;
}

static bool same_files(const struct rotated *one, const struct rotated *other, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(one[i].name, other[i].name) != 0 || one[i].inode != other[i].inode)
			return false;
	return true;
}

/* Puts one rotated file into the plan. 0 (also where it is left out) or -errno. */
static int plan_add(const char *folder, const struct rotated *file, const struct reader *live,
		    struct plan *plan)
{
	struct reader *reader = &plan->readers[plan->count];
	int error = reader_open(folder, file->name, reader);

	if (error == -EACCES || error == -EPERM)
		return 0; /* an old file that cannot be read is no reason to stop */
	if (error)
		return error == -ENOENT ? -EAGAIN : error;
	if (!position_is_file(&reader->at, file->device, file->inode)) {
		close(reader->fd);
		return -EAGAIN;
	}
	/* copytruncate is copying at this moment: the live file still has what is copied. */
	if (reader_is_copy(reader, live))
		close(reader->fd);
	else
		plan->count++;
	return 0;
}

/* Plans the files between `from` and the live one, with the rest of `from` if `with_from`. */
static int plan_rotated(const char *folder, const char *name, const struct follow_position *from,
			bool with_from, const struct reader *live, struct plan *plan)
{
	_cleanup_free_ struct rotated *files = NULL, *again = NULL;
	size_t count = 0, count_again = 0, at, younger;
	int error = rotated_list(folder, name, &files, &count);

	if (error)
		return error;
	at = find_from(folder, files, count, from, &live->at);
	younger = find_younger(files, count, from, &live->at);
	if (younger < at) {
		at = younger;
		with_from = true;
	}
	for (size_t i = at; i < count && plan->count + 1 < PLAN_READERS; i++) {
		if (position_is_file(&live->at, files[i].device, files[i].inode))
			break; /* the live file was renamed meanwhile; newer files come after it */
		if (files[i].numbered != files[at].numbered || files[i].dated != files[at].dated)
			continue;
		if (i == at ? !with_from : !files[i].numbered && !files[i].dated)
			continue;
		error = plan_add(folder, &files[i], live, plan);
		if (error)
			return error;
		if (i == at && plan->count)
			plan->readers[0].at.offset = from->offset;
	}
	/* If the folder changes while it is read, a file may be missed: two listings must agree. */
	error = rotated_list(folder, name, &again, &count_again);
	if (!error && (count != count_again || !same_files(files, again, count)))
		error = -EAGAIN;
	return error;
}

int plan_between(const char *folder, const char *name, const struct follow_position *from,
		 const struct reader *live, struct plan *plan)
{
	int error;

	plan->count = 0;
	error = plan_rotated(folder, name, from, false, live, plan);
	if (!error && reader_is(live->fd, &live->at) != 1)
		error = -EAGAIN;
	if (error)
		plan_close(plan);
	return error;
}

/* At the end the path must still name the same file: otherwise a rotation came between, and the
 * plan is made anew. */
int plan_make(const char *folder, const char *name, const struct follow_position *from,
	      bool with_from, struct plan *plan)
{
	struct reader live, again;
	int error;

	plan->count = 0;
	error = reader_open(folder, name, &live);
	if (error)
		return error;
	live.live = true;
	if (with_from && position_is_file(from, live.at.device, live.at.inode) && from->head_size &&
	    reader_is(live.fd, from) == 1) {
		live.at = *from;
	} else if (from->inode) {
		error = plan_rotated(folder, name, from, with_from, &live, plan);
	}
	plan->readers[plan->count++] = live;
	if (!error) {
		error = reader_open(folder, name, &again);
		if (!error) {
			close(again.fd);
			/* If it was cut meanwhile, it is unclear whether its copy is in the
			 * plan. */
			if (!position_is_file(&live.at, again.at.device, again.at.inode) ||
			    reader_is(live.fd, &live.at) != 1)
				error = -EAGAIN;
		} else if (error == -ENOENT) {
			error = -EAGAIN;
		}
	}
	if (error)
		plan_close(plan);
	return error;
}
