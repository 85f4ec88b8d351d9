// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See follow.h. A followed log is a short queue of files: those that were rotated before they were
 * read to the end, oldest first, and last the live one. Only the first is read; at its end it is
 * removed from the queue.
 */
#include "log/follow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "log/rotated.h"
#include "log/watch.h"

#define MOST_RETRIES 20		     /* of a plan that a rotation made stale meanwhile */
#define NO_FILE	     UINT64_MAX	     /* as inode: there was no file at that time */
#define LATE_NS	     (60 * NS_PER_S) /* how long a writer may hold on to a file that was renamed */

struct follow_file {
	char *path, *folder;
	const char *name; /* in path */
	struct log_watch watch;
	bool starting, from_start;   /* the first open is still to come */
	struct follow_position last; /* end of the reader before the first one, or the start */
	struct reader late; /* the last file that was read to its end, while its writer may still
			       hold it open */
	uint64_t late_until_boot_ns;
	struct reader readers[2 * PLAN_READERS]; /* a plan, and one before its live file */
	size_t count;
	struct follow_state state;
	struct output *output; /* of the call that is giving lines, or NULL */
	char buffer[READER_BUFFER];
};

static void reader_close(struct follow_file *follow, struct reader *reader)
{
	log_watch_forget(&follow->watch, reader->watch);
	if (reader->fd >= 0)
		close(reader->fd);
	reader->watch = reader->fd = -1;
}

/* Makes a new plan, again if files are rotated meanwhile, and puts it behind the first `keep`
 * readers. */
static int take_plan(struct follow_file *follow, const struct follow_position *from, bool with_from,
		     size_t keep)
{
	struct plan plan;
	int error = -EAGAIN;

	for (unsigned tries = 0; error == -EAGAIN && tries < MOST_RETRIES; tries++)
		error = plan_make(follow->folder, follow->name, from, with_from, &plan);
	if (error)
		return error;
	while (follow->count > keep)
		reader_close(follow, &follow->readers[--follow->count]);
	for (size_t i = 0; i < plan.count; i++)
		follow->readers[follow->count++] = plan.readers[i];
	return 0;
}

static void watch_live(struct follow_file *follow)
{
	struct reader *live = &follow->readers[follow->count - 1];

	if (live->watch < 0)
		live->watch = log_watch_file(&follow->watch, live->fd, follow->path);
}

static void watch_ended(int watch, void *context)
{
	struct follow_file *follow = context;

	for (size_t i = 0; i < follow->count; i++)
		if (follow->readers[i].watch == watch)
			follow->readers[i].watch = -1;
	if (follow->late.watch == watch)
		follow->late.watch = -1;
}

/* ---- the queue ---- */

static int say_unreadable(const struct follow_file *follow, int error, struct fault *fault)
{
	return fault_set(fault, error, "cannot read %s: %s%s", follow->path,
			 error == -EINVAL ? "it is not a regular file" : strerror(-error),
			 error == -EACCES ? "; its reader needs the log's group" : "");
}

/* The first file has been read. If it was live, or the last one before the live one, its writer may
 * add to it for a moment more. */
static void retire_first(struct follow_file *follow)
{
	struct reader *first = &follow->readers[0];

	follow->last = first->at;
	if (first->live || (first->fd >= 0 && follow->count > 1 && first[1].live)) {
		reader_close(follow, &follow->late);
		follow->late = *first;
		follow->late.checked = true;
		follow->late_until_boot_ns = clock_boot_ns() + LATE_NS;
	} else {
		reader_close(follow, first);
	}
	follow->count--;
	memmove(first, first + 1, follow->count * sizeof(*first));
}

/* 0: there is a file; -ENOENT: no file yet; -errno. */
static int open_first(struct follow_file *follow)
{
	int error = take_plan(follow, &follow->last, true, 0);

	if (error == -ENOENT) {
		follow->starting = false; /* a later file is new: read from the beginning */
		if (!follow->last.inode)  /* and after a restart as well */
			follow->last = (struct follow_position){
				.inode = NO_FILE, .head_digest = (uint64_t)clock_wall_ns()
			};
	}
	if (error)
		return error;
	if (follow->starting && !follow->last.inode && !follow->from_start)
		reader_seek_end(&follow->readers[0], follow->buffer);
	if (!follow->last.inode && !follow->readers[0].at.head_size) {
		follow->last = follow->readers[0].at;
		follow->last.head_digest = (uint64_t)clock_wall_ns();
	}
	follow->starting = false;
	return 0;
}

