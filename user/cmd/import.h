/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sekisho import` in two parts: options and actions (cmd_import.c), reading (import_read.c). */
#ifndef SEKISHO_IMPORT_H
#define SEKISHO_IMPORT_H

#include "cmd/cmd.h"
#include "cmd/progress_line.h"
#include "lists/input.h"
#include "lists/text.h"

enum action { ACTION_UNSAID = 0, ACTION_DENY, ACTION_ALLOW };

struct import {
	const struct command *command; /* for messages */
	const char *name;
	char **files;
	struct input *inputs; /* one per file */
	size_t count;
	enum action action; /* for a list that gives a code: ACTION_DENY, as it is read like that */
	uint16_t code;	    /* as store_list.code */
	bool force, mask, dry_run, remove, diff;
	struct ranges ranges;
	struct list_report total;
	/* while reading */
	const char *file;
	size_t said;
	struct progress_line progress;
};

/* Reads all input into memory. */
int import_read_inputs(struct import *import, struct fault *fault);
/* Reads the lists of this input into import->ranges; refusals go to standard error, and progress
 * too if that is a terminal. */
int import_read_lists(struct import *import, struct fault *fault);

#endif
