// SPDX-License-Identifier: GPL-2.0-or-later
/* See watch.h. */
#include "log/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int log_watch_open(struct log_watch *watch, const char *path, struct fault *fault)
{
	watch->folder = -1;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0 && (errno == EMFILE || errno == ENFILE))
		return 0; /* fs.inotify.max_user_instances: it is looked at now and then instead */
	if (watch->fd < 0)
		return fault_set(
			fault, -errno,
			"cannot watch %s: inotify: %s; raise fs.inotify.max_user_instances", path,
			strerror(errno));
	return 0;
}

void log_watch_close(struct log_watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = watch->folder = -1;
}

int log_watch_folder(struct log_watch *watch, const char *folder, struct fault *fault)
{
	if (watch->folder >= 0 || watch->fd < 0)
		return 0;
	watch->folder = inotify_add_watch(watch->fd, folder,
					  IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
						  IN_ATTRIB | IN_ONLYDIR);
	if (watch->folder < 0)
		return fault_set(fault, -errno,
				 "cannot watch the folder %s: %s; the log's folder must exist and "
				 "be readable",
				 folder, strerror(errno));
	return 0;
}

int log_watch_file(struct log_watch *watch, int fd, const char *path)
{
	char link[40];
	int file;

	if (watch->fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	file = inotify_add_watch(watch->fd, link,
				 IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF);
	return file < 0 ? inotify_add_watch(watch->fd, path, IN_MODIFY) : file;
}

void log_watch_forget(struct log_watch *watch, int file)
{
	if (file >= 0)
		inotify_rm_watch(watch->fd, file);
}

void log_watch_drain(struct log_watch *watch, void (*ended)(int file, void *context), void *context)
{
	union {
		struct inotify_event event;
		char bytes[8192];
	} events;
	ssize_t got;

	while ((got = read(watch->fd, events.bytes, sizeof(events.bytes))) > 0) {
		for (char *at = events.bytes; at < events.bytes + got;) {
			struct inotify_event *event = (struct inotify_event *)(void *)at;

			at += sizeof(*event) + event->len;
			if (!(event->mask & IN_IGNORED))
				continue;
			if (event->wd == watch->folder)
				watch->folder = -1;
			ended(event->wd, context);
		}
	}
}