/* Whether the path still names the live file. 1: it does; 0: there is more to read now; -errno. */
static int look_at_path(struct follow_file *follow)
{
	const struct reader *live = &follow->readers[follow->count - 1];
	struct stat status;
	int error;

	if (stat(follow->path, &status))
		return -errno;
	if (position_is_file(&live->at, status.st_dev, status.st_ino))
		return 1;
	error = take_plan(follow, &live->at, false, 1);
	if (!error)
		follow->state.rotations++;
	return error;
}

/*
 * Nothing of the live file was read yet. Since the file before it ended, the live file may have
 * been filled, copied and cut: then its copy belongs between the two. Once its first bytes are
 * known, they show a cut. 1: no copy; 0: copies were put into the queue; -errno.
 */
static int look_for_copies(struct follow_file *follow)
{
	struct reader *live = &follow->readers[0];
	struct plan plan;
	int error;

	if (!live->live || live->at.offset || live->checked)
		return 1;
	reader_learn_head(live);
	live->checked = !follow->last.inode; /* no file before it whose copies to look for */
	if (live->checked)
		return 1;
	if (reader_is(live->fd, &live->at) != 1)
		return 1; /* reader_pump() will notice */
	error = plan_between(follow->folder, follow->name, &follow->last, live, &plan);
	if (error)
		return error;
	live->checked = live->at.head_size > 0;
	if (!plan.count)
		return 1;
	memmove(live + plan.count, live, follow->count * sizeof(*live));
	memcpy(live, plan.readers, plan.count * sizeof(*live));
	follow->count += plan.count;
	return 0;
}

/* The first file was cut to nothing, or has been replaced by another with the same inode. */
static int restart_first(struct follow_file *follow)
{
	struct follow_position from = follow->readers[0].at;
	int error;

	if (!follow->readers[0].live) {
		reader_close(follow, &follow->readers[0]);
		retire_first(follow);
		return 0;
	}
	/* Cut before it was checked: there may be several copies behind the file before it. */
	if (!from.offset && !follow->readers[0].checked && follow->last.inode) {
		follow->state.rotations++;
		return take_plan(follow, &follow->last, false, 0);
	}
	error = take_plan(follow, &from, true, 0);
	if (error)
		return error;
	follow->last = from;
	follow->state.rotations++;
	return 0;
}

static void read_late(struct follow_file *follow, struct output *output)
{
	if (follow->late.fd < 0 || !output->left)
		return;
	if (reader_pump(&follow->late, follow->buffer, output, &follow->state) >= PUMP_REPLACED ||
	    clock_boot_ns() > follow->late_until_boot_ns)
		reader_close(follow, &follow->late);
	else if (position_is_file(&follow->last, follow->late.at.device, follow->late.at.inode))
		follow->last = follow->late.at;
}

/* Whether the live file has lines, and none was read. Its writer has then written its last line to
 * the old file: that line must be read first, or nobody would look for it after a kill between the
 * two. */
static bool has_first_lines(const struct reader *live)
{
	struct stat status;

	return live->live && !live->at.offset && !fstat(live->fd, &status) && status.st_size;
}

/* One step. 1: more to do; 0: nothing left; -errno. */
static int step(struct follow_file *follow, struct output *output, struct fault *fault)
{
	int error = 0;

	if (!follow->count) {
		error = open_first(follow);
	} else {
		watch_live(follow);
		error = look_for_copies(follow);
		if (error < 0)
			return error == -EAGAIN ? 0 : say_unreadable(follow, error, fault);
		if (!error)
			return 1;
		if (has_first_lines(&follow->readers[0]))
			read_late(follow, output);
		if (!output->left)
			return 1;
		switch (reader_pump(&follow->readers[0], follow->buffer, output, &follow->state)) {
		case PUMP_FAULT:
			return say_unreadable(follow, -errno, fault);
		case PUMP_MORE:
		case PUMP_NEW:
			return 1;
		case PUMP_REPLACED:
			error = restart_first(follow);
			break;
		case PUMP_END:
			if (follow->count > 1) {
				retire_first(follow);
				break;
			}
			error = look_at_path(follow);
			if (error == 1)
				return follow->state.missing = false;
			break;
		}
	}
	follow->state.missing = error == -ENOENT;
	if (error == -ENOENT || error == -EAGAIN)
		return 0;
	return error ? say_unreadable(follow, error, fault) : 1;
}

