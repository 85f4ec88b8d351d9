/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches a log's files and their folder by inotify(7). Not here: reading them. */
#ifndef SEKISHO_WATCH_H
#define SEKISHO_WATCH_H

#include "base/fault.h"

struct log_watch {
	int fd;	    /* readable when something has changed; -1: not open */
	int folder; /* -1: the folder is not watched, or not any more */
};

/* 0 with fd -1: there are no more inotify instances. Then nothing is reported, and the file is to
 * be looked at by a timer. */
int log_watch_open(struct log_watch *watch, const char *path, struct fault *fault);
void log_watch_close(struct log_watch *watch);

/* Watches the folder unless it is watched already; the fault says what it must be. */
int log_watch_folder(struct log_watch *watch, const char *folder, struct fault *fault);

/* Watches an open file, by its descriptor, since `path` may be another file by now. Returns the
 * watch, or -1: there are no more. */
int log_watch_file(struct log_watch *watch, int fd, const char *path);
void log_watch_forget(struct log_watch *watch, int file);

/* Reads the reports; `ended` is called with each watch whose file is gone. */
void log_watch_drain(struct log_watch *watch, void (*ended)(int file, void *context),
		     void *context);

#endif