int follow_file_read(struct follow_file *follow, size_t most_lines,
		     void (*line)(const char *line, size_t size, void *context), void *context,
		     struct fault *fault)
{
	struct output output = { line, context, most_lines };
	int more, watched;

	follow->output = &output;
	log_watch_drain(&follow->watch, watch_ended, follow);
	watched = log_watch_folder(&follow->watch, follow->folder, fault);
	read_late(follow, &output);
	do
		more = output.left ? step(follow, &output, fault) : 1;
	while (more == 1 && output.left);
	follow->output = NULL;
	if (!more && !watched && follow->count && follow->readers[follow->count - 1].watch < 0)
		watched = fault_set(fault, -ENOSPC,
				    "cannot watch %s, new lines are seen late; raise "
				    "fs.inotify.max_user_watches",
				    follow->path);
	return more ? more : watched;
}

void follow_file_stop(struct follow_file *follow)
{
	if (follow->output)
		follow->output->left = 0;
}

/* ---- the rest of the interface ---- */

static int follow_init(struct follow_file *follow, const char *path, struct fault *fault)
{
	const char *slash = strrchr(path, '/');
	int error = log_watch_open(&follow->watch, path, fault);

	if (error)
		return error;
	follow->path = strdup(path);
	follow->folder = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1)
			       : strdup(".");
	if (!follow->path || !follow->folder)
		return fault_set(fault, -ENOMEM, "out of memory");
	follow->name = slash ? follow->path + (slash - path) + 1 : follow->path;
	return log_watch_folder(&follow->watch, follow->folder, fault);
}

int follow_file_open(const char *path, const struct follow_position *position, bool from_start,
		     struct follow_file **follow, struct fault *fault)
{
	struct follow_file *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return fault_set(fault, -ENOMEM, "out of memory");
	new->late.fd = new->late.watch = new->watch.fd = -1;
	new->starting = true;
	new->from_start = from_start;
	if (position)
		new->last = *position;
	error = follow_init(new, path, fault);
	if (error) {
		follow_file_close(new);
		return error;
	}
	/* The position of "the end" is fixed now; follow_file_read() reports what is wrong with the
	 * file. */
	open_first(new);
	if (new->count)
		watch_live(new);
	*follow = new;
	return 0;
}

void follow_file_close(struct follow_file *follow)
{
	if (!follow)
		return;
	while (follow->count)
		reader_close(follow, &follow->readers[--follow->count]);
	reader_close(follow, &follow->late);
	log_watch_close(&follow->watch);
	free(follow->path);
	free(follow->folder);
	free(follow);
}

int follow_file_fd(const struct follow_file *follow)
{
	return follow->watch.fd;
}

void follow_file_read_before(struct follow_file *follow, uint64_t most_bytes,
			     void (*line)(const char *line, size_t size, void *context),
			     void *context)
{
	struct output output = { line, context, SIZE_MAX };

	if (follow->count)
		reader_read_before(&follow->readers[0], most_bytes, follow->buffer, &output);
}

void follow_file_get_position(const struct follow_file *follow, struct follow_position *position)
{
	/* No line of the first file was handed out yet, and the file before it may still be written
	 * to. If it is found again, it leads to this one. */
	if (!follow->count || (!follow->readers[0].at.offset && follow->last.inode))
		*position = follow->last;
	else
		*position = follow->readers[0].at;
}

void follow_file_get_state(const struct follow_file *follow, struct follow_state *state)
{
	*state = follow->state;
	state->lag_bytes = 0;
	for (size_t i = 0; i < follow->count; i++) {
		const struct reader *reader = &follow->readers[i];
		struct stat status;

		if (!fstat(reader->fd, &status) && (uint64_t)status.st_size > reader->at.offset)
			state->lag_bytes += (uint64_t)status.st_size - reader->at.offset;
	}
}
